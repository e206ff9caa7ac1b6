"""The SQLite file: its connections, and the errors when it cannot be opened.

One connection writes, others read in the threads that need them; the write-ahead log lets them
work in parallel, in several processes too. `:memory:` has a single connection, which all share.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from footfall.collector.storage import schema
from footfall.collector.storage.stats import count_sql
from footfall.common.private_file import make_private
from footfall.errors import ConfigError, Fault

MEMORY: Final = ":memory:"

Synchronous: TypeAlias = Literal["normal", "full"]
"""What a power cut or a crash of the system may lose; the file stays whole, and a crash of the
process loses nothing. `normal`: what was committed since the last checkpoint. `full`: nothing,
since each commit waits until the disk has it (https://sqlite.org/pragma.html, read 2026-11)."""
SYNCHRONOUS: Final[tuple[Synchronous, ...]] = get_args(Synchronous)

# "Foot" in ASCII: identifies the file as ours, to us and to `file`.
_APPLICATION_ID = 0x466F6F74

# How long one process waits for another to open or to write the file. A commit takes milliseconds.
_OPEN_BUSY_SECONDS = 5.0
# Senders wait, too.
_BUSY_SECONDS = 1.0

# A large commit. If only less is free, the next one would fail.
_PROBE_BYTES = 256_000

# 32 MB of the write-ahead log. A checkpoint takes a tenth of a second, during which nothing is
# committed; so it is done rarely, and once a minute in any case (`retention.py`).
_CHECKPOINT_PAGES = 8_000

# A batch of large events fits in. Only counting needs more, and a flood would fill it.
_WRITER_CACHE_KB = 4_096

# More readers than this wait; a page needs one.
_MAX_READERS = 8


class Database:
    """An open file of the collector.

    Args:
        path: The file, or `:memory:`.
        synchronous: What a power cut may lose; see `Synchronous`.
        has_log: False for no write-ahead log, which needs memory that all processes share: none on
            a network file system has it (https://sqlite.org/wal.html). Then readers and writers
            wait for each other.
        is_checked: Whether all pages are looked at, which takes a second for a million events.

    Raises:
        ConfigError: The file cannot be opened, is damaged, another program's or a later version's.
    """

    def __init__(
        self,
        path: str | Path,
        synchronous: Synchronous = "normal",
        *,
        has_log: bool = True,
        is_checked: bool = True,
    ) -> None:
        self.path = str(path)
        self._log_path = f"{self.path}-wal"
        self._synchronous = synchronous
        self._is_memory = self.path == MEMORY
        with _config_errors(self.path), contextlib.ExitStack() as stack:
            self.writer = stack.enter_context(contextlib.closing(self._connect()))
            # SQLite opens a file that may not be written all the same, to be read.
            if not self._is_memory and not os.access(self.path, os.W_OK):
                remedy = "may not be written; change that, or name another file"
                raise ConfigError(Fault("database", self.path, remedy))
            _check_file(self.writer, self.path, _NAME_NEW)
            if is_checked:
                _check_pages(self.writer, self.path)
            _prepare(self.writer, has_log)
            self._set_busy_timeout()
            self.writer.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            self.writer.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KB}")
            stack.pop_all()
        # One thread at a time uses the writing connection, which in memory is the only one.
        self.lock = threading.RLock()
        self.is_closed = False
        # It changes with each commit of another connection (https://sqlite.org/pragma.html).
        self._data_version: int | None = None
        self._readers: queue.LifoQueue[sqlite3.Connection | None] = queue.LifoQueue()
        for _ in range(_MAX_READERS):
            self._readers.put(None)

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection to read with, in any thread.

        Raises:
            sqlite3.ProgrammingError: The database was closed.
        """
        if self._is_memory:
            with self.lock:
                yield self.writer
            return
        connection = self._readers.get()
        try:
            if self.is_closed:
                raise sqlite3.ProgrammingError("the store is closed")
            connection = connection or self._connect()
            yield connection
        finally:
            self._readers.put(connection)

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The connection to write with, in a transaction that ends with the block."""
        with self.lock:
            self.writer.execute("BEGIN IMMEDIATE")
            try:
                yield self.writer
                self.writer.execute("COMMIT")
            except BaseException:
                # SQLite itself has rolled back where the disk was full.
                if self.writer.in_transaction:
                    self.writer.execute("ROLLBACK")
                raise

    def has_foreign_changes(self) -> bool:
        """Whether another process has written since the last call; in a transaction."""
        before = self._data_version
        self._data_version = self.writer.execute("PRAGMA data_version").fetchone()[0]
        return before != self._data_version

    def check_writable(self) -> None:
        """Commit as much as many events at once take, which leaves nothing behind.

        Raises:
            sqlite3.Error: It is not possible.
        """
        with self.writing() as connection:
            connection.execute("CREATE TABLE probe (content BLOB)")
            connection.execute("INSERT INTO probe VALUES (zeroblob(?))", (_PROBE_BYTES,))
            connection.execute("DROP TABLE probe")

    def checkpoint(self) -> bool:
        """Copy the write-ahead log into the file and empty it, without waiting for anybody.

        Only this removes what was deleted from the log: a log that is begun anew is overwritten
        page by page, and its end may stay for weeks.

        Returns:
            False where a reader still needs the log, or another process writes.
        """
        with self.lock:
            self.writer.execute("PRAGMA busy_timeout = 0")
            try:
                blocked = self.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                self._set_busy_timeout()
        return not blocked

    @property
    def log_bytes(self) -> int:
        """The size of the write-ahead log."""
        try:
            return 0 if self._is_memory else os.stat(self._log_path).st_size  # noqa: PTH116
        except FileNotFoundError:
            return 0

    def close(self) -> None:
        """Close all connections, once the readers are done. Nothing may be writing."""
        self.is_closed = True
        for _ in range(_MAX_READERS):
            if reader := self._readers.get():
                reader.close()
        # Wakes a thread that still waits for a connection; it gets the error.
        self._readers.put(None)
        with self.lock:
            self.writer.close()

    def _connect(self) -> sqlite3.Connection:
        if not self._is_memory:
            # Where that is not possible, SQLite says what is wrong, or the file is another user's.
            with contextlib.suppress(OSError):
                make_private(self.path)
        connection = sqlite3.connect(
            self.path, timeout=_OPEN_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self._set_up(connection)
        except BaseException:
            # The first error of a file that is locked or no database.
            connection.close()
            raise
        return connection

    def _set_busy_timeout(self) -> None:
        self.writer.execute(f"PRAGMA busy_timeout = {int(_BUSY_SECONDS * 1_000)}")

    def _set_up(self, connection: sqlite3.Connection) -> None:
        connection.row_factory = sqlite3.Row
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        # Counting the different visitors of a million events takes half the time with these.
        connection.execute("PRAGMA cache_size = -16384")
        connection.execute("PRAGMA temp_store = MEMORY")
        # Overwrites what is deleted: salts above all.
        connection.execute("PRAGMA secure_delete = ON")
        count_sql.register_functions(connection)


class NotWrittenYet(ConfigError):  # noqa: N818 -- it names what is known
    """The file of an app, or of a collector, that no event has come to."""


def open_to_read(path: str | Path) -> sqlite3.Connection:
    """A read-only connection to a collector's file.

    Raises:
        NotWrittenYet: There is no such file, or it is empty.
        ConfigError: It is not a collector's of this version. Says what it is.
    """
    if Path(path).is_dir():
        raise ConfigError(Fault("database", str(path), f"is a directory; {_NAME_OURS}"))
    if not Path(path).is_file():
        raise NotWrittenYet(Fault("database", str(path), f"there is no such file; {_NAME_OURS}"))
    with _config_errors(str(path), _NAME_OURS), contextlib.ExitStack() as stack:
        uri = f"{Path(path).absolute().as_uri()}?mode=ro"
        connection = stack.enter_context(
            contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_OPEN_BUSY_SECONDS))
        )
        _check_file(connection, str(path), _NAME_OURS)
        _check_pages(connection, str(path))
        if not (written := schema.version(connection)):
            raise NotWrittenYet(Fault("database", str(path), f"has no events yet; {_NAME_OURS}"))
        if written < schema.SCHEMA_VERSION:
            remedy = "was written by an earlier footfall; start `footfall collect` on it once"
            raise ConfigError(Fault("database", str(path), remedy))
        stack.pop_all()
    return connection


def _prepare(connection: sqlite3.Connection, has_log: bool) -> None:
    """Bring the file to our schema."""
    _set_journal(connection, "WAL" if has_log else "DELETE")
    connection.execute("BEGIN IMMEDIATE")
    # A second process may have been faster.
    if schema.version(connection) < schema.SCHEMA_VERSION:
        schema.migrate(connection)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute("COMMIT")


def _set_journal(connection: sqlite3.Connection, mode: str) -> None:
    # SQLite does not wait here while another process makes the same switch; it raises "locked".
    deadline = time.monotonic() + _OPEN_BUSY_SECONDS
    while True:
        try:
            connection.execute(f"PRAGMA journal_mode = {mode}")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _check_file(connection: sqlite3.Connection, path: str, otherwise: str) -> None:
    """Raise unless the file is empty, or one of ours; `otherwise` ends each remedy."""
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if not tables:
        return
    owner = connection.execute("PRAGMA application_id").fetchone()[0]
    if owner != _APPLICATION_ID:
        raise ConfigError(Fault("database", path, f"{_kind(owner)}; {otherwise}"))
    if schema.version(connection) > schema.SCHEMA_VERSION:
        remedy = f"was written by a later footfall; upgrade, or {otherwise}"
        raise ConfigError(Fault("database", path, remedy))


def _check_pages(connection: sqlite3.Connection, path: str) -> None:
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise ConfigError(Fault("database", path, f"is damaged ({found}); {_DAMAGED}"))


def _kind(application_id: int) -> str:
    """What a database is that is not ours."""
    from footfall.delivery.outbox import sqlite_file

    if application_id == sqlite_file.APPLICATION_ID:
        return "is an outbox, in which events wait to be sent"
    return "holds another program's tables"


_NAME_NEW: Final = "name a new file"
_NAME_OURS: Final = "name one that `footfall collect` has written"
_DAMAGED: Final = "move it away to start anew, or try `sqlite3 FILE .recover`"


_UNWRITABLE: Final = "let the user of this process write it and its directory"
LOCKED: Final = "another program keeps it locked; end that, or let it commit"
"""What to do about a file that is locked."""
# By the primary result code (https://sqlite.org/rescode.html).
_REMEDIES: Final = {
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_FULL: "make room on its disk",
    sqlite3.SQLITE_IOERR: "look at its disk, and at the limits of this process (`ulimit -f`)",
    sqlite3.SQLITE_READONLY: _UNWRITABLE,
    sqlite3.SQLITE_CANTOPEN: _UNWRITABLE,
    sqlite3.SQLITE_PERM: _UNWRITABLE,
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
}


def cause_of(error: sqlite3.Error) -> str:
    """What an error of the file says, and what to do about it."""
    # The lower byte of a code is the primary one.
    remedy = _REMEDIES.get((getattr(error, "sqlite_errorcode", None) or 0) & 0xFF)
    return f"{error}; {remedy}" if remedy else str(error)


@contextlib.contextmanager
def _config_errors(path: str, otherwise: str = _DAMAGED) -> Iterator[None]:
    """Turn SQLite's errors into `ConfigError`, with a remedy.

    `otherwise` is that for a file that is no database.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        remedy = f"cannot be opened ({error}); name a file in a directory that can be written to"
        raise ConfigError(Fault("database", path, remedy)) from error
    except sqlite3.Error as error:
        # Where the first bytes are not those of a database, only the owner knows what it is.
        is_database = error.sqlite_errorcode != sqlite3.SQLITE_NOTADB
        kind = "is damaged" if is_database else "is damaged or no database"
        remedy = f"{kind} ({error}); {_DAMAGED if is_database else otherwise}"
        raise ConfigError(Fault("database", path, remedy)) from error
