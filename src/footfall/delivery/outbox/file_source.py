"""The outbox's file as a source of events, in the leading process."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from footfall.delivery.drainer import StoredLine
from footfall.delivery.outbox import Mode
from footfall.delivery.outbox.sqlite_file import OutboxFile


class FileSource:
    """An open file. Remembers the rows that were taken from it and not yet deleted.

    Args:
        file: The open file.
        mode: When a row is deleted: before its event is sent, or after.
        max_age_seconds: Older rows are dropped.
        max_rows: The oldest of more are dropped.
    """

    def __init__(
        self, file: OutboxFile, mode: Mode, *, max_age_seconds: float, max_rows: int
    ) -> None:
        self.file = file
        self._mode = mode
        self._max_age = max_age_seconds
        self._max_rows = max_rows
        self._claimed: set[int] = set()

    def take(self, name: str, number: int) -> Sequence[StoredLine]:
        """The oldest rows of a destination that were not taken yet."""
        rows = self.file.oldest(name, number, self._claimed)
        ids = [row.id for row in rows]
        if self._mode == "at_most_once":
            self.file.delete(ids)
            return [StoredLine(row.event) for row in rows]
        self._claimed.update(ids)
        return [StoredLine(row.event, (self.file.identity, row.id)) for row in rows]

    def finish(self, rows: Sequence[Any]) -> None:
        """Delete the rows of events that have ended."""
        # The numbers of a file that is gone mean nothing in this one.
        ids = [number for identity, number in rows if identity == self.file.identity]
        self.file.delete(ids)
        self._claimed.difference_update(ids)

    def purge(self) -> Iterator[tuple[str, str, int]]:
        """Drop rows that are too old or too many."""
        oldest = time.time() - self._max_age
        for name, number in self.file.purge_by_age(oldest, self._claimed).items():
            yield name, "expired", number
        yield from self._keep(self._max_rows)

    def make_room(self, share: float) -> Iterator[tuple[str, str, int]]:
        """Drop this share of the rows, the oldest, from a file that has reached its limit."""
        yield from self._keep(int(self.file.count() * (1.0 - share)))

    def _keep(self, number: int) -> Iterator[tuple[str, str, int]]:
        for name, dropped in self.file.purge_by_count(number, self._claimed).items():
            yield name, "dropped_full", dropped
