"""The collector is killed at full load, or stopped: what was answered is in the file."""

from __future__ import annotations

import multiprocessing
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

import httpx2
import pytest

from tests.collector.durability.support import collector_process, post, serve, stop, written
from tests.collector.support import FIREFOX, PAGEVIEW, until

pytestmark = pytest.mark.long

ROUNDS = 20
WORKERS = 4
# Events of one request.
BATCH = 7
# The modules are loaded once, by the process that the collectors are forked from.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([serve.__module__])


@contextmanager
def running_process(file: Path) -> Iterator[tuple[BaseProcess, str]]:
    """A collector in a process of its own, and its address."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=serve, args=(file, theirs), daemon=True)
    process.start()
    try:
        assert ours.poll(60)
        yield process, ours.recv()
    finally:
        process.kill()
        process.join()


def load(url: str, prefix: str, answered: list[str]) -> None:
    """Post as fast as it goes, and note what was answered, until the other end dies."""
    with (
        httpx2.Client(base_url=url, headers={"user-agent": FIREFOX}) as http,
        suppress(httpx2.TransportError),
    ):
        for number in range(1_000_000):
            path = f"{prefix}-{number}"
            body = {**PAGEVIEW, "url": f"https://a.test{path}"}
            if http.post("/api/event", json=body).status_code == 202:
                answered.append(path)


def load_batches(url: str, prefix: str, answered: list[str]) -> None:
    """The same with several events in each request."""
    visitor = {"user_agent": FIREFOX, "client_ip": "203.0.113.9"}
    with httpx2.Client(base_url=url) as http, suppress(httpx2.TransportError):
        for number in range(1_000_000):
            paths = [f"{prefix}-{number}-{each}" for each in range(BATCH)]
            items = [{**PAGEVIEW, **visitor, "url": f"https://a.test{path}"} for path in paths]
            answer = http.post("/api/v1/events/batch", json=items)
            if answer.status_code == 200:
                assert answer.json()["accepted"] == len(paths)
                answered += paths


def test_kills_at_full_load_lose_nothing_that_was_answered(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    answered: list[str] = []
    for number in range(ROUNDS):
        with running_process(file) as (process, url):
            before = len(answered)
            workers = [
                threading.Thread(target=target, args=(url, f"/{number}-{each}", answered))
                for each, target in enumerate([load, load_batches] * (WORKERS // 2))
            ]
            for worker in workers:
                worker.start()
            until(lambda before=before: len(answered) > before + 40, 60)  # type: ignore[misc]
            # At any time of a commit, and at another one in each run: this number has no seed.
            time.sleep(random.SystemRandom().uniform(0, 0.05))
            process.kill()
            for worker in workers:
                worker.join()
        assert process.exitcode == -signal.SIGKILL
        found = written(file)
        assert set(answered) <= set(found)
        assert set(found.values()) == {1}
        # Of a batch all or none.
        batches = Counter(path.rpartition("-")[0] for path in found if path.count("-") == 3)
        assert set(batches.values()) == {BATCH}


def test_what_is_queued_when_the_collector_is_stopped_is_written(tmp_path: Path) -> None:
    answered: list[str] = []
    with collector_process(tmp_path / "events.sqlite3") as running:
        url = str(running.http.base_url)
        workers = [
            threading.Thread(target=load, args=(url, f"/{each}", answered))
            for each in range(WORKERS)
        ]
        for worker in workers:
            worker.start()
        until(lambda: len(answered) > 100, 60)
        code, errors = stop(running)
        for worker in workers:
            worker.join()
    assert (code, "could not be written" in errors) == (0, False)
    found = written(running.file)
    assert set(answered) <= set(found)
    # The write-ahead log is in the file.
    assert not running.file.with_name("events.sqlite3-wal").exists()


def test_a_collector_that_is_stopped_while_its_file_is_locked_loses_no_answered_event(
    tmp_path: Path,
) -> None:
    with collector_process(tmp_path / "events.sqlite3") as running:
        assert post(running, "/before").status_code == 202
        with closing(sqlite3.connect(running.file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            answers: list[int] = []
            sender = threading.Thread(
                target=lambda: answers.append(post(running, "/locked").status_code)
            )
            sender.start()
            code, errors = stop(running)
            sender.join()
            other.execute("ROLLBACK")
    assert written(running.file) == {"/before": 1}
    assert (answers, code) == ([503], 0)
    assert "could not be written" not in errors
