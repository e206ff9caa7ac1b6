"""The current request, on which `track()`, `set_props()` and `ignore()` work."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, Final, NamedTuple, TypeVar

from footfall.events.details import Details
from footfall.model import NO_PROPS, Hit
from footfall.request.record import Record, chars_of_props, hit_of, plain_props
from footfall.request.recorder import RequestRecorder

__all__ = [
    "CURRENT",
    "NO_NOTES",
    "UNREADABLE",
    "Annotations",
    "Exchange",
    "RequestNotes",
    "annotations_of",
    "chars_of_annotations",
    "marked_route",
    "reset_current",
    "set_current",
    "show_inactive",
]


class RequestNotes(NamedTuple):
    """What the app and its framework set for a request while it ran."""

    props: Mapping[str, Any] = {}
    ignored: bool = False
    # The framework's template of the path, where the adapter learns it from the framework.
    route: str | None = None


NO_NOTES: Final = RequestNotes()
# Of a request whose path cannot be read, and which is no pageview therefore.
UNREADABLE: Final = RequestNotes(ignored=True)


class Exchange:
    """The current request.

    Each adapter derives a class that reads its kind of request, and fills it in for every request:
    it has no constructor, since that call would cost as much as all its slots.
    """

    __slots__ = ("holds_delivery", "notes", "path", "recorder")

    recorder: RequestRecorder
    # As it came to the adapter, mount point included.
    path: str
    # Never changed, only replaced: a record keeps it as it was when the response began.
    notes: RequestNotes
    # True while a request waits for its events, and its adapter has yet to deliver them.
    holds_delivery: bool

    @abstractmethod
    def record(self) -> Record:
        """The record of this request, as if the app responded with a page now."""

    @abstractmethod
    def response_record(self, status: int, headers: list[Any], at: float) -> Record:
        """The record of this request and its response, which began `at` (monotonic clock).

        `headers` are the response's pairs that a decision reads.
        """

    def hit(self) -> Hit:
        """The hit of this request, as if the app responded with a page now."""
        return hit_of(self.record(), 0.0)

    def set_props(self, props: Mapping[str, Any]) -> None:
        """Add `props` to this request's pageview."""
        notes = self.notes
        self.notes = notes._replace(props={**notes.props, **plain_props(props)})

    def ignore(self) -> None:
        """Let this request be no pageview."""
        self.notes = self.notes._replace(ignored=True)

    def set_route(self, template: str | None) -> None:
        """Note the template that the framework found for this request's path."""
        self.notes = self.notes._replace(route=template)

    def is_counted_outside(self) -> bool:
        """Whether a middleware around ours counts this request for a destination of ours.

        So it is where an app with a middleware is mounted in another with one. Says so, once. Never
        raises.
        """
        # The request that is being served where this one begins: the same one, or that of a view
        # which calls an app as a client would.
        outer = CURRENT.get()
        if outer is None:
            return False
        recorder = self.recorder
        shared = recorder.destination_names & outer.recorder.destination_names
        if not shared:
            return False
        try:
            # A layer in between may have changed any header. A client in a view has its own name.
            agents = {each.hit().headers.get("user-agent") for each in (self, outer)}
            if len(agents - {None}) > 1:
                return False
        except Exception:  # noqa: BLE001 -- the app must go on
            recorder.errors.bump()
            return False
        if (on_nested := recorder.on_nested) is not None:
            recorder.on_nested = None
            on_nested(min(shared))
        return True

    def release(self) -> None:
        """Deliver the request's events where that was held until the app was done. Never raises."""
        if self.holds_delivery:
            self.holds_delivery = False
            self.recorder.deliver()


CURRENT: Final[ContextVar[Exchange | None]] = ContextVar("footfall", default=None)
"""The request that the running code serves, in threads and in tasks alike."""

# Bound once: looking a method of a context variable up costs as much as calling it.
get_current: Final = CURRENT.get
set_current: Final = CURRENT.set
reset_current: Final = CURRENT.reset


class Annotations(NamedTuple):
    """What was set for a request, through the functions or through a mark."""

    props: Mapping[str, Any]
    ignored: bool
    path: str | None
    details: Mapping[str, Any]


# Of most requests.
_NO_ANNOTATIONS: Final = Annotations(NO_NOTES.props, False, None, NO_PROPS)

_R = TypeVar("_R")


def show_inactive(
    recorder: RequestRecorder, exchange_of: Callable[[RequestRecorder, _R], Exchange], request: _R
) -> None:
    """Show a request to the detector of a tracker that counts nothing, if it wants any.

    Never raises.
    """
    on_inactive = recorder.on_inactive
    if on_inactive is None:
        return
    try:
        if on_inactive(exchange_of(recorder, request).hit()):
            recorder.on_inactive = None
    except Exception:  # noqa: BLE001 -- the app must go on
        recorder.errors.bump()


def annotations_of(notes: RequestNotes, mark: object) -> Annotations:
    """The notes and the mark of a request together. A mark of the wrong shape is ignored."""
    # Most requests have none, and `isinstance` with an abstract class takes its time.
    if mark is None or not isinstance(mark, Mapping):
        has_notes = notes.props or notes.ignored
        return Annotations(notes.props, notes.ignored, None, {}) if has_notes else _NO_ANNOTATIONS
    marked, path = mark.get("props"), mark.get("path")
    return Annotations(
        props={**(marked if isinstance(marked, Mapping) else {}), **notes.props},
        ignored=notes.ignored or mark.get("ignore") is True,
        path=path if isinstance(path, str) and path.startswith("/") else None,
        details={name: mark[name] for name in Details.__annotations__ if name in mark},
    )


def chars_of_annotations(notes: RequestNotes, mark: object) -> int:
    """About how much text the notes and the mark of a request keep in memory."""
    if notes is NO_NOTES and mark is None:
        return 0
    marked = mark.get("props") if isinstance(mark, Mapping) else None
    return chars_of_props(notes.props) + chars_of_props(marked)


def marked_route(mark: object) -> str | None:
    """The route template in the mark of a request, for frameworks that tell it to the app alone."""
    route = mark.get("route") if isinstance(mark, Mapping) else None
    return route if isinstance(route, str) else None
