"""The request side: a few comparisons, a few values picked, one append. A few microseconds.

Everything here runs inside somebody's request. Rules of the room: never wait, never raise, never
log, no decision that costs more than a comparison, and nothing of the framework kept: neither its
environ nor its scope outlives the request because of us.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, Any, AnyStr, Final, NamedTuple, TypeAlias

from footfall import pageview
from footfall.clock import monotonic
from footfall.details import Details
from footfall.model import Hit, Revenue, Visitor
from footfall.remembered import Remembered

if TYPE_CHECKING:
    from footfall.tracker import Tracker

Record: TypeAlias = tuple[Any, ...]
"""One hit in the inbox: its Form, and the values from which that makes a Hit later.

    (form, names, said, mark, *plain)

Names are those of the headers that matter; what an app said and what a layer marked is as they
left it; and the rest is plain: text, numbers, and tuples of them.
"""
KEPT: Final = 4
"""Where the plain values of a record begin."""

# Longer than any page's address; an attacker's 64 KiB must not wait in memory ten thousand times.
MAX_TEXT: Final = 4096
MAX_HEADER: Final = 2048


def may_be_page(content_type: str | bytes) -> bool:
    """Whether an answer of this content type may be a page."""
    # The text of bytes is `b'...'`, which serves as well.
    return "html" in repr(content_type).lower()


class Form(NamedTuple):
    """How the records of one kind of door are read; the first value of each of them."""

    hit: Callable[[Record, float], Hit]
    """The Hit that a record stands for, with what the wall clock is ahead of the monotonic one."""
    lean: Callable[[Record], Record]
    """The record with nothing in it that is not needed, and every text cut: for a long wait."""


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


NOTHING_SAID: Final = Said()


class Exchange:
    """One request as a view sees it: what `track()`, `set_props()` and `ignore()` speak to.

    Each door derives one that knows how its kind of request is read, and fills it in for every
    request: it has no constructor, since that call would cost as much as all its slots.
    """

    __slots__ = ("is_held", "path", "said", "tracker")

    tracker: Tracker
    # As it was at our door, mount point included.
    path: str
    # Never changed, only replaced: a record keeps it as it was when the answer began.
    said: Said
    # True while a request waits for its events, and its door is yet to deliver them.
    is_held: bool

    @abstractmethod
    def record(self) -> Record:
        """The picked values of this request, as if it were answered with a page now."""

    @abstractmethod
    def answered(self, status: int, answer: list[Any], at: float) -> Record:
        """The picked values of this request and of its answer's headers."""

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

# Bound once: to look a method of a context variable up costs as much as to call it.
enter: Final = CURRENT.set
leave: Final = CURRENT.reset


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


def capture(
    exchange: Exchange,
    status: int,
    headers: Iterable[tuple[AnyStr, AnyStr]],
    names: frozenset[AnyStr],
    page_types: Mapping[AnyStr, bool],
) -> None:
    """Put the exchange into the tracker's inbox, unless a guard turns it away. Never raises.

    Args:
        exchange: What the request was.
        status: The answer's.
        headers: The answer's, gone through twice at most.
        names: Those of them that the decision looks at, as they are usually written.
        page_types: Whether a content type may be a page's.
    """
    tracker = exchange.tracker
    try:
        guards = tracker.guards
        if status not in guards.statuses:
            guards.turn_away_status(status)
            return
        # A comprehension would cost as much as the whole loop: answers have few headers.
        answer = []
        for pair in headers:
            if pair[0] in names:
                answer.append(pair)
        if not answer:
            # Names may be written in any case, and we look at two spellings.
            answer = [pair for pair in headers if pair[0].lower() in names]
        # Where more than a type is said, or nothing has changed, the decision has to look.
        if len(answer) < 2 and status != 304:
            is_page = answer and page_types[answer[0][1]]
            path = exchange.path
            if not is_page and not (guards.file_mark in path and guards.takes_file(path)):
                guards.not_html()
                return
        now = monotonic()
        tracker.submit(exchange.answered(status, answer, now), now)
    except Exception:  # noqa: BLE001 -- the one guard at the doors: counted, and the app goes on
        tracker.errors.bump()


class Picker:
    """Which of `names` an environ has, and their values.

    A server writes the keys in the order in which a browser sends its headers. So requests of one
    kind look alike, the next one mostly like the last, and nobody has to ask for five dozen names
    each time.
    """

    __slots__ = ("_last", "_shapes")

    def __init__(self, names: frozenset[str]) -> None:
        def shape(keys: tuple[str, ...]) -> _Shape:
            there = tuple(names.intersection(keys))
            # For one name `itemgetter` gives no tuple.
            take = itemgetter(*there) if len(there) > 1 else lambda found: [*map(found.get, there)]
            return there, take

        self._shapes: Remembered[tuple[str, ...], _Shape] = Remembered(shape)
        # In one piece, for a thread may read it while another replaces it.
        self._last: tuple[list[str], _Shape] = [], shape(())

    def pick(self, environ: Mapping[str, Any]) -> tuple[tuple[str, ...], Sequence[Any]]:
        """The names that are there, and their values in the same order."""
        # A list is made faster than a tuple, and compared faster than looked up.
        keys = [*environ]
        last, shape = self._last
        if keys != last:
            shape = self._shapes[tuple(keys)]
            self._last = keys, shape
        names, take = shape
        return names, take(environ)


_Shape: TypeAlias = tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Sequence[Any]]]


def hit_of(record: Record, offset: float) -> Hit:
    """The Hit that a record stands for; made on the delivery side.

    `offset` is what the wall clock was ahead of the monotonic one, that the record was stamped by.
    """
    form: Form = record[0]
    return form.hit(record, offset)


_ENDURING: Final = (str, int, float, Decimal, Mapping, list, tuple, set, frozenset, type(None))


def plain_props(props: Mapping[str, Any]) -> dict[str, Any]:
    """The props with identifiers, dates, lazy translations and their kind as text.

    Done where the app speaks: a translation depends on the request's language, and an object may
    change. Never raises; a value whose text cannot be had is None, and no vendor takes that.
    """
    return {str(name): _plain(value) for name, value in props.items()}


def _plain(value: Any) -> Any:
    try:
        # A lazy object finds out what it is here, and that may fail.
        return value if isinstance(value, _ENDURING) else str(value)
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
    # Most requests have none, and to ask a class of many kinds takes its time.
    if mark is None or not isinstance(mark, Mapping):
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
    "KEPT",
    "MARKS",
    "MAX_HEADER",
    "MAX_TEXT",
    "NOTHING_SAID",
    "Exchange",
    "Form",
    "Marks",
    "Picker",
    "Record",
    "Said",
    "Told",
    "capture",
    "enter",
    "hit_of",
    "leave",
    "marks_of",
    "may_be_page",
    "plain_props",
]
