"""What a drainer takes from its source, and what it tells it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from footfall.common.log import ThrottledLog
from footfall.delivery.drainer import PURGE_SECONDS, Drainer, StoredLine
from footfall.events.json import to_json
from tests.delivery.lanes import PLAUSIBLE, counted, drained, event, lane_over, without_threads
from tests.support.faults import Scripted
from tests.support.vendors import wait_until


class MemorySource:
    """Lines in a list; a row is the index of one."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.waiting = [StoredLine(line, row) for row, line in enumerate(lines)]
        self.finished: list[Any] = []
        self.purged = 0

    def take(self, name: str, number: int) -> Sequence[StoredLine]:
        taken, self.waiting = self.waiting[:number], self.waiting[number:]
        return taken

    def finish(self, rows: Sequence[Any]) -> None:
        self.finished += rows

    def purge(self) -> Iterable[tuple[str, str, int]]:
        self.purged += 1
        return [("plausible", "expired", 2), ("gone", "expired", 3)]


def test_a_lane_gets_what_it_has_capacity_for_and_the_source_learns_what_ended() -> None:
    lane, name = lane_over(Scripted()), PLAUSIBLE.name
    drainer = Drainer({name: lane}, log=ThrottledLog(), window=3)
    source = MemorySource([to_json(event(number)) for number in range(5)])
    assert drainer.step(source, 0.0)
    assert len(source.waiting) == 2
    assert wait_until(lambda: drainer.step(source, 0.0) or not source.waiting)
    assert drained(lane)
    drainer.finish_done(source)
    assert sorted(source.finished) == [0, 1, 2, 3, 4]
    assert counted(lane) == {"taken": 5, "accepted": 5}


def test_a_line_that_cannot_be_read_is_counted_and_forgotten() -> None:
    lane = lane_over(Scripted())
    source = MemorySource(["no JSON", to_json(event())])
    drainer = Drainer({PLAUSIBLE.name: lane}, log=ThrottledLog())
    assert drainer.step(source, 0.0)
    assert drained(lane)
    assert source.finished == [0]
    assert counted(lane) == {"taken": 2, "accepted": 1, "failed": 1}


def test_several_destinations_get_the_event_of_a_line_that_is_decoded_once() -> None:
    lanes = {name: without_threads(lane_over(Scripted())) for name in ("one", "other")}
    lines = [to_json(event(0, visitor)) for visitor in ("198.51.100.1", "198.51.100.2")]
    Drainer(lanes, log=ThrottledLog(), window=2).step(MemorySource(lines * 2), 0.0)
    ones, others = ([*lane.take(), *lane.take()] for lane in lanes.values())
    assert [to_json(item.event) for item in ones] == lines
    assert all(one.event is other.event for one, other in zip(ones, others, strict=True))


def test_a_time_of_another_clock_is_corrected() -> None:
    lane = without_threads(lane_over(Scripted()))
    source = MemorySource([])
    source.waiting = [StoredLine(to_json(event()), ahead_seconds=5.0)]
    made_at = time.time()
    Drainer({PLAUSIBLE.name: lane}, log=ThrottledLog()).step(source, 0.0)
    [item] = lane.take()
    assert 4.0 < item.event.time - made_at < 6.0


def test_while_it_does_not_feed_it_only_drops_what_is_old() -> None:
    lane = lane_over(Scripted())
    source = MemorySource([to_json(event())])
    drainer = Drainer({"plausible": lane}, log=ThrottledLog())
    drainer.is_feeding = False
    assert not drainer.step(source, 0.0)
    assert not drainer.step(source, PURGE_SECONDS / 2)
    assert (len(source.waiting), source.purged) == (1, 1)
    assert (counted(lane), drainer.orphaned) == ({"taken": 2, "expired": 2}, 3)
