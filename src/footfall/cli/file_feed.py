"""What the file of an app, or of a collector, gets, as it is written."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any, Self

from footfall.cli.live_feed import entry_of
from footfall.collector.storage import read_sql
from footfall.collector.storage.database import NotWrittenYet, open_to_read
from footfall.collector.storage.stored_events import EventSearch


class FileFeed:
    """Reads what is new in a file, which others write meanwhile.

    The file may come later, since the first event makes it, and may be replaced.

    Args:
        path: The file.

    Raises:
        ConfigError: It cannot become a file of ours: it is another program's, or its directory is
            missing.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).absolute()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._last = 0
        if self.path.parent.is_dir():
            self._open()
        else:
            # The error says that there is no such file.
            open_to_read(path).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    @property
    def is_open(self) -> bool:
        """Whether there is a file with tables."""
        return self._connection is not None

    def new(self) -> list[dict[str, Any]]:
        """The events since the last call, oldest first; at the first, the newest thousand.

        Raises:
            ConfigError: Another file stands in its place, which is not ours.
            sqlite3.OperationalError: It cannot be read now.
        """
        if self._identity != _identity(self.path):
            self._close()
        if self._connection is None:
            self._open()
        if self._connection is None:
            return []
        # Behind the first ones none is left out, however many come.
        wanted = EventSearch(after=self._last, is_newest=not self._last)
        events, _ = read_sql.search(self._connection, wanted, lambda _: None)
        self._last = events[-1].id if events else self._last
        return [entry_of(event.as_json(), is_event=True) for event in events]

    def _open(self) -> None:
        identity = _identity(self.path)
        try:
            connection = open_to_read(self.path)
        except NotWrittenYet:
            return
        connection.row_factory = sqlite3.Row
        self._connection, self._identity, self._last = connection, identity, 0

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 -- twice a second; `Path` takes twice as long
    except OSError:
        return None
    return found.st_dev, found.st_ino
