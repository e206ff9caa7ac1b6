"""The way to one destination, as the tracker sees it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from footfall import destinations
from footfall.common import clock as clocks
from footfall.common.log import ThrottledLog, error_location
from footfall.delivery import transport
from footfall.delivery.counters import Counters
from footfall.delivery.limits import DEFAULTS, Limits
from footfall.delivery.outbox_port import OutboxPort
from footfall.delivery.visitor_order import Item
from footfall.delivery.worker import Delivery
from footfall.events.hit_report import HitReport
from footfall.model import Event

if TYPE_CHECKING:
    from footfall.delivery.outbox.outbox import Outbox

# Not the generator that `random.uniform` draws from: an app that has seeded it counts on its turns.
# The system's has no state either, so forked workers do not retry in step.
_uniform: Final = random.SystemRandom().uniform
# A Ctrl-C that comes in the moment before Python begins to wait is heeded when the wait is over.
HEED_SECONDS: Final = 0.5


class Lane:
    """The way to one destination: a bounded queue and the threads that empty it.

    Threads are daemons, named, started by the first event and gone after ten idle seconds.

    Args:
        clock: Seconds, never going back.
        wall_clock: Seconds since the epoch; where the clock stands still while a machine sleeps,
            this one shows it.
        jitter: Called with two bounds, returns a number between them.
    """

    def __init__(
        self,
        destination: destinations.Destination,
        transport: transport.Transport,
        limits: Limits = DEFAULTS,
        *,
        log: ThrottledLog | None = None,
        clock: Callable[[], float] = clocks.monotonic,
        wall_clock: Callable[[], float] = time.time,
        jitter: Callable[[float, float], float] = _uniform,
    ) -> None:
        self.destination = destination
        self.name = destination.name
        self.wants_reports: bool = getattr(destination, "watches", False)
        """True for a destination that is told of every hit, tracked or not, and why."""
        self._takes: Callable[[Event], bool] | None = getattr(destination, "takes", None)
        self._transport = transport
        self._limits = limits
        self._log = log or ThrottledLog()
        self._clock = clock
        self._wall_clock = wall_clock
        self._jitter = jitter
        self._outbox: Outbox | None = None
        self.forget()

    def forget(self) -> None:
        """Start anew with nothing queued, as a forked child does: its parent sends the rest.

        Only assignments: a lock that the parent held at the fork is dropped, never waited for.
        """
        self._delivery = Delivery(
            self.destination,
            self._transport,
            self._limits,
            self._log,
            clock=self._clock,
            wall_clock=self._wall_clock,
            jitter=self._jitter,
        )
        self._delivery.keeps_unsent = self._outbox is not None
        self.hatch = OutboxPort(self._delivery, self._limits, self._clock)

    def keep_unsent(self, outbox: Outbox) -> None:
        """Let `outbox` have what could not be sent in time."""
        self._outbox = outbox
        self._delivery.keeps_unsent = True

    def takes(self, event: Event) -> bool:
        """False for an event that the destination was told not to be given."""
        if self._takes is None:
            return True
        try:
            return bool(self._takes(event))
        except Exception as error:  # noqa: BLE001 -- a destination of the owner's own
            self._delivery.warn("takes", f"takes() failed: {error_location(error)}")
            return False

    # -- in and out ----------------------------------------------------------------------------

    def offer(self, *events: Event) -> list[Item]:
        """Queue `events`. Drops the oldest ones where the bounds are reached.

        Those of one moment are best offered together: they cost one wake-up.
        """
        now = self._clock()
        return self._delivery.line_up([Item.of(event, now) for event in events], "submitted")

    def offer_reports(self, *reports: HitReport) -> list[Item]:
        """Queue what a destination that `wants_reports` is told in place of events."""
        now = self._clock()
        return self._delivery.line_up([Item.of_report(each, now) for each in reports], "submitted")

    def tend(self) -> bool:
        """Wake or start a thread for what still waits for one; called every moment.

        Returns:
            True while something waits for a thread.
        """
        return self._delivery.tend()

    # -- the end -------------------------------------------------------------------------------

    def hurry(self) -> None:
        """Let nothing wait: a retry gets its last try now, a dead vendor one event as a probe."""
        with self._delivery.changed:
            self._delivery.is_draining = True
            self._delivery.ledger.waiting.hurry()
            self._delivery.breaker.hurry()
            newcomer = self._delivery.hire(self._clock()) if self._delivery.ledger.at_hand else None
            self._delivery.changed.notify_all()
        self._delivery.start(newcomer)

    def drain(self, deadline: float) -> bool:
        """Send what is queued until `deadline` (by the lane's clock); count the rest as lost.

        The lane works on afterwards as if nothing had been.

        Returns:
            True if nothing was lost.
        """
        self.hurry()
        return self.wait(deadline)

    def wait(self, deadline: float) -> bool:
        """The second half of `drain`, for those who have let several lanes hurry first."""
        if not self._delivery.crew:
            self._delivery.deliver_here(deadline)
        with self._delivery.changed:
            while self._delivery.ledger.at_hand and not self._delivery.breaker.is_hopeless:
                left = deadline - self._clock()
                if left <= 0:
                    break
                self._delivery.changed.wait(min(left, HEED_SECONDS))
            lost, unsent = self._abandon()
            self._delivery.is_draining = False
        # Outside the lock: the outbox has one of its own.
        if self._outbox is not None:
            lost += self._outbox.store_unsent(self, unsent)
        if lost:
            self._delivery.warn("lost", f"{lost} events were not delivered in time")
        return lost == 0

    def wait_for(self, item: Item, deadline: float) -> bool:
        """Wait until `item` has ended in a counter, and for nothing else; it stays queued if not.

        Returns:
            False if it was not in time, or the vendor is being left alone.
        """
        if not self._delivery.crew:
            self._delivery.deliver_here(deadline)
        with self._delivery.changed:
            self._delivery.watchers += 1
            try:
                while not item.is_settled:
                    now = self._clock()
                    is_sent = item in self._delivery.ledger.on_the_wire
                    if now >= deadline or not (is_sent or self._delivery.breaker.lets_pass(now)):
                        return False
                    self._delivery.changed.wait(deadline - now)
            finally:
                self._delivery.watchers -= 1
        return True

    def close(self) -> None:
        """Let the threads end that have nothing to do. The next event starts another."""
        with self._delivery.changed:
            self._delivery.is_closed = True
            self._delivery.changed.notify_all()

    def _abandon(self) -> tuple[int, list[Item]]:
        """Let go of everything. How many are lost, and which can be kept in the outbox."""
        ledger = self._delivery.ledger
        waiting, on_the_wire = ledger.give_up()
        lost, kept = (waiting, []) if self._outbox is None else ([], waiting)
        for item in on_the_wire:
            if item.row is None:
                lost.append(item)
            else:
                # It stays in the file. Now, for its answer may be there before the outbox is.
                ledger.settle(item, "stored")
        for item in lost:
            ledger.settle(item, "lost_at_exit")
        ledger.handed_over += len(kept)
        return len(lost), kept

    # -- seen from outside ---------------------------------------------------------------------

    def counts(self) -> Counters:
        """The counters at this moment, `queued` with what waits and what is on the wire."""
        with self._delivery.changed:
            return replace(self._delivery.ledger.counts)

    @property
    def has_room(self) -> bool:
        """False while so much waits that more would only wait behind it."""
        return self._delivery.ledger.at_hand < self._limits.busy_events

    @property
    def trimmed(self) -> int:
        """How many events were sent with a part cut to fit the vendor's limits."""
        return self._delivery.trimmed

    @property
    def is_paused(self) -> bool:
        """True while the breaker leaves the vendor alone."""
        return self._delivery.breaker.is_open

    @property
    def breaker(self) -> Literal["closed", "open", "probing"]:
        """`open` leaves the vendor alone, `probing` waits for what one event will meet."""
        return self._delivery.breaker.state

    @property
    def oldest_age_seconds(self) -> float:
        """How long the oldest event in the queue has waited; 0 where none does."""
        with self._delivery.changed:
            return self._delivery.ledger.oldest_age(self._clock())

    def __repr__(self) -> str:
        return f"Lane({self.name!r}, queued={self.counts().queued})"
