"""What a lane holds and what became of it: the queue and the account in step. No lock, no thread.

Each item that was admitted is settled once, into one counter. A visitor whose item was taken is
held until that item ends.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

from footfall.delivery.counters import Counters
from footfall.delivery.limits import Limits
from footfall.delivery.visitor_order import Item, VisitorOrder
from footfall.model import OutcomeKind


class EventQueue:
    """The items of one lane. Its lane's lock guards it.

    Args:
        limits: Of the lane.
        wall_clock: Seconds since the epoch, which an event's own time is compared with.
    """

    def __init__(self, limits: Limits, wall_clock: Callable[[], float]) -> None:
        self.counts = Counters()
        self.waiting = VisitorOrder()
        # Taken and not yet answered.
        self.on_the_wire: set[Item] = set()
        # Admitted and not lined up: in the hands of the outbox.
        self.handed_over = 0
        # Where the outbox keeps what is done with.
        self.done_rows: list[Hashable] = []
        self._limits = limits
        self._wall_clock = wall_clock
        self._bytes = 0

    @property
    def at_hand(self) -> int:
        """How many are in the queue or on the wire."""
        return self.counts.queued - self.handed_over

    @property
    def is_full(self) -> bool:
        limits = self._limits
        return self.counts.queued > limits.max_events or self._bytes > limits.max_bytes

    def admit(self, items: Sequence[Item], counter: str) -> None:
        """Count new items as queued, and where they came from; `line_up` or `settle` follows."""
        self.counts.add(counter, len(items))
        self.handed_over += len(items)
        self.counts.queued += len(items)
        self._bytes += sum(item.size for item in items)

    def line_up(self, items: Iterable[Item], now: float) -> bool:
        """Queue admitted items. True if others had to go for them."""
        for item in items:
            self.handed_over -= 1
            if self.fits(item):
                self.waiting.add(item)
            else:
                self.settle(item, "failed")
        return self.is_full and self._make_room(now)

    def fits(self, item: Item) -> bool:
        """False for what is no event, or one that would push the others out."""
        return 0 < item.size <= self._limits.max_event_bytes

    def _make_room(self, now: float) -> bool:
        self.expire(now)
        has_dropped = False
        while self.is_full and (oldest := self.waiting.pop_oldest()) is not None:
            self.settle(oldest, "dropped_full")
            has_dropped = True
        return has_dropped

    def take(self, now: float) -> Item | None:
        """The next item that may go out, and is not too old for it."""
        while (item := self.waiting.pop(now)) is not None:
            if self._age(item, now) <= self._limits.max_age_seconds:
                self.on_the_wire.add(item)
                return item
            self.end(item, "expired")
        return None

    def expire(self, now: float) -> None:
        """End what grew old at the head of the queue; the rest is looked at when its turn comes."""
        while (oldest := self.waiting.oldest()) is not None:
            if self._age(oldest, now) <= self._limits.max_age_seconds:
                return
            self.waiting.pop_oldest()
            self.settle(oldest, "expired")

    def retry(self, item: Item, due: float) -> bool:
        """Let an item wait for its next try. False where too many do."""
        if self.waiting.retries >= self._limits.max_retries:
            return False
        self.counts.retried += 1
        self.waiting.add_retry(item, due)
        return True

    def end(self, item: Item, counter: str) -> None:
        """Settle an item that was taken, and let its visitor's next one go."""
        self.settle(item, counter)
        self.waiting.release(item)

    def end_late(self, item: Item, verdict: OutcomeKind) -> None:
        """Let go of an item that was settled while it was on the wire."""
        if item.row is not None and verdict is not OutcomeKind.RETRY:
            self.done_rows.append(item.row)
        self.waiting.release(item)

    def settle(self, item: Item, counter: str) -> None:
        item.is_settled = True
        if item.row is not None and counter != "stored":
            self.done_rows.append(item.row)
        self._bytes -= item.size
        self.counts.queued -= 1
        self.counts.add(counter)

    def give_up(self) -> tuple[list[Item], list[Item]]:
        """Take everything out, unsettled: what waits, and what is on the wire."""
        waiting = self.waiting.clear(self.on_the_wire)
        return waiting, [item for item in self.on_the_wire if not item.is_settled]

    def oldest_age(self, now: float) -> float:
        """Seconds since the oldest item at hand was made; 0 where there is none."""
        at_hand = [*filter(None, [self.waiting.oldest()]), *self.on_the_wire]
        return max((self._age(item, now) for item in at_hand), default=0.0)

    def _age(self, item: Item, now: float) -> float:
        # The wall clock sees a machine that slept; the other is immune to a clock set back.
        return max(now - item.queued_at, self._wall_clock() - item.event.time)
