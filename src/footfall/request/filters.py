"""Comparisons that reject most requests before anything is picked.

They run inside the app's requests, and reject only what the worker thread's decision would skip.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from footfall.common.atomic import AtomicCounter
from footfall.config import Config

__all__ = ["RequestFilter"]

_REASONS: Final = (
    *("prefetch", "method", "excluded"),
    *("no_content", "redirect", "not_found", "error", "not_html"),
)


class RequestFilter:
    """Rejects requests, and counts them by the first reason that is cheap to see.

    A bot that is redirected is a redirect here.

    Args:
        config: The settings.
        every_hit: Reject nothing: a destination gets a report of every hit.
        on_reject: Called for each rejected response. With it, no request is rejected earlier.
    """

    __slots__ = (
        "_excluded_prefix",
        "_excluded_prefixes",
        "_on_reject",
        "_takes_any_type",
        "accepts_all",
        "count_not_html",
        "every_hit",
        "extensions",
        "file_mark",
        "rejected_by",
        "statuses",
    )

    def __init__(
        self,
        config: Config,
        *,
        every_hit: bool = False,
        on_reject: Callable[[RequestFilter], None] | None = None,
    ) -> None:
        self.every_hit = every_hit
        self.accepts_all = every_hit or on_reject is not None
        self._on_reject = on_reject
        prefixes: tuple[str, ...] = config.path_rules.excluded_prefixes
        # CPython parses the arguments of `startswith` slowly: one prefix, or none, is compared in a
        # third of the instructions. No path begins with a line feed.
        self._excluded_prefix = (*prefixes, "\n")[0]
        self._excluded_prefixes = prefixes if len(prefixes) > 1 else ()
        self.statuses = frozenset(range(100, 600)) if every_hit else _statuses(config)
        self.extensions: frozenset[str] = (
            config.pageview_options.download_extensions if config.track_downloads else frozenset()
        )
        # A feed is no page and no file to save: its type and its name decide together.
        self._takes_any_type = every_hit or config.track_feeds
        self.file_mark = "" if self._takes_any_type else "."
        """The text in a path without which `may_be_download` need not be called."""
        self.rejected_by: Mapping[str, AtomicCounter] = {
            reason: AtomicCounter() for reason in _REASONS
        }
        # The most frequent reason, without a call of a Python function where that is possible.
        self.count_not_html: Callable[[], object] = (
            partial(self.reject, "not_html") if on_reject else self.rejected_by["not_html"].bump
        )
        """Count a response that is no page."""

    def accepts(self, method: str, path: str) -> bool:
        """False where the request alone shows that it is no pageview; it has then been counted."""
        if self.accepts_all:
            return True
        if method != "GET":
            self.rejected_by["method"].bump()
            return False
        prefixes = self._excluded_prefixes
        if path.removeprefix(self._excluded_prefix) != path or (
            prefixes and path.startswith(prefixes)
        ):
            self.rejected_by["excluded"].bump()
            return False
        return True

    def reject(self, reason: str) -> None:
        """Count a request that is no pageview."""
        self.rejected_by[reason].bump()
        if self._on_reject is not None:
            self._on_reject(self)

    def reject_status(self, status: int) -> None:
        """`reject`, by a status that is not among `statuses`."""
        if status < 300:
            self.reject("no_content")
        elif status < 400:
            self.reject("redirect")
        else:
            self.reject("not_found" if status == 404 else "error")

    def may_be_download(self, path: str) -> bool:
        """True where the path alone shows that a response that is no page may be an event."""
        if self._takes_any_type:
            return True
        return path.rpartition(".")[2].lower() in self.extensions

    def counts(self) -> dict[str, int]:
        """How many requests were rejected, by reason; reasons without any are left out."""
        values = {reason: counter.value for reason, counter in self.rejected_by.items()}
        return {reason: value for reason, value in values.items() if value}


def _statuses(config: Config) -> frozenset[int]:
    # 206 may be the first part of a download; 204 and 205 show nothing.
    shown = frozenset(range(200, 300)) - {204, 205} | {304}
    return shown | {404} if config.track_404 else shown
