"""One try to send one event, or several in one request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final, cast

from footfall.common.log import error_location
from footfall.delivery.transport import Transport
from footfall.delivery.visitor_order import Item
from footfall.destinations import Batching, Destination, Watching, explained
from footfall.errors import NotSent, TimedOut, TransportError
from footfall.model import ACCEPTED, Outcome, OutcomeKind, Request

# Half of what nginx and the collector take.
MAX_BATCH_BYTES: Final = 500_000

COUNTER: Final = {
    OutcomeKind.ACCEPTED: "accepted",
    OutcomeKind.DROPPED: "dropped_by_vendor",
    OutcomeKind.REJECTED: "rejected",
    OutcomeKind.UNKNOWN: "unknown",
}
"""The counter of each kind of outcome that ends an event; a retry does not."""


def build_requests(destination: Destination, items: Iterable[Item]) -> None:
    """Build the requests of `items` before they are sent, where that is possible.

    One after the other, so that the code that builds them is loaded into the processor's caches
    once: each exchange with a vendor leaves these cold. What fails here fails again in `attempt`.
    """
    for item in items:
        if item.report is None and item.request is None:
            with suppress(Exception):
                item.request = destination.request(item.event)


def attempt(
    destination: Destination,
    transport: Transport,
    item: Item,
    *,
    has_kept: bool,
    wall_clock: Callable[[], float],
) -> Outcome:
    """Send `item` once. Never raises an `Exception`.

    Args:
        item: Its `is_trimmed` is set here.
        has_kept: Whether the vendor has accepted any event so far.
        wall_clock: Seconds since the epoch.
    """
    try:
        request = _request(destination, item, wall_clock)
        outcome = _checked(destination.read(transport.send(request)))
    except Exception as error:  # noqa: BLE001 -- the app may have defined both
        return _failure(error)
    if outcome is ACCEPTED:
        return ACCEPTED
    return _with_cause(outcome, destination, item, has_kept=has_kept)


def attempt_batch(
    destination: Batching,
    transport: Transport,
    items: Sequence[Item],
    *,
    has_kept: bool,
    wall_clock: Callable[[], float],
) -> list[Outcome | None] | None:
    """Send `items` in one request. Never raises an `Exception`. The arguments are as above.

    Returns:
        An outcome for each item; None for the last ones, which were not sent, where the request
        would have been too long. None instead of a list where the destination takes no batches.
    """
    outcomes: list[Outcome | None] = [None] * len(items)
    requests: dict[int, Request] = {}
    size = 0
    for index, item in enumerate(items):
        try:
            request = _request(destination, item, wall_clock)
            size += len(request.body)
        except Exception as error:  # noqa: BLE001 -- the app may have defined it
            outcomes[index] = _failure(error)
            continue
        if requests and size > MAX_BATCH_BYTES:
            break
        requests[index] = request
    found = _exchange_batch(destination, transport, [*requests.values()])
    if found is None:
        return None
    for index, outcome in zip(requests, found, strict=True):
        outcomes[index] = _with_cause(outcome, destination, items[index], has_kept=has_kept)
    return outcomes


def _exchange_batch(
    destination: Batching, transport: Transport, requests: Sequence[Request]
) -> Sequence[Outcome] | None:
    if not requests:
        return []
    try:
        response = transport.send(destination.batch_request(requests))
        found = destination.read_batch(response, len(requests))
        outcomes = None if found is None else [*map(_checked, found)]
        if outcomes is not None and len(outcomes) != len(requests):
            raise ValueError("read_batch() must return an outcome for each event")
    except Exception as error:  # noqa: BLE001 -- the app may have defined both
        return [_failure(error)] * len(requests)
    return outcomes


def _failure(error: Exception) -> Outcome:
    """The outcome of an exchange that was not completed."""
    if isinstance(error, NotSent):
        return Outcome(kind=OutcomeKind.RETRY, detail=f"not reachable: {error}")
    if isinstance(error, TransportError):
        is_late = isinstance(error, TimedOut)
        return Outcome(kind=OutcomeKind.UNKNOWN, detail=str(error), timed_out=is_late)
    return Outcome(kind=OutcomeKind.REJECTED, detail=error_location(error))


def _with_cause(
    outcome: Outcome, destination: Destination, item: Item, *, has_kept: bool
) -> Outcome:
    """The outcome, of a drop with its likeliest cause."""
    if outcome.kind is not OutcomeKind.DROPPED:
        return outcome
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
    # Used once: by the next try it would be old.
    request, item.request = item.request, None
    if request is None and item.report is not None:
        request = cast("Watching", destination).report(item.report, sent_at=wall_clock())
    elif request is None:
        request = destination.request(item.event)
    # A destination that the app has defined may return a request of its own class.
    item.is_trimmed = bool(getattr(request, "trimmed", ()))
    return request
