"""The writer thread: order, listeners, full disks and full queues."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from footfall.collector.storage import database, write_sql, writer_thread
from footfall.collector.storage.retention import Retention
from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import EventSearch
from footfall.collector.storage.writer_thread import PendingWrite, WriteGroup
from tests.collector.storage.support import enqueue, names
from tests.collector.support import incoming_event, until
from tests.support.waiting import LONG_SECONDS, no_long_wait


def test_many_events_are_written_in_order(store: Store) -> None:
    for number in range(1_700):
        enqueue(store, [incoming_event(str(number))])
    assert names(store, EventSearch(limit=2_000)) == [str(number) for number in range(1_700)]


def test_listeners_are_called_after_each_change_until_they_unsubscribe(store: Store) -> None:
    heard: list[int] = []
    leave = store.subscribe(lambda: heard.append(store.count(EventSearch())))
    enqueue(store, [incoming_event()])
    store.flush()
    store.clear()
    leave()
    enqueue(store, [incoming_event()])
    store.flush()
    assert heard == [1, 0]


def test_a_full_disk_refuses_events(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_thread, "_RETRY_SECONDS", 0.01)
    caplog.set_level(logging.INFO, "footfall.collector")
    with closing(Store(tmp_path / "events.sqlite3")) as store:
        assert store.flush()
        limit = store._database.writer.execute("PRAGMA page_count").fetchone()[0]
        store._database.writer.execute(f"PRAGMA max_page_count = {limit}")
        group = WriteGroup([PendingWrite([incoming_event("first", path="/" + "x" * 9_000)])])
        assert store.enqueue(group)
        until(lambda: store.write_error is not None)
        until(lambda: group.is_written is False)
        assert "full" in str(store.write_error)
        assert str(store.write_error) in repr(store)
        assert not enqueue(store, [incoming_event("second")])
        store._database.writer.execute("PRAGMA max_page_count = 1000000")
        until(lambda: store.write_error is None)
        # Its sender was refused, and tries it again.
        assert names(store) == []
        assert enqueue(store, [incoming_event("again")])
        assert names(store) == ["again"]
    levels = [record.levelname for record in caplog.records]
    assert levels == ["ERROR", "WARNING"]


def test_a_writer_that_hangs_does_not_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", LONG_SECONDS)
    store = Store(tmp_path / "events.sqlite3")
    assert store.flush()
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        enqueue(store, [incoming_event()])
        until(lambda: store._writer._queue.empty())
        enqueue(store, [incoming_event()])
        # The one in hand, and the one behind it.
        with no_long_wait():
            assert store.close(0.1) == 2
        other.execute("ROLLBACK")
    until(lambda: not store._writer.is_running)
    store._database.close()


def test_only_events_that_cannot_be_stored_are_refused(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    enqueue(store, [incoming_event("half a pair \udcff")])
    store.flush()
    enqueue(store, [incoming_event("good")])
    assert names(store) == ["good"]
    assert (store.close(), store.write_error) == (0, None)
    assert "1 events cannot be stored and are refused" in caplog.text


def test_a_full_queue_refuses_events(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_thread, "_MAX_QUEUED", 0)
    assert not enqueue(store, [incoming_event()])


def test_a_failed_clear_raises(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> int:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(write_sql, "delete_all", fail)
    with pytest.raises(sqlite3.OperationalError):
        store.clear()


def test_a_defect_of_ours_refuses_the_events_that_met_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object) -> list[int]:
        raise TypeError("a defect")

    group = WriteGroup([PendingWrite([incoming_event("refused")])])
    with monkeypatch.context() as patch:
        patch.setattr(write_sql, "insert", fail)
        patch.setattr(write_sql, "delete_all", fail)
        assert store.enqueue(group)
        until(lambda: group.is_written is not None)
        with pytest.raises(TypeError):
            store.clear()
    enqueue(store, [incoming_event("good")])
    assert names(store) == ["good"]
    assert (group.is_written, store.write_error) == (False, None)
    assert "a defect" in caplog.text


def test_a_thread_that_ended_is_a_write_error(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object) -> None:
        raise TypeError("a defect")

    assert store.flush()
    monkeypatch.setattr(Retention, "step", fail)
    enqueue(store, [incoming_event()])
    until(lambda: store.write_error is not None)
    assert not enqueue(store, [incoming_event()])
    assert "a defect" in caplog.text
