"""What the leading process does: it gives rows to lanes that have capacity, and drops old rows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from footfall.common.log import ThrottledLog
from footfall.delivery.lane import Lane
from footfall.delivery.outbox import Mode
from footfall.delivery.outbox.sqlite_file import MAX_ROWS, OutboxFile
from footfall.events.json import from_json
from footfall.model import Event

# So many events of a destination are in memory at a time: `kill -9` loses, or doubles, these.
WINDOW: Final = 200
PURGE_SECONDS: Final = 5.0


class Drainer:
    """Empties a file into lanes. Remembers the rows that it took and has not yet deleted.

    Args:
        lanes: By the name of their destination.
        max_age_seconds: Older rows are dropped.
        max_rows: The oldest of more are dropped.
    """

    def __init__(
        self,
        lanes: Mapping[str, Lane],
        mode: Mode,
        *,
        max_age_seconds: float,
        log: ThrottledLog,
        max_rows: int = MAX_ROWS,
    ) -> None:
        self._lanes = lanes
        self._mode = mode
        self._max_age = max_age_seconds
        self._max_rows = max_rows
        self._log = log
        self.orphaned = 0
        # False while lanes are emptied: an event that came then would be lost with the process.
        self.is_feeding = True
        self.reset()

    def reset(self) -> None:
        """Begin with a newly opened file."""
        self._claimed: set[int] = set()
        self._next_purge_at = 0.0

    def step(self, file: OutboxFile, now: float) -> bool:
        """Do all that is due. True if a lane was given anything."""
        self.delete_done(file)
        if now >= self._next_purge_at:
            self._next_purge_at = now + PURGE_SECONDS
            self._count(file.purge_by_age(time.time() - self._max_age, self._claimed), "expired")
            self._count(file.purge_by_count(self._max_rows, self._claimed), "dropped_full")
        if not self.is_feeding:
            return False
        fed = [self._feed(file, lane) for lane in self._lanes.values()]
        return any(fed)

    def make_room(self, file: OutboxFile, share: float) -> None:
        """Drop this share of the rows, the oldest, from a file that has reached its limit."""
        keep = int(file.count() * (1.0 - share))
        self._count(file.purge_by_count(keep, self._claimed), "dropped_full")

    def delete_done(self, file: OutboxFile) -> None:
        """Delete the rows of events that ended since the last call."""
        done = [row for lane in self._lanes.values() for row in lane.pop_done_rows()]
        # The numbers of a file that is gone mean nothing in this one.
        ids = [number for identity, number in done if identity == file.identity]
        file.delete(ids)
        self._claimed.difference_update(ids)

    def _feed(self, file: OutboxFile, lane: Lane) -> bool:
        capacity = lane.capacity(WINDOW)
        rows = file.oldest(lane.name, capacity, self._claimed) if capacity > 0 else []
        if not rows:
            return False
        ids = [row.id for row in rows]
        if self._mode == "at_most_once":
            file.delete(ids)
        else:
            self._claimed.update(ids)
        lane.enqueue_stored([event for row in rows if (event := self._event(file, lane, *row))])
        return True

    def _event(
        self, file: OutboxFile, lane: Lane, number: int, line: str
    ) -> tuple[Event, Any] | None:
        try:
            event = from_json(line)
        except ValueError as error:
            self._log.warn("outbox row", f"footfall: a row of the outbox is dropped: {error}")
            lane.count_stored("failed", 1)
            file.delete([number])
            return None
        return event, (file.identity, number) if self._mode == "at_least_once" else None

    def _count(self, dropped: Mapping[str, int], counter: str) -> None:
        for name, number in dropped.items():
            lane = self._lanes.get(name)
            if lane is None:
                self.orphaned += number
            else:
                lane.count_stored(counter, number)
