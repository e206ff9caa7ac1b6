"""The way to one destination: what waits, the threads that send it, and the account of both."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal

from footfall import clock as clocks
from footfall import destinations, transport
from footfall.dispatch.breaker import Breaker, Change
from footfall.dispatch.counts import Counts
from footfall.dispatch.crew import IDLE_SECONDS, Crew
from footfall.dispatch.ledger import Ledger
from footfall.dispatch.limits import DEFAULTS, Limits
from footfall.dispatch.sending import COUNTER, attempt, may_retry, wait_seconds
from footfall.dispatch.waiting import Item
from footfall.log import ThrottledLog, place_of
from footfall.model import Event, Outcome, Verdict

if TYPE_CHECKING:
    from footfall.outbox.outbox import Outbox

# One thread serves what came in one moment; another is woken where that has lasted for so long.
COMPANY_AFTER_SECONDS: Final = 0.02


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
        way_out: transport.Transport,
        limits: Limits = DEFAULTS,
        *,
        log: ThrottledLog | None = None,
        clock: Callable[[], float] = clocks.monotonic,
        wall_clock: Callable[[], float] = time.time,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.destination = destination
        self.name = destination.name
        self._takes: Callable[[Event], bool] | None = getattr(destination, "takes", None)
        self._transport = way_out
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
        self._changed = threading.Condition()
        self._ledger = Ledger(self._limits, self._wall_clock)
        self._crew = Crew(self._work, f"footfall {self.name}", self._limits)
        self._breaker = Breaker(self._jitter)
        self._is_draining = False
        self._is_closed = False
        # Those who wait for one event of their own.
        self._watchers = 0

    def takes(self, event: Event) -> bool:
        """False for an event that the destination was told not to be given."""
        if self._takes is None:
            return True
        try:
            return bool(self._takes(event))
        except Exception as error:  # noqa: BLE001 -- a destination of the owner's own
            self._warn("takes", f"takes() failed: {place_of(error)}")
            return False

    # -- in ------------------------------------------------------------------------------------

    def offer(self, *events: Event) -> list[Item]:
        """Queue `events`. Drops the oldest ones where the bounds are reached.

        Those of one moment are best offered together: they cost one wake-up.
        """
        now = self._clock()
        return self._line_up([Item.of(event, now) for event in events], "submitted")

    def _line_up(self, items: list[Item], counter: str | None) -> list[Item]:
        with self._changed:
            now = self._clock()
            if counter is not None:
                self._ledger.admit(items, counter)
            has_dropped = self._ledger.line_up(items, now)
            self._is_closed = False
            newcomer = self._hire(now)
            self._changed.notify(len(items) if self._limits.is_waited_for else 1)
        self._start(newcomer)
        # Outside the lock: a log handler may look at the counters.
        if has_dropped:
            self._warn("full", "the queue is full, the oldest events go")
        return items

    def _hire(self, now: float) -> object:
        ledger, may_grow = self._ledger, not self._breaker.is_open
        backlog, busy = ledger.waiting.backlog, len(ledger.on_the_wire)
        return self._crew.hire(backlog, busy, now, may_grow=may_grow)

    def _start(self, newcomer: object) -> None:
        if not self._crew.start(newcomer):
            with self._changed:
                self._crew.leave(newcomer)

    def tend(self) -> bool:
        """Wake or start a thread for what still waits for one; called every moment.

        Offers of one moment wake one thread, which may be held up by the first of them; and where
        the system had no thread to give, it may have one now.

        Returns:
            True while something waits for a thread.
        """
        if not self._ledger.waiting.backlog or (self._breaker.is_open and len(self._crew)):
            return False
        with self._changed:
            newcomer = self._hire(self._clock())
            self._changed.notify()
        self._start(newcomer)
        return True

    # -- out -----------------------------------------------------------------------------------

    def _work(self, token: object) -> None:
        while (item := self._take(IDLE_SECONDS, token)) is not None:
            self._finish(item, self._try(item))

    def _take(self, patience_seconds: float, token: object = None) -> Item | None:
        """Wait for an event that may go out now. None once there was none for so long."""
        newcomer = None
        with self._changed:
            now = self._clock()
            give_up_at = now + patience_seconds
            while (item := self._pop_ready(now)) is None:
                is_over = now >= give_up_at or (self._is_closed and not self._ledger.at_hand)
                if is_over and self._may_leave(token):
                    self._crew.leave(token)
                    return None
                wake_at = min(max(give_up_at, now + 1.0), self._next_chance(now))
                self._changed.wait(wake_at - now)
                now = self._clock()
            if self._ledger.waiting.backlog:
                newcomer = self._call_company(item, now)
        self._start(newcomer)
        return item

    def _may_leave(self, token: object) -> bool:
        """The last thread stays while something waits for a retry or for the breaker."""
        ledger = self._ledger
        is_last = len(self._crew) == 1 and len(ledger.on_the_wire) < ledger.at_hand
        return token is None or not is_last

    def _call_company(self, item: Item, now: float) -> object:
        """Wake another thread, or hire one, where one is not enough."""
        if now - item.queued_at > COMPANY_AFTER_SECONDS:
            self._changed.notify()
        return self._hire(now)

    def _next_chance(self, now: float) -> float:
        """When something may become ready by the mere passing of time."""
        breaker = self._breaker
        chance = self._ledger.waiting.next_retry_at()
        if breaker.is_open:
            # The probe's outcome wakes everybody; without one, the end of the pause does.
            chance = float("inf") if breaker.is_probing else breaker.open_until
        return max(chance, now + 0.001)

    def _pop_ready(self, now: float) -> Item | None:
        if not self._breaker.lets_pass(now):
            self._ledger.expire(now)
            return None
        item = self._ledger.take(now)
        if item is not None and self._breaker.is_open:
            self._breaker.is_probing = True
        return item

    def _try(self, item: Item) -> Outcome:
        item.tries += 1
        return attempt(self.destination, self._transport, item.event)

    def _finish(self, item: Item, outcome: Outcome) -> None:
        with self._changed:
            now = self._clock()
            self._ledger.on_the_wire.discard(item)
            change = self._breaker.judge(outcome, now)
            if item.is_settled:  # the drain gave it up while it was on the wire
                self._ledger.end_late(item, outcome.verdict)
            elif outcome.verdict is not Verdict.RETRY:
                self._ledger.end(item, COUNTER[outcome.verdict])
            elif not self._retries(item, outcome, now):
                self._ledger.end(item, "failed")
            # This thread goes on with the next one by itself; only these concern the others.
            if change or self._breaker.is_open or self._is_draining or self._watchers:
                self._changed.notify_all()
        if change or outcome.verdict is not Verdict.ACCEPTED:
            self._tell(outcome, change)

    def _retries(self, item: Item, outcome: Outcome, now: float) -> bool:
        """Let `item` wait for its next try. False where it has had its last."""
        is_last = self._is_draining and self._outbox is None
        if is_last or not may_retry(item, outcome, self._limits.max_tries):
            return False
        # This thread may be on the wire when it is due.
        self._changed.notify()
        return self._ledger.retry(item, now + wait_seconds(item, outcome, self._jitter))

    def _tell(self, outcome: Outcome, change: Change) -> None:
        if outcome.verdict is not Verdict.ACCEPTED:
            self._warn(outcome.verdict, outcome.detail or outcome.verdict)
        if change == "opened":
            self._warn("open", "left alone for a while after these failures, then asked again")
        elif change == "closed":
            self._log.write(logging.INFO, f"closed:{self.name}", f"{self.name}: answers again")

    def _warn(self, kind: str, text: str) -> None:
        self._log.warn(f"{kind}:{self.name}", f"{self.name}: {text}")

    # -- the end -------------------------------------------------------------------------------

    def hurry(self) -> None:
        """Let nothing wait: a retry gets its last try now, a dead vendor one event as a probe."""
        with self._changed:
            self._is_draining = True
            self._ledger.waiting.hurry()
            self._breaker.hurry()
            newcomer = self._hire(self._clock()) if self._ledger.at_hand else None
            self._changed.notify_all()
        self._start(newcomer)

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
        if not self._crew:
            self._drain_here(deadline)
        with self._changed:
            while self._ledger.at_hand and not self._breaker.is_hopeless:
                left = deadline - self._clock()
                if left <= 0:
                    break
                self._changed.wait(left)
            lost, unsent = self._abandon()
            self._is_draining = False
        # Outside the lock: the outbox has one of its own.
        if self._outbox is not None:
            lost += self._outbox.give_back(self, unsent)
        if lost:
            self._warn("lost", f"{lost} events were not delivered in time")
        return lost == 0

    def wait_for(self, item: Item, deadline: float) -> bool:
        """Wait until `item` has ended in a counter, and for nothing else; it stays queued if not.

        Returns:
            False if it was not in time, or the vendor is being left alone.
        """
        if not self._crew:
            self._drain_here(deadline)
        with self._changed:
            self._watchers += 1
            try:
                while not item.is_settled:
                    now = self._clock()
                    is_sent = item in self._ledger.on_the_wire
                    if now >= deadline or not (is_sent or self._breaker.lets_pass(now)):
                        return False
                    self._changed.wait(deadline - now)
            finally:
                self._watchers -= 1
        return True

    def close(self) -> None:
        """Let the threads end that have nothing to do. The next event starts another."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _drain_here(self, deadline: float) -> None:
        """Deliver in the calling thread, where no thread can be started any more."""
        while self._clock() < deadline and (item := self._take(0.0)) is not None:
            self._finish(item, self._try(item))

    def _abandon(self) -> tuple[int, list[Item]]:
        """Let go of everything. How many are lost, and which can be kept in the outbox."""
        waiting, on_the_wire = self._ledger.give_up()
        kept = waiting + [item for item in on_the_wire if item.row is not None]
        if self._outbox is None:
            kept = []
        lost = [item for item in waiting + on_the_wire if item not in kept]
        for item in lost:
            self._ledger.settle(item, "lost_at_exit")
        self._ledger.handed_over += len(kept)
        return len(lost), kept

    # -- for the outbox ------------------------------------------------------------------------

    def keep_unsent(self, outbox: Outbox) -> None:
        """Let `outbox` have what could not be sent in time."""
        self._outbox = outbox

    def admit(self, events: Iterable[Event]) -> list[Item]:
        """Count `events` as submitted and queued; `line_up` or `settle` has to follow."""
        now = self._clock()
        items = [Item.of(event, now) for event in events]
        with self._changed:
            self._ledger.admit(items, "submitted")
        return items

    def line_up(self, items: Iterable[Item]) -> None:
        """Queue what was admitted."""
        self._line_up([*items], None)

    def settle(self, items: Iterable[Item], counter: str) -> None:
        """Let what was admitted end in a counter."""
        with self._changed:
            for item in items:
                self._ledger.handed_over -= 1
                self._ledger.settle(item, counter)

    def room(self, window: int) -> int:
        """How many events this lane can take now, so that no more than `window` are at hand.

        None while the vendor is left alone, and one when it is to be asked again.
        """
        with self._changed:
            at_hand = self._ledger.at_hand
            if self._breaker.is_open:
                is_time = self._breaker.lets_pass(self._clock())
                return 1 if is_time and not at_hand else 0
            return min(window, self._limits.max_events) - at_hand

    def take_in(self, events: Iterable[tuple[Event, Hashable]]) -> None:
        """Queue events from the outbox, each with its row there; None where that is gone."""
        now = self._clock()
        self._line_up([Item.of(event, now, row) for event, row in events], "taken")

    def count_taken(self, counter: str, number: int) -> None:
        """Count events that left the outbox and go no further."""
        with self._changed:
            self._ledger.counts.taken += number
            self._ledger.counts.add(counter, number)

    def done_rows(self) -> list[Any]:
        """The rows of events that ended since the last call."""
        if not self._ledger.done_rows:
            return []
        with self._changed:
            rows, self._ledger.done_rows = self._ledger.done_rows, []
            return rows

    @property
    def is_delivering(self) -> bool:
        """True while something is at hand and the vendor not given up."""
        return bool(self._ledger.at_hand and len(self._crew)) and not self._breaker.is_hopeless

    # -- seen from outside ---------------------------------------------------------------------

    def counts(self) -> Counts:
        """The counters at this moment, `queued` with what waits and what is on the wire."""
        with self._changed:
            return replace(self._ledger.counts)

    @property
    def is_sending(self) -> bool:
        """True while an event is on the wire, even one that was given up."""
        return bool(self._ledger.on_the_wire)

    @property
    def is_paused(self) -> bool:
        """True while the breaker leaves the vendor alone."""
        return self._breaker.is_open

    @property
    def breaker(self) -> Literal["closed", "open", "probing"]:
        """`open` leaves the vendor alone, `probing` waits for what one event will meet."""
        return self._breaker.state

    @property
    def oldest_age_seconds(self) -> float:
        """How long the oldest event in the queue has waited; 0 where none does."""
        with self._changed:
            return self._ledger.oldest_age(self._clock())

    def __repr__(self) -> str:
        return f"Lane({self.name!r}, queued={self.counts().queued})"
