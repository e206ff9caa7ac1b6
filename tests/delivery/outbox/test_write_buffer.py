"""The buffer of events that are about to be written into the file."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import replace
from typing import Any

import pytest

from footfall.delivery import Item, Lane
from footfall.delivery.outbox.sqlite_file import OutboxFile
from footfall.delivery.outbox.write_buffer import BATCH, WriteBuffer
from tests.delivery.lanes import PLAUSIBLE, counted, lane_over, without_threads
from tests.delivery.outbox.files import made, rows_in
from tests.support.faults import Scripted


@pytest.fixture
def lane() -> Lane:
    return without_threads(lane_over(Scripted()))


def admitted(lane: Lane, number: int) -> list[Item]:
    return lane.admit(made(each, time.time()) for each in range(number))


def test_all_are_written_in_several_commits_and_counted(lane: Lane, path: str) -> None:
    buffer = WriteBuffer()
    buffer.add(lane, admitted(lane, BATCH + 1))
    file = OutboxFile(path)
    buffer.write_to(file)
    file.close()
    assert (len(buffer), rows_in(path)) == (0, BATCH + 1)
    assert counted(lane) == {"submitted": BATCH + 1, "stored": BATCH + 1}


def test_an_event_that_no_lane_would_queue_is_counted_and_not_written(
    lane: Lane, path: str
) -> None:
    buffer = WriteBuffer()
    invalid = replace(made(1, time.time()), time="now")  # type: ignore[arg-type]  # by a hook
    buffer.add(lane, lane.admit([invalid, made(2, time.time())]))
    file = OutboxFile(path)
    buffer.write_to(file)
    file.close()
    assert rows_in(path) == 1
    assert counted(lane) == {"submitted": 2, "failed": 1, "stored": 1}


def test_what_could_not_be_written_stays_in_its_order(
    lane: Lane, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(file: OutboxFile, rows: Any) -> None:
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setattr(OutboxFile, "store", fail)
    buffer = WriteBuffer()
    items = admitted(lane, 3)
    buffer.add(lane, items)
    file = OutboxFile(path)
    with pytest.raises(sqlite3.OperationalError):
        buffer.write_to(file)
    file.close()
    assert (len(buffer), counted(lane)) == (3, {"submitted": 3, "queued": 3})
    buffer.return_to_lanes()
    assert lane.take() == items[:1]


def test_the_oldest_of_too_many_are_dropped(lane: Lane) -> None:
    buffer = WriteBuffer(max_items=5)
    items = admitted(lane, 7)
    buffer.add(lane, items)
    assert counted(lane) == {"submitted": 7, "queued": 5, "dropped_full": 2}
    assert [item.is_counted for item in items] == [True] * 2 + [False] * 5


def test_what_is_returned_is_sent_by_its_own_lane(lane: Lane) -> None:
    other = without_threads(Lane(PLAUSIBLE, Scripted()))
    buffer = WriteBuffer()
    buffer.add(lane, admitted(lane, 2))
    buffer.add(other, admitted(other, 1))
    buffer.return_to_lanes()
    assert (len(buffer), lane.capacity(10), other.capacity(10)) == (0, 8, 9)


def test_what_is_lost_is_counted(lane: Lane) -> None:
    buffer = WriteBuffer()
    buffer.add(lane, admitted(lane, 4))
    assert (buffer.drop("lost_at_exit"), len(buffer)) == (4, 0)
    assert counted(lane) == {"submitted": 4, "lost_at_exit": 4}
