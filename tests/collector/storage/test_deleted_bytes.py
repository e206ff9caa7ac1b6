"""What was deleted is in none of the three files any more, as their raw bytes show."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from footfall.collector.storage import retention
from footfall.collector.storage.database import Database
from footfall.collector.storage.store import Store
from footfall.collector.wire.sessions import DAY_SECONDS
from footfall.collector.wire.visitor_hash import VisitorIdentity
from tests.collector.storage.support import enqueue
from tests.collector.support import NOON, SECRET_ADDRESS, incoming_event, until

MIDNIGHT = NOON - DAY_SECONDS / 2
HOUR = 3_600
CALLER = VisitorIdentity("a.test", SECRET_ADDRESS, "Firefox")


@pytest.fixture(autouse=True)
def quick_retention(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_PAUSE_SECONDS", "_STEP_PAUSE_SECONDS", "_BLOCKED_PAUSE_SECONDS"):
        monkeypatch.setattr(retention, name, 0.005)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "events.sqlite3"


def raw_bytes(file: Path) -> bytes:
    """The bytes of the file and of the two beside it."""
    parts = [file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))]
    return b"".join(part.read_bytes() for part in parts if part.exists())


def salt_of(file: Path, day: int) -> bytes:
    with closing(sqlite3.connect(file)) as connection:
        query = "SELECT salt FROM salts WHERE day = ?"
        salt: bytes = connection.execute(query, (day,)).fetchone()[0]
        return salt


DAY = int(MIDNIGHT // DAY_SECONDS)


def collect(store: Store, at: float, number: int) -> None:
    """Take in some events of one moment."""
    store.sessions.get_or_start(CALLER, at)
    for each in range(number):
        assert enqueue(store, [incoming_event(path=f"/{each}/" + "x" * 500, at=at)])
    assert store.flush()


def busy_day(start: float) -> Iterator[tuple[float, int]]:
    """Times of events, and their number: a burst at midnight, then some every hour."""
    yield start + 1, 400
    for hour in range(1, 24):
        yield start + hour * HOUR, 3


def quiet_day(start: float) -> Iterator[tuple[float, int]]:
    yield start + 1, 400
    yield start + 12 * HOUR, 1


@pytest.mark.parametrize("day", [busy_day, quiet_day])
def test_a_salt_is_gone_48_hours_after_its_day_began(
    file: Path, day: Callable[[float], Iterator[tuple[float, int]]]
) -> None:
    now = [MIDNIGHT]
    with closing(Store(file, clock=lambda: now[0])) as store:
        for start in (MIDNIGHT, MIDNIGHT + DAY_SECONDS):
            for now[0], number in day(start):
                collect(store, now[0], number)
        salt = salt_of(file, DAY)
        now[0] = MIDNIGHT + 2 * DAY_SECONDS - 60
        collect(store, now[0], 1)
        assert salt in raw_bytes(file)
        now[0] = MIDNIGHT + 2 * DAY_SECONDS
        until(lambda: salt not in raw_bytes(file), 30)


def test_a_salt_is_gone_once_no_reader_needs_its_time(file: Path) -> None:
    now = [NOON]
    with closing(Store(file, clock=lambda: now[0])) as store:
        collect(store, NOON, 400)
        salt = salt_of(file, DAY)
        with closing(sqlite3.connect(file, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM salts").fetchall()
            now[0] += 2 * DAY_SECONDS
            with closing(sqlite3.connect(file)) as other:
                until(
                    lambda: not other.execute("SELECT 1 FROM salts WHERE day=?", (DAY,)).fetchall()
                )
            # Events are written meanwhile.
            collect(store, now[0], 400)
            assert reader.execute("SELECT salt FROM salts").fetchone() == (salt,)
            reader.execute("COMMIT")
        until(lambda: salt not in raw_bytes(file), 30)


def copy_as_after_a_kill(file: Path) -> Path:
    """A copy of the three files, in which no process has cleaned up."""
    folder = file.parent / "copy"
    folder.mkdir()
    for each in file.parent.glob(f"{file.name}*"):
        shutil.copy(each, folder)
    return folder / file.name


def test_a_salt_is_gone_where_the_collector_did_not_run_when_it_was_due(file: Path) -> None:
    with closing(Store(file, clock=lambda: NOON)) as store:
        collect(store, NOON, 400)
        salt = salt_of(file, DAY)
        copied = copy_as_after_a_kill(file)
    assert salt in raw_bytes(copied)
    with closing(Store(copied, clock=lambda: NOON + 5 * DAY_SECONDS)):
        until(lambda: salt not in raw_bytes(copied), 30)


def test_a_salt_is_gone_where_the_collector_was_killed_after_it_deleted_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [NOON]
    with monkeypatch.context() as patch, closing(Store(file, clock=lambda: now[0])) as store:
        patch.setattr(Database, "checkpoint", lambda self: False)
        collect(store, NOON, 400)
        salt = salt_of(file, DAY)
        now[0] += 2 * DAY_SECONDS
        with closing(sqlite3.connect(file)) as other:
            until(lambda: not other.execute("SELECT 1 FROM salts WHERE day=?", (DAY,)).fetchall())
        copied = copy_as_after_a_kill(file)
    assert salt in raw_bytes(copied)
    with closing(Store(copied, clock=lambda: now[0])):
        until(lambda: salt not in raw_bytes(copied), 30)


@pytest.mark.parametrize("delete", [Store.clear, lambda store: store.delete_domain("a.test")])
def test_deleted_events_are_gone(file: Path, delete: Callable[[Store], int]) -> None:
    with closing(Store(file, clock=lambda: NOON)) as store:
        for number in range(400):
            assert enqueue(store, [incoming_event(path=f"/needle/{number}/" + "x" * 500)])
        assert store.flush()
        assert b"/needle/" in raw_bytes(file)
        assert delete(store) == 400
        until(lambda: b"/needle/" not in raw_bytes(file), 30)


def test_events_that_became_too_old_are_gone(file: Path) -> None:
    now = [NOON]
    with closing(Store(file, keep_days=1, clock=lambda: now[0])) as store:
        for number in range(400):
            assert enqueue(store, [incoming_event(path=f"/needle/{number}/" + "x" * 500)])
        assert store.flush()
        now[0] += 2 * DAY_SECONDS
        until(lambda: b"/needle/" not in raw_bytes(file), 30)
