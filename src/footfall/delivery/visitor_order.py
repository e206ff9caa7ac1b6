"""What is queued in a lane, and in which order it is sent. No lock, no clock, no thread.

While an event of a visitor is in flight or waits for another try, their later ones are held. Only
in one request with it may they go, behind it.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

from footfall.events.hit_report import HitReport
from footfall.model import Event

# A hit's headers, the steps of its decision and the hops of its trace.
REPORT_BYTES: Final = 4_000

Identity: TypeAlias = tuple[str | None, str]


@dataclass(slots=True, eq=False)
class Item:
    """One event in a lane."""

    event: Event
    queued_at: float
    # About what it keeps in memory, in bytes; 0 for what is not a valid event.
    size: int
    # The key by which an outbox still keeps it until it is sent.
    row: Hashable = None
    # For a destination that takes reports of hits instead of events.
    report: HitReport | None = None
    # When its exchange began.
    taken_at: float = 0.0
    # Of its visitor; set when it has reached the head of the queue.
    identity: Identity = (None, "")
    tries: int = 0
    # In flight behind another of its visitor, in one request; that one holds the visitor for both.
    follows: bool = False
    is_counted: bool = False
    is_trimmed: bool = False

    @classmethod
    def of(cls, event: Event, queued_at: float, row: Hashable = None) -> Self:
        """An item for an event."""
        return cls(event, queued_at, _size_of(event), row)

    @classmethod
    def of_report(cls, report: HitReport, queued_at: float) -> Self:
        """An item for a report of a hit."""
        size = _size_of(report.event) + REPORT_BYTES
        return cls(report.event, queued_at, size, report=report)


class VisitorOrder:
    """The items of one lane that are not in flight, in the order in which they may be sent."""

    def __init__(self) -> None:
        self._queued: deque[Item] = deque()
        # By visitor, the items parked behind the one that holds them; None for most.
        self._held: dict[Identity, deque[Item] | None] = {}
        self._unparked: deque[Item] = deque()
        self._retries: list[tuple[float, int, Item]] = []
        self._sequence = itertools.count()

    @property
    def backlog(self) -> int:
        """How many could be sent now, if there were threads enough."""
        return len(self._queued) + len(self._unparked)

    @property
    def retries(self) -> int:
        """How many wait for another try."""
        return len(self._retries)

    def add(self, item: Item) -> None:
        """Add an item at the end."""
        self._queued.append(item)

    def add_retry(self, item: Item, due: float) -> None:
        """Let `item` wait for another try; its visitor stays held."""
        heapq.heappush(self._retries, (due, next(self._sequence), item))

    def pop(self, now: float, beside: Collection[Identity] = ()) -> Item | None:
        """Take out the next item to send, if there is one; its visitor is held until `release`.

        Args:
            now: Seconds; what waits for another try until then is due.
            beside: The visitors of the items with which it is sent in one request; nothing is
                parked behind them.
        """
        if self._retries and self._retries[0][0] <= now:
            return heapq.heappop(self._retries)[2]
        if self._unparked:
            return self._unparked.popleft()
        while self._queued:
            item = self._queued.popleft()
            identity = item.identity = item.event.visitor.identity
            if identity not in self._held:
                self._held[identity] = None
                return item
            if identity in beside:
                item.follows = True
                return item
            self._park(item)
        return None

    def pop_parked(self, identity: Identity) -> Item | None:
        """Take out the next item that is parked behind this visitor's, to be sent with it."""
        parked = self._held[identity]
        if not parked:
            return None
        item = parked.popleft()
        item.follows = True
        return item

    def put_back(self, item: Item) -> None:
        """Let a popped item wait again. Of those behind one visitor, the last one comes first."""
        if not item.follows:
            self._unparked.append(item)
            return
        item.follows = False
        self._held[item.identity] = parked = self._held[item.identity] or deque()
        parked.appendleft(item)

    def _park(self, item: Item) -> None:
        parked = self._held[item.identity]
        if parked is None:
            parked = self._held[item.identity] = deque()
        parked.append(item)

    def release(self, item: Item) -> None:
        """Allow the next event of this item's visitor, unless another one holds that."""
        if item.follows:
            return
        parked = self._held.get(item.identity)
        if parked:
            self._unparked.append(parked.popleft())
        else:
            self._held.pop(item.identity, None)

    def oldest(self) -> Item | None:
        """The item at the head of the queue."""
        return self._queued[0] if self._queued else None

    def pop_oldest(self) -> Item | None:
        """Take out the item to drop where there are too many; never one that holds its visitor."""
        if self._queued:
            return self._queued.popleft()
        for parked in self._held.values():
            if parked:
                return parked.popleft()
        return None

    def next_retry_at(self) -> float:
        """When the next retry is due; infinite where there is none."""
        return self._retries[0][0] if self._retries else float("inf")

    def expedite(self) -> None:
        """Make every retry due."""
        self._retries = [(0.0, number, item) for _, number, item in self._retries]
        heapq.heapify(self._retries)

    def clear(self, in_flight: Iterable[Item]) -> list[Item]:
        """Take everything out; only the visitors of items `in_flight` stay held."""
        found = [
            *self._queued,
            *self._unparked,
            *itertools.chain.from_iterable(filter(None, self._held.values())),
            *(item for _, _, item in self._retries),
        ]
        self._queued.clear()
        self._unparked.clear()
        self._retries.clear()
        self._held = dict.fromkeys(item.identity for item in in_flight)
        return found


# A union of types would be made for each event.
_NUMBER_TYPES: Final = (int, float)


def _size_of(event: Event) -> int:
    """About how many bytes an event keeps in memory; 0 if a hook has made it invalid."""
    try:
        is_timed = isinstance(event.time, _NUMBER_TYPES)
        return _bytes_of(event) if is_timed else 0
    except Exception:  # noqa: BLE001 -- a text may be of a class that the app has defined
        return 0


def _bytes_of(event: Event) -> int:
    """The texts of an event, and 600 bytes of objects."""
    visitor = event.visitor
    size = 600 + len(event.url) + len(visitor.user_agent) + len(visitor.language)
    size += len(event.referrer or "") + len(event.previous or "")
    for name, value in visitor.headers.items():
        size += len(name) + len(value)
    for name, prop in event.props.items():
        # Anything but a text is a number, or an object that no vendor accepts.
        size += len(name) + (len(prop) if isinstance(prop, str) else 16)
    return size
