"""The way to one destination: what waits, the threads that send it, and the account of both."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from footfall import destinations, transport
from footfall.dispatch.breaker import Breaker
from footfall.dispatch.counts import Counts
from footfall.dispatch.limits import DEFAULTS, Limits
from footfall.dispatch.waiting import Item, Waiting
from footfall.errors import NotSent, TransportError
from footfall.log import ThrottledLog, place_of
from footfall.model import Event, Outcome, Verdict

# One thread more once the backlog has been above this for so long.
BACKLOG_PER_THREAD: Final = 2
GROW_AFTER_SECONDS: Final = 0.2
# A thread without work leaves; the next event starts another.
IDLE_SECONDS: Final = 10.0
# Full jitter: a uniform wait between nothing and this, doubled with each try.
BACKOFF_BASE_SECONDS: Final = 0.25
BACKOFF_CAP_SECONDS: Final = 8.0


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
        limits: Limits = DEFAULTS,
        *,
        log: ThrottledLog | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.destination = destination
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
        self._waiting = Waiting()
        self._bytes = 0
        self._in_flight: set[Item] = set()
        self._threads: set[threading.Thread] = set()
        self._overloaded_since: float | None = None
        self._breaker = Breaker(self._jitter)
        self._is_draining = False

    def takes(self, event: Event) -> bool:
        """False for an event that the destination was told not to be given."""
        takes = getattr(self.destination, "takes", None)
        return takes is None or bool(takes(event))

    # -- in ------------------------------------------------------------------------------------

    def offer(self, event: Event) -> None:
        """Queue `event`. Drops the oldest ones where the bounds are reached."""
        now = self._clock()
        item = Item.of(event, now)
        with self._changed:
            self._counts.submitted += 1
            self._counts.queued += 1
            self._waiting.add(item)
            self._bytes += item.size
            has_dropped = self._make_room()
            self._staff(now)
            self._changed.notify()
        # Outside the lock: a log handler may look at the counters.
        if has_dropped:
            name = self.destination.name
            self._log.warn(f"full:{name}", f"{name}: the queue is full, the oldest events go")

    def _make_room(self) -> bool:
        limits, has_dropped = self._limits, False
        while self._counts.queued > limits.max_events or self._bytes > limits.max_bytes:
            oldest = self._waiting.pop_oldest()
            if oldest is None:
                break
            self._settle(oldest, "dropped_full")
            has_dropped = True
        return has_dropped

    def _staff(self, now: float) -> None:
        """Start the first thread, or one more where the backlog has lasted."""
        active = len(self._threads)
        if active and self._waiting.backlog <= BACKLOG_PER_THREAD * active:
            self._overloaded_since = None
            return
        if active:
            if self._overloaded_since is None:
                self._overloaded_since = now
            if now - self._overloaded_since < GROW_AFTER_SECONDS:
                return
            if active >= self._limits.max_connections or self._breaker.is_open:
                return
        self._overloaded_since = None
        thread = threading.Thread(
            target=self._work, name=f"footfall {self.destination.name}", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:
            # No thread to be had: at the limit, or Python 3.12 is already ending. The events stay
            # queued; the next offer tries again, and drain() sends them itself.
            return
        self._threads.add(thread)

    # -- out -----------------------------------------------------------------------------------

    def _work(self) -> None:
        while (item := self._take(IDLE_SECONDS)) is not None:
            self._finish(item, self._try(item))

    def _take(self, patience_seconds: float) -> Item | None:
        """Wait for an event that may go out now. None once there was none for so long."""
        with self._changed:
            give_up_at = self._clock() + patience_seconds
            while True:
                now = self._clock()
                item = self._pop_ready(now)
                if item is not None:
                    self._in_flight.add(item)
                    self._staff(now)
                    return item
                if now >= give_up_at:
                    self._threads.discard(threading.current_thread())
                    return None
                self._changed.wait(min(give_up_at, self._next_chance(now)) - now)

    def _next_chance(self, now: float) -> float:
        """When something may become ready by the mere passing of time."""
        breaker = self._breaker
        chance = self._waiting.next_retry_at()
        if breaker.is_open:
            # The probe's outcome wakes everybody; without one, the end of the pause does.
            chance = float("inf") if breaker.is_probing else breaker.open_until
        return max(chance, now + 0.001)

    def _pop_ready(self, now: float) -> Item | None:
        self._expire(now)
        if not self._breaker.lets_pass(now):
            return None
        item = self._waiting.pop(now)
        # One that waited behind its visitor's others was not looked at before.
        while item is not None and self._is_too_old(item, now):
            self._end(item, "expired")
            item = self._waiting.pop(now)
        if item is not None and self._breaker.is_open:
            self._breaker.is_probing = True
        return item

    def _expire(self, now: float) -> None:
        oldest = self._waiting.oldest()
        while oldest is not None and self._is_too_old(oldest, now):
            self._waiting.pop_oldest()
            self._settle(oldest, "expired")
            oldest = self._waiting.oldest()

    def _is_too_old(self, item: Item, now: float) -> bool:
        # The wall clock sees a machine that slept; the monotonic one is immune to a clock set back.
        age = max(now - item.queued_at, self._wall_clock() - item.event.time)
        return age > self._limits.max_age_seconds

    def _try(self, item: Item) -> Outcome:
        item.tries += 1
        try:
            request = self.destination.request(item.event)
            return self.destination.read(self._transport.send(request))
        except NotSent as error:
            return Outcome(verdict=Verdict.RETRY, detail=f"not reachable: {error}")
        except TransportError as error:
            return Outcome(verdict=Verdict.UNKNOWN, detail=str(error))
        except Exception as error:  # noqa: BLE001 -- a transport or destination of the owner's own
            return Outcome(verdict=Verdict.REJECTED, detail=place_of(error))

    def _finish(self, item: Item, outcome: Outcome) -> None:
        with self._changed:
            now = self._clock()
            self._in_flight.discard(item)
            self._breaker.judge(outcome, now)
            if item.is_settled:  # the drain gave it up while it was on the wire
                self._waiting.release(item)
            elif outcome.verdict is not Verdict.RETRY:
                self._end(item, _COUNTER[outcome.verdict])
            elif self._is_draining or item.tries >= self._limits.max_tries:
                self._end(item, "failed")
            else:
                self._waiting.add_retry(item, self._due(item, outcome, now))
            self._changed.notify_all()
        self._tell(outcome)

    def _due(self, item: Item, outcome: Outcome, now: float) -> float:
        longest = min(BACKOFF_CAP_SECONDS, BACKOFF_BASE_SECONDS * 2 ** (item.tries - 1))
        return now + max(self._jitter(0.0, longest), outcome.retry_after or 0.0)

    def _end(self, item: Item, counter: str) -> None:
        """Count an event whose visitor was held, and let the visitor's next one go."""
        self._settle(item, counter)
        self._waiting.release(item)

    def _settle(self, item: Item, counter: str) -> None:
        item.is_settled = True
        self._bytes -= item.size
        self._counts.queued -= 1
        self._counts.add(counter)

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
            self._waiting.hurry()
            self._breaker.hurry()
            if self._counts.queued:
                self._staff(self._clock())
            self._changed.notify_all()

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
            while self._counts.queued and not self._breaker.is_hopeless:
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

    def _drain_here(self, deadline: float) -> None:
        """Deliver in the calling thread, where no thread can be started any more."""
        while self._clock() < deadline and (item := self._take(0.0)) is not None:
            self._finish(item, self._try(item))

    def _abandon(self) -> int:
        on_the_wire = [item for item in self._in_flight if not item.is_settled]
        lost = self._waiting.clear(self._in_flight) + on_the_wire
        for item in lost:
            self._settle(item, "lost_at_exit")
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
