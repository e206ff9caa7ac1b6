"""Lanes for tests: over a scripted transport, and without threads."""

from __future__ import annotations

import time
from typing import Any

from footfall.common.clock import monotonic
from footfall.common.log import ThrottledLog
from footfall.delivery import Counters, Item, Lane, Limits
from footfall.delivery.counters import ENDS
from footfall.destinations import Plausible
from footfall.model import Event, Visitor
from tests.support.header_sets import FIREFOX
from tests.support.vendors import Vendor

PLAUSIBLE = Plausible(domain="example.com", endpoint="http://127.0.0.1:9/api/event")
DEAD = "plausible+http://127.0.0.1:9/example.com"


def plausible_at(server: Vendor) -> str:
    """The DSN of a Plausible destination at `server`."""
    return server.url.replace("http", "plausible+http") + "/a.example"


def event(number: int = 0, visitor: str = "198.51.100.1") -> Event:
    """A pageview of the page with this number."""
    return Event(
        url=f"https://example.com/{number}",
        visitor=Visitor(client_ip=visitor, user_agent=FIREFOX),
        time=time.time(),
    )


def lane_over(transport: object, **options: object) -> Lane:
    """A lane whose retries do not wait; `options` are its `Limits`."""
    limits = Limits(**options)  # type: ignore[arg-type]  # a table of numbers
    return Lane(PLAUSIBLE, transport, limits, jitter=lambda low, high: 0.0)  # type: ignore[arg-type]


def without_threads(lane: Lane) -> Lane:
    """The same lane, which starts no thread: the test takes and sends its events."""
    lane._call_threads = lambda: None  # type: ignore[method-assign]
    return lane


def counted(lane: Lane) -> dict[str, int]:
    """The counters that are not zero, once they are seen to balance."""
    counters = lane.counters()
    assert counters.in_balance, counters
    return {
        name: getattr(counters, name)
        for name in Counters.__dataclass_fields__
        if getattr(counters, name)
    }


def drained(lane: Lane, seconds: float = 30.0) -> bool:
    """Drain `lane`. False if something was lost."""
    return lane.drain(monotonic() + seconds)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Clocks:
    """Two clocks that a test sets: seconds since the machine started, and since the epoch."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.wall = 1_700_000_000.0

    def advance(self, seconds: float) -> None:
        """Advance both clocks."""
        self.now += seconds
        self.wall += seconds


class ManualLane:
    """A lane without threads, with clocks of its own: the test delivers."""

    def __init__(self, transport: Any, **limits: Any) -> None:
        self.clocks = Clocks()
        self.log = ThrottledLog(clock=lambda: self.clocks.now)
        self.lane = without_threads(
            Lane(
                PLAUSIBLE,
                transport,
                Limits(**limits),
                log=self.log,
                clock=lambda: self.clocks.now,
                wall_clock=lambda: self.clocks.wall,
                jitter=lambda low, high: high,
            )
        )
        self._number = 0

    def offer(self, number: int = 1) -> None:
        """Offer so many events, each of a visitor of its own."""
        for _ in range(number):
            self._number += 1
            visitor = Visitor(client_ip=f"198.51.100.{self._number}", user_agent="Mozilla/5.0")
            url = f"https://example.com/{self._number}"
            self.lane.offer(Event(url=url, visitor=visitor, time=self.clocks.wall))

    def take(self, number: int) -> list[Item]:
        """Take so many events for sending, one a request."""
        batches = [self.lane.take() for _ in range(number)]
        return [item for [item] in batches]

    def send(self, *items: Item) -> None:
        """Send what was taken."""
        for item in items:
            self.lane.deliver([item])

    def deliver(self) -> int:
        """Send all that may be sent now. How many tries that were."""
        tries = 0
        while batch := self.lane.take():
            self.send(*batch)
            tries += 1
        return tries

    def ends(self) -> dict[str, int]:
        """The counters of how events ended that are not zero, once they are seen to balance."""
        counters = self.lane.counters()
        assert counters.in_balance, counters
        return {name: getattr(counters, name) for name in ENDS if getattr(counters, name)}
