"""Another process locks the file: events are refused, and refused ones are never written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from footfall.collector import CollectorServer
from footfall.collector.storage.stored_events import EventSearch
from tests.collector.durability.support import (
    ENDPOINTS,
    Running,
    collector_process,
    is_refused,
    kill,
    post,
    stop,
    until_writable,
    written,
)
from tests.collector.support import PID

LOCKS = ("BEGIN IMMEDIATE", "BEGIN EXCLUSIVE")


@contextmanager
def locked(running: Running, lock: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """Lock the file as another process does that writes."""
    with closing(sqlite3.connect(running.file, isolation_level=None)) as other:
        other.execute(lock)
        yield
        other.execute("ROLLBACK")


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_answered_while_the_file_is_locked_survives_a_kill(
    tmp_path: Path, lock: str
) -> None:
    answered: list[str] = []
    refused: list[str] = []
    with collector_process(tmp_path / "events.sqlite3") as running:
        assert not is_refused(post(running, "/before"))
        with locked(running, lock):
            for endpoint in ENDPOINTS:
                path = f"/{endpoint}"
                (refused if is_refused(post(running, path, endpoint)) else answered).append(path)
            kill(running)
    assert written(running.file) == {"/before": 1} | dict.fromkeys(answered, 1)
    assert refused == [f"/{endpoint}" for endpoint in ENDPOINTS]


@pytest.mark.long
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_refused_event_is_written_once_by_its_retry(tmp_path: Path, endpoint: str) -> None:
    with collector_process(tmp_path / "events.sqlite3") as running:
        assert not is_refused(post(running, "/before"))
        with locked(running):
            assert is_refused(post(running, "/refused", endpoint))
            assert is_refused(post(running, "/given-up", endpoint))
        until_writable(running)
        assert not is_refused(post(running, "/refused", endpoint))
        assert stop(running)[0] == 0
    assert written(running.file) == {"/before": 1, "/refused": 1}


def test_changes_are_refused_while_the_file_is_locked(tmp_path: Path) -> None:
    site = {"domain": "a.test"}
    with collector_process(tmp_path / "events.sqlite3") as running:
        assert not is_refused(post(running, "/before"))
        with locked(running):
            assert is_refused(running.http.delete("/api/v1/events"))
            assert is_refused(running.http.post("/api/v1/sites", json=site))
        until_writable(running)
        assert running.http.post("/api/v1/sites", json=site).status_code == 200
    assert written(running.file) == {"/before": 1}


def test_a_retry_counts_as_the_event_itself_would(tmp_path: Path) -> None:
    with collector_process(tmp_path / "events.sqlite3") as running:

        def answers() -> list[int]:
            unique = [
                ("/log", {"pid": PID, "pg": "/", "unique": True}),
                ("/log/custom", {"pid": PID, "ev": "Signup", "unique": True}),
            ]
            posted = [running.http.post(path, json=body) for path, body in unique]
            return [each.status_code for each in [*posted, post(running, "/")]]

        with locked(running):
            assert answers() == [503] * 3
        until_writable(running)
        # Without a session there is nothing to extend.
        assert running.http.post("/log/hb", json={"pid": PID}).status_code == 403
        assert answers() == [201, 201, 202]
        assert answers() == [403, 403, 202]
        figures = {
            domain: running.http.get("/api/v1/stats", params={"domain": domain}).json()
            for domain in (PID, "a.test")
        }
    counted = ("visitors", "visits", "pageviews", "events")
    assert [figures[PID][name] for name in counted] == [1, 1, 1, 1]
    assert [figures["a.test"][name] for name in counted] == [1, 1, 2, 0]


@pytest.mark.long
def test_only_written_events_are_forwarded(tmp_path: Path) -> None:
    with CollectorServer() as vendor:
        line = f"plausible+{vendor.url}/a.test"
        with collector_process(tmp_path / "events.sqlite3", "--forward", line) as running:
            assert not is_refused(post(running, "/before"))
            with locked(running):
                assert is_refused(post(running, "/refused"))
                assert is_refused(post(running, "/given-up"))
            until_writable(running)
            assert not is_refused(post(running, "/refused"))
            # It delivers what waits.
            assert stop(running)[0] == 0
        assert vendor.store.flush()
        forwarded = [event.path for event in vendor.store.search(EventSearch()).events]
    assert sorted(forwarded, key=str) == ["/before", "/refused"]
