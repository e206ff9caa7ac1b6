"""The guards at the doors: comparisons that turn most requests away before anything is picked.

They run inside somebody's request, and they turn away only what the decision would turn away too;
the decision itself is made on the delivery side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from footfall.common.atomic import AtomicCounter

if TYPE_CHECKING:
    from footfall.config import Config

__all__ = ["RequestFilter"]

_REASONS: Final = (
    "prefetch",
    "method",
    "excluded",
    "no_content",
    "redirect",
    "error",
    "not_html",
)


class RequestFilter:
    """What is turned away, and how often: by the first reason that is cheap to see.

    A bot that is redirected is a redirect here.

    Args:
        config: The settings.
        every_hit: Turn nothing away: a destination is told of every hit.
        look: Called for each answer that is turned away. Then no request is turned away before it
            is answered.
    """

    __slots__ = (
        "_look",
        "excluded_prefixes",
        "extensions",
        "file_mark",
        "lets_all_in",
        "not_html",
        "rejected_by",
        "statuses",
        "takes_every_hit",
    )

    def __init__(
        self,
        config: Config,
        *,
        every_hit: bool = False,
        look: Callable[[RequestFilter], None] | None = None,
    ) -> None:
        self.takes_every_hit = every_hit
        self.lets_all_in = every_hit or look is not None
        self._look = look
        self.excluded_prefixes: tuple[str, ...] = config.path_rules.excluded_prefixes
        self.statuses: frozenset[int] = _every_status() if every_hit else _statuses(config)
        self.extensions: frozenset[str] = (
            config.pageview_options.download_extensions if config.track_downloads else frozenset()
        )
        self.file_mark = "" if every_hit else "."
        """What is in a path where `takes_file` has to be asked."""
        self.rejected_by: Mapping[str, AtomicCounter] = {
            reason: AtomicCounter() for reason in _REASONS
        }
        # The commonest of all, without a call of Python's where nobody looks.
        self.not_html: Callable[[], object] = (
            partial(self.reject, "not_html") if look else self.rejected_by["not_html"].bump
        )
        """Count an answer that is no page."""

    def accepts(self, method: str, path: str) -> bool:
        """False where the request alone says that it is no pageview; then it has been counted."""
        if self.lets_all_in:
            return True
        if method != "GET":
            self.rejected_by["method"].bump()
            return False
        if path.startswith(self.excluded_prefixes):
            self.rejected_by["excluded"].bump()
            return False
        return True

    def reject(self, reason: str) -> None:
        """Count a request that is no pageview."""
        self.rejected_by[reason].bump()
        if self._look is not None:
            self._look(self)

    def reject_status(self, status: int) -> None:
        """`turn_away`, by a status that is not among `statuses`."""
        if status < 300:
            self.reject("no_content")
        else:
            self.reject("redirect" if status < 400 else "error")

    def takes_file(self, path: str) -> bool:
        """True where the name alone says that an answer that is no page may be worth an event."""
        if self.takes_every_hit:
            return True
        return path.rpartition(".")[2].lower() in self.extensions

    def counts(self) -> dict[str, int]:
        """How many were turned away, by the reasons that there were."""
        return {reason: tally.value for reason, tally in self.rejected_by.items() if tally.value}


def _statuses(config: Config) -> frozenset[int]:
    # 206 may be the first part of a download; 204 and 205 show nothing.
    shown = frozenset(range(200, 300)) - {204, 205} | {304}
    return shown | {404} if config.track_404 else shown


def _every_status() -> frozenset[int]:
    return frozenset(range(100, 600))
