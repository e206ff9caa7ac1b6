"""The salts of the visitors' ids."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from footfall.collector.storage import database, retention
from footfall.collector.storage.store import Store
from footfall.collector.wire.sessions import DAY_SECONDS
from footfall.collector.wire.visitor_hash import VisitorIdentity
from tests.collector.storage.support import rows
from tests.collector.support import NOON, SECRET_ADDRESS, until
from tests.support.waiting import LONG_SECONDS, no_long_wait

CALLER = VisitorIdentity("a.test", SECRET_ADDRESS, "Firefox")
# 5:30 ahead of UTC.
MIDNIGHT_IN_KOLKATA = NOON + 6.5 * 3_600


def test_salts_are_gone_after_two_days(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"

    def days() -> list[int]:
        with closing(sqlite3.connect(file)) as connection:
            rows = connection.execute("SELECT day FROM salts ORDER BY day").fetchall()
            return [int((row[0] * DAY_SECONDS - NOON) // DAY_SECONDS) + 1 for row in rows]

    for day in (0, 1, 2):
        now = NOON + day * DAY_SECONDS
        with closing(Store(file, clock=lambda now=now: now)) as store:  # type: ignore[misc]
            store.sessions.get_or_start(CALLER, now)
            store.flush()
    assert days() == [1, 2]


def test_a_running_process_forgets_old_salts_too() -> None:
    now = [NOON]
    with closing(Store(clock=lambda: now[0])) as store:
        first = store.sessions.get_or_start(CALLER, NOON).visitor
        now[0] = NOON + 2 * DAY_SECONDS
        store._retention._purge()
        store.sessions.clear()
        assert store.sessions.get_or_start(CALLER, NOON).visitor != first


def test_the_next_day_has_its_salt_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_PAUSE_SECONDS", 0.005)
    monkeypatch.setattr(database, "_BUSY_SECONDS", LONG_SECONDS)
    file = tmp_path / "events.sqlite3"
    now = [NOON]
    with (
        closing(Store(file, timezone="Asia/Kolkata", clock=lambda: now[0])) as store,
        closing(sqlite3.connect(file, isolation_level=None)) as other,
    ):
        until(lambda: len(rows(store, "SELECT * FROM salts")) == 1)
        now[0] = MIDNIGHT_IN_KOLKATA - 60
        until(lambda: len(rows(store, "SELECT * FROM salts")) == 2)
        assert store.flush()
        # Nothing can be written when the day begins, and the thread that answers must not wait.
        other.execute("BEGIN IMMEDIATE")
        with no_long_wait():
            store.sessions.get_or_start(CALLER, MIDNIGHT_IN_KOLKATA + 3_600)
        other.execute("ROLLBACK")


def test_a_salt_that_another_process_made_is_read_while_the_file_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", LONG_SECONDS)
    file = tmp_path / "events.sqlite3"
    later = NOON + 40 * DAY_SECONDS
    with closing(Store(file, clock=lambda: NOON)) as one, closing(Store(file)) as two:
        visitor = one.sessions.get_or_start(CALLER, later).visitor
        assert (one.flush(), two.flush()) == (True, True)
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with no_long_wait():
                assert two.sessions.get_or_start(CALLER, later).visitor == visitor
            other.execute("ROLLBACK")
