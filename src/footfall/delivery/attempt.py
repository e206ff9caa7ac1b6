"""One try at one event, and when the next may follow."""

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

# Full jitter: a uniform wait between nothing and this, doubled with each try.
BACKOFF_BASE_SECONDS: Final = 0.25
BACKOFF_CAP_SECONDS: Final = 8.0

COUNTER: Final = {
    OutcomeKind.ACCEPTED: "accepted",
    OutcomeKind.DROPPED: "dropped_by_vendor",
    OutcomeKind.REJECTED: "rejected",
    OutcomeKind.UNKNOWN: "unknown",
}
"""The counter in which an event ends by its verdict; a retry has none yet."""


def prepare(destination: Destination, items: Iterable[Item]) -> None:
    """Write the requests of `items`, as far as that can be done before they are sent.

    One after the other, since each exchange with a vendor leaves the processor's caches cold: so
    the code that writes them is fetched once. What fails here fails again in its `attempt`.
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
    """What came of sending `item` once; notes in it whether it was trimmed. Never raises.

    Args:
        has_kept: Whether the vendor has accepted any event so far.
        wall_clock: Seconds since the epoch.
    """
    try:
        # Used once: by the next try it would be old.
        request, item.request = item.request, None
        if request is None:
            request = _request(destination, item, wall_clock)
        # The owner's own request may be of an own kind.
        item.is_trimmed = bool(getattr(request, "trimmed", ()))
        outcome = destination.read(transport.send(request))
        if outcome is ACCEPTED:
            return ACCEPTED
        outcome = _sound(outcome)
    except NotSent as error:
        return Outcome(kind=OutcomeKind.RETRY, detail=f"not reachable: {error}")
    except TransportError as error:
        is_late = isinstance(error, TimedOut)
        return Outcome(kind=OutcomeKind.UNKNOWN, detail=str(error), timed_out=is_late)
    except Exception as error:  # noqa: BLE001 -- a transport or destination of the owner's own
        return Outcome(kind=OutcomeKind.REJECTED, detail=error_location(error))
    if outcome.kind is not OutcomeKind.DROPPED:
        return outcome
    try:
        return _sound(explained(destination, outcome, item.event, has_kept=has_kept))
    except Exception:  # noqa: BLE001 -- the vendor has spoken; that nobody knows why is no fault
        return outcome


def _sound(said: object) -> Outcome:
    """What a destination's `read` said, as something that the lane can live by."""
    try:
        verdict = OutcomeKind(said.kind)  # type: ignore[attr-defined]  # that is the question
    except (AttributeError, ValueError):
        kind = type(said).__name__
        return Outcome(
            kind=OutcomeKind.REJECTED,
            detail=f"read() gave a {kind}, and no Outcome with a kind",
        )
    if not isinstance(said, Outcome):
        return Outcome(kind=verdict, detail=str(getattr(said, "detail", "")))
    # As a header says it, perhaps.
    wish = said.retry_after if isinstance(said.retry_after, int | float) else None
    if verdict is said.kind and wish is said.retry_after:
        return said
    return replace(said, kind=verdict, retry_after=wish)


def _request(destination: Destination, item: Item, wall_clock: Callable[[], float]) -> Request:
    if item.report is not None:
        return cast("Watching", destination).report(item.report, sent_at=wall_clock())
    return destination.request(item.event)


def may_retry(item: Item, outcome: Outcome, max_tries: int) -> bool:
    """Whether another try is due at all: the vendor processed nothing, and tries are left."""
    if outcome.kind is not OutcomeKind.RETRY:
        return False
    return item.tries < min(max_tries, outcome.max_tries or max_tries)


def wait_seconds(item: Item, outcome: Outcome, jitter: Callable[[float, float], float]) -> float:
    """How long until the next try, the vendor's own wish included."""
    longest = min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2 ** (item.tries - 1))
    return max(jitter(0.0, longest), outcome.retry_after or 0.0)
