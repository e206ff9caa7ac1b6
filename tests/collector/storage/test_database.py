"""Files that cannot be opened, and connections."""

from __future__ import annotations

import gc
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from footfall.collector.storage import database
from footfall.collector.storage.database import Database, cause_of
from footfall.collector.storage.schema import SCHEMA_VERSION
from footfall.collector.storage.store import Store
from footfall.errors import ConfigError
from tests.collector.storage.support import enqueue
from tests.collector.support import incoming_event, until


@pytest.mark.parametrize("exists", [False, True])
def test_no_other_user_can_read_the_file_or_those_beside_it(tmp_path: Path, exists: bool) -> None:
    path = tmp_path / "events.sqlite3"
    if exists:
        for name in ("events.sqlite3", "events.sqlite3-wal"):
            (tmp_path / name).touch(0o644)
    with closing(Store(path)) as store:
        enqueue(store, [incoming_event()])
        assert store.flush()
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    names = ("events.sqlite3", "events.sqlite3-wal", "events.sqlite3-shm")
    assert modes == dict.fromkeys(names, 0o600)


def test_who_waits_for_a_connection_when_the_database_closes_gets_an_error(tmp_path: Path) -> None:
    store = Database(tmp_path / "events.sqlite3")
    errors: list[BaseException] = []

    def read() -> None:
        try:
            with store.reading():
                pass
        except sqlite3.ProgrammingError as error:
            errors.append(error)

    held = [store.reading() for _ in range(database._MAX_READERS)]
    for each in held:
        each.__enter__()
    reader = threading.Thread(target=read)
    closer = threading.Thread(target=store.close)
    closer.start()
    until(lambda: store.is_closed)
    reader.start()
    for each in held:
        each.__exit__(None, None, None)
    closer.join()
    reader.join()
    assert len(errors) == 1


def remedy(path: str | Path) -> str:
    with pytest.raises(ConfigError) as caught:
        Store(path)
    [fault] = caught.value.faults
    assert (fault.option, fault.value) == ("database", str(path))
    gc.collect()  # Python 3.13 warns of a connection that was left open
    return fault.remedy


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(b"Dear diary, " * 1_000)
    assert "no database" in remedy(file)
    assert file.read_bytes() == b"Dear diary, " * 1_000


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "db.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE auth_user (id INTEGER)")
        connection.commit()
    before = file.read_bytes()
    assert "another program" in remedy(file)
    assert file.read_bytes() == before


def test_a_later_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    Store(file).close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        connection.commit()
    assert "later footfall" in remedy(file)


def test_a_damaged_file_is_found_at_the_start(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    with closing(Store(file)) as store:
        for number in range(200):
            enqueue(store, [incoming_event(str(number), path="/" + "x" * 400)])
    content = bytearray(file.read_bytes())
    content[len(content) // 2 :] = b"\xa5" * (len(content) - len(content) // 2)
    file.write_bytes(content)
    assert "damaged" in remedy(file)


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "cannot be opened" in remedy(tmp_path / "nowhere" / "events.sqlite3")


@pytest.mark.parametrize("lock", ["BEGIN EXCLUSIVE", "BEGIN; SELECT * FROM sqlite_schema"])
@pytest.mark.parametrize("patience", [0.05, 5.0])
def test_opening_waits_for_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lock: str, patience: float
) -> None:
    monkeypatch.setattr(database, "_OPEN_BUSY_SECONDS", patience)
    file = tmp_path / "events.sqlite3"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    with closing(other):
        for statement in lock.split("; "):
            other.execute(statement)
        if patience < 1:
            assert "locked" in remedy(file)
        else:
            release = threading.Timer(0.1, other.execute, ["COMMIT"])
            release.start()
            Store(file).close()
            release.join()


def fill(connection: sqlite3.Connection) -> None:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    connection.execute("CREATE TABLE large AS SELECT zeroblob(1000000)")


def write_read_only(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA query_only = ON")
    connection.execute("DELETE FROM counters")


def write_beside(connection: sqlite3.Connection) -> None:
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("DELETE FROM counters")


@pytest.mark.parametrize(
    ("write", "cause"),
    [
        (fill, "database or disk is full; make room on its disk"),
        (
            write_read_only,
            "attempt to write a readonly database; let the user of this process write it and its "
            "directory",
        ),
        (
            write_beside,
            "database is locked; another program keeps it locked; end that, or let it commit",
        ),
    ],
)
def test_what_keeps_a_file_from_being_written_has_a_remedy(
    write: Callable[[sqlite3.Connection], None], cause: str, tmp_path: Path
) -> None:
    database = Database(tmp_path / "events.sqlite3")
    with closing(database), pytest.raises(sqlite3.Error) as raised:
        write(database.writer)
    assert cause_of(raised.value) == cause
