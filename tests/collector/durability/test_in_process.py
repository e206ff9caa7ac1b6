"""Full disks, locked files and kills: no event that was answered is lost."""

from __future__ import annotations

import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import httpx2
import pytest

from footfall.collector import Store
from footfall.collector.storage import database, writer_thread
from footfall.collector.storage.stored_events import EventSearch
from tests.collector.support import FIREFOX, PAGEVIEW, PID, running_collector
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


LOAD = 4


def load(url: str, worker: int, answered: list[str]) -> None:
    """Post as fast as it goes, and note what was answered, until the other end dies."""
    with (
        httpx2.Client(base_url=url, headers={"user-agent": FIREFOX}) as http,
        suppress(httpx2.TransportError),
    ):
        number = 0
        while True:
            path = f"/{worker}-{number}"
            body = {**PAGEVIEW, "url": f"https://a.test{path}"}
            if http.post("/api/event", json=body).status_code == 202:
                answered.append(path)
            number += 1


@pytest.mark.parametrize("repetition", range(3))
def test_a_kill_at_full_load_loses_nothing_that_was_answered(
    tmp_path: Path, repetition: int
) -> None:
    file = tmp_path / "events.sqlite3"
    start = "import sys; from footfall.cli import main; sys.exit(main(sys.argv[1:]))"
    line = [sys.executable, "-c", start, "collect", "-p", "0", "--database", str(file)]
    answered: list[str] = []
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        found = re.search(r"http://\S+", running.stdout.readline())
        assert found
        workers = [
            threading.Thread(target=load, args=(found[0], each, answered)) for each in range(LOAD)
        ]
        for worker in workers:
            worker.start()
        assert wait_until(lambda: len(answered) > 200, 30)
        # At any time of a commit, and at another one in each run: this random number has no seed.
        time.sleep(random.SystemRandom().uniform(0, 0.05))
        running.kill()
        for worker in workers:
            worker.join()
    assert running.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(file)) as reader:
        assert reader.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert reader.execute("PRAGMA foreign_key_check").fetchall() == []
    with closing(Store(file)) as opened:
        written = [entry.path for entry in opened.search(EventSearch(limit=10_000)).events]
    assert set(answered) <= set(written)
    assert len(written) == len(set(written))
