"""The request side: a few comparisons, a few values picked, one append. A few microseconds.

Everything here runs inside somebody's request. Rules of the room: never wait, never raise, never
log, no decision that costs more than a comparison, and nothing of the framework kept: neither its
environ nor its scope outlives the request because of us.
"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, AnyStr, Final, NamedTuple, TypeAlias

from footfall import pageview
from footfall.details import Details
from footfall.model import Hit, Revenue, Visitor

if TYPE_CHECKING:
    from footfall.config import Config
    from footfall.tracker import Tracker

Record: TypeAlias = tuple[Any, ...]
"""One hit in the inbox: its Form, and the values from which that makes a Hit later."""

# Longer than any page's address; an attacker's 64 KiB must not wait in memory ten thousand times.
MAX_TEXT: Final = 4096
MAX_HEADER: Final = 2048
# More than any app has; a boundary or a charset of somebody's choice must not fill the memory.
MAX_TYPES: Final = 128


class PageTypes(dict[AnyStr, bool]):
    """Whether an answer of this content type may be a page, as text or bytes.

    Remembers: an app has few types, and the search costs four times as much as the look.
    """

    def __missing__(self, content_type: AnyStr) -> bool:
        # The text of bytes is `b'...'`, which serves as well.
        is_page = "html" in repr(content_type).lower()
        if len(self) < MAX_TYPES:
            self[content_type] = is_page
        return is_page


class Form(NamedTuple):
    """How the records of one kind of door are read; the first value of each of them."""

    hit: Callable[[Record, float], Hit]
    """The Hit that a record stands for, with what the wall clock is ahead of the monotonic one."""
    lean: Callable[[Record], Record]
    """See `lean`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event in the inbox, as the app told it; `record` is the request it happened in."""

    name: str
    props: Mapping[str, Any]
    details: Details
    revenue: Revenue | None
    interactive: bool
    url: str | None
    referrer: str | None
    visitor: Visitor | None
    record: Record | None
    at: float


class Said(NamedTuple):
    """What the app and its framework said about a request while it ran."""

    props: Mapping[str, Any] = {}
    ignored: bool = False
    # The framework's template of the path, where the door learns it from the framework.
    route: str | None = None


class Exchange:
    """One request as a view sees it: what `track()`, `set_props()` and `ignore()` speak to.

    Each door derives one that knows how its kind of request is read. Made anew for every request,
    so it has no constructor and its defaults are the class's.
    """

    tracker: Tracker
    # Never changed, only replaced: a record keeps it as it was when the answer began.
    said: Said = Said()
    # True while a request waits for its events, and its door is yet to deliver them.
    is_held: bool = False

    @abstractmethod
    def record(self) -> Record:
        """The picked values of this request, as if it were answered with a page now."""

    def hit(self) -> Hit:
        """This request as if it were answered with a page now."""
        return hit_of(self.record(), 0.0)

    def set_props(self, props: Mapping[str, Any]) -> None:
        """Add `props` to this request's pageview."""
        said = self.said
        self.said = said._replace(props={**said.props, **plain_props(props)})

    def ignore(self) -> None:
        """This request is no pageview."""
        self.said = self.said._replace(ignored=True)

    def release(self) -> None:
        """The app is done: deliver what it brought, where that was held back. Never raises."""
        if self.is_held:
            self.is_held = False
            self.tracker.deliver()

    def set_route(self, template: str | None) -> None:
        """The framework has found the template of this request's path."""
        self.said = self.said._replace(route=template)


CURRENT: Final[ContextVar[Exchange | None]] = ContextVar("footfall", default=None)
"""The request that the running code serves, in threads and in tasks alike."""


class Tally:
    """A counter that any thread may bump without a lock and without losing a count."""

    __slots__ = ("_ticks", "bump")

    def __init__(self) -> None:
        self._ticks = itertools.count()
        self.bump: Callable[[], int] = self._ticks.__next__

    @property
    def value(self) -> int:
        # Every other public way to read a count consumes a tick; its repr is `count(N)`.
        return int(repr(self._ticks)[6:-1])


class Guards:
    """The comparisons that turn most requests away before anything is picked.

    They turn away only what the decision would turn away too; the decision itself is made on the
    delivery side. `turned_away` counts them by the first reason that is cheap to see: a bot that is
    redirected is a redirect here.
    """

    __slots__ = ("excluded_prefixes", "extensions", "status_texts", "statuses", "turned_away")

    def __init__(self, config: Config) -> None:
        self.excluded_prefixes: tuple[str, ...] = config.path_rules.excluded_prefixes
        # 206 may be the first part of a download; 204 and 205 show nothing.
        self.statuses: frozenset[int] = (
            frozenset(range(200, 300)) - {204, 205} | {304} | ({404} if config.track_404 else set())
        )
        self.status_texts: frozenset[str] = frozenset(map(str, self.statuses))
        self.extensions: frozenset[str] = (
            config.rules.download_extensions if config.track_downloads else frozenset()
        )
        self.turned_away: Mapping[str, Tally] = {reason: Tally() for reason in _GUARD_REASONS}

    def lets_in(self, method: str, path: str) -> bool:
        """False where the request alone says that it is no pageview; then it has been counted."""
        if method != "GET":
            self.turned_away["method"].bump()
            return False
        if path.startswith(self.excluded_prefixes):
            self.turned_away["excluded"].bump()
            return False
        return True

    def turn_away(self, reason: str) -> None:
        self.turned_away[reason].bump()

    def turn_away_status(self, status: int) -> None:
        if status < 300:
            self.turn_away("no_content")
        else:
            self.turn_away("redirect" if status < 400 else "error")

    def is_download(self, path: str) -> bool:
        """True where the name alone says that the answer may be a file worth an event."""
        return "." in path and path.rpartition(".")[2].lower() in self.extensions

    def counts(self) -> dict[str, int]:
        return {reason: tally.value for reason, tally in self.turned_away.items() if tally.value}


class OpenGuards(Guards):
    """Guards that let every hit through, for a destination that is told of them all.

    Chosen when the tracker is made: who has no such destination pays nothing for it.
    """

    __slots__ = ()

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.statuses = frozenset(range(100, 600))
        self.status_texts = frozenset(map(str, self.statuses))

    def lets_in(self, method: str, path: str) -> bool:
        return True

    def is_download(self, path: str) -> bool:
        # Anything may be worth a look.
        return True


_GUARD_REASONS: Final = (
    "prefetch",
    "method",
    "excluded",
    "no_content",
    "redirect",
    "error",
    "not_html",
)


def is_refused(exchange: Exchange) -> bool:
    """Whether `prefetch="refuse"` turns this request away. Never raises."""
    try:
        if not pageview.is_refusable_prefetch(exchange.hit()):
            return False
    except Exception:  # noqa: BLE001 -- the app must go on
        exchange.tracker.errors.bump()
        return False
    exchange.tracker.guards.turn_away("prefetch")
    return True


def hit_of(record: Record, offset: float) -> Hit:
    """The Hit that a record stands for; made on the delivery side.

    `offset` is what the wall clock was ahead of the monotonic one, that the record was stamped by.
    """
    form: Form = record[0]
    return form.hit(record, offset)


def lean(record: Record | Told) -> Record | Told:
    """The record with nothing in it that is not needed, every text cut: for a long wait."""
    if isinstance(record, Told):
        return replace(record, record=record.record and record.record[0].lean(record.record))
    form: Form = record[0]
    return form.lean(record)


_KEPT: Final = (str, int, float, Decimal, Mapping, list, tuple, set, frozenset, type(None))


def plain_props(props: Mapping[str, Any]) -> dict[str, Any]:
    """The props with identifiers, dates, lazy translations and their kind as text.

    Done where the app speaks: a translation depends on the request's language, and an object may
    change. Never raises; a value whose text cannot be had is None, and no vendor takes that.
    """
    return {str(name): _plain(value) for name, value in props.items()}


def _plain(value: Any) -> Any:
    try:
        # A lazy object finds out what it is here, and that may fail.
        return value if isinstance(value, _KEPT) else str(value)
    except Exception:  # noqa: BLE001 -- the app's own object
        return None


MARKS: Final = "footfall"
"""The key of the environ or scope in which any layer may leave a mark, without importing us:

    environ["footfall"] = {"ignore": True}
    environ["footfall"] = {"props": {"plan": "pro"}, "path": "/products/:id"}
    environ["footfall"] = {"screen_width": 1280, "time_zone": "Europe/Berlin"}
"""


class Marks(NamedTuple):
    """What was said about a request, through the functions or through a mark."""

    props: Mapping[str, Any]
    ignored: bool
    path: str | None
    details: Mapping[str, Any]


def marks_of(said: Said, mark: object) -> Marks:
    """Both ways of speaking brought together. A mark of the wrong shape says nothing."""
    if not isinstance(mark, Mapping):
        return Marks(said.props, said.ignored, None, {})
    marked, path = mark.get("props"), mark.get("path")
    return Marks(
        props={**(marked if isinstance(marked, Mapping) else {}), **said.props},
        ignored=said.ignored or mark.get("ignore") is True,
        path=path if isinstance(path, str) and path.startswith("/") else None,
        details={name: mark[name] for name in Details.__annotations__ if name in mark},
    )


__all__ = [
    "CURRENT",
    "MARKS",
    "MAX_HEADER",
    "MAX_TEXT",
    "Exchange",
    "Form",
    "Guards",
    "Marks",
    "OpenGuards",
    "PageTypes",
    "Record",
    "Said",
    "Tally",
    "Told",
    "hit_of",
    "lean",
    "marks_of",
    "plain_props",
]
