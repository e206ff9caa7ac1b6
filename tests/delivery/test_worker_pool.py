"""The threads of a lane: when they start, how many there are, and when they end."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from footfall.delivery import Lane, Limits, worker_pool
from footfall.delivery.worker_pool import WorkerPool
from footfall.model import Event, Request, Response, Visitor
from tests.delivery.lanes import PLAUSIBLE, counted, drained, event, lane_over
from tests.support.faults import Scripted
from tests.support.vendors import wait_until


def test_threads_start_with_the_backlog_and_no_more_than_allowed() -> None:
    active: set[int] = set()

    class Slow:
        def send(self, request: Request) -> Response:
            active.add(threading.get_ident())
            time.sleep(0.05)
            return Response(status=202)

    lane = lane_over(Slow(), max_connections=4)
    for number in range(120):
        lane.offer(event(number, visitor=f"198.51.100.{number}"))
        time.sleep(0.005)
    assert drained(lane, 20)
    assert len(active) == 4


def test_a_pool_whose_work_one_thread_can_do_shrinks_to_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pause = 0.05

    class Slow:
        def send(self, request: Request) -> Response:
            time.sleep(pause)
            return Response(status=202)

    lane = lane_over(Slow(), max_connections=4)
    pool = lane._pool
    numbers = itertools.count()

    def offer_one() -> bool:
        number = next(numbers)
        return bool(lane.offer(event(number, visitor=f"198.51.100.{number}")))

    assert wait_until(lambda: offer_one() and len(pool) == 4)
    pause = 0.0
    assert wait_until(lambda: lane.counters().queued == 0)
    monkeypatch.setattr(worker_pool, "IDLE_SECONDS", 0.2)
    # The next event wakes the thread that has waited longest, so that none of them is ever idle.
    assert wait_until(lambda: offer_one() and len(pool) == 1)
    assert not wait_until(lambda: offer_one() and len(pool) == 0, 0.5)
    assert drained(lane)
    assert set(counted(lane)) == {"submitted", "accepted"}


def test_no_thread_is_there_before_the_first_event() -> None:
    before = threading.active_count()
    lane = lane_over(Scripted())
    assert threading.active_count() == before
    assert repr(lane) == f"Lane({PLAUSIBLE.name!r}, queued=0)"


def test_a_thread_stays_while_something_waits_for_its_next_try() -> None:
    limits = Limits()
    lane = Lane(PLAUSIBLE, Scripted(Response(status=429)), limits, jitter=lambda low, high: high)
    take = lane._take
    lane._take = lambda _, token=None: take(0.05, token)  # type: ignore[method-assign,assignment]
    lane.offer(Event(url="https://example.com/", visitor=Visitor(), time=time.time()))
    assert wait_until(lambda: lane.counters().accepted == 1, 8)


def test_one_more_thread_starts_once_the_backlog_has_lasted() -> None:
    pool = WorkerPool(lambda token: None, "test", Limits(max_connections=2), end=int)
    assert pool.reserve(1, 0, 0.0, may_grow=True) is not None
    assert pool.reserve(3, 1, 1.0, may_grow=True) is None
    assert pool.reserve(3, 1, 1.1, may_grow=True) is None, "not long enough"
    assert pool.reserve(3, 1, 1.3, may_grow=False) is None, "not allowed"
    assert pool.reserve(3, 1, 1.3, may_grow=True) is not None
    assert pool.reserve(9, 2, 1.4, may_grow=True) is None
    assert pool.reserve(9, 2, 9.9, may_grow=True) is None, "two connections are the limit"
    assert len(pool) == 2


def test_where_requests_wait_each_event_has_a_thread() -> None:
    pool = WorkerPool(
        lambda token: None, "test", Limits(max_connections=2, is_waited_for=True), end=int
    )
    tokens = [pool.reserve(each + 1, each, 0.0, may_grow=True) for each in range(3)]
    assert [token is not None for token in tokens] == [True, True, False]
    pool.release(tokens[0])
    assert len(pool) == 1
