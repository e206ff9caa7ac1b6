"""Heartbeats: polling, scripts and fragments keep the visits alive of those who are still there.

A vendor ends a visit after half an hour without an event. A page that stays open and polls the app
shows that its visitor is there, and a heartbeat reports that to the vendor. Nothing here runs
unless a destination wants heartbeats; otherwise the filters reject such requests.

A heartbeat never begins a visit: it follows an event of the very same address and browser that this
process has sent, at most one every 30 seconds for each visitor.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple

from footfall.common.clock import monotonic
from footfall.model import HEARTBEAT, Event, Visitor
from footfall.request.exchange import CURRENT
from footfall.request.filters import RequestFilter
from footfall.request.record import Record

__all__ = ["Heartbeat", "HeartbeatSchedule", "submit_rejected"]

# What Swetrix recommends, and about what its own script does (read 2026-08).
INTERVAL_SECONDS: Final = 30.0
# Swetrix ends a visit after so long; a heartbeat then would be refused.
VISIT_SECONDS: Final = 1800.0
# A few megabytes. Of more visitors at a time the one without a request for longest is forgotten.
MAX_VISITORS: Final = 10_000


class Heartbeat(NamedTuple):
    """In the inbox: a request that is no pageview, but shows that its visitor is there."""

    record: Record


class _Visit(NamedTuple):
    at: float
    url: str
    # Of the last event: a vendor that stores it with each request forgets it otherwise.
    profile_id: str


class HeartbeatSchedule:
    """The visits that are alive, as far as this process knows, and when each had its last event."""

    def __init__(self) -> None:
        self._visits: OrderedDict[tuple[str | None, str], _Visit] = OrderedDict()

    def note(self, event: Event) -> None:
        """Note that an event was sent, which keeps its visit alive by itself."""
        self._remember(event.visitor, _Visit(event.time, event.url, event.profile_id))

    def reported(self, event: Event) -> Event:
        """A heartbeat that a page's script sent, with what is known of its visit."""
        visit = self._visits.get(event.visitor.identity)
        if visit is None:
            return event
        self._remember(event.visitor, visit._replace(at=event.time))
        return replace(event, profile_id=visit.profile_id)

    def heartbeat(self, visitor: Visitor, now: float) -> Event | None:
        """The heartbeat of a visitor who is there at `now` (epoch); None if none is due."""
        visit = self._visits.get(visitor.identity)
        if visit is None or now - visit.at < INTERVAL_SECONDS:
            return None
        if now - visit.at >= VISIT_SECONDS:
            del self._visits[visitor.identity]
            return None
        self._remember(visitor, visit._replace(at=now))
        return Event(
            name=HEARTBEAT, url=visit.url, visitor=visitor, profile_id=visit.profile_id, time=now
        )

    def __len__(self) -> int:
        return len(self._visits)

    def _remember(self, visitor: Visitor, visit: _Visit) -> None:
        self._visits[visitor.identity] = visit
        self._visits.move_to_end(visitor.identity)
        if len(self._visits) > MAX_VISITORS:
            self._visits.popitem(last=False)


def submit_rejected(submit: Callable[[Heartbeat, float], None], filters: RequestFilter) -> None:
    """Submit the current request as a heartbeat, which `filters` have rejected. Never raises."""
    exchange = CURRENT.get()
    # None in the body of a WSGI generator; another tracker's where one app is inside another.
    if exchange is None or exchange.recorder.filters is not filters:
        return
    try:
        submit(Heartbeat(exchange.record()), monotonic())
    except Exception:  # noqa: BLE001 -- the app must go on
        exchange.recorder.errors.bump()
