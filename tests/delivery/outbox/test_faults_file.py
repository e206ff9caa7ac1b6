"""Where the outbox's file fails, events wait in memory. Numbers are those of tests/FAULTS.md."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from footfall.common import leader_lock
from footfall.delivery.outbox import outbox as outbox_module
from footfall.delivery.outbox import sqlite_file as files
from footfall.delivery.outbox.sqlite_file import OutboxFile
from tests.delivery.outbox.files import ACCEPTING, DEAD, dsn_of, fill, urls
from tests.support.faults import Scripted, watched_site
from tests.support.vendors import vendor, wait_until
from tests.support.waiting import LONG_SECONDS, MAX_SECONDS


def full(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(files, "MAX_PAGES", 4)
    monkeypatch.setattr(OutboxFile.__init__, "__kwdefaults__", {"max_pages": 6})


def without_directory(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    Path(path).parent.rmdir()


def directory_in_its_place(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    Path(path).mkdir()


def without_locks(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)


def garbage(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    Path(path).write_bytes(b"this is no database at all" * 1000)
    monkeypatch.setattr(leader_lock.LeaderLock, "acquire", lambda self: False)


BREAK: dict[str, Callable[[pytest.MonkeyPatch, str], None]] = {
    "69-disk full": full,
    "69-no such directory": without_directory,
    "69-a directory": directory_in_its_place,
    "69-no locks, as on NFS": without_locks,
    "69-damaged, and another one has to move it": garbage,
}


@pytest.mark.parametrize("break_it", BREAK.values(), ids=BREAK.keys())
def test_where_the_file_fails_events_wait_in_memory(
    path: str,
    break_it: Callable[[pytest.MonkeyPatch, str], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    break_it(monkeypatch, path)
    with vendor(ACCEPTING) as server:
        with watched_site(dsn_of(server), outbox=path) as site:
            rounds = 0
            # The first rounds may be read from a small file before the next would fill it.
            while rounds < 5 or site.tracker.stats()["outbox"]["is_in_use"]:
                rounds += 1
                assert rounds < 1000, "the file never failed"
                site.visits(40)
                site.tracker.process_all()
            visits = 40 * rounds
            assert wait_until(lambda: sum(site.counts().values()) >= visits)
            assert wait_until(lambda: site.counts().get("accepted", 0) >= visits - 50), (
                site.counts()
            )
            assert site.tracker.stats()["outbox"]["is_in_use"] is False
        assert max(urls(server).values()) <= rounds, "each page once in a round"
    assert caplog.text.count(f"the outbox {path} cannot be used") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_69_read_only(path: str) -> None:
    Path(path).parent.chmod(0o500)
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visits(5)
        assert wait_until(lambda: site.counts() == {"accepted": 5})


@contextmanager
def locked(path: str) -> Iterator[None]:
    fill(path, 0)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        connection.close()


def test_69_locked_by_another_program(
    path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outbox_module, "RETRY_SECONDS", 0.3)
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        with locked(path):
            site.visits(20)
            assert wait_until(lambda: site.counts() == {"accepted": 20})
        outbox: Any = site.tracker._dispatcher.outbox
        assert wait_until(lambda: not outbox._next_open_at > time.monotonic())
        site.visits(5)
        assert wait_until(lambda: site.counts().get("stored", 0) > 0), "in use again"
        assert wait_until(lambda: site.counts().get("accepted") == 25)
    assert len(re.findall(f"{path} cannot be used .*locked", caplog.text)) == 1


def test_69_a_damaged_file_is_moved_aside(path: str, caplog: pytest.LogCaptureFixture) -> None:
    Path(path).write_bytes(b"this is no database at all" * 1000)
    Path(path + ".corrupt-1").touch()
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visits(5)
        assert wait_until(lambda: site.counts().get("accepted") == 5)
        assert wait_until(lambda: Path(path + ".corrupt-2").exists())
        site.visits(5)
        assert wait_until(lambda: site.counts().get("stored", 0) > 0)
    assert "moved to" in caplog.text


def test_69_a_file_that_hangs_is_not_used(
    path: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    is_hanging, gate = threading.Event(), threading.Event()
    store = OutboxFile.store

    def hang(self: OutboxFile, rows: Any) -> None:
        is_hanging.set()
        gate.wait(LONG_SECONDS)
        store(self, rows)

    monkeypatch.setattr(OutboxFile, "store", hang)
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visit()
        assert is_hanging.wait(MAX_SECONDS)
        # Not before: the steps until then take their time on a busy machine.
        with monkeypatch.context() as patched:
            patched.setattr(outbox_module, "HANGING_SECONDS", 0.0)
            site.visits(10)
            assert wait_until(lambda: site.counts().get("accepted") == 10)
        gate.set()
        assert wait_until(lambda: site.counts().get("stored") == 1)
    assert "does not answer" in caplog.text


def test_a_file_that_was_deleted_is_made_anew(path: str) -> None:
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visits(3)
        assert wait_until(lambda: site.counts().get("accepted") == 3)
        for ending in ("", "-wal", "-shm"):
            Path(path + ending).unlink(missing_ok=True)
        site.visits(3)
        assert wait_until(lambda: site.counts().get("accepted") == 6)
        assert Path(path).exists()


def test_without_threads_events_wait_in_memory(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "footfall outbox":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visits(5)
        assert wait_until(lambda: site.counts() == {"accepted": 5})
