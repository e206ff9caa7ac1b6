"""The SQLite file: schema, settings, and all SQL. One connection, used by one thread at a time."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from footfall.common.clock import monotonic
from footfall.common.private_file import make_private

SCHEMA_VERSION: Final = 1
"""Kept in the file as `user_version`. A file of a later version is not used."""

APPLICATION_ID: Final = 0x466F6F42
"""`FooB`: by this number `file` and footfall itself recognise an outbox."""
# A commit takes milliseconds; what holds the lock for longer is another program.
BUSY_SECONDS: Final = 1.0
# At about 1 KiB a row a hundred megabytes, and more than can be sent within the life of an event.
MAX_ROWS: Final = 100_000
# The last resort, where the rows are of the longest kind.
MAX_PAGES: Final = 65_536
# One statement must not hold up the others: 4,000 rows take about 20 ms.
_PURGE_ROWS: Final = 4_000

_SCHEMA: Final = (
    """
    CREATE TABLE events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        destination TEXT NOT NULL,
        made_at REAL NOT NULL,  -- seconds since the epoch
        event TEXT NOT NULL     -- see footfall.events.json
    )
    """,
    "CREATE INDEX events_by_age ON events (destination, made_at)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)

_DELETE: Final = "DELETE FROM events WHERE id = ?"


class UnusableFileError(Exception):
    """The file belongs to another program, or was written by a later version."""


class OutboxRow(NamedTuple):
    """One event in the file. An `id` is never used twice."""

    id: int
    event: str


class OutboxFile:
    """An open outbox file. Made so that only its owner may read it.

    Args:
        path: Of the file; its directory has to exist.
        max_pages: How many pages of 4 KiB it may have.

    Raises:
        OSError: the file cannot be made or written.
        sqlite3.Error: it is locked, damaged or no database.
        UnusableFileError: see there.
    """

    def __init__(self, path: str, *, max_pages: int = MAX_PAGES) -> None:
        self.path = path
        make_private(path)
        # Distinguishes this file from one that has taken its place.
        self.identity = _identity(path)
        self._pid = os.getpid()
        self._connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self._set_up(max_pages)
        except BaseException:
            self._connection.close()
            raise

    def _set_up(self, max_pages: int) -> None:
        execute = self._connection.execute
        _check_is_ours(self._connection)
        # With these two a crash of the process loses nothing; one of the machine may lose commits.
        _retry_while_busy(self._connection, "PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = NORMAL")
        execute(f"PRAGMA max_page_count = {max_pages}")
        # Visitors' addresses are overwritten when their row is deleted.
        execute("PRAGMA secure_delete = ON")
        execute("PRAGMA journal_size_limit = 4194304")
        with self._writing():
            # Another process may have made the tables meanwhile.
            if _pragma(self._connection, "user_version") == 0:
                for statement in _SCHEMA:
                    execute(statement)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            # Where the disk is full, SQLite has rolled back already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @property
    def is_in_place(self) -> bool:
        """False once the file was moved or deleted: no process reads what is written then."""
        try:
            return _identity(self.path) == self.identity
        except OSError:
            return False

    def store(self, rows: Iterable[tuple[str, float, str]]) -> None:
        """Add all rows or none.

        Args:
            rows: Each a destination's name, the event's time (seconds since the epoch) and JSON.

        Raises:
            sqlite3.Error: they cannot be written.
        """
        with self._writing() as connection:
            connection.executemany(
                "INSERT INTO events (destination, made_at, event) VALUES (?, ?, ?)", rows
            )

    def oldest(self, destination: str, number: int, skip: Collection[int] = ()) -> list[OutboxRow]:
        """Up to `number` rows of a destination, oldest first, without the ids in `skip`."""
        found = self._connection.execute(
            "SELECT id, event FROM events WHERE destination = ? ORDER BY made_at, id LIMIT ?",
            (destination, number + len(skip)),
        )
        return [OutboxRow(*row) for row in found if row[0] not in skip][:number]

    def delete(self, ids: Sequence[int]) -> None:
        """Delete the rows with these ids, where they exist."""
        if len(ids) == 1:
            self._connection.execute(_DELETE, ids)
        elif ids:
            with self._writing() as connection:
                connection.executemany(_DELETE, [(number,) for number in ids])

    def purge_by_age(self, before: float, skip: Collection[int] = ()) -> Mapping[str, int]:
        """Delete up to 4,000 older rows, without the ids in `skip`. How many, by destination."""
        return self._drop(
            "SELECT id, destination FROM events WHERE made_at < ? LIMIT ?", (before,), skip
        )

    def purge_by_count(self, keep: int, skip: Collection[int] = ()) -> Mapping[str, int]:
        """Delete the oldest of more than `keep` rows, without the ids in `skip`.

        Returns:
            How many, by destination.
        """
        too_many = self.count() - keep
        if too_many <= 0:
            return {}
        return self._drop(
            "SELECT id, destination FROM events ORDER BY id LIMIT min(?, ?)", (too_many,), skip
        )

    def _drop(
        self, select: str, bounds: tuple[float, ...], skip: Collection[int] = ()
    ) -> Mapping[str, int]:
        found = [
            row
            for row in self._connection.execute(select, (*bounds, _PURGE_ROWS))
            if row[0] not in skip
        ]
        if found:
            with self._writing() as connection:
                connection.executemany(_DELETE, [row[:1] for row in found])
        names = [str(row[1]) for row in found]
        return {name: names.count(name) for name in {*names}}

    def count(self) -> int:
        """How many rows there are."""
        return int(self._connection.execute("SELECT count(*) FROM events").fetchone()[0])

    def oldest_time(self) -> float | None:
        """When the oldest event was made, in seconds since the epoch; None where none is left."""
        found = self._connection.execute(
            "SELECT made_at FROM events WHERE id = (SELECT min(id) FROM events)"
        ).fetchone()
        return None if found is None else float(found[0])

    def close(self) -> None:
        self._connection.close()

    def __del__(self, getpid: Callable[[], int] = os.getpid) -> None:
        if "_connection" not in self.__dict__:
            return
        if self._pid == getpid():
            self.close()
        else:
            self.keep_open_after_fork()

    def keep_open_after_fork(self) -> None:
        """Keep a connection that was inherited through a fork open until this process ends.

        Closing it in the child would release the locks that the parent holds on the file.
        """
        _inherited.append(self._connection)


_inherited: Final[list[sqlite3.Connection]] = []


def move_aside(path: str) -> str:
    """Rename a damaged file to the next free `.corrupt-N`, and return that name."""
    number = 1
    while Path(aside := f"{path}.corrupt-{number}").exists():
        number += 1
    Path(path).rename(aside)
    # Useless without it, and harmful to a new file of the old name.
    for ending in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            Path(path + ending).rename(aside + ending)
    return aside


def is_damage(error: BaseException) -> bool:
    """Whether SQLite reports that the file itself is damaged, or is not a database."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _identity(path: str) -> tuple[int, int]:
    found = os.stat(path)  # noqa: PTH116 -- called with every batch
    return found.st_dev, found.st_ino


def _retry_while_busy(connection: sqlite3.Connection, statement: str) -> Any:
    """The one value of a statement for which SQLite does not wait by itself.

    While another process switches to the write-ahead log as well, SQLite fails with "locked".
    """
    deadline = monotonic() + BUSY_SECONDS
    while True:
        try:
            return connection.execute(statement).fetchone()[0]
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                raise
        time.sleep(0.01)


def _check_is_ours(connection: sqlite3.Connection) -> None:
    if not _retry_while_busy(connection, "SELECT count(*) FROM sqlite_master"):
        return
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise UnusableFileError("it holds another program's tables; name a new file")
    if _pragma(connection, "user_version") > SCHEMA_VERSION:
        raise UnusableFileError("it was written by a later footfall; upgrade, or name a new file")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
