"""The work of a lane: its lock, what that guards, and the threads that send."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from footfall.common import reentrancy
from footfall.common.log import ThrottledLog
from footfall.delivery.attempt import COUNTER, attempt, may_retry, prepare, wait_seconds
from footfall.delivery.circuit_breaker import Change, CircuitBreaker
from footfall.delivery.limits import Limits
from footfall.delivery.queue import EventQueue
from footfall.delivery.transport import Transport
from footfall.delivery.visitor_order import Item
from footfall.delivery.worker_pool import IDLE_SECONDS, WorkerPool
from footfall.destinations import Destination
from footfall.model import Outcome, OutcomeKind

# One thread serves what came in one moment; another is woken where that has lasted for so long.
COMPANY_AFTER_SECONDS: Final = 0.05
# A third of a millisecond's work.
PREPARED_AT_ONCE: Final = 32
# What a greenlet that is killed, or a thread that is told to exit, leaves of what it was sending.
ENDED: Final = Outcome(kind=OutcomeKind.UNKNOWN, detail="the thread that was sending it was ended")


class Delivery:
    """Sends what is lined up, one thread for each connection.

    `lock` guards `ledger`, `breaker`, `crew` and the flags; `changed` is to wait with it. Made anew
    in a forked child: only assignments, and a lock that the parent held is dropped, never waited
    for.
    """

    def __init__(
        self,
        destination: Destination,
        transport: Transport,
        limits: Limits,
        log: ThrottledLog,
        *,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        jitter: Callable[[float, float], float],
    ) -> None:
        self.name = destination.name
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.ledger = EventQueue(limits, wall_clock)
        self.breaker = CircuitBreaker(jitter)
        self.crew = WorkerPool(self._work, f"footfall {self.name}", limits)
        self.is_draining = False
        self.is_closed = False
        # True where an outbox takes what cannot be sent: then no try in a drain is the last one.
        self.keeps_unsent = False
        # Events of which a part was cut to fit. Not in the account: each has an end of its own.
        self.trimmed = 0
        # Those who wait for one event of their own.
        self.watchers = 0
        self._destination = destination
        self._transport = transport
        self._limits = limits
        self._log = log
        self._clock = clock
        self._wall_clock = wall_clock
        self._jitter = jitter

    # -- in ------------------------------------------------------------------------------------

    def line_up(self, items: list[Item], counter: str | None = None) -> list[Item]:
        """Queue `items`: new ones, counted as `counter` says, or such as were admitted before."""
        with self.changed:
            now = self._clock()
            if counter is not None:
                self.ledger.admit(items, counter)
            has_dropped = self.ledger.line_up(items, now)
            self.is_closed = False
            newcomer = self.hire(now)
            self.changed.notify(len(items) if self._limits.is_waited_for else 1)
        self.start(newcomer)
        # Outside the lock: a log handler may look at the counters.
        if has_dropped:
            self.warn("full", "the queue is full, the oldest events go")
        return items

    def hire(self, now: float) -> object:
        """The token of a thread to `start`, where one more is needed. With the lock."""
        ledger, may_grow = self.ledger, not self.breaker.is_open
        backlog, busy = ledger.waiting.backlog, len(ledger.on_the_wire)
        return self.crew.hire(backlog, busy, now, may_grow=may_grow)

    def start(self, newcomer: object) -> None:
        """Start the thread that was hired, if one was. Without the lock."""
        if not self.crew.start(newcomer):
            with self.changed:
                self.crew.leave(newcomer)

    def tend(self) -> bool:
        """Wake or start a thread for what still waits for one; called every moment.

        Offers of one moment wake one thread, which may be held up by the first of them; and where
        the system had no thread to give, it may have one now.

        Returns:
            True while something waits for a thread.
        """
        if not self.ledger.waiting.backlog or (self.breaker.is_open and len(self.crew)):
            return False
        with self.changed:
            newcomer = self.hire(self._clock())
            self.changed.notify()
        self.start(newcomer)
        return True

    # -- out -----------------------------------------------------------------------------------

    @reentrancy.suppress_tracking
    def _work(self, token: object) -> None:
        try:
            while (item := self.take(IDLE_SECONDS, token)) is not None:
                self.deliver(item)
        except BaseException:
            # Killed, as greenlets are, or told to exit: the next event needs another thread.
            with self.changed:
                self.crew.leave(token)
            raise

    def take(self, patience_seconds: float, token: object = None) -> Item | None:
        """Wait for an event that may go out now. None once there was none for so long."""
        with self.lock:
            now = self._clock()
            give_up_at = now + patience_seconds
            while (item := self._pop_ready(now)) is None:
                is_over = now >= give_up_at or (self.is_closed and not self.ledger.at_hand)
                if (is_over or self.crew.is_too_large(now)) and self._may_leave(token):
                    self.crew.leave(token)
                    return None
                wake_at = min(max(give_up_at, now + 1.0), self.next_chance(now))
                self.changed.wait(wake_at - now)
                now = self._clock()
            if not self.ledger.waiting.backlog:
                return item
            newcomer = self._call_company(item, now)
            is_first = item.request is None
            followers = self.ledger.waiting.ahead(PREPARED_AT_ONCE - 1) if is_first else []
        try:
            self.start(newcomer)
            prepare(self._destination, followers)
        except BaseException:
            self.finish(item, ENDED)
            raise
        return item

    def _may_leave(self, token: object) -> bool:
        """The last thread stays while something waits for a retry or for the breaker."""
        ledger = self.ledger
        is_last = len(self.crew) == 1 and len(ledger.on_the_wire) < ledger.at_hand
        return token is None or not is_last

    def _call_company(self, item: Item, now: float) -> object:
        """Wake another thread, or hire one, where one is not enough."""
        if now - item.queued_at > COMPANY_AFTER_SECONDS:
            self.crew.note_need(now)
            self.changed.notify()
        return self.hire(now)

    def next_chance(self, now: float) -> float:
        """When something may become ready by the mere passing of time."""
        breaker = self.breaker
        chance = self.ledger.waiting.next_retry_at()
        if breaker.is_open:
            # The probe's outcome wakes everybody; without one, the end of the pause does.
            chance = float("inf") if breaker.is_probing else breaker.open_until
        return max(chance, now + 0.001)

    def _pop_ready(self, now: float) -> Item | None:
        breaker = self.breaker
        if not breaker.is_open:
            return self.ledger.take(now)
        if not breaker.lets_pass(now):
            self.ledger.expire(now)
            return None
        item = self.ledger.take(now)
        breaker.is_probing = item is not None
        return item

    def deliver(self, item: Item) -> None:
        """Send an item that was taken, once, and see to its end, even if this thread is killed."""
        outcome = ENDED
        try:
            outcome = self.attempt(item)
        finally:
            self.finish(item, outcome)

    def attempt(self, item: Item) -> Outcome:
        """Send an item that was taken, once."""
        item.tries += 1
        has_kept = self.ledger.counts.accepted > 0
        return attempt(
            self._destination,
            self._transport,
            item,
            has_kept=has_kept,
            wall_clock=self._wall_clock,
        )

    def finish(self, item: Item, outcome: Outcome) -> None:
        """Let an item that was sent end in a counter, or wait for its next try."""
        with self.lock:
            now = self._clock()
            self.ledger.on_the_wire.discard(item)
            self.trimmed += item.is_trimmed and item.tries == 1
            change = self.breaker.judge(outcome, now)
            if item.is_settled:  # the drain gave it up while it was on the wire
                self.ledger.end_late(item, outcome.kind)
            elif outcome.kind is not OutcomeKind.RETRY:
                self.ledger.end(item, COUNTER[outcome.kind])
            elif not self._retries(item, outcome, now):
                self.ledger.end(item, "failed")
            # This thread goes on with the next one by itself; only these concern the others.
            if change or self.breaker.is_open or self.is_draining or self.watchers:
                self.changed.notify_all()
        if change or outcome.kind is not OutcomeKind.ACCEPTED:
            self._tell(outcome, change)

    def _retries(self, item: Item, outcome: Outcome, now: float) -> bool:
        """Let `item` wait for its next try. False where it has had its last."""
        is_last = self.is_draining and not self.keeps_unsent
        if is_last or not may_retry(item, outcome, self._limits.max_tries):
            return False
        # This thread may be on the wire when it is due.
        self.changed.notify()
        return self.ledger.retry(item, now + wait_seconds(item, outcome, self._jitter))

    def deliver_here(self, deadline: float) -> None:
        """Deliver in the calling thread, where no thread can be started any more."""
        while self._clock() < deadline and (item := self.take(0.0)) is not None:
            self.deliver(item)

    def _tell(self, outcome: Outcome, change: Change) -> None:
        if outcome.kind is not OutcomeKind.ACCEPTED and not outcome.is_expected:
            text = outcome.detail or outcome.kind
            if outcome.log_key:
                kind = f"{outcome.kind}:{outcome.log_key}:{self.name}"
                self._log.warn_once(kind, f"footfall: {self.name}: {text}")
            else:
                self.warn(outcome.kind, text)
        if change == "opened" and not outcome.pause:
            self.warn("open", "left alone for a while after these failures, then asked again")
        elif change == "closed":
            self._log.write(
                logging.INFO, f"closed:{self.name}", f"footfall: {self.name}: answers again"
            )

    def warn(self, kind: str, text: str) -> None:
        """Write a line for the owner, at most one a minute of each kind. Without the lock."""
        self._log.warn(f"{kind}:{self.name}", f"footfall: {self.name}: {text}")
