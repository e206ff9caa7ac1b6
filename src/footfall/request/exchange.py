"""One request as a view sees it: what `track()`, `set_props()` and `ignore()` speak to."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from footfall.events.details import Details
from footfall.model import Hit
from footfall.request.record import Record, hit_of, plain_props

if TYPE_CHECKING:
    from footfall.tracker import Tracker

__all__ = [
    "CURRENT",
    "MARKS",
    "NO_NOTES",
    "Exchange",
    "Marks",
    "RequestNotes",
    "enter",
    "leave",
    "marks_of",
]


class RequestNotes(NamedTuple):
    """What the app and its framework said about a request while it ran."""

    props: Mapping[str, Any] = {}
    ignored: bool = False
    # The framework's template of the path, where the door learns it from the framework.
    route: str | None = None


NO_NOTES: Final = RequestNotes()


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
    said: RequestNotes
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


def marks_of(said: RequestNotes, mark: object) -> Marks:
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
