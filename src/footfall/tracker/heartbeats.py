"""Keeping the visits alive of those who are still there: polling, scripts, fragments.

A vendor ends a visit after half an hour without an event. A page that stays open and asks the app
for news shows that somebody is there, and a heartbeat tells the vendor so. Only where a destination
wants heartbeats does anything in here run; otherwise the guards turn such requests away as ever.

A heartbeat never begins a visit: it follows an event of the very same address and browser that this
process has sent, at most one every 30 seconds for each visitor.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from footfall.common.clock import monotonic
from footfall.model import HEARTBEAT, Event, Visitor
from footfall.request.exchange import CURRENT
from footfall.request.filters import RequestFilter
from footfall.request.record import Record

__all__ = [
    "INTERVAL_SECONDS",
    "MAX_VISITORS",
    "VISIT_SECONDS",
    "Heartbeat",
    "HeartbeatSchedule",
    "look",
]

# What Swetrix recommends, and about what its own script does (read 2026-08).
INTERVAL_SECONDS: Final = 30.0
# Swetrix forgets a visit after so long; a heartbeat then would be refused.
VISIT_SECONDS: Final = 1800.0
# A few megabytes. Of more visitors at a time the one who was quiet longest is forgotten.
MAX_VISITORS: Final = 10_000


class Heartbeat(NamedTuple):
    """In the inbox: a request that is no pageview, but shows that its visitor is there."""

    record: Record


class _Live(NamedTuple):
    at: float
    url: str


class HeartbeatSchedule:
    """Whose visit is alive, as far as this process knows."""

    def __init__(self) -> None:
        self._live: OrderedDict[tuple[str | None, str], _Live] = OrderedDict()

    def saw(self, event: Event) -> None:
        """Remember that an event was sent, which keeps a visit alive by itself."""
        self._remember(event.visitor, _Live(event.time, event.url))

    def beat(self, visitor: Visitor, now: float) -> Event | None:
        """The heartbeat of a visitor who is there at `now`; None if none is due."""
        live = self._live.get(visitor.identity)
        if live is None or now - live.at < INTERVAL_SECONDS:
            return None
        if now - live.at >= VISIT_SECONDS:
            del self._live[visitor.identity]
            return None
        self._remember(visitor, live._replace(at=now))
        return Event(name=HEARTBEAT, url=live.url, visitor=visitor, time=now)

    def __len__(self) -> int:
        return len(self._live)

    def _remember(self, visitor: Visitor, live: _Live) -> None:
        self._live[visitor.identity] = live
        self._live.move_to_end(visitor.identity)
        if len(self._live) > MAX_VISITORS:
            self._live.popitem(last=False)


def look(filters: RequestFilter) -> None:
    """Leave whom the guards of the current request turn away in the inbox. Never raises."""
    exchange = CURRENT.get()
    # None in the body of a WSGI generator; another tracker's where one app is inside another.
    if exchange is None or exchange.tracker.filters is not filters:
        return
    try:
        exchange.tracker.beat(Heartbeat(exchange.record()), monotonic())
    except Exception:  # noqa: BLE001 -- the app must go on
        exchange.tracker.errors.bump()
