"""The queue of a lane together with its counters, always in step. No lock, no thread.

Each item that was admitted is counted once more, in the counter of how it ended. A visitor whose
item is in flight is held until that item has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple

from footfall.delivery.counters import Counters
from footfall.delivery.limits import Limits
from footfall.delivery.visitor_order import Item, VisitorOrder
from footfall.model import OutcomeKind


class Abandoned(NamedTuple):
    """What was outstanding when a queue was emptied."""

    lost: int
    """How many items are counted as lost."""
    unsent: list[Item]
    """To be kept, and still uncounted."""
    unanswered: list[Item]
    """In flight, with a row by which an outbox still keeps them; counted as `stored`."""


class EventQueue:
    """The items of one lane. Its lane's lock guards it.

    Args:
        limits: Of the lane.
        wall_clock: Seconds since the epoch, which an event's own time is compared with.
    """

    def __init__(self, limits: Limits, wall_clock: Callable[[], float]) -> None:
        self.counters = Counters()
        self.order = VisitorOrder()
        # Taken, and without an outcome yet.
        self.in_flight: set[Item] = set()
        # How many were admitted and not enqueued: an outbox has them.
        self.handed_over = 0
        # The rows of items that have ended, for the outbox to delete.
        self.done_rows: list[Hashable] = []
        self._limits = limits
        self._wall_clock = wall_clock
        self._bytes = 0

    @property
    def outstanding(self) -> int:
        """How many are in the queue or in flight."""
        return self.counters.queued - self.handed_over

    @property
    def is_full(self) -> bool:
        """True while the queue exceeds its bounds."""
        limits = self._limits
        return self.counters.queued > limits.max_events or self._bytes > limits.max_bytes

    def admit(self, items: Sequence[Item], counter: str) -> None:
        """Count new items as queued, and in `counter`; `enqueue` or `count` has to follow."""
        self.counters.add(counter, len(items))
        self.handed_over += len(items)
        self.counters.queued += len(items)
        self._bytes += sum(item.size for item in items)

    def enqueue(self, items: Iterable[Item], now: float) -> bool:
        """Queue admitted items. True if others had to be dropped for them."""
        for item in items:
            self.handed_over -= 1
            if self.fits(item):
                self.order.add(item)
            else:
                self.count(item, "failed")
        return self.is_full and self._drop_oldest(now)

    def fits(self, item: Item) -> bool:
        """False for an invalid event, and for one so large that it would push the others out."""
        return 0 < item.size <= self._limits.max_event_bytes

    def _drop_oldest(self, now: float) -> bool:
        self.expire(now)
        has_dropped = False
        while self.is_full and (oldest := self.order.pop_oldest()) is not None:
            self.count(oldest, "dropped_full")
            has_dropped = True
        return has_dropped

    def take(self, now: float) -> Item | None:
        """Take out the next item that may be sent and is not too old for it."""
        while (item := self.order.pop(now)) is not None:
            if self._age(item, now) <= self._limits.max_age_seconds:
                self.in_flight.add(item)
                return item
            self.finish(item, "expired")
        return None

    def fill(self, batch: list[Item], number: int, now: float) -> None:
        """Take out what else may be sent in one request with a batch, up to a number of items."""
        visitors = {item.identity for item in batch}
        while len(batch) < number:
            item = self.order.pop_parked(batch[-1].identity) or self.order.pop(now, visitors)
            if item is None:
                return
            if self._age(item, now) > self._limits.max_age_seconds:
                self.finish(item, "expired")
                continue
            self.in_flight.add(item)
            batch.append(item)
            visitors.add(item.identity)

    def expire(self, now: float) -> None:
        """Drop what is too old at the head of the queue; the age of the rest is checked later."""
        while (oldest := self.order.oldest()) is not None:
            if self._age(oldest, now) <= self._limits.max_age_seconds:
                return
            self.order.pop_oldest()
            self.count(oldest, "expired")

    def retry(self, item: Item, due: float) -> bool:
        """Let an item wait for its next try. False where too many wait for one.

        One that was sent behind another of its visitor waits behind that.
        """
        if item.follows:
            self.order.put_back(item)
        elif self.order.retries < self._limits.max_retries:
            self.order.add_retry(item, due)
        else:
            return False
        self.counters.retried += 1
        return True

    def put_back(self, item: Item) -> None:
        """Let an item that was taken and not sent wait again."""
        if item.is_counted:
            self.order.release(item)
        else:
            self.order.put_back(item)

    def finish(self, item: Item, counter: str) -> None:
        """Count an item that was taken, and allow its visitor's next one."""
        self.count(item, counter)
        self.order.release(item)

    def finish_late(self, item: Item, kind: OutcomeKind) -> None:
        """Forget an item that was counted while it was in flight."""
        if item.row is not None and kind is not OutcomeKind.RETRY:
            self.done_rows.append(item.row)
        self.order.release(item)

    def count(self, item: Item, counter: str) -> None:
        """Count how an item ended; it is queued no longer."""
        item.is_counted = True
        if item.row is not None and counter != "stored":
            self.done_rows.append(item.row)
        self._bytes -= item.size
        self.counters.queued -= 1
        self.counters.add(counter)

    def withdraw(self) -> list[Item]:
        """Take out what is not in flight; `enqueue` or `count` has to follow."""
        queued = self.order.clear(self.in_flight)
        self.handed_over += len(queued)
        return queued

    def abandon(self, *, keeps_unsent: bool) -> Abandoned:
        """Take everything out.

        Args:
            keeps_unsent: True where an outbox takes what was not in flight.
        """
        queued = self.order.clear(self.in_flight)
        lost, kept = ([], queued) if keeps_unsent else (queued, [])
        unanswered = []
        for item in self.in_flight:
            if item.row is None and not item.is_counted:
                lost.append(item)
            elif not item.is_counted:
                # It stays in the file. Now, for its outcome may come before the outbox is called.
                self.count(item, "stored")
                unanswered.append(item)
        for item in lost:
            self.count(item, "lost_at_exit")
        self.handed_over += len(kept)
        return Abandoned(len(lost), kept, unanswered)

    def oldest_age(self, now: float) -> float:
        """Seconds since the oldest outstanding item was made; 0 where there is none."""
        outstanding = [*filter(None, [self.order.oldest()]), *self.in_flight]
        return max((self._age(item, now) for item in outstanding), default=0.0)

    def _age(self, item: Item, now: float) -> float:
        # The wall clock sees a machine that slept; the other is immune to a clock set back.
        return max(now - item.queued_at, self._wall_clock() - item.event.time)
