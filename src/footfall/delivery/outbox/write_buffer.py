"""What waits to be written into the file: for a moment, where the file is well."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from footfall.events.json import to_json

if TYPE_CHECKING:
    from footfall.delivery.lane import Lane
    from footfall.delivery.outbox.sqlite_file import OutboxFile
    from footfall.delivery.visitor_order import Item

# Of one commit: more save little, and every writer waits for it.
BATCH: Final = 100
# A commit takes milliseconds; beyond this, the file hangs.
MAX_PENDING: Final = 5_000


class WriteBuffer:
    """Admitted items by lane, oldest first. Any thread may add, and several may take out."""

    def __init__(self) -> None:
        self._items: deque[tuple[Lane, Item]] = deque()

    def __len__(self) -> int:
        return len(self._items)

    def add(self, lane: Lane, items: Iterable[Item]) -> None:
        """Add items; the oldest of too many are dropped."""
        self._items.extend((lane, item) for item in items)
        for dropped_from, item in self._take(len(self._items) - MAX_PENDING):
            dropped_from.hatch.settle([item], "dropped_full")

    def store(self, file: OutboxFile) -> None:
        """Write all into the file. Where that fails, the lanes get what was not written.

        Raises:
            sqlite3.Error: as the file does.
        """
        while self._items:
            batch = self._take(BATCH)
            rows = [(lane, item, line) for lane, item in batch if (line := _line(lane, item))]
            try:
                file.store((lane.name, item.event.time, line) for lane, item, line in rows)
            except BaseException:
                for lane, item, _ in rows:
                    lane.hatch.line_up([item])
                raise
            for lane in {lane for lane, _, _ in rows}:
                lane.hatch.settle([item for of, item, _ in rows if of is lane], "stored")

    def release(self) -> None:
        """Give all to the lanes, as if there were no outbox."""
        for lane, item in self._take(len(self._items)):
            lane.hatch.line_up([item])

    def lose(self) -> int:
        """Count all as lost. How many these are."""
        lost = self._take(len(self._items))
        for lane, item in lost:
            lane.hatch.settle([item], "lost_at_exit")
        return len(lost)

    def _take(self, number: int) -> list[tuple[Lane, Item]]:
        taken: list[tuple[Lane, Item]] = []
        while len(taken) < number:
            try:
                taken.append(self._items.popleft())
            except IndexError:  # another thread was faster
                break
        return taken


def _line(lane: Lane, item: Item) -> str | None:
    """The row of an item; None, and it is settled, for one that no lane would take out again."""
    with suppress(ValueError, TypeError, AttributeError, RecursionError):
        if lane.hatch.fits(item):
            return to_json(item.event)
    lane.hatch.settle([item], "failed")
    return None
