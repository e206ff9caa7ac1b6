"""The threads of a lane: when they start, how many there are, and when they end."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from footfall.delivery import Lane, Limits, worker_pool
from footfall.delivery.pace import MAX_UNANSWERED
from footfall.model import Event, Request, Response, Visitor
from tests.delivery.lanes import PLAUSIBLE, counted, drained, event, lane_over
from tests.support.faults import Scripted
from tests.support.vendors import wait_until
from tests.support.waiting import LONG_SECONDS


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
    pool = lane.pool
    numbers = itertools.count()

    def offer_one() -> bool:
        number = next(numbers)
        return bool(lane.offer(event(number, visitor=f"198.51.100.{number}")))

    assert wait_until(lambda: offer_one() and len(pool) == 4)
    pause = 0.0
    assert wait_until(lambda: lane.counters().queued == 0)
    monkeypatch.setattr(worker_pool, "IDLE_SECONDS", 0.2)
    assert wait_until(lambda: offer_one() and len(pool) == 1)
    assert not wait_until(lambda: offer_one() and len(pool) == 0, 0.5)
    assert drained(lane)
    assert set(counted(lane)) == {"submitted", "accepted"}


def test_idle_threads_of_many_lanes_do_not_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    # Those that other tests left may be among the three.
    monkeypatch.setattr(worker_pool, "MAX_IDLE_THREADS", 3)
    monkeypatch.setattr(worker_pool, "IDLE_SECONDS", LONG_SECONDS)
    lanes = [lane_over(Scripted()) for _ in range(40)]
    for number, lane in enumerate(lanes):
        lane.offer(event(number))
    assert all(drained(lane) for lane in lanes)
    assert wait_until(lambda: sum(len(lane.pool) for lane in lanes) <= 3)
    for number, lane in enumerate(lanes):
        lane.offer(event(number))
    assert all(drained(lane) for lane in lanes)
    assert {lane.counters().accepted for lane in lanes} == {2}
    for lane in lanes:
        lane.close()
    assert wait_until(lambda: not any(len(lane.pool) for lane in lanes))


def test_no_thread_is_there_before_the_first_event() -> None:
    before = {*threading.enumerate()}
    lane = lane_over(Scripted())
    assert {*threading.enumerate()} <= before
    assert repr(lane) == f"Lane({PLAUSIBLE.name!r}, queued=0)"


def test_a_thread_stays_while_something_waits_for_its_next_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_pool, "IDLE_SECONDS", 0.05)
    limits = Limits()
    lane = Lane(PLAUSIBLE, Scripted(Response(status=429)), limits, jitter=lambda low, high: high)
    lane.offer(Event(url="https://example.com/", visitor=Visitor(), time=time.time()))
    assert wait_until(lambda: lane.counters().accepted == 1, 8)
    assert wait_until(lambda: len(lane.pool) == 0), "it ends when nothing waits"


class Held:
    """A transport whose exchanges last until they are released."""

    def __init__(self) -> None:
        self.running = 0
        self.is_released = threading.Event()

    def send(self, request: Request) -> Response:
        self.running += 1
        self.is_released.wait(60)
        return Response(status=202, body=b"ok")


def offer(lane: Lane, number: int) -> None:
    visitors = (f"2001:db8::{each:x}" for each in range(1, number + 1))
    lane.offer(*(event(each, visitor) for each, visitor in enumerate(visitors)))


def test_a_vendor_that_has_not_answered_gets_few_requests_at_a_time() -> None:
    transport = Held()
    lane = lane_over(transport, max_connections=32)
    offer(lane, 200)
    assert wait_until(lambda: lane.poll() and transport.running == MAX_UNANSWERED)
    assert not wait_until(lambda: lane.poll() and transport.running > MAX_UNANSWERED, 0.3)
    transport.is_released.set()
    assert drained(lane)


def test_where_requests_wait_each_event_has_a_thread() -> None:
    transport = Held()
    lane = lane_over(transport, max_connections=20, is_waited_for=True)
    for number in range(30):
        lane.offer(event(number, f"198.51.100.{number}"))
    assert wait_until(lambda: transport.running == 20)
    assert len(lane.pool) == 20
    transport.is_released.set()
    assert drained(lane)


def test_the_thread_that_worked_last_is_called_first() -> None:
    threads: list[int] = []

    class Fast:
        def send(self, request: Request) -> Response:
            threads.append(threading.get_ident())
            return Response(status=202, body=b"ok")

    lane = lane_over(Fast())
    with lane._lock:
        number = lane.pool.reserve(3)
    lane.pool.start(number)
    assert wait_until(lambda: len(lane.pool._idle) == 3)
    for number in range(9):
        lane.offer(event(number, f"198.51.100.{number}"))
        assert wait_until(lambda: len(lane.pool._idle) == 3)
    assert len(set(threads)) == 1


def test_a_thread_that_cannot_start_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    lane = lane_over(Scripted())
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        lane.offer(event())
    assert (len(lane.pool), counted(lane)) == (0, {"submitted": 1, "queued": 1})
    assert lane.poll()
    assert wait_until(lambda: counted(lane) == {"submitted": 1, "accepted": 1})
