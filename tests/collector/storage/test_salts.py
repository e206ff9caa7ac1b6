"""The salts of the visitors' ids."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from footfall.collector.storage.store import Store
from footfall.collector.wire.sessions import DAY_SECONDS
from footfall.collector.wire.visitor_hash import VisitorIdentity
from tests.collector.support import NOON, SECRET_ADDRESS


def test_salts_are_gone_after_two_days(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    caller = VisitorIdentity("a.test", SECRET_ADDRESS, "Firefox")

    def days() -> list[int]:
        with closing(sqlite3.connect(file)) as connection:
            rows = connection.execute("SELECT day FROM salts ORDER BY day").fetchall()
            return [int((row[0] * DAY_SECONDS - NOON) // DAY_SECONDS) + 1 for row in rows]

    for day in (0, 1, 2):
        now = NOON + day * DAY_SECONDS
        with closing(Store(file, clock=lambda now=now: now)) as store:  # type: ignore[misc]
            store.sessions.get_or_start(caller, now)
            store.flush()
    assert days() == [1, 2]


def test_a_running_process_forgets_old_salts_too() -> None:
    now = [NOON]
    caller = VisitorIdentity("a.test", SECRET_ADDRESS, "Firefox")
    with closing(Store(clock=lambda: now[0])) as store:
        first = store.sessions.get_or_start(caller, NOON).visitor
        now[0] = NOON + 2 * DAY_SECONDS
        store._retention._purge()
        store.sessions.clear()
        assert store.sessions.get_or_start(caller, NOON).visitor != first
