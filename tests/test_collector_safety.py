"""What must not go wrong: floods, full disks, locked files, guessed tokens, kills."""

from __future__ import annotations

import asyncio
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.routing import Route

from footfall.collector import CollectorServer, Store, create_app
from footfall.collector.ingest import endpoints, rate_limit
from footfall.collector.ingest import group_commit as commits_room
from footfall.collector.ingest.group_commit import GroupCommit
from footfall.collector.ingest.rate_limit import RateLimiter
from footfall.collector.storage import database, writer_thread
from footfall.collector.storage.stored_events import EventSearch
from footfall.collector.storage.writer_thread import PendingWrite
from footfall.errors import ConfigError
from tests.collector.support import incoming_event
from tests.support.vendors import wait_until

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PAGEVIEW = {"name": "pageview", "url": "https://a.test/hello", "domain": "a.test"}
# One request that stands for two events.
PAIR = {**PAGEVIEW, "domain": "a.test,b.test"}
PID = "aUn1quEid-3x"


@contextmanager
def serving(*args: Any, **options: Any) -> Iterator[tuple[CollectorServer, httpx2.Client]]:
    with (
        CollectorServer(*args, **options) as collector,
        httpx2.Client(base_url=collector.url, headers={"user-agent": FIREFOX}) as http,
    ):
        yield collector, http


# -- floods -----------------------------------------------------------------------------------


def test_a_sender_may_burst_and_then_keep_a_pace() -> None:
    bucket = RateLimiter(per_second=10.0, burst=3.0)
    assert [bucket.lets_pass("192.0.2.1", 0.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.lets_pass("192.0.2.1", 0.1) for _ in range(2)] == [True, False]
    assert [bucket.lets_pass("192.0.2.1", 99.0) for _ in range(4)] == [True, True, True, False]
    # A clock that went back gives nothing away, and takes nothing.
    assert not bucket.lets_pass("192.0.2.1", 1.0)


@pytest.mark.parametrize(
    ("first", "second", "are_one"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
    ],
)
def test_who_shares_a_bucket(first: str, second: str, are_one: bool) -> None:
    bucket = RateLimiter(per_second=1.0, burst=1.0)
    assert bucket.lets_pass(first, 0.0)
    assert bucket.lets_pass(second, 0.0) != are_one


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "", "unix:"])
def test_this_machine_is_not_bounded(peer: str) -> None:
    bucket = RateLimiter(per_second=1.0, burst=1.0)
    assert all(bucket.lets_pass(peer, 0.0) for _ in range(10))


def test_the_book_of_senders_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "_MAX_SENDERS", 2)
    bucket = RateLimiter(per_second=1.0, burst=1.0)
    for number in range(5):
        bucket.lets_pass(f"192.0.2.{number}", 0.0)
    assert len(bucket._buckets) == 2


@pytest.mark.parametrize("path", ["/api/event", "/log", "/api/v1/hits"])
def test_a_flood_is_told_to_wait(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(endpoints, "RateLimiter", lambda: RateLimiter(per_second=0.001, burst=2.0))
    monkeypatch.setattr(rate_limit, "_sender", lambda peer: peer)
    with serving() as (_, http):
        answers = [http.post(path, json={}) for _ in range(3)]
        assert answers[-1].status_code == 429
        assert answers[-1].headers["retry-after"] == "1"
        assert [each.status_code for each in answers[:2]] == [400, 400]
        assert http.get("/api/v1/events").status_code == 200


def test_a_full_queue_is_told_to_the_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_thread, "_MAX_QUEUED", 0)
    with serving() as (_, http):
        assert http.post("/api/event", json=PAGEVIEW).status_code == 503


# -- the disk ---------------------------------------------------------------------------------


def test_a_full_disk_is_told_and_nothing_is_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_thread, "_RETRY_SECONDS", 0.01)
    with serving(tmp_path / "events.sqlite3") as (collector, http):
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
        # With room again, all that was answered is there, once.
        connection.execute("PRAGMA max_page_count = 1000000")
        assert wait_until(lambda: http.get("/api/health").status_code == 200)
        total = http.get("/api/v1/events", params={"limit": 1}).json()["total"]
        assert total == 2 * answered.count(202)


def test_a_locked_file_is_told_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    monkeypatch.setattr(writer_thread, "_RETRY_SECONDS", 0.01)
    file = tmp_path / "events.sqlite3"
    with serving(file) as (_, http), closing(sqlite3.connect(file, isolation_level=None)) as other:
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


def test_a_file_locked_from_the_first_event_on_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    file = tmp_path / "events.sqlite3"
    with serving(file) as (_, http), closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        # The day's salt cannot be written.
        assert http.post("/api/event", json=PAGEVIEW).status_code == 503
        assert http.post("/log", json={"pid": PID, "pg": "/"}).status_code == 503
        other.execute("ROLLBACK")
        assert http.post("/api/event", json=PAGEVIEW).status_code == 202


def test_answers_wait_for_the_file_in_any_loop() -> None:
    with closing(Store()) as opened:
        commits = GroupCommit(opened)

        async def offer() -> int:
            assert await commits.take(PendingWrite([incoming_event()]))
            return opened.count(EventSearch())

        # The first loop has ended when the second event is written.
        assert [asyncio.run(offer()), asyncio.run(offer())] == [1, 2]


def test_an_answer_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commits_room, "_PATIENCE_SECONDS", 0.01)
    file = tmp_path / "events.sqlite3"
    with closing(Store(file)) as opened, closing(sqlite3.connect(file)) as other:
        opened.flush()
        other.execute("BEGIN IMMEDIATE")

        async def offer() -> int:
            assert await GroupCommit(opened).take(PendingWrite([incoming_event()]))
            return opened.count(EventSearch())

        assert asyncio.run(offer()) == 0
        other.rollback()
        assert opened.flush()
        assert opened.count(EventSearch()) == 1


def test_what_comes_in_one_turn_of_the_loop_shares_a_commit() -> None:
    with closing(Store()) as opened:
        opened.flush()
        commits = GroupCommit(opened)
        told: list[int] = []
        opened.subscribe(lambda: told.append(opened.settled))

        async def offer_many() -> list[bool]:
            requests = [PendingWrite([incoming_event(str(number))]) for number in range(20)]
            return await asyncio.gather(*map(commits.take, requests))

        assert asyncio.run(offer_many()) == [True] * 20
        assert told == [20]


def test_what_the_next_turn_brings_shares_it_too() -> None:
    with closing(Store()) as opened:
        opened.flush()
        commits = GroupCommit(opened)
        told: list[int] = []
        opened.subscribe(lambda: told.append(opened.settled))

        async def offer_later() -> bool:
            await asyncio.sleep(0)
            return await commits.take(PendingWrite([incoming_event("later")]))

        async def offer_both() -> None:
            await asyncio.gather(commits.take(PendingWrite([incoming_event()])), offer_later())

        asyncio.run(offer_both())
        assert told == [2]


def test_nobody_is_taken_where_there_is_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_thread, "_MAX_QUEUED", 0)
    with closing(Store()) as opened:
        commits = GroupCommit(opened)

        async def offer_two() -> list[bool]:
            return await asyncio.gather(
                *(commits.take(PendingWrite([incoming_event()])) for _ in "ab")
            )

        assert asyncio.run(offer_two()) == [False, False]


def test_the_loop_goes_on_while_the_file_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits_room, "_STAND_BY_SECONDS", 0.001)
    file = tmp_path / "events.sqlite3"
    with closing(Store(file)) as opened, closing(sqlite3.connect(file)) as other:
        opened.flush()
        other.execute("BEGIN IMMEDIATE")
        commits = GroupCommit(opened)

        async def offer_in_turns() -> list[bool]:
            first = asyncio.create_task(commits.take(PendingWrite([incoming_event("first")])))
            await asyncio.sleep(0.01)
            given_up = asyncio.create_task(commits.take(PendingWrite([incoming_event("given up")])))
            second = asyncio.create_task(commits.take(PendingWrite([incoming_event("second")])))
            await asyncio.sleep(0.01)
            assert not first.done()
            assert not second.done()
            # Its sender has gone; the event was taken all the same.
            given_up.cancel()
            other.rollback()
            return [await first, await asyncio.wait_for(second, 10)]

        assert asyncio.run(offer_in_turns()) == [True, True]
        assert opened.count(EventSearch()) == 3


# -- strangers --------------------------------------------------------------------------------


def test_a_token_that_can_be_guessed_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError, match="16 characters or more") as caught:
        CollectorServer(host="0.0.0.0", token="hunter2")
    assert "hunter2" not in str(caught.value)


def test_nothing_is_changed_by_looking(tmp_path: Path) -> None:
    with serving() as (collector, http), closing(Store()) as other:
        http.post("/api/event", json=PAGEVIEW)
        before = http.get("/api/v1/events").json()
        routes = [route for route in create_app(other).routes if isinstance(route, Route)]
        paths = [route.path for route in routes if "GET" in (route.methods or ())]
        assert len(paths) > 8
        for path in paths:
            method = "HEAD" if "stream" in path else "GET"
            http.request(method, path.replace("{key}", "1"))
        assert http.get("/api/v1/events").json() == before
        assert collector.store.count(EventSearch()) == 1


# -- a kill -----------------------------------------------------------------------------------

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
        # At any moment of a commit, and at another one in each run: this one has no seed.
        time.sleep(random.SystemRandom().uniform(0, 0.05))
        running.kill()
        for worker in workers:
            worker.join()
    assert running.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(file)) as reader:
        assert reader.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert reader.execute("PRAGMA foreign_key_check").fetchall() == []
    with closing(Store(file)) as opened:
        written = [entry.path for entry in opened.search(EventSearch(limit=10_000)).entries]
    assert set(answered) <= set(written)
    assert len(written) == len(set(written))
