"""The lane of one destination: its queue, the threads that empty it, and its counters."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, Literal, cast

from footfall.common import clock as clocks
from footfall.common import reentrancy
from footfall.common.log import ThrottledLog, error_location
from footfall.delivery.attempt import COUNTER, attempt, attempt_batch, build_requests
from footfall.delivery.circuit_breaker import Change, CircuitBreaker
from footfall.delivery.counters import Counters
from footfall.delivery.limits import DEFAULTS, Limits
from footfall.delivery.outcome_log import OutcomeLog
from footfall.delivery.queue import EventQueue
from footfall.delivery.retry import may_retry, wait_seconds
from footfall.delivery.transport import Transport
from footfall.delivery.visitor_order import Item
from footfall.delivery.worker_pool import IDLE_SECONDS, WorkerPool
from footfall.destinations import Batching, Destination
from footfall.events.hit_report import HitReport
from footfall.model import Event, Outcome, OutcomeKind

# Not the generator of `random.uniform`: an app that has seeded it relies on its sequence. The
# system's has no state either, so forked workers do not retry in step.
_uniform: Final = random.SystemRandom().uniform
# Python handles a Ctrl-C that comes just before a wait only when the wait is over.
MAX_WAIT_SECONDS: Final = 0.5
# One thread serves what came at one moment; another is woken where an event has waited this long.
WAKE_ANOTHER_AFTER_SECONDS: Final = 0.05
# Building so many requests takes a third of a millisecond.
MAX_BUILT_AHEAD: Final = 32
# The outcome of an event whose sending thread exits, or whose greenlet is killed.
THREAD_ENDED: Final = Outcome(
    kind=OutcomeKind.UNKNOWN, detail="the thread that was sending it was ended"
)


class Lane:
    """A bounded queue for one destination, and the threads that send what is in it.

    Threads are daemons, named, started by the first event and ended after ten idle seconds. A lock
    guards the queue, the breaker, the pool and the flags.

    Args:
        clock: Seconds, never going back.
        wall_clock: Seconds since the epoch; unlike `clock`, it shows that a machine slept.
        jitter: Called with two bounds, returns a number between them.
    """

    def __init__(
        self,
        destination: Destination,
        transport: Transport,
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
        """True for a destination that gets a report of every hit instead of events."""
        self.on_unsent: Callable[[Lane, list[Item]], int] | None = None
        """Keeps what could not be sent in time; returns how many of these are lost all the same."""
        self._takes: Callable[[Event], bool] | None = getattr(destination, "takes", None)
        # Where requests wait for their events, none waits for others to be processed.
        self._max_batch: int = 1 if limits.is_waited_for else getattr(destination, "max_batch", 1)
        self._transport = transport
        self._limits = limits
        self._log = OutcomeLog(log or ThrottledLog(), self.name)
        self._clock = clock
        self._wall_clock = wall_clock
        self._jitter = jitter
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Start anew with an empty queue, in a forked child: its parent sends what was queued.

        Only assignments: a lock that the parent held at the fork is dropped, never waited for.
        """
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._queue = EventQueue(self._limits, self._wall_clock)
        self._breaker = CircuitBreaker(self._jitter)
        self._pool = WorkerPool(self._work, f"footfall {self.name}", self._limits, end=self.close)
        self._is_draining = False
        self._is_closed = False
        # How many threads wait for one event of their own.
        self._waiters = 0
        self.trimmed = 0
        """How many events were sent with a part cut to fit the vendor's limits."""

    def takes(self, event: Event) -> bool:
        """False for an event that the destination is not to get, such as one of another host."""
        if self._takes is None:
            return True
        try:
            return bool(self._takes(event))
        except Exception as error:  # noqa: BLE001 -- the app may have defined the destination
            self._log.warn("takes", f"takes() failed: {error_location(error)}")
            return False

    # -- in ------------------------------------------------------------------------------------

    def offer(self, *events: Event) -> list[Item]:
        """Queue `events`. Drops the oldest ones where the bounds are reached.

        Events of one moment are best offered together: they cost one wake-up.
        """
        now = self._clock()
        return self._enqueue([Item.of(event, now) for event in events], "submitted")

    def offer_reports(self, *reports: HitReport) -> list[Item]:
        """Queue reports of hits, for a destination that `wants_reports`."""
        now = self._clock()
        return self._enqueue([Item.of_report(each, now) for each in reports], "submitted")

    def _enqueue(self, items: list[Item], counter: str | None = None) -> list[Item]:
        """Queue `items`: new ones, counted in `counter`, or ones that were admitted before."""
        with self._changed:
            now = self._clock()
            if counter is not None:
                self._queue.admit(items, counter)
            has_dropped = self._queue.enqueue(items, now)
            self._is_closed = False
            token = self._reserve_thread(now)
            self._changed.notify(len(items) if self._limits.is_waited_for else 1)
        self._start_thread(token)
        if has_dropped:
            self._log.warn("full", "the queue is full; the oldest are dropped (see max_queue)")
        return items

    def poll(self) -> bool:
        """Wake or start a thread for what still waits for one; called every moment.

        Offers of one moment wake one thread, which may be held up by the first of them; and where
        the system had no thread left, it may have one now.

        Returns:
            True while something waits for a thread.
        """
        if not self._queue.order.backlog or (self._breaker.is_open and len(self._pool)):
            return False
        with self._changed:
            token = self._reserve_thread(self._clock())
            self._changed.notify()
        self._start_thread(token)
        return True

    # -- for an outbox -------------------------------------------------------------------------

    def admit(self, events: Iterable[Event]) -> list[Item]:
        """Count `events` as submitted; `enqueue_admitted` or `count_admitted` has to follow."""
        now = self._clock()
        items = [Item.of(event, now) for event in events]
        with self._changed:
            self._queue.admit(items, "submitted")
        return items

    def fits(self, item: Item) -> bool:
        """False for an item that this lane would not queue."""
        return self._queue.fits(item)

    def enqueue_admitted(self, items: Iterable[Item]) -> None:
        """Queue what was admitted."""
        self._enqueue([*items])

    def count_admitted(self, items: Iterable[Item], counter: str) -> None:
        """Let what was admitted end in `counter`, unsent."""
        with self._changed:
            for item in items:
                self._queue.handed_over -= 1
                self._queue.count(item, counter)

    def capacity(self, window: int) -> int:
        """How many events this lane can take now, so that no more than `window` are outstanding.

        0 while the breaker is open, and 1 when a probe is due.
        """
        with self._changed:
            outstanding = self._queue.outstanding
            if self._breaker.is_open:
                is_due = self._breaker.allows(self._clock())
                return 1 if is_due and not outstanding else 0
            return min(window, self._limits.max_events) - outstanding

    def enqueue_stored(self, events: Iterable[tuple[Event, Hashable]]) -> None:
        """Queue events from the outbox, each with its row there; None where that is deleted."""
        now = self._clock()
        self._enqueue([Item.of(event, now, row) for event, row in events], "taken")

    def count_stored(self, counter: str, number: int) -> None:
        """Count events that the outbox has dropped instead of enqueuing them."""
        with self._changed:
            self._queue.counters.taken += number
            self._queue.counters.add(counter, number)

    def pop_done_rows(self) -> list[Any]:
        """The rows of events that ended since the last call."""
        if not self._queue.done_rows:
            return []
        with self._changed:
            rows, self._queue.done_rows = self._queue.done_rows, []
            return rows

    @property
    def is_delivering(self) -> bool:
        """True while something is outstanding, and the vendor may still take it."""
        is_working = bool(self._queue.outstanding and len(self._pool))
        return is_working and not self._breaker.has_failed_again

    # -- out: the worker threads ---------------------------------------------------------------

    def _reserve_thread(self, now: float) -> object:
        """The token of a thread to start, where one more is needed. With the lock."""
        queue, may_grow = self._queue, not self._breaker.is_open
        return self._pool.reserve(queue.order.backlog, len(queue.in_flight), now, may_grow=may_grow)

    def _start_thread(self, token: object) -> None:
        """Start the thread for a reserved token, if there is one. Without the lock."""
        if not self._pool.start(token):
            with self._changed:
                self._pool.release(token)

    @reentrancy.suppress_tracking
    def _work(self, token: object) -> None:
        try:
            while batch := self._take(IDLE_SECONDS, token):
                self._deliver(batch)
        except BaseException:
            # Killed, as greenlets are, or made to exit: the next event needs another thread.
            with self._changed:
                self._pool.release(token)
            raise

    def _take(self, max_wait_seconds: float, token: object = None) -> list[Item]:
        """Wait for an event that may be sent now, and take what else waits, for one request.

        Empty once there was none for so long. Most destinations take one event a request.
        """
        with self._lock:
            changed, now = self._changed, self._clock()
            give_up_at = now + max_wait_seconds
            while (item := self._pop_ready(now)) is None:
                is_over = now >= give_up_at or (self._is_closed and not self._queue.outstanding)
                if (is_over or self._pool.is_too_large(now)) and self._may_exit(token):
                    self._pool.release(token)
                    return []
                wake_at = min(max(give_up_at, now + 1.0), self._next_wakeup(now))
                changed.wait(wake_at - now)
                if changed is not self._changed:  # a greenlet, and gevent has copied it in a fork
                    return []
                now = self._clock()
            batch = [item]
            if self._max_batch > 1 and not self._breaker.is_open:  # a probe goes alone
                self._queue.fill(batch, self._max_batch, now)
            if not self._queue.order.backlog:
                return batch
            new_token = self._call_another(item, now)
            is_first = item.request is None and self._max_batch == 1
            followers = self._queue.order.peek(MAX_BUILT_AHEAD - 1) if is_first else []
        try:
            self._start_thread(new_token)
            build_requests(self.destination, followers)
        except BaseException:
            self._finish(batch, [THREAD_ENDED] * len(batch))
            raise
        return batch

    def _may_exit(self, token: object) -> bool:
        """The last thread stays while something waits for a retry or for the breaker."""
        queue = self._queue
        is_needed = len(self._pool) == 1 and len(queue.in_flight) < queue.outstanding
        return token is None or not is_needed

    def _call_another(self, item: Item, now: float) -> object:
        """Wake another thread, or reserve a new one, where one is not enough."""
        if now - item.queued_at > WAKE_ANOTHER_AFTER_SECONDS:
            self._pool.note_overload(now)
            self._changed.notify()
        return self._reserve_thread(now)

    def _next_wakeup(self, now: float) -> float:
        """When an event may become ready merely because time passes."""
        breaker = self._breaker
        wakeup = self._queue.order.next_retry_at()
        if breaker.is_open:
            # The probe's outcome wakes every thread; without a probe, the end of the pause does.
            wakeup = float("inf") if breaker.is_probing else breaker.open_until
        return max(wakeup, now + 0.001)

    def _pop_ready(self, now: float) -> Item | None:
        breaker = self._breaker
        if not breaker.is_open:
            return self._queue.take(now)
        if not breaker.allows(now):
            self._queue.expire(now)
            return None
        item = self._queue.take(now)
        breaker.is_probing = item is not None
        return item

    def _deliver(self, batch: list[Item]) -> None:
        """Send what was taken, once, and count its end even if this thread is killed."""
        outcomes: Sequence[Outcome | None] = [THREAD_ENDED] * len(batch)
        try:
            outcomes = self._attempt(batch)
        finally:
            self._finish(batch, outcomes)

    def _attempt(self, batch: list[Item]) -> Sequence[Outcome | None]:
        """The outcome of each item; None for one that was not sent, and waits again."""
        destination, transport = self.destination, self._transport
        has_kept, wall_clock = self._queue.counters.accepted > 0, self._wall_clock
        for item in batch:
            item.tries += 1
        if len(batch) == 1:
            [item] = batch
            return [attempt(destination, transport, item, has_kept=has_kept, wall_clock=wall_clock)]
        outcomes = attempt_batch(
            cast("Batching", destination),
            transport,
            batch,
            has_kept=has_kept,
            wall_clock=wall_clock,
        )
        if outcomes is not None:
            return outcomes
        self._max_batch = 1
        self._log.note_once(
            "batches", "takes no batches, as older collectors do; it gets one event a request"
        )
        return [None] * len(batch)

    def _finish(self, batch: list[Item], outcomes: Sequence[Outcome | None]) -> None:
        """Count what was sent, or let it wait for its next try."""
        ended, distinct = [(batch[0], outcomes[0])], outcomes
        if len(batch) > 1:
            ended, distinct = _followers_first(batch, outcomes), _distinct(outcomes)
        change: Change = None
        with self._lock:
            now = self._clock()
            if batch[0] not in self._queue.in_flight:  # taken before a fork: the parent counts it
                return
            for each in distinct:
                if each is not None:
                    change = self._breaker.record(each, now) or change
            for item, outcome in ended:
                self._finish_one(item, outcome, now)
            # This thread goes on with the next one by itself; only these concern the others.
            if change or self._breaker.is_open or self._is_draining or self._waiters:
                self._changed.notify_all()
        for each in distinct:
            if each is not None and (change or each.kind is not OutcomeKind.ACCEPTED):
                self._log.record(each, change)
                change = None

    def _finish_one(self, item: Item, outcome: Outcome | None, now: float) -> None:
        queue = self._queue
        queue.in_flight.remove(item)
        if outcome is None:
            item.tries -= 1
            queue.put_back(item)
            return
        self.trimmed += item.is_trimmed and item.tries == 1
        if item.is_counted:  # `wait` gave it up while it was in flight
            queue.finish_late(item, outcome.kind)
        elif outcome.kind is not OutcomeKind.RETRY:
            queue.finish(item, COUNTER[outcome.kind])
        elif not self._retry(item, outcome, now):
            queue.finish(item, "failed")

    def _retry(self, item: Item, outcome: Outcome, now: float) -> bool:
        """Let `item` wait for its next try. False where it has had its last."""
        is_last = self._is_draining and self.on_unsent is None
        if is_last or not may_retry(item, outcome, self._limits.max_tries):
            return False
        # This thread may be sending another when it is due.
        self._changed.notify()
        return self._queue.retry(item, now + wait_seconds(item, outcome, self._jitter))

    def _deliver_here(self, deadline: float) -> None:
        """Deliver in the calling thread, where no thread can be started any more."""
        while self._clock() < deadline and (batch := self._take(0.0)):
            self._deliver(batch)

    # -- the end -------------------------------------------------------------------------------

    def expedite(self) -> None:
        """Let nothing wait: retries are tried a last time now, a failing vendor gets a probe."""
        with self._changed:
            self._is_draining = True
            self._queue.order.expedite()
            self._breaker.expedite()
            token = self._reserve_thread(self._clock()) if self._queue.outstanding else None
            self._changed.notify_all()
        self._start_thread(token)

    def drain(self, deadline: float) -> bool:
        """Send what is queued until `deadline` (by the lane's clock); count the rest as lost.

        The lane works on afterwards as before.

        Returns:
            True if nothing was lost.
        """
        self.expedite()
        return self.wait(deadline)

    def wait(self, deadline: float) -> bool:
        """The second half of `drain`, for a caller that has expedited several lanes first."""
        if not self._pool:
            self._deliver_here(deadline)
        with self._changed:
            while self._queue.outstanding and not self._breaker.has_failed_again:
                left = deadline - self._clock()
                if left <= 0:
                    break
                self._changed.wait(min(left, MAX_WAIT_SECONDS))
            lost, unsent = self._queue.abandon(keeps_unsent=self.on_unsent is not None)
            self._is_draining = False
        # Outside the lock: an outbox has one of its own.
        if self.on_unsent is not None:
            lost += self.on_unsent(self, unsent)
        if lost:
            text = f"{lost} events were not delivered in time (see shutdown_timeout_seconds)"
            self._log.warn("lost", text)
        return lost == 0

    def wait_for(self, item: Item, deadline: float) -> bool:
        """Wait until `item` is counted, and for nothing else; if it is not, it stays queued.

        Returns:
            False if it was not counted in time, or the breaker is open.
        """
        if not self._pool:
            self._deliver_here(deadline)
        with self._changed:
            self._waiters += 1
            try:
                while not item.is_counted:
                    now = self._clock()
                    is_in_flight = item in self._queue.in_flight
                    if now >= deadline or not (is_in_flight or self._breaker.allows(now)):
                        return False
                    self._changed.wait(deadline - now)
            finally:
                self._waiters -= 1
        return True

    def close(self) -> None:
        """Let the threads end that have nothing to do. The next event starts another."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    # -- seen from outside ---------------------------------------------------------------------

    def counters(self) -> Counters:
        """A copy of the counters; `queued` holds what is in flight, too."""
        with self._changed:
            return replace(self._queue.counters)

    @property
    def has_capacity(self) -> bool:
        """False while so much is outstanding that more would only wait behind it."""
        return self._queue.outstanding < self._limits.busy_events

    @property
    def is_paused(self) -> bool:
        """True while the breaker is open."""
        return self._breaker.is_open

    @property
    def breaker_state(self) -> Literal["closed", "open", "probing"]:
        """`open` sends nothing, `probing` waits for the outcome of one event."""
        return self._breaker.state

    @property
    def oldest_age_seconds(self) -> float:
        """How long the oldest outstanding event has waited; 0 where there is none."""
        with self._changed:
            return self._queue.oldest_age(self._clock())

    def __repr__(self) -> str:
        return f"Lane({self.name!r}, queued={self.counters().queued})"


def _distinct(outcomes: Sequence[Outcome | None]) -> list[Outcome | None]:
    """Each outcome once: a request that fails is one failure, however many events it has."""
    found: list[Outcome | None] = []
    for outcome in outcomes:
        if outcome not in found:
            found.append(outcome)
    return found


def _followers_first(
    batch: Sequence[Item], outcomes: Sequence[Outcome | None]
) -> list[tuple[Item, Outcome | None]]:
    """Items and outcomes, so that those which go back are parked before their visitor is free.

    The last one that follows another of its visitor comes first.
    """
    ended = [*zip(batch, outcomes, strict=True)]
    followers = [pair for pair in reversed(ended) if pair[0].follows]
    return followers + [pair for pair in ended if not pair[0].follows]
