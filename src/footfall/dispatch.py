"""From an event to the vendor's answer: one lane for each destination.

A lane is a bounded queue with its own delivery threads, breaker and counters, so that a dead vendor
never slows another. Rules of the room:

- The request side never enters it. `offer` is called by the delivery side, and takes a lock.
- At most once: neither vendor can recognise a duplicate, and a duplicate falsifies bounce rate and
  pageviews where a loss only under-counts. Only what surely was not processed is sent again.
- Vendors stamp an event when it arrives, so one that has waited too long is dropped, not sent late.
- The events of one visitor go out in order and never two at a time: the first decides the source of
  the visit, and a vendor that is still writing it drops the second.
- Every event offered ends in exactly one counter; `Counts.in_balance` says so at any moment.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Final, TypeAlias, cast

from footfall import destinations, transport
from footfall.errors import NotSent, TransportError
from footfall.log import ThrottledLog, place_of
from footfall.model import Event, Outcome, Request, Verdict
from footfall.report import Report

Identity: TypeAlias = tuple[str | None, str]

# One thread more once the backlog has been above this for so long.
BACKLOG_PER_THREAD: Final = 2
GROW_AFTER_SECONDS: Final = 0.2
# A thread without work leaves; the next event starts another.
IDLE_SECONDS: Final = 10.0
# Full jitter: a uniform wait between nothing and this, doubled with each try.
BACKOFF_BASE_SECONDS: Final = 0.25
BACKOFF_CAP_SECONDS: Final = 8.0
# A vendor that fails so often in a row is left alone for a while, then tried with one event.
BREAKER_FAILURES: Final = 5
BREAKER_BASE_SECONDS: Final = 2.0
BREAKER_CAP_SECONDS: Final = 30.0
# An answer such as "payment required" meets every event alike until somebody acts.
PAUSE_BASE_SECONDS: Final = 60.0
PAUSE_CAP_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of a lane."""

    # What eight connections can send at a round trip of 50 ms within the life of an event.
    max_events: int = 10_000
    # The same, for an app under attack with the longest URLs and user agents.
    max_bytes: int = 8 * 1024 * 1024
    # Vendors stamp the time of arrival, so a late event is a wrong event.
    max_age_seconds: float = 60.0
    # One keep-alive connection moves 20 events a second at a round trip of 50 ms.
    max_connections: int = 8
    # Beyond that the vendor is down, and the breaker's business.
    max_tries: int = 4
    # True where requests wait for their events: none may have to wait behind another's.
    is_waited_for: bool = False


@dataclass(slots=True, kw_only=True)
class Counts:
    """What became of the events of one lane. All but `queued` only ever grow."""

    submitted: int = 0
    accepted: int = 0
    dropped_by_vendor: int = 0
    rejected: int = 0
    dropped_full: int = 0
    expired: int = 0
    failed: int = 0
    unknown: int = 0
    lost_at_exit: int = 0
    queued: int = 0

    @property
    def in_balance(self) -> bool:
        """True while every event submitted is in exactly one of the other counters."""
        ends: int = sum(getattr(self, f.name) for f in fields(self) if f.name != "submitted")
        return self.submitted == ends


@dataclass(slots=True, eq=False)
class Item:
    """One event on its way through a lane; `is_settled` once it has ended in a counter."""

    event: Event
    queued_at: float
    size: int
    # For a destination that wants to know more than the event.
    report: Report | None = None
    tries: int = 0
    is_settled: bool = False


@dataclass(slots=True)
class _Breaker:
    """Leaves a failing vendor alone: closed, open until a moment, then one event as a probe."""

    failures: int = 0
    rounds: int = 0
    open_until: float = 0.0
    is_open: bool = False
    is_probing: bool = False

    def lets_pass(self, now: float) -> bool:
        return not self.is_open or (now >= self.open_until and not self.is_probing)

    def open_for(self, now: float, seconds: float) -> None:
        self.is_open, self.is_probing = True, False
        self.open_until = now + seconds
        self.rounds += 1

    def close(self) -> None:
        self.failures = self.rounds = 0
        self.is_open = self.is_probing = False


class Lane:
    """The way to one destination: a bounded queue and the threads that empty it.

    Threads are daemons, named, started by the first event and gone after ten idle seconds.

    Args:
        clock: Seconds, monotonic.
        wall_clock: Seconds since the epoch; a machine that slept is only seen here.
        jitter: Called with two bounds, returns a number between them.
    """

    def __init__(
        self,
        destination: destinations.Destination,
        way_out: transport.Transport,
        limits: Limits = Limits(),
        *,
        log: ThrottledLog | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.destination = destination
        self.wants_reports: bool = getattr(destination, "watches", False)
        """True for a destination that is told of every hit, tracked or not, and why."""
        self._transport = way_out
        self._limits = limits
        self._log = log or ThrottledLog()
        self._clock = clock
        self._wall_clock = wall_clock
        self._jitter = jitter
        self.forget()

    def forget(self) -> None:
        """Start anew with nothing queued, as a forked child does: its parent sends the rest.

        Only assignments: a lock that the parent held at the fork is dropped, never waited for.
        """
        self._changed = threading.Condition()
        self._counts = Counts()
        self._queue: deque[Item] = deque()
        # Visitors with an event on the wire or waiting for another try, and what follows of theirs.
        self._held: dict[Identity, deque[Item]] = {}
        self._next_up: deque[Item] = deque()
        self._retries: list[tuple[float, int, Item]] = []
        self._order = itertools.count()
        self._bytes = 0
        self._in_flight: set[Item] = set()
        # One token for each thread that works here. Not the thread itself: after a late patch by
        # gevent it is told that it is another.
        self._threads: set[object] = set()
        self._is_closed = False
        self._overloaded_since: float | None = None
        self._breaker = _Breaker()
        self._is_draining = False

    def takes(self, event: Event) -> bool:
        """False for an event that the destination was told not to be given."""
        takes = getattr(self.destination, "takes", None)
        return takes is None or bool(takes(event))

    # -- in ------------------------------------------------------------------------------------

    def offer(self, event: Event, report: Report | None = None) -> Item:
        """Queue `event`. Drops the oldest ones where the bounds are reached.

        A lane that wants reports sends `report` in its place; no other is given one.

        Returns:
            What to give to `wait_for`.
        """
        now = self._clock()
        item = Item(event, now, _size_of(event) + (_REPORT_SIZE if report else 0), report)
        with self._changed:
            self._counts.submitted += 1
            self._counts.queued += 1
            self._queue.append(item)
            self._bytes += item.size
            has_dropped = self._make_room()
            self._is_closed = False
            newcomer = self._hire(now)
            self._changed.notify()
        self._start(newcomer)
        # Outside the lock: a log handler may look at the counters.
        if has_dropped:
            name = self.destination.name
            self._log.warn(f"full:{name}", f"{name}: the queue is full, the oldest events go")
        return item

    def _make_room(self) -> bool:
        limits, has_dropped = self._limits, False
        while self._counts.queued > limits.max_events or self._bytes > limits.max_bytes:
            oldest = self._pop_oldest()
            if oldest is None:
                break
            self._settle(oldest, "dropped_full")
            has_dropped = True
        return has_dropped

    def _pop_oldest(self) -> Item | None:
        if self._queue:
            return self._queue.popleft()
        for parked in self._held.values():
            if parked:
                return parked.popleft()
        return None

    def _hire(self, now: float) -> object:
        """The token of a thread to start: the first, or one more where the backlog has lasted."""
        if self._threads and not self._needs_another_thread(now):
            return None
        self._overloaded_since = None
        newcomer = object()
        self._threads.add(newcomer)
        return newcomer

    def _start(self, newcomer: object) -> None:
        """Start the thread that was hired, if one was.

        Without the lock: under gevent it is another greenlet's turn within `start`, and a lock made
        before gevent's patch does not know one greenlet from another.
        """
        if newcomer is None:
            return
        thread = threading.Thread(
            target=self._work,
            args=(newcomer,),
            name=f"footfall {self.destination.name}",
            daemon=True,
        )
        try:
            thread.start()
        except RuntimeError:
            # No thread to be had: at the limit, or Python 3.12 is already ending. The events stay
            # queued; the next offer tries again, and drain() sends them itself.
            with self._changed:
                self._threads.discard(newcomer)

    def _needs_another_thread(self, now: float) -> bool:
        active = len(self._threads)
        backlog = len(self._queue) + len(self._next_up)
        may_grow = active < self._limits.max_connections and not self._breaker.is_open
        if self._limits.is_waited_for:
            return may_grow and backlog > active - len(self._in_flight)
        if backlog <= BACKLOG_PER_THREAD * active:
            self._overloaded_since = None
            return False
        if self._overloaded_since is None:
            self._overloaded_since = now
        return may_grow and now - self._overloaded_since >= GROW_AFTER_SECONDS

    # -- out -----------------------------------------------------------------------------------

    def _work(self, token: object) -> None:
        while (item := self._take(IDLE_SECONDS, token)) is not None:
            self._finish(item, self._try(item))

    def _take(self, patience_seconds: float, token: object = None) -> Item | None:
        """Wait for an event that may go out now. None once there was none for so long."""
        newcomer = None
        with self._changed:
            give_up_at = self._clock() + patience_seconds
            while True:
                now = self._clock()
                item = self._pop_ready(now)
                if item is not None:
                    self._in_flight.add(item)
                    newcomer = self._hire(now)
                    break
                if now >= give_up_at or (self._is_closed and not self._counts.queued):
                    self._threads.discard(token)
                    break
                self._changed.wait(min(give_up_at, self._next_chance(now)) - now)
        self._start(newcomer)
        return item

    def _next_chance(self, now: float) -> float:
        """When something may become ready by the mere passing of time."""
        breaker = self._breaker
        chance = self._retries[0][0] if self._retries else float("inf")
        if breaker.is_open:
            # The probe's outcome wakes everybody; without one, the end of the pause does.
            chance = float("inf") if breaker.is_probing else breaker.open_until
        return max(chance, now + 0.001)

    def _pop_ready(self, now: float) -> Item | None:
        self._expire(now)
        if not self._breaker.lets_pass(now):
            return None
        item = self._pop_candidate(now)
        # One that waited behind its visitor's others was not looked at before.
        while item is not None and self._is_too_old(item, now):
            self._end(item, "expired")
            item = self._pop_candidate(now)
        if item is not None and self._breaker.is_open:
            self._breaker.is_probing = True
        return item

    def _pop_candidate(self, now: float) -> Item | None:
        if self._retries and self._retries[0][0] <= now:
            return heapq.heappop(self._retries)[2]
        if self._next_up:
            return self._next_up.popleft()
        while self._queue:
            item = self._queue.popleft()
            parked = self._held.get(item.event.visitor.identity)
            if parked is None:
                self._held[item.event.visitor.identity] = deque()
                return item
            parked.append(item)
        return None

    def _expire(self, now: float) -> None:
        while self._queue and self._is_too_old(self._queue[0], now):
            self._settle(self._queue.popleft(), "expired")
        for _ in range(len(self._next_up)):
            item = self._next_up.popleft()
            if self._is_too_old(item, now):
                self._end(item, "expired")
            else:
                self._next_up.append(item)
        while self._retries and self._is_too_old(self._retries[0][2], now):
            self._end(heapq.heappop(self._retries)[2], "expired")

    def _is_too_old(self, item: Item, now: float) -> bool:
        # The wall clock sees a machine that slept; the monotonic one is immune to a clock set back.
        age = max(now - item.queued_at, self._wall_clock() - item.event.time)
        return age > self._limits.max_age_seconds

    def _try(self, item: Item) -> Outcome:
        item.tries += 1
        try:
            request = self._request(item)
            return self.destination.read(self._transport.send(request))
        except NotSent as error:
            return Outcome(verdict=Verdict.RETRY, detail=f"not reachable: {error}")
        except TransportError as error:
            return Outcome(verdict=Verdict.UNKNOWN, detail=str(error))
        except Exception as error:  # noqa: BLE001 -- a transport or destination of the owner's own
            return Outcome(verdict=Verdict.REJECTED, detail=place_of(error))

    def _request(self, item: Item) -> Request:
        if item.report is None:
            return self.destination.request(item.event)
        watching = cast("destinations.Watching", self.destination)
        return watching.report(item.report, sent_at=self._wall_clock())

    def _finish(self, item: Item, outcome: Outcome) -> None:
        with self._changed:
            now = self._clock()
            self._in_flight.discard(item)
            self._judge_vendor(outcome, now)
            if item.is_settled:  # the drain gave it up while it was on the wire
                self._release(item)
            elif outcome.verdict is not Verdict.RETRY:
                self._end(item, _COUNTER[outcome.verdict])
            elif self._is_draining or item.tries >= self._limits.max_tries:
                self._end(item, "failed")
            else:
                heapq.heappush(
                    self._retries, (self._due(item, outcome, now), next(self._order), item)
                )
            self._changed.notify_all()
        self._tell(outcome)

    def _due(self, item: Item, outcome: Outcome, now: float) -> float:
        longest = min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2 ** (item.tries - 1))
        return now + max(self._jitter(0.0, longest), outcome.retry_after or 0.0)

    def _end(self, item: Item, counter: str) -> None:
        """Count an event whose visitor was held, and let the visitor's next one go."""
        self._settle(item, counter)
        self._release(item)

    def _settle(self, item: Item, counter: str) -> None:
        item.is_settled = True
        self._bytes -= item.size
        self._counts.queued -= 1
        setattr(self._counts, counter, getattr(self._counts, counter) + 1)

    def _release(self, item: Item) -> None:
        parked = self._held.get(item.event.visitor.identity)
        if parked:
            self._next_up.append(parked.popleft())
        else:
            self._held.pop(item.event.visitor.identity, None)

    # -- the vendor's health -------------------------------------------------------------------

    def _judge_vendor(self, outcome: Outcome, now: float) -> None:
        breaker = self._breaker
        if outcome.pause:
            seconds = min(PAUSE_CAP_SECONDS, PAUSE_BASE_SECONDS * 2**breaker.rounds)
            breaker.open_for(now, seconds)
        elif outcome.verdict in (Verdict.RETRY, Verdict.UNKNOWN):
            breaker.failures += 1
            # Several threads fail at once where a vendor dies; one opening is enough for them all.
            if breaker.is_probing or (not breaker.is_open and breaker.failures >= BREAKER_FAILURES):
                longest = min(BREAKER_CAP_SECONDS, BREAKER_BASE_SECONDS * 2**breaker.rounds)
                wait = self._jitter(longest / 2, longest)
                breaker.open_for(now, max(wait, outcome.retry_after or 0.0))
        elif breaker.failures or breaker.is_open:
            breaker.close()

    def _tell(self, outcome: Outcome) -> None:
        if outcome.verdict is Verdict.ACCEPTED:
            return
        name = self.destination.name
        self._log.warn(f"{outcome.verdict}:{name}", f"{name}: {outcome.detail or outcome.verdict}")

    # -- the end -------------------------------------------------------------------------------

    def hurry(self) -> None:
        """Let nothing wait: a retry gets its last try now, a dead vendor one event as a probe."""
        with self._changed:
            self._is_draining = True
            self._retries = [(0.0, order, item) for _, order, item in self._retries]
            heapq.heapify(self._retries)
            self._breaker.open_until = 0.0
            newcomer = self._hire(self._clock()) if self._counts.queued else None
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
        if not self._threads:
            self._drain_here(deadline)
        with self._changed:
            while self._counts.queued and not self._is_hopeless():
                left = deadline - self._clock()
                if left <= 0:
                    break
                self._changed.wait(left)
            lost = self._abandon()
            self._is_draining = False
        if lost:
            name = self.destination.name
            self._log.warn(f"lost:{name}", f"{name}: {lost} events were not delivered in time")
        return lost == 0

    def wait_for(self, item: Item, deadline: float) -> bool:
        """Wait until `item` has ended in a counter, and for nothing else; it stays queued if not.

        Returns:
            False if it was not in time, or the vendor is being left alone.
        """
        if not self._threads:
            self._drain_here(deadline)
        with self._changed:
            while not item.is_settled:
                now = self._clock()
                is_stuck = item not in self._in_flight and not self._breaker.lets_pass(now)
                if now >= deadline or is_stuck:
                    return False
                self._changed.wait(deadline - now)
        return True

    def close(self) -> None:
        """Let the threads end that have nothing to do. The next event starts another."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    @property
    def is_sending(self) -> bool:
        """True while an event is on the wire, even one that was given up."""
        return bool(self._in_flight)

    def _drain_here(self, deadline: float) -> None:
        """Deliver in the calling thread, where no thread can be started any more."""
        while self._clock() < deadline and (item := self._take(0.0)) is not None:
            self._finish(item, self._try(item))

    def _is_hopeless(self) -> bool:
        """The probe of a dead vendor has failed again: nothing will leave in time."""
        breaker = self._breaker
        return breaker.is_open and not breaker.is_probing and breaker.open_until > 0.0

    def _abandon(self) -> int:
        lost = [
            *self._queue,
            *self._next_up,
            *itertools.chain.from_iterable(self._held.values()),
            *(item for _, _, item in self._retries),
            *(item for item in self._in_flight if not item.is_settled),
        ]
        for item in lost:
            self._settle(item, "lost_at_exit")
        in_flight = {item.event.visitor.identity: deque[Item]() for item in self._in_flight}
        self._queue.clear()
        self._next_up.clear()
        self._retries.clear()
        self._held = in_flight
        return len(lost)

    # -- seen from outside ---------------------------------------------------------------------

    def counts(self) -> Counts:
        """The counters at this moment, `queued` with what waits and what is on the wire."""
        with self._changed:
            return replace(self._counts)

    @property
    def is_paused(self) -> bool:
        """True while the breaker leaves the vendor alone."""
        return self._breaker.is_open

    def __repr__(self) -> str:
        return f"Lane({self.destination.name!r}, queued={self.counts().queued})"


_COUNTER: Final = {
    Verdict.ACCEPTED: "accepted",
    Verdict.DROPPED: "dropped_by_vendor",
    Verdict.REJECTED: "rejected",
    Verdict.UNKNOWN: "unknown",
}


# A hit's headers, the steps of its decision and the hops of its trace.
_REPORT_SIZE: Final = 4_000


def _size_of(event: Event) -> int:
    """Roughly what an event keeps alive: its texts and 600 bytes of objects."""
    visitor = event.visitor
    return (
        600
        + len(event.url)
        + len(event.referrer or "")
        + len(event.previous or "")
        + len(visitor.user_agent)
        + len(visitor.language)
        + sum(len(name) + len(value) for name, value in visitor.headers.items())
        + sum(len(name) + len(str(value)) for name, value in event.props.items())
    )
