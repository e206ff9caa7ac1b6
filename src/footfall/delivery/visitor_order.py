"""What waits in a lane, and in which order it goes out. No lock, no clock, no thread.

A visitor with an event on the wire, or with one that waits for another try, is held: what follows
of theirs is parked behind it.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

from footfall.events.hit_report import HitReport
from footfall.model import Event, Request

# A hit's headers, the steps of its decision and the hops of its trace.
REPORT_BYTES: Final = 4_000

Identity: TypeAlias = tuple[str | None, str]


@dataclass(slots=True, eq=False)
class Item:
    """One event on its way through a lane."""

    event: Event
    queued_at: float
    size: int
    # Where the outbox still keeps it, while it is on its way.
    row: Hashable = None
    # For a destination that wants to know more than the event.
    report: HitReport | None = None
    # Written ahead of its try.
    request: Request | None = None
    # Of its visitor, once it has been at the head of the queue.
    identity: Identity = (None, "")
    tries: int = 0
    is_settled: bool = False
    is_trimmed: bool = False

    @classmethod
    def of(cls, event: Event, queued_at: float, row: Hashable = None) -> Self:
        return cls(event, queued_at, _size_of(event), row)

    @classmethod
    def of_report(cls, report: HitReport, queued_at: float) -> Self:
        size = _size_of(report.event) + REPORT_BYTES
        return cls(report.event, queued_at, size, report=report)


class VisitorOrder:
    """The items of one lane that are not on the wire."""

    def __init__(self) -> None:
        self._queue: deque[Item] = deque()
        # By visitor, what is parked behind their item; nothing yet for most.
        self._held: dict[Identity, deque[Item] | None] = {}
        self._next_up: deque[Item] = deque()
        self._retries: list[tuple[float, int, Item]] = []
        self._order = itertools.count()

    @property
    def backlog(self) -> int:
        """How many could go out now, if there were threads enough."""
        return len(self._queue) + len(self._next_up)

    @property
    def retries(self) -> int:
        """How many wait for another try."""
        return len(self._retries)

    def add(self, item: Item) -> None:
        self._queue.append(item)

    def add_retry(self, item: Item, due: float) -> None:
        """Let `item` wait for another try; its visitor stays held."""
        heapq.heappush(self._retries, (due, next(self._order), item))

    def pop(self, now: float) -> Item | None:
        """The next one to go out; its visitor is held until `release`."""
        if self._retries and self._retries[0][0] <= now:
            return heapq.heappop(self._retries)[2]
        if self._next_up:
            return self._next_up.popleft()
        while self._queue:
            item = self._queue.popleft()
            identity = item.identity = item.event.visitor.identity
            if identity not in self._held:
                self._held[identity] = None
                return item
            self._park(item)
        return None

    def _park(self, item: Item) -> None:
        parked = self._held[item.identity]
        if parked is None:
            parked = self._held[item.identity] = deque()
        parked.append(item)
        # It may wait for long, and with many; what is kept of each is bounded without this.
        item.request = None

    def release(self, item: Item) -> None:
        """Let the next event of this item's visitor go."""
        parked = self._held.get(item.identity)
        if parked:
            self._next_up.append(parked.popleft())
        else:
            self._held.pop(item.identity, None)

    def ahead(self, number: int) -> list[Item]:
        """The next in the queue, as many as that; they stay in it."""
        return [*itertools.islice(self._queue, number)]

    def oldest(self) -> Item | None:
        return self._queue[0] if self._queue else None

    def pop_oldest(self) -> Item | None:
        """The one to drop where there are too many; of a held visitor only one that is parked."""
        if self._queue:
            return self._queue.popleft()
        for parked in self._held.values():
            if parked:
                return parked.popleft()
        return None

    def next_retry_at(self) -> float:
        """When the next retry is due; endless where there is none."""
        return self._retries[0][0] if self._retries else float("inf")

    def hurry(self) -> None:
        """Make every retry due."""
        self._retries = [(0.0, order, item) for _, order, item in self._retries]
        heapq.heapify(self._retries)

    def clear(self, on_the_wire: Iterable[Item]) -> list[Item]:
        """Take everything out; only the visitors of what is `on_the_wire` stay held."""
        found = [
            *self._queue,
            *self._next_up,
            *itertools.chain.from_iterable(filter(None, self._held.values())),
            *(item for _, _, item in self._retries),
        ]
        self._queue.clear()
        self._next_up.clear()
        self._retries.clear()
        self._held = dict.fromkeys(item.identity for item in on_the_wire)
        return found


def _size_of(event: Event) -> int:
    """Roughly what an event keeps alive; 0 for what a hook has spoilt, so that it is no event."""
    try:
        is_timed = isinstance(event.time, int | float)
        return _bytes_of(event) if is_timed else 0
    except Exception:  # noqa: BLE001 -- texts may be of a class of the owner's own
        return 0


def _bytes_of(event: Event) -> int:
    """The texts of an event, and 600 bytes of objects."""
    visitor = event.visitor
    size = 600 + len(event.url) + len(visitor.user_agent) + len(visitor.language)
    size += len(event.referrer or "") + len(event.previous or "")
    for name, value in visitor.headers.items():
        size += len(name) + len(value)
    for name, prop in event.props.items():
        # Anything but a text is a number, or a thing of which no vendor takes the text.
        size += len(name) + (len(prop) if isinstance(prop, str) else 16)
    return size
