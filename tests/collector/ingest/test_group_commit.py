"""Answers that wait for the commit of their events."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from footfall.collector import Store
from footfall.collector.ingest import group_commit
from footfall.collector.ingest.group_commit import GroupCommit
from footfall.collector.storage import database, write_sql, writer_thread
from footfall.collector.storage.stored_events import EventSearch
from footfall.collector.storage.writer_thread import PendingWrite
from tests.collector.support import incoming_event, until
from tests.support.waiting import LONG_SECONDS, no_long_wait


def test_answers_wait_for_the_commit_in_any_loop() -> None:
    with closing(Store()) as store:
        commits = GroupCommit(store)

        async def offer() -> int:
            assert await commits.write(PendingWrite([incoming_event()]))
            return store.count(EventSearch())

        # The first loop has ended when the second event is written.
        assert [asyncio.run(offer()), asyncio.run(offer())] == [1, 2]


def test_events_are_withdrawn_that_cannot_be_written_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", LONG_SECONDS)
    monkeypatch.setattr(group_commit, "_MAX_WAIT_SECONDS", 0.01)
    file = tmp_path / "events.sqlite3"
    with closing(Store(file)) as store, closing(sqlite3.connect(file)) as other:
        store.flush()
        other.execute("BEGIN IMMEDIATE")
        with no_long_wait():
            is_written = asyncio.run(GroupCommit(store).write(PendingWrite([incoming_event()])))
        other.rollback()
        assert store.flush()
        assert (is_written, store.count(EventSearch())) == (False, 0)
    # Their sender knows.
    assert store.close() == 0


def test_events_that_are_being_written_wait_for_their_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "_MAX_WAIT_SECONDS", 0.01)
    with closing(Store(tmp_path / "events.sqlite3")) as store:
        store.flush()
        held, go_on = threading.Event(), threading.Event()
        insert = write_sql.insert

        def hold(*args: Any) -> list[int]:
            held.set()
            go_on.wait(LONG_SECONDS)
            return insert(*args)

        monkeypatch.setattr(write_sql, "insert", hold)

        async def offer() -> bool:
            written = asyncio.create_task(
                GroupCommit(store).write(PendingWrite([incoming_event()]))
            )
            await asyncio.to_thread(held.wait, LONG_SECONDS)
            # The time is up, and they can no longer be withdrawn.
            await asyncio.sleep(0.05)
            assert not written.done()
            go_on.set()
            return await written

        assert asyncio.run(offer())
        assert store.count(EventSearch()) == 1


def test_events_of_a_failed_commit_are_refused_and_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_thread, "_RETRY_SECONDS", 0.01)
    with closing(Store(tmp_path / "events.sqlite3")) as store:
        store.flush()
        commits = GroupCommit(store)
        request = PendingWrite([incoming_event(path="/" + "x" * 9_000)])
        limit = store._database.writer.execute("PRAGMA page_count").fetchone()[0]
        store._database.writer.execute(f"PRAGMA max_page_count = {limit}")
        refused = [asyncio.run(commits.write(request)) for _ in "ab"]
        store._database.writer.execute("PRAGMA max_page_count = 1000000")
        until(lambda: store.write_error is None)
        assert store.flush()
        assert (refused, store.count(EventSearch())) == ([False, False], 0)
        assert asyncio.run(commits.write(request))
        assert store.count(EventSearch()) == 1


def test_an_event_that_can_never_be_stored_is_refused() -> None:
    with closing(Store()) as store:
        commits = GroupCommit(store)
        bad = PendingWrite([incoming_event("half a pair \udcff")])
        assert not asyncio.run(commits.write(bad))
        assert asyncio.run(commits.write(PendingWrite([incoming_event()])))
        assert store.count(EventSearch()) == 1


def test_requests_of_one_loop_iteration_share_a_commit() -> None:
    with closing(Store()) as store:
        store.flush()
        commits = GroupCommit(store)
        processed: list[int] = []
        store.subscribe(lambda: processed.append(store.processed))

        async def offer_many() -> list[bool]:
            requests = [PendingWrite([incoming_event(str(number))]) for number in range(20)]
            return await asyncio.gather(*map(commits.write, requests))

        assert asyncio.run(offer_many()) == [True] * 20
        assert processed == [20]


def test_a_request_of_the_next_iteration_shares_it_too() -> None:
    with closing(Store()) as store:
        store.flush()
        commits = GroupCommit(store)
        processed: list[int] = []
        store.subscribe(lambda: processed.append(store.processed))

        async def offer_later() -> bool:
            await asyncio.sleep(0)
            return await commits.write(PendingWrite([incoming_event("later")]))

        async def offer_both() -> None:
            await asyncio.gather(commits.write(PendingWrite([incoming_event()])), offer_later())

        asyncio.run(offer_both())
        assert processed == [2]


def test_requests_are_refused_where_the_queue_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_thread, "_MAX_QUEUED", 0)
    with closing(Store()) as store:
        commits = GroupCommit(store)

        async def offer_two() -> list[bool]:
            return await asyncio.gather(
                *(commits.write(PendingWrite([incoming_event()])) for _ in "ab")
            )

        assert asyncio.run(offer_two()) == [False, False]


def test_the_loop_goes_on_while_the_file_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "_BLOCK_SECONDS", 0.001)
    file = tmp_path / "events.sqlite3"
    with closing(Store(file)) as store, closing(sqlite3.connect(file)) as other:
        store.flush()
        other.execute("BEGIN IMMEDIATE")
        commits = GroupCommit(store)

        async def offer_in_turns() -> list[bool]:
            first = asyncio.create_task(commits.write(PendingWrite([incoming_event("first")])))
            await asyncio.sleep(0.01)
            given_up = asyncio.create_task(
                commits.write(PendingWrite([incoming_event("given up")]))
            )
            second = asyncio.create_task(commits.write(PendingWrite([incoming_event("second")])))
            await asyncio.sleep(0.01)
            assert not first.done()
            assert not second.done()
            # Its sender disconnected; the event was queued all the same.
            given_up.cancel()
            other.rollback()
            return [await first, await asyncio.wait_for(second, 10)]

        assert asyncio.run(offer_in_turns()) == [True, True]
        assert store.count(EventSearch()) == 3
