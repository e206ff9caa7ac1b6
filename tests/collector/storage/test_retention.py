"""Retention: what is deleted, in which order, and what is deleted with it."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from footfall.collector.storage import database, dropped_counts, retention, write_sql
from footfall.collector.storage.dropped_counts import DropKey
from footfall.collector.storage.retention import Retention
from footfall.collector.storage.stats.rollups import ROLLUP_DIMENSIONS
from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import EventSearch
from footfall.collector.wire.sessions import DAY_SECONDS
from tests.collector.storage.support import enqueue, names, rows
from tests.collector.support import NOON, incoming_event, until


def test_the_newest_events_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_ROWS_BETWEEN_PURGES", 1)
    with closing(Store(keep_events=3, clock=lambda: NOON)) as store:
        for number in range(10):
            enqueue(store, [incoming_event(str(number))])
            store.flush()
        store.flush()
        assert names(store) == ["7", "8", "9"]


def test_the_oldest_go_first_even_where_they_were_imported_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "_ROWS_BETWEEN_PURGES", 1)
    with closing(Store(keep_events=3, clock=lambda: NOON)) as store:
        enqueue(store, [incoming_event("own", at=NOON)])
        for number in range(9):
            enqueue(store, [incoming_event(str(number), at=NOON - 900 + number)])
            store.flush()
        store.flush()
        assert names(store) == ["own", "7", "8"]


def test_old_events_are_deleted_with_their_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_ROWS_BETWEEN_PURGES", 1)
    with closing(Store(keep_days=1, clock=lambda: NOON)) as store:
        enqueue(store, [incoming_event("old", at=NOON - DAY_SECONDS - 1), incoming_event("new")])
        store.flush()
        assert names(store) == ["new"]
        with store._database.reading() as connection:
            assert connection.execute("SELECT count(*) FROM requests").fetchone()[0] == 1


def test_requests_go_before_their_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_ROWS_BETWEEN_PURGES", 1)
    monkeypatch.setattr(write_sql, "_KEEP_REQUESTS", 1)
    with closing(Store(clock=lambda: NOON)) as store:
        enqueue(store, [incoming_event("a"), incoming_event("b")])
        store.flush()
        store.flush()
        shown = [(event.headers, event.body) for event in store.search(EventSearch()).events]
        assert shown == [(None, None), ({"host": "stats.test"}, {})]


def test_a_file_over_its_size_loses_the_oldest_events(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(retention, "_ROWS_BETWEEN_PURGES", 1)
    monkeypatch.setattr(write_sql, "_PURGE_ROWS", 20)
    file = tmp_path / "events.sqlite3"
    with closing(Store(file, max_bytes=1_000_000, clock=lambda: NOON)) as store:
        for number in range(300):
            enqueue(store, [incoming_event(f"{number:03}", body=b"x" * 10_000)])
            assert number % 20 or store.flush()
        store.flush()
        until(lambda: used_bytes_of(store) <= 1_000_000)
        kept = names(store)
    assert kept == [f"{number:03}" for number in range(300 - len(kept), 300)]
    assert 50 < len(kept) < 100
    # Deleted pages are used again.
    assert file.stat().st_size < 2_500_000


def test_a_flood_of_large_events_does_not_outgrow_the_size(tmp_path: Path) -> None:
    batch, max_bytes = 40, 2_000_000
    with closing(
        Store(tmp_path / "events.sqlite3", max_bytes=max_bytes, clock=lambda: NOON)
    ) as store:
        enqueue(store, [incoming_event(f"{number:04}", body=b"") for number in range(1_000)])
        store.flush()
        sizes = []
        for first in range(1_000, 3_000, batch):
            numbers = range(first, first + batch)
            enqueue(store, [incoming_event(f"{each:04}", body=b"x" * 16_000) for each in numbers])
            store.flush()
            sizes.append(used_bytes_of(store))
        kept = names(store)
    # Room is made after each commit, and a `flush` may return before.
    assert max(sizes) < max_bytes + 2 * batch * 20_000
    assert kept == [f"{number:04}" for number in range(3_000 - len(kept), 3_000)]
    assert len(kept) > 60


def test_far_from_its_size_a_file_is_not_measured_with_each_commit(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "f.sqlite3", clock=lambda: NOON)) as store:
        store.flush()
        statements: list[str] = []
        store._database.writer.set_trace_callback(statements.append)
        for number in range(10):
            enqueue(store, [incoming_event(f"{number} {each}") for each in range(25)])
            store.flush()
    assert statements.count("COMMIT") == 10
    assert not [each for each in statements if "page_count" in each]


def test_the_counts_of_dropped_events_push_no_event_out(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    with closing(Store(file, max_bytes=None, clock=lambda: NOON)) as store:
        enqueue(store, [incoming_event("kept")])
        assert store.flush()
        domains = [f"{number}.{'x' * 200}.test" for number in range(500)]
        counts = Counter(DropKey(domain, "dc_ip") for domain in domains)
        today = int(NOON // DAY_SECONDS)
        with store._database.writing() as connection:
            for age in range(60):
                dropped_counts.add(connection, today - age, counts)
        assert used_bytes_of(store) > 1_500_000
    with closing(Store(file, max_bytes=1_500_000, clock=lambda: NOON)) as store:
        until(lambda: used_bytes_of(store) < 300_000)
        assert names(store) == ["kept"]
        # Of the newest day at least, the numbers are there.
        kept = rows(store, "SELECT day, sum(number) FROM dropped_counts GROUP BY day")
        assert kept == [(today, 500)]


def test_a_smaller_size_is_reached_in_steps(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    with closing(Store(file, max_bytes=None, clock=lambda: NOON)) as store:
        enqueue(
            store, [incoming_event(f"{number:04}", body=b"x" * 9_000) for number in range(3_000)]
        )
        store.flush()
    with closing(Store(file, max_bytes=2_000_000, clock=lambda: NOON)) as store:
        # It takes events meanwhile.
        enqueue(store, [incoming_event("new")])
        store.flush()
        assert "new" in names(store)
        until(lambda: used_bytes_of(store) <= 2_000_000)
        assert names(store)[-1] == "new"


def test_a_log_that_a_reader_keeps_does_not_fill_the_disk(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    log = tmp_path / "events.sqlite3-wal"
    with closing(Store(file, max_bytes=1_000_000, clock=lambda: NOON)) as store:
        with closing(sqlite3.connect(file, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM events").fetchone()
            for _ in range(200):
                enqueue(store, [incoming_event(body=b"x" * 16_000) for _ in range(10)])
                store.flush()
                if store.write_error:
                    break
            assert "log" in (store.write_error or "")
            assert log.stat().st_size < 4_000_000
        until(lambda: store.write_error is None)
        enqueue(store, [incoming_event("after")])
        until(lambda: names(store)[-1:] == ["after"])


def used_bytes_of(store: Store) -> int:
    with store._database.reading() as connection:
        return write_sql.used_bytes(connection)


def test_visits_sites_and_rollups_are_deleted_with_their_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(retention, "_STEP_PAUSE_SECONDS", 0.001)
    now = [NOON]
    with closing(Store(keep_days=3, clock=lambda: now[0])) as store:
        enqueue(
            store,
            [
                incoming_event(at=NOON - 2.9 * DAY_SECONDS, session="old", domain="old.test"),
                incoming_event(at=NOON - 2 * DAY_SECONDS, session="kept", visitor="v2"),
                incoming_event(session="new", visitor="v3"),
            ],
        )
        # The writing thread closes the days that are over, without the oldest.
        until(lambda: len(rows(store, "SELECT day FROM closed_days")) == 2)
        assert store.domains() == ["a.test", "old.test"]
        now[0] += 0.5 * DAY_SECONDS
        enqueue(store, [incoming_event(at=now[0], session="new", visitor="v3")])
        until(lambda: store.domains() == ["a.test"])
        assert rows(store, "SELECT session FROM visits ORDER BY id") == [("kept",), ("new",)]
        until(lambda: len(rows(store, "SELECT day FROM closed_days")) == 1)
        assert store.clear() == 3
        for table in ("visits", "sites", "rollups", "closed_days"):
            assert rows(store, f"SELECT * FROM {table}") == []


def test_without_events_no_visits_sites_or_rollups_are_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "_ROWS_BETWEEN_PURGES", 1)
    with closing(Store(keep_days=1, clock=lambda: NOON)) as store:
        enqueue(store, [incoming_event(at=NOON - 2 * DAY_SECONDS)])
        store.flush()
        assert names(store) == []
        assert rows(store, "SELECT * FROM visits") == []
        assert store.domains() == []


def test_a_day_is_counted_whole_though_a_step_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.01)
    monkeypatch.setattr(retention, "_PAUSE_SECONDS", 0.01)
    # It would meet the lock first.
    monkeypatch.setattr(Retention, "_purge", lambda self: False)
    file = tmp_path / "events.sqlite3"
    with closing(Store(file, clock=lambda: NOON)) as store:
        for days in (3, 2):
            page = incoming_event(at=NOON - days * DAY_SECONDS, session=str(days))
            enqueue(store, [page, replace(page, name="engagement", engagement=(1_000, 50))])
        store.flush()
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            # Between two steps another process takes the file, and keeps it for some tries.
            until(lambda: bool(rows(store, "SELECT * FROM rollups")))
            other.execute("PRAGMA busy_timeout = 5000")
            other.execute("BEGIN IMMEDIATE")
            time.sleep(0.1)
            other.execute("COMMIT")
        until(lambda: len(rows(store, "SELECT day FROM closed_days WHERE zone = 'UTC'")) == 2)
        day = rows(store, "SELECT min(day) FROM closed_days")[0][0]
        kept = rows(store, f"SELECT side, dimension FROM rollups WHERE day = {day}")
    assert {side: sum(each[0] == side for each in kept) for side in ROLLUP_DIMENSIONS} == {
        side: len(names) for side, names in ROLLUP_DIMENSIONS.items()
    }


def test_the_write_ahead_log_is_checkpointed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_PAUSE_SECONDS", 0.01)
    file = tmp_path / "events.sqlite3"
    with closing(Store(file)) as store:
        enqueue(store, [incoming_event(path="/needle")])
        until(lambda: b"/needle" in file.read_bytes())


def test_a_failed_retention_step_loses_no_events(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "footfall.collector")
    monkeypatch.setattr(retention, "_ROWS_BETWEEN_PURGES", 1)

    def fail(*args: object) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(write_sql, "purge_by_count", fail)
    enqueue(store, [incoming_event("a")])
    store.flush()
    enqueue(store, [incoming_event("b")])
    assert names(store) == ["a", "b"]
    assert "retention failed" in caplog.text
