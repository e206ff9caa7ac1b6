"""One try to send one event, or several in one request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, cast

from footfall.common.log import error_location
from footfall.delivery.visitor_order import Item
from footfall.destinations import (
    Batching,
    Destination,
    Watching,
    batch_bytes,
    explained,
    outcome_of,
    request_at,
)
from footfall.errors import NotSent, TimedOut, TransportError
from footfall.model import ACCEPTED, Outcome, OutcomeKind, Request, Response

COUNTER: Final = {
    OutcomeKind.ACCEPTED: "accepted",
    OutcomeKind.DROPPED: "dropped_by_vendor",
    OutcomeKind.REJECTED: "rejected",
    OutcomeKind.UNKNOWN: "unknown",
}
"""The counter of each kind of outcome that ends an event; a retry does not."""

# The outcome of an event whose sending thread exits, or whose greenlet is killed.
THREAD_ENDED: Final = Outcome(
    kind=OutcomeKind.UNKNOWN, detail="the thread that was sending it was ended"
)


class Attempt:
    """One request with the events that it carries. No method raises an `Exception`.

    Args:
        items: Their `is_trimmed` is set here.
        wall_clock: Seconds since the epoch.
    """

    __slots__ = ("_carried", "_destination", "is_batch_refused", "items", "outcomes", "request")

    def __init__(
        self, destination: Destination, items: Sequence[Item], wall_clock: Callable[[], float]
    ) -> None:
        self._destination = destination
        self.items = items
        self.outcomes: list[Outcome | None] = [None] * len(items)
        """What became of each item; None for one that was not sent, and waits again."""
        self.is_batch_refused = False
        """True once the destination has said that it takes no batches."""
        # The items that the request carries, by index.
        self._carried: list[int] = []
        self.request = self._build(wall_clock)
        """What is to be sent; None where nothing is, since nothing could be built."""

    def _build(self, wall_clock: Callable[[], float]) -> Request | None:
        requests: list[Request] = []
        size, most = 0, batch_bytes(self._destination)
        for index, item in enumerate(self.items):
            try:
                request = _request(self._destination, item, wall_clock)
                size += len(request.body)
            except Exception as error:  # noqa: BLE001 -- the app may have defined it
                self.outcomes[index] = _failure(error)
                continue
            if requests and size > most:
                break
            requests.append(request)
            self._carried.append(index)
        if len(self.items) == 1 or not requests:
            return requests[0] if requests else None
        try:
            return cast("Batching", self._destination).batch_request(requests)
        except Exception as error:  # noqa: BLE001 -- see above
            self.end(error, has_kept=False)
            return None

    def end(self, result: Response | Exception, *, has_kept: bool) -> None:
        """Set the outcomes by what came back, or by what the transport raised.

        Args:
            has_kept: Whether the vendor has accepted any event so far.
        """
        found = self._read(result)
        if found is None:
            self.is_batch_refused = True
            return
        for index, outcome in zip(self._carried, found, strict=True):
            self.outcomes[index] = outcome
            if outcome.kind is OutcomeKind.DROPPED:
                item = self.items[index]
                self.outcomes[index] = _with_cause(outcome, self._destination, item, has_kept)

    def _read(self, result: Response | Exception) -> Sequence[Outcome] | None:
        number = len(self._carried)
        if isinstance(result, Exception):
            return [_failure(result, getattr(self._destination, "start_remedy", ""))] * number
        try:
            if len(self.items) == 1:
                assert self.request is not None  # noqa: S101 -- for the type checker
                return [_checked(outcome_of(self._destination, self.request, result))]
            found = cast("Batching", self._destination).read_batch(result, number)
            outcomes = None if found is None else [*map(_checked, found)]
            if outcomes is not None and len(outcomes) != number:
                raise ValueError("read_batch() must return an outcome for each event")
        except Exception as error:  # noqa: BLE001 -- the app may have defined both
            return [_failure(error)] * number
        return outcomes


def _failure(error: Exception, start_remedy: str = "") -> Outcome:
    """The outcome of an exchange that was not completed."""
    if isinstance(error, NotSent):
        remedy = f"; {start_remedy}" if start_remedy else ""
        return Outcome(kind=OutcomeKind.RETRY, detail=f"not reachable: {error}{remedy}")
    if isinstance(error, TransportError):
        is_late = isinstance(error, TimedOut)
        return Outcome(kind=OutcomeKind.UNKNOWN, detail=str(error), timed_out=is_late)
    return Outcome(kind=OutcomeKind.REJECTED, detail=error_location(error))


def _with_cause(outcome: Outcome, destination: Destination, item: Item, has_kept: bool) -> Outcome:
    """The outcome of a drop, with its likeliest cause."""
    try:
        return _checked(explained(destination, outcome, item.event, has_kept=has_kept))
    except Exception:  # noqa: BLE001 -- the outcome is known; only its explanation has failed
        return outcome


def _checked(value: object) -> Outcome:
    """What a destination's `read` returned, as an `Outcome` with valid fields."""
    if value is ACCEPTED:
        return ACCEPTED
    try:
        kind = OutcomeKind(value.kind)  # type: ignore[attr-defined]  # this is the check
    except (AttributeError, ValueError):
        name = type(value).__name__
        return Outcome(
            kind=OutcomeKind.REJECTED, detail=f"read() gave a {name}, and no Outcome with a kind"
        )
    if not isinstance(value, Outcome):
        return Outcome(kind=kind, detail=str(getattr(value, "detail", "")))
    # It may be the text of a header.
    retry_after = value.retry_after if isinstance(value.retry_after, int | float) else None
    if kind is value.kind and retry_after is value.retry_after:
        return value
    return replace(value, kind=kind, retry_after=retry_after)


def _request(destination: Destination, item: Item, wall_clock: Callable[[], float]) -> Request:
    if item.report is None:
        request = request_at(destination, item.event, wall_clock())
    else:
        request = cast("Watching", destination).report(item.report, sent_at=wall_clock())
    # A destination that the app has defined may return a request of its own class.
    item.is_trimmed = bool(getattr(request, "trimmed", ()) or item.event.trimmed)
    return request
