"""Events that are about to be written into the file: for a moment, where the file works."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from footfall.delivery.lane import Lane
from footfall.delivery.outbox.sqlite_file import OutboxFile
from footfall.delivery.visitor_order import Item
from footfall.events.json import to_json

# Of one commit: a larger one is hardly cheaper, and every writer waits for it.
BATCH: Final = 100
# A commit takes milliseconds; where more than this is buffered, the file hangs.
MAX_BUFFERED: Final = 5_000


class WriteBuffer:
    """Admitted items with their lanes, oldest first. Several threads may add and take out.

    Args:
        max_items: Of more, the oldest are dropped.
    """

    def __init__(self, max_items: int = MAX_BUFFERED) -> None:
        self._max_items = max_items
        self._items: deque[tuple[Lane, Item]] = deque()

    def __len__(self) -> int:
        return len(self._items)

    def add(self, lane: Lane, items: Iterable[Item]) -> None:
        """Add items; the oldest of too many are dropped."""
        self._items.extend((lane, item) for item in items)
        for dropped_from, item in self._take(len(self._items) - self._max_items):
            dropped_from.count_admitted([item], "dropped_full")

    def write_to(self, file: OutboxFile, batch_size: int = BATCH) -> None:
        """Write all into the file. Where that fails, what was not written stays here.

        Args:
            file: An open outbox file.
            batch_size: How many are written in one commit.

        Raises:
            sqlite3.Error: from the file.
        """
        while self._items:
            batch = self._take(batch_size)
            rows = [(lane, item, line) for lane, item in batch if (line := _line(lane, item))]
            try:
                file.store((lane.name, item.event.time, line) for lane, item, line in rows)
            except BaseException:
                self._items.extendleft((lane, item) for lane, item, _ in reversed(rows))
                raise
            for lane in {lane for lane, _, _ in rows}:
                lane.count_admitted([item for of, item, _ in rows if of is lane], "stored")

    def return_to_lanes(self) -> None:
        """Queue all in their lanes, as if there were no outbox."""
        for lane, item in self._take(len(self._items)):
            lane.enqueue_admitted([item])

    def drop(self, counter: str) -> int:
        """Drop all and count them in `counter`. How many these are."""
        dropped = self._take(len(self._items))
        for lane, item in dropped:
            lane.count_admitted([item], counter)
        return len(dropped)

    def _take(self, number: int) -> list[tuple[Lane, Item]]:
        taken: list[tuple[Lane, Item]] = []
        while len(taken) < number:
            try:
                taken.append(self._items.popleft())
            except IndexError:  # another thread has taken the last one
                break
        return taken


def _line(lane: Lane, item: Item) -> str | None:
    """The row of an item; None for one that no lane would queue, and it is counted as failed."""
    with suppress(ValueError, TypeError, AttributeError, RecursionError):
        if lane.fits(item):
            return to_json(item.event)
    lane.count_admitted([item], "failed")
    return None
