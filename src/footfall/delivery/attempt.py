"""One try to send one event."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Final, cast

from footfall.common.log import error_location
from footfall.delivery.transport import Transport
from footfall.delivery.visitor_order import Item
from footfall.destinations import Destination, Watching, explained
from footfall.errors import NotSent, TimedOut, TransportError
from footfall.model import ACCEPTED, Outcome, OutcomeKind, Request

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
        # Used once: by the next try it would be old.
        request, item.request = item.request, None
        if request is None:
            request = _request(destination, item, wall_clock)
        # A destination that the app has defined may return a request of its own class.
        item.is_trimmed = bool(getattr(request, "trimmed", ()))
        outcome = destination.read(transport.send(request))
        if outcome is ACCEPTED:
            return ACCEPTED
        outcome = _checked(outcome)
    except NotSent as error:
        return Outcome(kind=OutcomeKind.RETRY, detail=f"not reachable: {error}")
    except TransportError as error:
        is_late = isinstance(error, TimedOut)
        return Outcome(kind=OutcomeKind.UNKNOWN, detail=str(error), timed_out=is_late)
    except Exception as error:  # noqa: BLE001 -- the app may have defined both
        return Outcome(kind=OutcomeKind.REJECTED, detail=error_location(error))
    if outcome.kind is not OutcomeKind.DROPPED:
        return outcome
    try:
        return _checked(explained(destination, outcome, item.event, has_kept=has_kept))
    except Exception:  # noqa: BLE001 -- the outcome is known; only its explanation has failed
        return outcome


def _checked(value: object) -> Outcome:
    """What a destination's `read` returned, as an `Outcome` with valid fields."""
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
    if item.report is not None:
        return cast("Watching", destination).report(item.report, sent_at=wall_clock())
    return destination.request(item.event)
