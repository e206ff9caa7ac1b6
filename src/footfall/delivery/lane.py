"""The lane of one destination: its queue, the threads that empty it, and its counters."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final, cast

from footfall.common import clock as clocks
from footfall.common.log import ThrottledLog, error_location
from footfall.common.token_bucket import TokenBucket
from footfall.delivery.attempt import COUNTER, THREAD_ENDED, Attempt
from footfall.delivery.circuit_breaker import Change, CircuitBreaker, State
from footfall.delivery.counters import Counters
from footfall.delivery.delivery_thread import DeliveryThread, delivery_thread, running_thread
from footfall.delivery.latency import LatencyHistogram
from footfall.delivery.limits import DEFAULTS, Limits
from footfall.delivery.outcome_log import OutcomeLog
from footfall.delivery.pace import Pace
from footfall.delivery.queue import EventQueue
from footfall.delivery.retry import may_retry, wait_seconds
from footfall.delivery.transport import Transport
from footfall.delivery.transport.curl_multi import MAX_STREAMS, CurlMulti, Multiplexed
from footfall.delivery.transport.greenlets import is_patched
from footfall.delivery.visitor_order import Item
from footfall.delivery.worker_pool import WorkerPool
from footfall.destinations import Destination, unwanted_names
from footfall.events.hit_report import HitReport
from footfall.model import Event, Outcome, OutcomeKind, Request, Response

# Four times what a poll brings in an app that serves a thousand pages a second.
_MAX_REPORTS: Final = 200
# Not the generator of `random.uniform`: an app that has seeded it relies on its sequence. The
# system's has no state either, so forked workers do not retry in step.
_uniform: Final = random.SystemRandom().uniform
# A server announces how many streams its connections carry; none is known to allow fewer.
STREAMS_PER_CONNECTION: Final = 100
# Meanwhile more threads may be needed; and a Ctrl-C just before a wait is handled after it.
MAX_WAIT_SECONDS: Final = 0.05


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
        self.on_unanswered: Callable[[Lane, list[Item]], object] | None = None
        """Gets what was still in flight then and has a row; it counts as `stored`."""
        per_second: float | None = getattr(destination, "max_reports_per_second", None)
        # By whether the hit counts. Of those that do, only a few are looked at.
        self._report_rates: Final[Mapping[bool, TokenBucket]] = (
            {}
            if per_second is None
            else {
                False: TokenBucket(per_second, _MAX_REPORTS),
                True: TokenBucket(per_second / 4, _MAX_REPORTS // 4),
            }
        )
        self._takes: Callable[[Event], bool] | None = getattr(destination, "takes", None)
        self._unwanted_names = unwanted_names(destination)
        # Where requests wait for their events, none waits for others to be processed.
        self._max_batch: int = 1 if limits.is_waited_for else getattr(destination, "max_batch", 1)
        self._transport = transport
        self._is_multiplexed = isinstance(transport, Multiplexed)
        if getattr(destination, "backdates", False):
            limits = replace(limits, max_age_seconds=limits.late_max_age_seconds)
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
        self.pool = WorkerPool(
            self,
            f"footfall {self.name}",
            self._limits.max_connections,
            lock=self._lock,
            clock=self._clock,
        )
        self._pace = Pace()
        self._latency = LatencyHistogram()
        self._is_http2 = False
        self._is_draining = False
        self._is_closed = False
        # How many threads wait for one event of their own.
        self._waiters = 0
        self.trimmed = 0
        """How many events were sent with a part cut to fit the vendor's limits."""

    def takes(self, event: Event) -> bool:
        """False for an event that the destination is not to get, such as one of another host."""
        if event.name in self._unwanted_names:
            return False
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

    def wants_report(self, *, is_tracked: bool, waiting: int) -> bool:
        """Whether a report would be queued after so many others that are not offered yet."""
        rate = self._report_rates.get(is_tracked)
        is_below = self._queue.outstanding + waiting < _MAX_REPORTS
        if is_below and (rate is None or rate.available(self._clock()) > waiting):
            return True
        self._note_unreported(is_tracked)
        return False

    def offer_hits(self, *hits: HitReport | Event) -> list[Item]:
        """Queue hits, for a destination that `wants_reports`: reports, and the events of others.

        While many wait, or more come than the destination wants, hits that count are queued as
        plain events, which cost a third as much, and the others are left out: no event is lost for
        the details of another.
        """
        now = self._clock()
        most = _MAX_REPORTS - self._queue.outstanding
        items: list[Item] = []
        reported = 0
        for hit in hits:
            if isinstance(hit, Event):
                items.append(Item.of(hit, now))
                continue
            rate = self._report_rates.get(hit.is_tracked)
            if reported < most and (rate is None or rate.take(1, now)):
                items.append(Item.of_report(hit, now))
                reported += 1
                continue
            self._note_unreported(hit.is_tracked)
            if hit.is_tracked:
                items.append(Item.of(hit.event, now))
        return self._enqueue(items, "submitted")

    def _note_unreported(self, is_tracked: bool) -> None:
        if is_tracked and self._report_rates:
            # Nothing is missing but details, as its documentation says.
            return
        self._log.note_once(
            "reports",
            "hits come faster than they are reported in detail; those that count are sent without "
            "their details, and the others are left out. Where that is usual, switch every_hit off",
        )

    def _enqueue(self, items: list[Item], counter: str | None = None) -> list[Item]:
        """Queue `items`: new ones, counted in `counter`, or ones that were admitted before."""
        with self._lock:
            now = self._clock()
            if counter is not None:
                self._queue.admit(items, counter)
            has_dropped = self._queue.enqueue(items, now)
            self._is_closed = False
        self._call_threads()
        if has_dropped:
            self._log.warn("full", "the queue is full; the oldest are dropped (see max_queue)")
        return items

    def poll(self) -> bool:
        """Find threads for what still waits for one; called every moment.

        One that was enough a moment ago may be held up by now, or was made to exit; and where the
        system had no thread left, it may have one.

        Returns:
            True while something waits for a thread.
        """
        if self._has_threads and (self._breaker.is_open or not self._queue.order.backlog):
            return False
        if self.is_empty:
            return False
        self._call_threads()
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

    def withdraw(self) -> list[Item]:
        """Take out what is not in flight; `enqueue_admitted` or `count_admitted` has to follow."""
        with self._lock:
            return self._queue.withdraw()

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
        is_working = bool(self._queue.outstanding and self._has_threads)
        return is_working and not self._breaker.has_failed_again

    # -- out: the threads that send ------------------------------------------------------------

    @property
    def _carrier(self) -> DeliveryThread | None:
        """The thread that carries many exchanges; None where the lane's own carry one in each.

        Greenlets in the place of threads would all wait for libcurl. A thread from before gevent's
        patch is none of them, and serves as long as it lives.
        """
        if not self._is_multiplexed:
            return None
        return running_thread() if is_patched() else delivery_thread()

    @property
    def _has_threads(self) -> bool:
        carrier = self._carrier
        return bool(len(self.pool)) if carrier is None else carrier.is_running

    def _call_threads(self) -> None:
        """Wake or start the threads that what waits needs. Without the lock."""
        carrier = self._carrier
        if carrier is not None:
            carrier.call(self)
            return
        with self._lock:
            number = self.pool.reserve(self._needed_threads())
        self.pool.start(number)

    def _needed_threads(self) -> int:
        queue, limit = self._queue, self._limits.max_connections
        if self._breaker.is_open or not queue.order.backlog:
            return 1
        if self._limits.is_waited_for:
            return len(queue.in_flight) + queue.order.backlog
        now, requests = self._clock(), math.ceil(queue.order.backlog / self._max_batch)
        return min(self._pace.needed(requests, now), self._pace.limit(limit, now))

    @property
    def max_connections(self) -> int:
        """How many connections to the destination may be open."""
        return self._limits.max_connections

    @property
    def _max_exchanges(self) -> int:
        """How many exchanges may run: one on each connection, or as many streams."""
        limit = self._limits.max_connections
        return min(MAX_STREAMS, limit * STREAMS_PER_CONNECTION) if self._is_http2 else limit

    def take(self) -> list[Item]:
        """Take an event that may be sent now, with what else may go in its request.

        Returns:
            Nothing or, of most destinations, one event.
        """
        with self._lock:
            now = self._clock()
            limit = self._max_exchanges
            if not self._limits.is_waited_for:
                limit = self._pace.limit(limit, now)
            if self._pace.running >= limit:
                return []
            item = self._pop_ready(now)
            if item is None:
                return []
            batch = [item]
            if self._max_batch > 1 and not self._breaker.is_open:  # a probe goes alone
                self._queue.fill(batch, self._max_batch, now)
            item.taken_at = now
            self._pace.begin(now)
            return batch

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

    def next_wakeup(self, now: float) -> float:
        """When an event may become ready merely because time passes."""
        breaker = self._breaker
        wakeup = self._queue.order.next_retry_at()
        if breaker.is_open:
            # After a probe its outcome decides; without one, the end of the pause does.
            wakeup = math.inf if breaker.is_probing else breaker.open_until
        return max(wakeup, now + 0.001)

    def seconds_to_wakeup(self) -> float:
        """How long until then."""
        with self._lock:
            now = self._clock()
            return self.next_wakeup(now) - now

    @property
    def is_empty(self) -> bool:
        """True while nothing waits and nothing is in flight."""
        return not self._queue.outstanding

    def may_end_thread(self, *, is_last: bool, is_idle: bool) -> bool:
        """Whether a thread that found nothing to send may end; `is_idle` for long.

        The last one stays while something waits for a retry or for the breaker.
        """
        queue = self._queue
        if is_last and len(queue.in_flight) < queue.outstanding:
            return False
        return is_idle or (self._is_closed and not queue.outstanding)

    def deliver(self, batch: list[Item], multi: CurlMulti | None = None) -> None:
        """Send what was taken: to its end, or among other exchanges."""
        for item in batch:
            item.tries += 1
        try:
            attempt = Attempt(self.destination, batch, self._wall_clock)
            if attempt.request is None:
                self._end(attempt)
            elif multi is None:
                self._end(attempt, self._exchange(attempt.request))
            else:
                self._start(attempt, attempt.request, multi)
        except BaseException:
            self.finish(batch, [THREAD_ENDED] * len(batch))
            raise

    def _exchange(self, request: Request) -> Response | Exception:
        try:
            return self._transport.send(request)
        except Exception as error:  # noqa: BLE001 -- the app may have defined the transport
            return error

    def start(self, multi: CurlMulti) -> bool:
        """Begin the next exchange among others. False if there is none that may begin."""
        batch = self.take()
        if batch:
            self.deliver(batch, multi)
        return bool(batch)

    def _start(self, attempt: Attempt, request: Request, multi: CurlMulti) -> None:
        def end(result: Response | Exception, is_http2: bool) -> None:
            self._is_http2 = is_http2
            try:
                self._end(attempt, result)
            except BaseException:
                self.finish(attempt.items, [THREAD_ENDED] * len(attempt.items))
                raise

        try:
            cast("Multiplexed", self._transport).start(multi, request, end)
        except Exception as error:  # noqa: BLE001 -- the app may have defined the request
            self._end(attempt, error)

    def _end(self, attempt: Attempt, result: Response | Exception | None = None) -> None:
        """Count what was sent, by the response or the error."""
        if result is not None:
            attempt.end(result, has_kept=self._queue.counters.accepted > 0)
        if attempt.is_batch_refused and self._max_batch > 1:
            self._max_batch = 1
            self._log.note_once(
                "batches", "takes no batches, as older servers do; it gets one event a request"
            )
        self.finish(attempt.items, attempt.outcomes, has_exchanged=result is not None)

    def finish(
        self,
        batch: Sequence[Item],
        outcomes: Sequence[Outcome | None],
        *,
        has_exchanged: bool = False,
    ) -> None:
        """Count what was sent, or let it wait for its next try.

        Args:
            outcomes: One for each item; None for one that was not sent, and waits again.
            has_exchanged: Whether the transport has sent the request, or failed to.
        """
        ended, distinct = [(batch[0], outcomes[0])], outcomes
        if len(batch) > 1:
            ended, distinct = _followers_first(batch, outcomes), _distinct(outcomes)
        change: Change = None
        with self._lock:
            now = self._clock()
            if batch[0] not in self._queue.in_flight:  # taken before a fork: the parent counts it
                return
            is_late = any(each is not None and each.timed_out for each in distinct)
            self._pace.end(now, batch[0].taken_at, is_answered=not is_late)
            if has_exchanged:
                self._latency.observe(now - batch[0].taken_at)
            for each in distinct:
                if each is not None:
                    change = self._breaker.record(each, now) or change
            for item, outcome in ended:
                self._finish_one(item, outcome, now)
            if self._is_draining or self._waiters:
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
        return self._queue.retry(item, now + wait_seconds(item, outcome, self._jitter))

    # -- the end -------------------------------------------------------------------------------

    def expedite(self) -> None:
        """Let nothing wait: retries are tried a last time now, a failing vendor gets a probe."""
        with self._lock:
            self._is_draining = True
            self._queue.order.expedite()
            self._breaker.expedite()
        if self._queue.outstanding:
            self._call_threads()

    def drain(self, deadline: float) -> bool:
        """Send what is queued until `deadline` (by the lane's clock); count the rest as lost.

        Of a lane that is paused one event is sent; where that fails, the rest is lost at once. The
        lane works on afterwards as before.

        Returns:
            True if nothing was lost.
        """
        self.expedite()
        return self.wait(deadline)

    def wait(self, deadline: float) -> bool:
        """The second half of `drain`, for a caller that has expedited several lanes first."""
        # Of a vendor that fails, too, an exchange that has begun may end well.
        self._wait_while(
            lambda now: (
                self._queue.in_flight
                or (self._queue.outstanding and not self._breaker.has_failed_again)
            ),
            deadline,
        )
        with self._lock:
            is_paused = self._breaker.is_open
            found = self._queue.abandon(keeps_unsent=self.on_unsent is not None)
            self._is_draining = False
        lost = found.lost
        # Outside the lock: an outbox has one of its own.
        if self.on_unsent is not None:
            lost += self.on_unsent(self, found.unsent)
        if self.on_unanswered is not None:
            self.on_unanswered(self, found.unanswered)
        if lost:
            self._log.warn("lost", f"{lost} events {self._why_lost(is_paused=is_paused)}")
        return lost == 0

    def _why_lost(self, *, is_paused: bool) -> str:
        if is_paused:
            return "were lost, since it is paused; with an outbox they would wait"
        return "were not delivered in time (see shutdown_timeout_seconds)"

    def wait_for(self, item: Item, deadline: float) -> bool:
        """Wait until `item` is counted, and for nothing else; if it is not, it stays queued.

        Returns:
            False if it was not counted in time, or the breaker is open.
        """
        self._wait_while(
            lambda now: (
                not item.is_counted and (item in self._queue.in_flight or self._breaker.allows(now))
            ),
            deadline,
        )
        return item.is_counted

    def _wait_while(self, is_waiting: Callable[[float], object], deadline: float) -> None:
        """Wait until `deadline`; deliver meanwhile where no thread can be started any more."""
        while (now := self._clock()) < deadline and is_waiting(now):
            self.poll()
            if not self._has_threads:
                self._deliver_here(deadline)
            with self._changed:
                if not is_waiting(now := self._clock()):
                    return
                self._waiters += 1
                try:
                    self._changed.wait(min(max(0.0, deadline - now), MAX_WAIT_SECONDS))
                finally:
                    self._waiters -= 1

    def _deliver_here(self, deadline: float) -> None:
        carrier = self._carrier
        if carrier is not None:
            carrier.run_here(self, deadline)
            return
        while self._clock() < deadline and (batch := self.take()):
            self.deliver(batch)

    def close(self) -> None:
        """Let the threads end that have nothing to do. The next event starts another."""
        with self._lock:
            self._is_closed = True
            self.pool.wake()
        carrier = self._carrier
        if carrier is not None:
            carrier.close()

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
    def breaker_state(self) -> State:
        """`open` sends nothing, `probing` waits for the outcome of one event."""
        return self._breaker.state

    @property
    def oldest_age_seconds(self) -> float:
        """How long the oldest outstanding event has waited; 0 where there is none."""
        with self._changed:
            return self._queue.oldest_age(self._clock())

    def stats(self) -> dict[str, Any]:
        """The account of its events, and its state; see `Tracker.stats`."""
        with self._lock:
            return {
                **asdict(self._queue.counters),
                "oldest_age_seconds": round(self.oldest_age_seconds, 1),
                "trimmed": self.trimmed,
                "is_paused": self.is_paused,
                "breaker": self.breaker_state,
                "delivery_seconds": self._latency.as_json(),
            }

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
