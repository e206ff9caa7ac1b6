"""Full disks and locked files, seen from inside: several events a request are stored as one."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from footfall.collector.storage import database, writer_thread
from tests.collector.support import PAGEVIEW, PID, running_collector
from tests.support.hit_reports import report_body
from tests.support.vendors import wait_until

# One request with two events.
PAIR = {**PAGEVIEW, "domain": "a.test,b.test"}


def test_a_full_disk_is_reported_and_nothing_is_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_thread, "_RETRY_SECONDS", 0.01)
    with running_collector(tmp_path / "events.sqlite3") as (collector, http):
        # The salt of the day is written, and then the file must not grow.
        answered = [http.post("/api/event", json=PAIR).status_code]
        http.get("/api/v1/events")
        connection = collector.store._database.writer
        limit = connection.execute("PRAGMA page_count").fetchone()[0] + 2
        connection.execute(f"PRAGMA max_page_count = {limit}")
        deadline = time.monotonic() + 20
        while answered[-1] == 202 and time.monotonic() < deadline:
            answered.append(http.post("/api/event", json=PAIR).status_code)
        assert set(answered) == {202, 503}
        assert http.get("/api/health").status_code == 500
        # What is in the file is whole: events come in pairs.
        with closing(sqlite3.connect(tmp_path / "events.sqlite3")) as reader:
            numbers = reader.execute("SELECT domain, count(*) FROM events GROUP BY 1").fetchall()
        assert len({number for _, number in numbers}) == 1
        # Once the file can grow again, all that was answered is in it, once.
        connection.execute("PRAGMA max_page_count = 1000000")
        assert wait_until(lambda: http.get("/api/health").status_code == 200)
        total = http.get("/api/v1/events", params={"limit": 1}).json()["total"]
        assert total == 2 * answered.count(202)


def test_a_locked_file_is_reported_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    monkeypatch.setattr(writer_thread, "_RETRY_SECONDS", 0.01)
    file = tmp_path / "events.sqlite3"
    with (
        running_collector(file) as (_, http),
        closing(sqlite3.connect(file, isolation_level=None)) as other,
    ):
        http.post("/api/event", json=PAIR)
        http.get("/api/v1/events")
        other.execute("BEGIN IMMEDIATE")
        answered = [202]
        deadline = time.monotonic() + 20
        while answered[-1] == 202 and time.monotonic() < deadline:
            answered.append(http.post("/api/event", json=PAIR).status_code)
        assert answered[-1] == 503
        assert http.delete("/api/v1/events").status_code == 503
        other.execute("ROLLBACK")
        assert wait_until(lambda: http.get("/api/health").status_code == 200)
        total = http.get("/api/v1/events", params={"limit": 1}).json()["total"]
        assert total == 2 * answered.count(202)


def test_a_file_that_is_locked_when_the_salt_of_a_day_is_due_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    file = tmp_path / "events.sqlite3"
    with (
        running_collector(file) as (collector, http),
        closing(sqlite3.connect(file, isolation_level=None)) as other,
    ):
        # As after a day of sleep: nobody has made the salt of today.
        assert collector.store.flush()
        other.execute("DELETE FROM salts")
        other.execute("BEGIN IMMEDIATE")
        refused = [
            http.post("/api/event", json=PAGEVIEW),
            http.post("/log", json={"pid": PID, "pg": "/"}),
            http.post("/api/v1/hits", json=report_body()),
        ]
        assert [(each.status_code, each.headers.get("retry-after")) for each in refused] == [
            (503, "1")
        ] * 3
        other.execute("ROLLBACK")
        assert wait_until(lambda: http.get("/api/health").status_code == 200)
        assert http.post("/api/event", json=PAGEVIEW).status_code == 202
