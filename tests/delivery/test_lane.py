"""Lanes: retries, threads that are killed, the end; and counters that always balance."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from footfall.common.clock import monotonic
from footfall.delivery import Lane, Limits
from footfall.delivery.transport import HTTPXTransport
from footfall.destinations import Collector, Plausible, SQLite
from footfall.errors import NotSent
from footfall.events.hit_report import HitReport
from footfall.model import Event, Outcome, OutcomeKind, Request, Response, Visitor
from footfall.testing import MemoryTransport
from tests.delivery.lanes import (
    PLAUSIBLE,
    Clock,
    counted,
    drained,
    event,
    lane_over,
    without_threads,
)
from tests.support import vendors
from tests.support.faults import Scripted
from tests.support.vendors import vendor, wait_until
from tests.support.waiting import LONG_SECONDS, no_long_wait


def test_an_event_that_was_trimmed_is_counted_once_beside_the_account() -> None:
    lane = lane_over(Scripted(NotSent("refused"), NotSent("refused")))
    lane.offer(replace(event(), url="https://example.com/" + "p" * 3000))
    lane.offer(event(1, "198.51.100.2"))
    assert wait_until(lambda: lane.counters().accepted == 2)
    assert counted(lane) == {"submitted": 2, "accepted": 2, "retried": 2}
    assert lane.trimmed == 1


def test_each_exchange_is_timed_that_of_a_retry_too() -> None:
    clock = Clock()

    class Slow:
        def __init__(self) -> None:
            self.responses = [Response(status=503), Response(status=202, body=b"ok")]

        def send(self, request: Request) -> Response:
            clock.now += 0.3
            return self.responses.pop(0)

    lane = without_threads(Lane(PLAUSIBLE, Slow(), clock=clock, wall_clock=lambda: 0.0))
    lane.offer(event())
    assert lane.stats()["delivery_seconds"]["count"] == 0
    lane.deliver(lane.take())
    clock.now += 20.0  # the retry waits, which is no part of an exchange
    lane.deliver(lane.take())
    found = lane.stats()["delivery_seconds"]
    assert (found["count"], round(found["sum"], 6)) == (2, 0.6)
    assert (found["buckets"]["0.25"], found["buckets"]["0.5"]) == (0, 2)


def test_what_could_not_be_sent_was_no_exchange() -> None:
    class NoRequest(Collector):
        def request(self, event: Event) -> Request:
            raise ValueError("no request")

    lane = without_threads(Lane(NoRequest(domain="a.test"), MemoryTransport()))
    lane.offer(event())
    lane.deliver(lane.take())
    assert counted(lane) == {"submitted": 1, "rejected": 1}
    assert lane.stats()["delivery_seconds"]["count"] == 0


def test_a_retry_draws_no_random_number_that_the_app_has_seeded() -> None:
    lane = Lane(PLAUSIBLE, Scripted(NotSent("refused"), *[Response(status=503)] * 3))
    before = random.getstate()
    lane.offer(*(event(number, f"198.51.100.{number}") for number in range(4)))
    assert wait_until(lambda: lane.counters().retried > 0)
    drained(lane)
    assert random.getstate() == before


@pytest.mark.parametrize(
    "fault", [NotSent("refused"), Response(status=503), Response(status=429)], ids=repr
)
def test_what_surely_was_not_processed_is_sent_again(fault: Response | Exception) -> None:
    transport = Scripted(fault, fault)
    lane = lane_over(transport)
    lane.offer(event())
    assert wait_until(lambda: lane.counters().accepted == 1)
    assert len(transport.requests) == 3
    assert counted(lane) == {"submitted": 1, "accepted": 1, "retried": 2}


def test_a_vendor_that_is_down_costs_each_event_four_tries() -> None:
    transport = Scripted(*[NotSent("refused")] * 4)
    lane = lane_over(transport, max_tries=4)
    lane.offer(event())
    assert wait_until(lambda: lane.counters().failed == 1)
    assert len(transport.requests) == 4


def test_retry_after_is_waited_for() -> None:
    transport = Scripted(Response(status=503, headers={"retry-after": "1"}))
    lane = lane_over(transport)
    started = time.monotonic()
    lane.offer(event())
    assert wait_until(lambda: lane.counters().accepted == 1)
    assert time.monotonic() - started >= 1.0


class Killed(BaseException):
    """What gevent raises in a greenlet that is killed."""


def test_a_thread_that_is_killed_while_it_probes_leaves_nothing_behind() -> None:
    clock, killed = Clock(), threading.Event()

    class Killing:
        def send(self, request: Request) -> Response:
            if killed.is_set():
                return Response(status=202, body=b"ok")
            killed.set()
            raise Killed

    limits = Limits(is_waited_for=True)
    lane = without_threads(Lane(PLAUSIBLE, Killing(), limits, clock=clock, wall_clock=lambda: 0.0))
    lane._breaker.open_for(clock.now, 2.0)
    for number in range(3):
        lane.offer(event(number))
    lane._breaker.expedite()
    lane.pool.reserve(1)
    with pytest.raises(Killed):
        lane.pool._run()
    assert len(lane.pool) == 0
    assert counted(lane) == {"submitted": 3, "queued": 2, "unknown": 1}
    assert lane.breaker_state == "open"
    clock.now += 60.0
    lane._deliver_here(clock.now + 1.0)
    assert counted(lane) == {"submitted": 3, "accepted": 2, "unknown": 1}
    assert {lane.breaker_state} == {"closed"}


def test_one_dead_destination_does_not_slow_another() -> None:
    with vendor(vendors.hanging) as dead, vendor(vendors.answering(vendors.answer())) as alive:
        lanes = []
        transport = HTTPXTransport(timeout_seconds=30)
        for server in (dead, alive):
            destination = Plausible(domain="example.com", endpoint=server.url + "/api/event")
            lanes.append(Lane(destination, transport, Limits(max_connections=1)))
        for number in range(50):
            for lane in lanes:
                lane.offer(event(number, visitor=f"198.51.100.{number}"))
        assert wait_until(lambda: lanes[1].counters().accepted == 50, 20)
        assert lanes[0].counters().queued == 50
        for lane in lanes:
            lane.drain(monotonic())


def test_after_a_burst_every_event_is_counted() -> None:
    with vendor(vendors.slow(0.5, vendors.answer())) as server:
        destination = Plausible(domain="example.com", endpoint=server.url + "/api/event")
        lane = Lane(destination, HTTPXTransport(), Limits(max_events=1000))
        for number in range(3000):
            lane.offer(event(number, visitor=f"198.51.100.{number % 200}"))
        drained(lane, 8.0)
        counters = counted(lane)
        assert counters["submitted"] == 3000
        assert counters["accepted"] > 0
        assert counters["dropped_full"] >= 1900
        max_in_flight = Limits().max_connections
        assert abs(len(server.requests) - counters["accepted"]) <= max_in_flight


def test_a_flood_of_hits_costs_their_details_and_no_event(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    lane = without_threads(Lane(Collector(domain="example.com"), Scripted()))
    reports = [
        HitReport(event=event(number), is_tracked=bool(number % 2), reason="any")
        for number in range(4_000)
    ]
    for start in range(0, 4_000, 50):
        lane.offer_hits(*reports[start : start + 50])
    counters = lane.counters()
    detailed = lane._queue.order.backlog - 1_900
    assert (counters.submitted, counters.dropped_full) == (200 + 1_900, 0)
    assert detailed == 200
    assert caplog.text.count("without their details") == 1


def test_a_destination_may_want_few_reports_a_second() -> None:
    clock = Clock()
    lane = without_threads(Lane(SQLite(path="f.db"), Scripted(), clock=clock))

    def reported(number: int, *, is_tracked: bool = False) -> tuple[int, int]:
        """How many of so many hits are reported, and how many are plain events."""
        items = lane.offer_hits(
            *(
                HitReport(event=event(each), is_tracked=is_tracked, reason="any")
                for each in range(number)
            )
        )
        for item in [*lane._queue.order._queued]:
            lane._queue.order.pop_oldest()
            lane._queue.count(item, "accepted")
        detailed = sum(item.report is not None for item in items)
        return detailed, len(items) - detailed

    assert reported(150) == (150, 0)
    assert reported(150) == (50, 0), "so many at once"
    clock.now += 2.0
    assert reported(100) == (40, 0), "and then twenty a second"
    clock.now += 3_600.0
    assert reported(500) == (200, 0)
    assert reported(80, is_tracked=True) == (50, 30), "those that count have a rate of their own"
    clock.now += 2.0
    assert reported(80, is_tracked=True) == (10, 70)


def test_a_lane_says_before_a_report_is_made_whether_it_would_be_queued(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock()
    lane = without_threads(Lane(SQLite(path="f.db"), Scripted(), clock=clock))
    assert lane.wants_report(is_tracked=True, waiting=49)
    assert not lane.wants_report(is_tracked=True, waiting=50)
    assert not caplog.text, "only details are missing"
    assert lane.wants_report(is_tracked=False, waiting=199)
    assert not lane.wants_report(is_tracked=False, waiting=200)
    assert "the others are left out" in caplog.text
    lane.offer_hits(*(event(number) for number in range(200)))
    assert not lane.wants_report(is_tracked=False, waiting=0), "as many wait"


def test_draining_keeps_its_deadline() -> None:
    with vendor(vendors.hanging) as server:
        destination = Plausible(domain="example.com", endpoint=server.url + "/api/event")
        lane = Lane(destination, HTTPXTransport(timeout_seconds=LONG_SECONDS))
        for number in range(20):
            lane.offer(event(number, visitor=f"198.51.100.{number}"))
        with no_long_wait():
            assert not drained(lane, 1.0)
        assert counted(lane) == {"submitted": 20, "lost_at_exit": 20}


def test_draining_does_not_wait_for_a_vendor_that_refuses() -> None:
    lane = lane_over(Scripted(*[NotSent("refused")] * 1000))
    for number in range(100):
        lane.offer(event(number, visitor=f"198.51.100.{number}"))
    with no_long_wait():
        drained(lane, LONG_SECONDS)
    counters = counted(lane)
    assert counters.get("failed", 0) + counters.get("lost_at_exit", 0) == 100


def test_a_lane_works_on_after_draining() -> None:
    transport = Scripted()
    lane = lane_over(transport)
    for _ in range(3):
        lane.offer(event())
        assert drained(lane)
    assert counted(lane) == {"submitted": 3, "accepted": 3}


def test_45_after_it_was_closed_a_lane_keeps_its_thread_again() -> None:
    lane = lane_over(Scripted())
    lane.close()
    lane.offer(event())
    assert wait_until(lambda: counted(lane) == {"submitted": 1, "accepted": 1})
    assert not wait_until(lambda: not len(lane.pool), 0.2)


def test_without_threads_draining_uses_the_calling_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    lane = lane_over(Scripted(NotSent("refused")))
    for number in range(5):
        lane.offer(event(number))
    assert drained(lane) is False or counted(lane).get("failed") == 1
    assert counted(lane) == {"submitted": 5, "accepted": 4, "failed": 1}


def test_a_child_forgets_what_its_parent_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    # A child has none of its parent's threads.
    monkeypatch.setattr(threading.Thread, "start", lambda self: None)
    lane = lane_over(Scripted())
    lane.offer(event())
    lane.reset_after_fork()
    assert counted(lane) == {}
    lane.offer(event())
    assert counted(lane)["submitted"] == 1


def test_what_was_taken_before_a_fork_is_not_counted_in_the_child() -> None:
    # Under gevent a child has a copy of the greenlet that was sending.
    lane = without_threads(lane_over(Scripted()))
    lane.offer(event())
    batch = lane.take()
    assert batch
    lane.reset_after_fork()
    lane.deliver(batch)
    assert counted(lane) == {}


class Keeping:
    """An outbox; before it takes what was not sent, the response to the event in flight comes."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._meanwhile = meanwhile

    def __call__(self, lane: Lane, items: Any) -> int:
        self._meanwhile()
        lane.count_admitted(items, "stored")
        return 0


@pytest.mark.parametrize(
    "kind", [OutcomeKind.ACCEPTED, OutcomeKind.RETRY], ids=["accepted", "to be tried again"]
)
def test_a_response_at_the_last_moment_ends_no_event_twice(kind: OutcomeKind) -> None:
    lane = without_threads(Lane(PLAUSIBLE, MemoryTransport()))
    event = Event(url="https://example.com/", visitor=Visitor(client_ip="203.0.113.9"), time=9e9)
    lane.enqueue_stored([(event, "row")])
    batch = lane.take()
    assert batch
    lane.on_unsent = Keeping(lambda: lane.finish(batch, [Outcome(kind=kind)]))
    assert lane.wait(0.0)
    counters = lane.counters()
    assert counters.in_balance
    assert (counters.stored, counters.queued, lane.capacity(10)) == (1, 0, 10)
    lane.expedite()
    assert not lane.take(), "what was stored is sent, too"
