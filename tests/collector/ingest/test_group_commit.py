"""Answers that wait for the commit of their events."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from footfall.collector import Store
from footfall.collector.ingest import group_commit
from footfall.collector.ingest.group_commit import GroupCommit
from footfall.collector.storage import writer_thread
from footfall.collector.storage.stored_events import EventSearch
from footfall.collector.storage.writer_thread import PendingWrite
from tests.collector.support import incoming_event


def test_answers_wait_for_the_commit_in_any_loop() -> None:
    with closing(Store()) as store:
        commits = GroupCommit(store)

        async def offer() -> int:
            assert await commits.write(PendingWrite([incoming_event()]))
            return store.count(EventSearch())

        # The first loop has ended when the second event is written.
        assert [asyncio.run(offer()), asyncio.run(offer())] == [1, 2]


def test_an_answer_waits_no_longer_than_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "_MAX_WAIT_SECONDS", 0.01)
    file = tmp_path / "events.sqlite3"
    with closing(Store(file)) as store, closing(sqlite3.connect(file)) as other:
        store.flush()
        other.execute("BEGIN IMMEDIATE")

        async def offer() -> int:
            assert await GroupCommit(store).write(PendingWrite([incoming_event()]))
            return store.count(EventSearch())

        assert asyncio.run(offer()) == 0
        other.rollback()
        assert store.flush()
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
