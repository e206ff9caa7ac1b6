"""Lanes: bounds, order, retries, the breaker, the end; and an account that always closes."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import defaultdict
from dataclasses import replace

import pytest

from footfall.common.clock import monotonic
from footfall.common.log import ThrottledLog
from footfall.delivery import Counters, Lane, Limits
from footfall.delivery import worker_pool as crew_room
from footfall.delivery.lane import MAX_BUILT_AHEAD
from footfall.delivery.transport import HTTPXTransport
from footfall.destinations import Plausible, Swetrix
from footfall.errors import Ambiguous, NotSent
from footfall.model import Event, Request, Response, Visitor
from tests.support import vendors
from tests.support.faults import Scripted
from tests.support.vendors import vendor, wait_until

PLAUSIBLE = Plausible(domain="example.com", endpoint="http://127.0.0.1:9/api/event")


def event(number: int = 0, visitor: str = "198.51.100.1") -> Event:
    return Event(
        url=f"https://example.com/{number}",
        visitor=Visitor(client_ip=visitor, user_agent="Mozilla/5.0 (X11; Linux x86_64)"),
        time=time.time(),
    )


def lane_over(transport: object, **options: object) -> Lane:
    limits = Limits(**options)  # type: ignore[arg-type]  # a table of numbers
    return Lane(PLAUSIBLE, transport, limits, jitter=lambda low, high: 0.0)  # type: ignore[arg-type]


def ends(lane: Lane) -> dict[str, int]:
    """The counters that are not zero."""
    counts = lane.counters()
    assert counts.in_balance, counts
    return {
        name: getattr(counts, name)
        for name in Counters.__dataclass_fields__
        if getattr(counts, name)
    }


def drained(lane: Lane, seconds: float = 5.0) -> bool:
    return lane.drain(monotonic() + seconds)


ANSWERS = {
    "accepted": (Response(status=202, body=b"ok"), "accepted"),
    "dropped": (Response(status=202, headers={"x-plausible-dropped": "1"}), "dropped_by_vendor"),
    "invalid": (Response(status=400, body=b'{"errors":{"url":["is required"]}}'), "rejected"),
    "server error": (Response(status=500), "unknown"),
    "late answer": (Ambiguous("no answer within 5 s"), "unknown"),
    "a transport that breaks": (ZeroDivisionError("oops"), "rejected"),
}


def test_an_event_that_was_cut_is_counted_once_beside_the_account() -> None:
    lane = lane_over(Scripted(NotSent("refused"), NotSent("refused")))
    lane.offer(replace(event(), url="https://example.com/" + "p" * 3000))
    lane.offer(event(1, "198.51.100.2"))
    assert wait_until(lambda: lane.counters().accepted == 2)
    assert ends(lane) == {"submitted": 2, "accepted": 2, "retried": 2}
    assert lane.trimmed == 1


def test_a_retry_draws_no_random_number_that_the_app_has_seeded() -> None:
    lane = Lane(PLAUSIBLE, Scripted(NotSent("refused"), *[Response(status=503)] * 3))
    before = random.getstate()
    lane.offer(*(event(number, f"198.51.100.{number}") for number in range(4)))
    assert wait_until(lambda: lane.counters().retried > 0)
    drained(lane)
    assert random.getstate() == before


DROPPED = Response(status=202, headers={"x-plausible-dropped": "1"}, body=b"ok")
NO_URL = Response(status=400, body=b'{"errors":{"url":["is required"]}}')


def test_each_cause_of_a_drop_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    kept = Response(status=202, body=b"ok")
    transport = Scripted(DROPPED, DROPPED, kept, DROPPED, DROPPED, NO_URL, NO_URL)
    # Two minutes pass between any two looks at the clock.
    log = ThrottledLog(clock=itertools.count(step=120.0).__next__)
    lane = Lane(PLAUSIBLE, transport, Limits(), log=log)
    for _ in range(7):
        lane.offer(event())
        drained(lane)
    assert ends(lane) == {"submitted": 7, "accepted": 1, "dropped_by_vendor": 4, "rejected": 2}
    told = [record.message for record in caplog.records if "127.0.0.1:9" in record.message]
    assert ["knows no site" in told[0], "a shield" in told[1], "is required" in told[2]] == [
        True
    ] * 3
    assert len(told) == 3
    assert "198.51.100" not in caplog.text


def test_an_answer_that_was_asked_for_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    project = Swetrix(pid="aUn1quEid123", unique=True)
    transport = Scripted(Response(status=403, body=b'{"message":"not unique"}'))
    lane = Lane(project, transport, Limits())
    lane.offer(event())
    drained(lane)
    assert ends(lane) == {"submitted": 1, "rejected": 1}
    assert "aUn1quEid123" not in caplog.text


@pytest.mark.parametrize(("answer", "counter"), ANSWERS.values(), ids=ANSWERS.keys())
def test_each_answer_ends_in_its_counter(answer: Response | Exception, counter: str) -> None:
    lane = lane_over(Scripted(answer))
    lane.offer(event())
    drained(lane)
    assert ends(lane) == {"submitted": 1, counter: 1}


@pytest.mark.parametrize(
    "fault", [NotSent("refused"), Response(status=503), Response(status=429)], ids=repr
)
def test_what_surely_was_not_processed_is_sent_again(fault: Response | Exception) -> None:
    transport = Scripted(fault, fault)
    lane = lane_over(transport)
    lane.offer(event())
    assert wait_until(lambda: lane.counters().accepted == 1)
    assert len(transport.requests) == 3
    assert ends(lane) == {"submitted": 1, "accepted": 1, "retried": 2}


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


def test_an_old_event_is_never_sent() -> None:
    transport = Scripted()
    lane = lane_over(transport, max_age_seconds=60)
    old = Event(url="https://example.com/", visitor=Visitor(client_ip="198.51.100.1"), time=1.0)
    lane.offer(old)
    assert wait_until(lambda: lane.counters().expired == 1)
    assert transport.requests == []


KEPT = Response(status=202, body=b"ok")


class Writing:
    """Plausible, with a list of the events whose requests were written; one cannot be."""

    name, endpoint = PLAUSIBLE.name, PLAUSIBLE.endpoint

    def __init__(self, spoilt: int | None = None) -> None:
        self.written: list[int] = []
        self.read = PLAUSIBLE.read
        self._spoilt = spoilt

    def request(self, told: Event) -> Request:
        number = int(told.url.rpartition("/")[2])
        self.written.append(number)
        if number == self._spoilt:
            raise ZeroDivisionError
        return PLAUSIBLE.request(told)


def offered(place: Writing, transport: object, number: int) -> tuple[Lane, list[Event]]:
    """A lane without threads, and what waits in it: an event each of so many visitors."""
    lane = Lane(place, transport, jitter=lambda low, high: 0.0)  # type: ignore[arg-type]  # a fake
    lane._start_thread = lambda token: None  # type: ignore[method-assign]  # the test is it
    told = [event(each, f"198.51.100.{each}") for each in range(number)]
    lane.offer(*told)
    return lane, told


def test_what_is_written_ahead_is_sent_as_if_written_in_its_turn() -> None:
    place, transport = Writing(), Scripted()
    lane, told = offered(place, transport, 40)
    lane._deliver_here(monotonic() + 5.0)
    assert transport.requests == [PLAUSIBLE.request(each) for each in told]
    assert sorted(place.written) == [*range(40)], "each once"
    assert ends(lane) == {"submitted": 40, "accepted": 40}


def test_a_request_is_written_anew_for_each_further_try() -> None:
    place = Writing()
    lane, _ = offered(place, Scripted(KEPT, NotSent("refused")), 2)
    lane._deliver_here(monotonic() + 5.0)
    assert sorted(place.written) == [0, 1, 1]
    assert ends(lane) == {"submitted": 2, "accepted": 2, "retried": 1}


def test_what_cannot_be_written_ahead_fails_in_its_turn_and_alone() -> None:
    lane, _ = offered(Writing(spoilt=3), Scripted(), 8)
    lane._deliver_here(monotonic() + 5.0)
    assert ends(lane) == {"submitted": 8, "accepted": 7, "rejected": 1}


def test_few_requests_are_written_ahead() -> None:
    place = Writing()
    lane, _ = offered(place, Scripted(), 100)
    assert lane._take(0.0) is not None
    assert len(place.written) < MAX_BUILT_AHEAD


def test_what_is_parked_behind_its_visitor_is_written_later() -> None:
    lane, _ = offered(Writing(), Scripted(), 2)
    lane.offer(event(2, "198.51.100.1"))
    assert lane._take(0.0) is not None
    assert lane._take(0.0) is not None
    assert lane._take(0.0) is None
    held = lane._queue.order._held.values()
    assert [item.request for parked in held for item in parked or ()] == [None]


def test_a_full_queue_drops_the_oldest_and_counts_them() -> None:
    gate = threading.Event()
    sent: list[str] = []

    class Gated:
        def send(self, request: Request) -> Response:
            gate.wait(10)
            sent.append(request.body.decode())
            return Response(status=202)

    lane = lane_over(Gated(), max_events=10, max_connections=1)
    for number in range(25):
        lane.offer(event(number))
    assert lane.counters().queued == 10
    gate.set()
    assert drained(lane)
    assert ends(lane)["submitted"] == 25
    assert ends(lane)["dropped_full"] == 15
    assert "/24" in sent[-1]


def test_a_queue_is_bounded_by_bytes_too() -> None:
    gate = threading.Event()

    class Gated:
        def send(self, request: Request) -> Response:
            gate.wait(10)
            return Response(status=202)

    lane = lane_over(Gated(), max_bytes=50_000, max_connections=1)
    for number in range(100):
        lane.offer(
            Event(
                url=f"https://example.com/{number}",
                visitor=Visitor(client_ip=f"198.51.100.{number}", user_agent="x" * 8000),
                time=time.time(),
            )
        )
        assert lane.counters().queued <= 6
    gate.set()
    assert drained(lane)
    assert ends(lane)["dropped_full"] >= 93


def test_the_events_of_one_visitor_go_out_in_order_and_never_two_at_a_time() -> None:
    order: dict[str, list[int]] = defaultdict(list)
    on_the_wire: defaultdict[str, int] = defaultdict(int)
    overlaps: list[str] = []
    guard = threading.Lock()

    class Watching:
        def send(self, request: Request) -> Response:
            visitor = request.headers["x-forwarded-for"]
            with guard:
                on_the_wire[visitor] += 1
                if on_the_wire[visitor] > 1:
                    overlaps.append(visitor)
            time.sleep(0.002)
            with guard:
                number = int(request.body.decode().split("example.com/")[1].split('"')[0])
                order[visitor].append(number)
                on_the_wire[visitor] -= 1
            return Response(status=202)

    lane = lane_over(Watching())
    for number in range(600):
        lane.offer(event(number, visitor=f"198.51.100.{number % 5}"))
        time.sleep(0.0005)
    assert drained(lane, 20)
    assert overlaps == []
    assert len(order) == 5
    assert all(numbers == sorted(numbers) for numbers in order.values())


def test_threads_come_with_the_backlog_and_no_more_than_allowed() -> None:
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


def test_a_crew_whose_work_one_thread_can_do_shrinks_to_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pause = 0.05

    class Slow:
        def send(self, request: Request) -> Response:
            time.sleep(pause)
            return Response(status=202)

    lane = lane_over(Slow(), max_connections=4)
    crew = lane._pool
    numbers = itertools.count()

    def told() -> bool:
        number = next(numbers)
        return bool(lane.offer(event(number, visitor=f"198.51.100.{number}")))

    assert wait_until(lambda: told() and len(crew) == 4)
    pause = 0.0
    assert wait_until(lambda: lane.counters().queued == 0)
    monkeypatch.setattr(crew_room, "IDLE_SECONDS", 0.2)
    # Whoever has slept longest is woken by the next event, so that none of them is ever idle.
    assert wait_until(lambda: told() and len(crew) == 1)
    assert not wait_until(lambda: told() and len(crew) == 0, 0.5)
    assert drained(lane)
    assert set(ends(lane)) == {"submitted", "accepted"}


def test_no_thread_is_there_before_the_first_event() -> None:
    before = threading.active_count()
    lane = lane_over(Scripted())
    assert threading.active_count() == before
    assert repr(lane) == f"Lane({PLAUSIBLE.name!r}, queued=0)"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_breaker_opens_after_five_failures_and_probes_with_one_event() -> None:
    clock = Clock()
    transport = Scripted(*[Ambiguous("late")] * 6)
    lane = Lane(
        PLAUSIBLE,
        transport,
        clock=clock,
        wall_clock=lambda: 0.0,
        jitter=lambda low, high: high,
    )
    lane._start_thread = lambda token: None  # type: ignore[method-assign]  # this test is the thread
    for number in range(10):
        lane.offer(event(number, visitor=f"198.51.100.{number}"))

    def deliver() -> bool:
        item = lane._take(0.0)
        if item is not None:
            lane._finish(item, lane._attempt(item))
        return item is not None

    assert [deliver() for _ in range(6)] == [True] * 5 + [False]
    assert lane.is_paused
    clock.now += 2.1
    probe = lane._take(0.0)
    assert probe is not None
    assert lane._take(0.0) is None, "one probe at a time"
    lane._finish(probe, lane._attempt(probe))  # fails: the sixth
    clock.now += 2.1
    assert not deliver(), "the pause doubles"
    clock.now += 2.0
    assert deliver()
    assert {lane.is_paused} == {False}
    assert [deliver() for _ in range(4)] == [True, True, True, False]
    assert ends(lane) == {"submitted": 10, "unknown": 6, "accepted": 4}


def test_nobody_is_busy_while_a_probe_is_on_its_way() -> None:
    clock = Clock()
    lane = Lane(PLAUSIBLE, Scripted(), clock=clock, wall_clock=lambda: 0.0)
    lane._start_thread = lambda token: None  # type: ignore[method-assign]  # this test is the thread
    lane._breaker.open_for(clock.now, 5.0)
    for number in range(2):
        lane.offer(event(number, visitor=f"198.51.100.{number}"))
    assert lane._next_wakeup(clock.now) == clock.now + 5.0
    clock.now += 5.0
    assert lane._take(0.0) is not None
    assert lane._next_wakeup(clock.now) == float("inf")


class Killed(BaseException):
    """What gevent raises in a greenlet that is killed."""


@pytest.mark.parametrize("where", ["on the wire", "calling company"])
def test_a_thread_that_is_killed_while_it_probes_leaves_nothing_behind(where: str) -> None:
    clock, killed = Clock(), threading.Event()

    class Killing:
        def send(self, request: Request) -> Response:
            if killed.is_set():
                return Response(status=202, body=b"ok")
            killed.set()
            raise Killed

    def start(token: object) -> None:
        if token is not None and where == "calling company" and not killed.is_set():
            killed.set()
            raise Killed

    lane = Lane(
        PLAUSIBLE, Killing(), Limits(is_waited_for=True), clock=clock, wall_clock=lambda: 0.0
    )
    lane._start_thread = lambda token: None  # type: ignore[method-assign]  # this test is the thread
    lane._breaker.open_for(clock.now, 2.0)
    for number in range(3):
        lane.offer(event(number))
    lane._breaker.expedite()
    lane._reserve_thread = lambda now: object()  # type: ignore[method-assign]  # as with a backlog
    lane._start_thread = start  # type: ignore[method-assign]
    with pytest.raises(Killed):
        lane._work(object())
    assert ends(lane) == {"submitted": 3, "queued": 2, "unknown": 1}
    assert lane.breaker_state == "open"
    clock.now += 60.0
    lane._deliver_here(clock.now + 1.0)
    assert ends(lane) == {"submitted": 3, "accepted": 2, "unknown": 1}
    assert {lane.breaker_state} == {"closed"}


def test_an_unpaid_account_pauses_the_destination() -> None:
    lane = lane_over(Scripted(Response(status=402, body=b"{}")))
    lane.offer(event())
    assert wait_until(lambda: lane.counters().rejected == 1)
    assert lane.is_paused


def test_one_dead_destination_does_not_slow_another() -> None:
    with vendor(vendors.hanging) as dead, vendor(vendors.answering(vendors.answer())) as alive:
        lanes = []
        transport = HTTPXTransport(timeout_seconds=30)
        for server in (dead, alive):
            place = Plausible(domain="example.com", endpoint=server.url + "/api/event")
            lanes.append(Lane(place, transport, Limits(max_connections=1)))
        for number in range(50):
            for lane in lanes:
                lane.offer(event(number, visitor=f"198.51.100.{number}"))
        assert wait_until(lambda: lanes[1].counters().accepted == 50, 20)
        assert lanes[0].counters().queued == 50
        for lane in lanes:
            lane.drain(monotonic())


def test_a_burst_closes_the_account_to_the_event() -> None:
    with vendor(vendors.slow(0.005, vendors.answer())) as server:
        place = Plausible(domain="example.com", endpoint=server.url + "/api/event")
        lane = Lane(place, HTTPXTransport(), Limits(max_events=1000))
        for number in range(3000):
            lane.offer(event(number, visitor=f"198.51.100.{number % 200}"))
        drained(lane, 8.0)
        counted = ends(lane)
        assert counted["submitted"] == 3000
        assert counted["accepted"] > 0
        assert counted["dropped_full"] >= 1900
        in_flight = 8
        assert abs(len(server.requests) - counted["accepted"]) <= in_flight


@pytest.mark.parametrize(("behave", "seconds"), [(vendors.hanging, 3.0)], ids=["hanging"])
def test_the_end_keeps_its_deadline(behave: vendors.Behaviour, seconds: float) -> None:
    with vendor(behave) as server:
        place = Plausible(domain="example.com", endpoint=server.url + "/api/event")
        lane = Lane(place, HTTPXTransport())
        for number in range(20):
            lane.offer(event(number, visitor=f"198.51.100.{number}"))
        started = time.monotonic()
        assert not drained(lane, 1.0)
        assert time.monotonic() - started < seconds
        assert ends(lane) == {"submitted": 20, "lost_at_exit": 20}


def test_the_end_does_not_wait_for_a_vendor_that_refuses() -> None:
    lane = lane_over(Scripted(*[NotSent("refused")] * 1000))
    for number in range(100):
        lane.offer(event(number, visitor=f"198.51.100.{number}"))
    started = time.monotonic()
    drained(lane, 5.0)
    assert time.monotonic() - started < 4.0
    counted = ends(lane)
    assert counted.get("failed", 0) + counted.get("lost_at_exit", 0) == 100


def test_a_lane_works_on_after_the_end() -> None:
    transport = Scripted()
    lane = lane_over(transport)
    for _ in range(3):
        lane.offer(event())
        assert drained(lane)
    assert ends(lane) == {"submitted": 3, "accepted": 3}


def test_45_after_it_was_closed_a_lane_keeps_its_thread_again() -> None:
    lane = lane_over(Scripted())
    lane.close()
    lane.offer(event())
    assert wait_until(lambda: ends(lane) == {"submitted": 1, "accepted": 1})
    assert not wait_until(lambda: not len(lane._pool), 0.2)


def test_without_threads_the_end_delivers_in_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    lane = lane_over(Scripted(NotSent("refused")))
    for number in range(5):
        lane.offer(event(number))
    assert drained(lane) is False or ends(lane).get("failed") == 1
    assert ends(lane) == {"submitted": 5, "accepted": 4, "failed": 1}


def test_a_child_forgets_what_its_parent_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    # A child has none of its parent's threads.
    monkeypatch.setattr(threading.Thread, "start", lambda self: None)
    lane = lane_over(Scripted())
    lane.offer(event())
    lane.reset_after_fork()
    assert ends(lane) == {}
    lane.offer(event())
    assert ends(lane)["submitted"] == 1
