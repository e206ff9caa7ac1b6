"""Gives stored events to the lanes that have capacity, and tells the store which have ended.

The store is the outbox's file, or a stream that many machines share.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol

from footfall.common.log import ThrottledLog
from footfall.delivery.lane import Lane
from footfall.events.json import from_json
from footfall.model import Event

# So many events of a destination are in memory at a time: `kill -9` loses, or doubles, these.
WINDOW: Final = 200
PURGE_SECONDS: Final = 5.0


class StoredLine(NamedTuple):
    """One event of a store, as a line of `footfall.events.json`."""

    line: str
    # By which the store knows that the event has ended; None where it has forgotten it already.
    row: Hashable = None
    # How far the clock of this machine is ahead of the one that stamped the event.
    ahead_seconds: float = 0.0


class EventSource(Protocol):
    """A store of waiting events, each for the lane with a certain name."""

    def take(self, name: str, number: int) -> Sequence[StoredLine]:
        """The oldest events of a lane that were not taken yet: about `number`, or none."""
        ...

    def finish(self, rows: Sequence[Any]) -> None:
        """Forget events that have ended."""
        ...

    def purge(self) -> Iterable[tuple[str, str, int]]:
        """Drop what is too old or too much; called every few seconds.

        Returns:
            Of what was dropped, the lane's name, the counter in which it ends, and the number.
        """
        ...


class Drainer:
    """Empties a source into lanes.

    Args:
        lanes: By the name of their destination.
        window: How many events of each lane may be in memory.
    """

    def __init__(
        self, lanes: Mapping[str, Lane], *, log: ThrottledLog, window: int | None = None
    ) -> None:
        self._lanes = lanes
        self._log = log
        self._window = WINDOW if window is None else window
        # Each destination has its own copy of a line, and reads it at about the same time.
        self._read = lru_cache(maxsize=2 * self._window)(from_json) if len(lanes) > 1 else from_json
        self.orphaned = 0
        # False while lanes are emptied: an event that came then would be lost with the process.
        self.is_feeding = True
        self.reset()

    def reset(self) -> None:
        """Begin with another source."""
        self._next_purge_at = 0.0

    def step(self, source: EventSource, now: float) -> bool:
        """Do all that is due. True if a lane was given anything."""
        self.finish_done(source)
        if now >= self._next_purge_at:
            self._next_purge_at = now + PURGE_SECONDS
            self.count(source.purge())
        if not self.is_feeding:
            return False
        fed = [self._feed(source, lane) for lane in self._lanes.values()]
        return any(fed)

    def finish_done(self, source: EventSource) -> None:
        """Tell the source which events have ended since the last call."""
        source.finish([row for lane in self._lanes.values() for row in lane.pop_done_rows()])

    def count(self, dropped: Iterable[tuple[str, str, int]]) -> None:
        """Count what the source has dropped in the counters of its lanes."""
        for name, counter, number in dropped:
            lane = self._lanes.get(name)
            if lane is None:
                self.orphaned += number
            else:
                lane.count_stored(counter, number)

    def _feed(self, source: EventSource, lane: Lane) -> bool:
        capacity = lane.capacity(self._window)
        stored = source.take(lane.name, capacity) if capacity > 0 else []
        if stored:
            lane.enqueue_stored(
                [pair for each in stored if (pair := self._pair(source, lane, each))]
            )
        return bool(stored)

    def _pair(
        self, source: EventSource, lane: Lane, stored: StoredLine
    ) -> tuple[Event, Hashable] | None:
        try:
            event = self._read(stored.line)
            if stored.ahead_seconds:
                event = replace(event, time=event.time + stored.ahead_seconds)
            return event, stored.row
        except ValueError as error:
            self._log.warn("row", f"footfall: an event that was stored is dropped: {error}")
            lane.count_stored("failed", 1)
            if stored.row is not None:
                source.finish([stored.row])
            return None
