"""Retention: deletes what is too old or too much, and closes the days whose rollups can be made.

In steps of some milliseconds each, between which events are written. What is deleted is overwritten
in the file, but the write-ahead log still has the pages of before, and keeps them until it is
written anew. So the log is emptied each minute, and at once after a salt or a site was deleted.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from sqlite3 import Connection
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from footfall.collector.storage import dropped_counts, write_sql
from footfall.collector.storage.database import Database
from footfall.collector.storage.salts import Salts
from footfall.collector.storage.stats import rollups
from footfall.collector.storage.stats.time_ranges import day_number, today
from footfall.collector.wire.sessions import DAY_SECONDS

logger = logging.getLogger("footfall.collector")

_PAUSE_SECONDS: Final = 60.0
_ROWS_BETWEEN_PURGES: Final = 500
# A look at the size takes half as long as a small commit. Where the limit is near it follows these
# few rows, of which the largest take a megabyte together; else as many as cannot reach the limit,
# even if other processes write as much meanwhile.
_LEAST_ROWS_BETWEEN_SIZES: Final = 20
_MOST_ROWS_BETWEEN_SIZES: Final = 500
_LARGEST_ROW_BYTES: Final = 50_000
_MANY_PROCESSES: Final = 8
# Between two steps when there is more to do, so that events can be written in between.
_STEP_PAUSE_SECONDS: Final = 0.02
# Until the next attempt to empty the log, where somebody still reads the state of before.
_BLOCKED_PAUSE_SECONDS: Final = 1.0
# Of the bytes that may be in use; the other parts are for events.
_COUNTS_PART: Final = 1 / 20
# In which another process takes over the upkeep of one that has ended.
_TAKE_OVER_SECONDS: Final = 4.0
# The salt of the next day is made early: at midnight the file may be locked.
_SALT_AHEAD_SECONDS: Final = 3_600


class RetentionLimits(NamedTuple):
    """What is kept: by count, by age, and by the bytes in use."""

    events: int
    days: int | None
    bytes: int | None


class Retention:
    """The steps and when the next is due, for the writer thread.

    Args:
        database: The file.
        salts: Those of its days.
        limits: What is kept.
        zone: The time zone whose days count.
        clock: Gives seconds since the epoch.
        has_upkeep: Whether it is this process that does all this, of those on the file. Where not,
            it only makes room for what it writes.
    """

    def __init__(
        self,
        database: Database,
        salts: Salts,
        limits: RetentionLimits,
        zone: ZoneInfo,
        clock: Callable[[], float],
        *,
        has_upkeep: Callable[[], bool] = lambda: True,
    ) -> None:
        self._database = database
        self._salts = salts
        self._limits = limits
        self._zone = zone
        self._clock = clock
        self._has_upkeep = has_upkeep
        self._is_idle = False
        self._rows = 0
        self._rows_since_size = 0
        # What was in use after the last step; more than the limit where that was lowered.
        with database.reading() as connection:
            self._used_bytes = write_sql.used_bytes(connection)
        self._due_at = time.monotonic()
        # The process before may have been killed between deleting and this.
        self._checkpoint_at = self._due_at
        # The day on which the size of the counts of dropped events was limited.
        self._counts_purged_on: int | None = None
        self._closing_steps: deque[Callable[[Connection], object]] = deque()

    def count_rows(self, rows: int) -> None:
        """Add to the rows that were written since the last purge."""
        self._rows += rows
        self._rows_since_size += rows

    @property
    def due_in_seconds(self) -> float:
        """How long until the next step, unless many rows are written."""
        if self._is_idle:
            return _TAKE_OVER_SECONDS
        due_at = min(self._due_at, self._checkpoint_at)
        return max(due_at - time.monotonic(), _STEP_PAUSE_SECONDS)

    def checkpoint_soon(self) -> None:
        """Let the next step empty the log: what was deleted is still in it."""
        self._checkpoint_at = time.monotonic()

    def step(self) -> None:
        """Do a little of what is due, if anything is."""
        try:
            self._make_room()
            self._is_idle = not self._has_upkeep()
            if self._is_idle:
                self._salts.forget(day_number(today(self._clock(), self._zone)))
                return
            self._delete_and_close()
            if time.monotonic() >= self._checkpoint_at:
                is_empty = self._database.checkpoint()
                pause = _PAUSE_SECONDS if is_empty else _BLOCKED_PAUSE_SECONDS
                self._checkpoint_at = time.monotonic() + pause
        except sqlite3.Error as error:
            # No event is lost by it; a later step tries again.
            logger.info("%s: retention failed: %s", self._database.path, error)

    def _make_room(self) -> None:
        """Delete as much as was written, if there is too much: a flood is faster than the purges.

        Where far too much is stored since the limit was lowered, the rest is left to them.
        """
        limit = self._limits.bytes
        if limit is None or self._rows_since_size < _rows_before_size(limit - self._used_bytes):
            return
        self._rows_since_size = 0
        most = max(limit, self._used_bytes)
        is_purged = True
        while is_purged:
            with self._database.writing() as connection:
                is_purged = write_sql.purge_by_size(connection, most)
                if is_purged:
                    write_sql.delete_orphans(connection)
                self._used_bytes = write_sql.used_bytes(connection)

    def _delete_and_close(self) -> None:
        is_due = time.monotonic() >= self._due_at
        if not is_due and self._rows < _ROWS_BETWEEN_PURGES:
            return
        self._rows = 0
        is_done = True
        try:
            is_done = not self._purge() and not (is_due and self._close_days())
        finally:
            if is_due or not is_done:
                pause = _PAUSE_SECONDS if is_done else _STEP_PAUSE_SECONDS
                self._due_at = time.monotonic() + pause

    def _purge(self) -> bool:
        """Delete some of what is too old or too much. True if there was any."""
        now = self._clock()
        day = day_number(today(now, self._zone))
        with self._database.writing() as connection:
            is_purged = write_sql.purge_by_count(connection, self._limits.events)
            if self._limits.days is not None:
                oldest = now - self._limits.days * DAY_SECONDS
                is_purged |= write_sql.purge_by_age(connection, oldest)
            self._purge_counts(connection, day)
            if self._limits.bytes is not None:
                is_purged |= write_sql.purge_by_size(connection, self._limits.bytes)
            if is_purged:
                write_sql.delete_orphans(connection)
            self._used_bytes = write_sql.used_bytes(connection)
            has_deleted_salt = self._salts.purge(connection, day)
            for at in (now, now + _SALT_AHEAD_SECONDS):
                self._salts.prepare(connection, day_number(today(at, self._zone)))
        self._counts_purged_on = day
        if has_deleted_salt:
            self.checkpoint_soon()
        return is_purged

    def _purge_counts(self, connection: Connection, day: int) -> None:
        days, size = self._limits.days, self._limits.bytes
        kept_days = min(days or dropped_counts.KEEP_DAYS, dropped_counts.KEEP_DAYS)
        dropped_counts.purge(connection, day - kept_days)
        # To find their size takes a look at all, and a day adds little.
        if size is not None and day != self._counts_purged_on:
            dropped_counts.purge_by_size(connection, int(size * _COUNTS_PART))

    def _close_days(self) -> bool:
        """Make a part of the rollups of a day that is over. True if there was one."""
        if not self._closing_steps:
            with self._database.reading() as connection:
                day = rollups.next_to_close(connection, self._zone, self._clock())
            self._closing_steps.extend(rollups.closing_steps(day) if day else ())
        if not self._closing_steps:
            return False
        with self._database.writing() as connection:
            self._closing_steps[0](connection)
        # Only now: a step that failed is repeated.
        self._closing_steps.popleft()
        return True


def _rows_before_size(free_bytes: int) -> int:
    """How many rows may be written before the next look at the size."""
    rows = free_bytes // (_LARGEST_ROW_BYTES * _MANY_PROCESSES)
    return min(max(rows, _LEAST_ROWS_BETWEEN_SIZES), _MOST_ROWS_BETWEEN_SIZES)
