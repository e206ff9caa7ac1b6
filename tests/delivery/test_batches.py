"""A destination that takes batches gets what waits in one request, and each event its own end."""

from __future__ import annotations

import json
import logging
import random
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.common.clock import monotonic
from footfall.delivery import Item, Lane, Limits
from footfall.destinations import Collector
from footfall.destinations.base import MAX_BATCH_BYTES
from footfall.errors import Ambiguous, NotSent, TimedOut
from footfall.model import ACCEPTED, Event, Outcome, OutcomeKind, Request, Response
from tests.delivery.lanes import Clocks, counted, drained, event, without_threads
from tests.support.faults import Scripted
from tests.support.vendors import wait_until

MAX_BATCH = 5


class Numbers:
    """A destination that takes batches: a body holds the numbers of its events."""

    name, endpoint = "numbers", "http://127.0.0.1:9/"

    def __init__(self, max_batch: int = MAX_BATCH) -> None:
        self.max_batch = max_batch
        self.failing: set[int] = set()

    def request(self, event: Event) -> Request:
        number = number_of(event)
        if number in self.failing:
            raise ZeroDivisionError
        return Request(url=self.endpoint, headers={}, body=b"%d" % number)

    def read(self, response: Response) -> Outcome:
        return Collector(domain="a.test").read(response)

    def batch_request(self, requests: Sequence[Request]) -> Request:
        body = b" ".join(each.body for each in requests)
        return Request(url=self.endpoint, headers={}, body=body)

    def read_batch(self, response: Response, number: int) -> Any:
        return Collector(domain="a.test").read_batch(response, number)


def number_of(event: Event) -> int:
    return int(event.url.rpartition("/")[2])


def manual(
    transport: object, *, destination: Numbers | None = None, **limits: Any
) -> tuple[Lane, Clocks]:
    """A lane without threads, and the clocks that a test sets."""
    clocks = Clocks()
    lane = Lane(
        destination or Numbers(),
        transport,  # type: ignore[arg-type]
        Limits(**limits),
        clock=lambda: clocks.now,
        wall_clock=lambda: clocks.now,
        jitter=lambda low, high: low,
    )
    return without_threads(lane), clocks


def offer(lane: Lane, *visitors: int) -> list[Item]:
    """Offer an event for each, by this visitor; they are numbered from 0."""
    numbered = enumerate(visitors, lane.counters().submitted)
    made = [event(number, f"198.51.100.{visitor}") for number, visitor in numbered]
    return [item for each in made for item in lane.offer(replaced(each))]


def replaced(made: Event) -> Event:
    """The event at a time that no clock of a test finds old."""
    object.__setattr__(made, "time", 9e9)
    return made


def deliver(lane: Lane) -> None:
    lane._deliver_here(monotonic() + 1e9)


def sent(transport: Scripted) -> list[list[int]]:
    """The numbers of the events in each request."""
    return [[*map(int, request.body.split())] for request in transport.requests]


def test_what_waits_goes_in_one_request_and_no_more_than_it_may_hold() -> None:
    transport = Scripted()
    lane, _ = manual(transport)
    offer(lane, *range(12))
    deliver(lane)
    assert sent(transport) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11]]
    assert counted(lane) == {"submitted": 12, "accepted": 12}


def test_a_visitor_s_events_go_together_and_in_their_order() -> None:
    transport = Scripted()
    lane, _ = manual(transport)
    offer(lane, 1, 1, 2, 1, 2, 1, 1)
    deliver(lane)
    assert sent(transport) == [[0, 1, 2, 3, 4], [5, 6]]


def test_what_another_thread_sends_holds_its_visitor() -> None:
    lane, _ = manual(Scripted())
    offer(lane, 1, 2)
    first = lane.take()
    offer(lane, 1, 3, 2, 1)
    second = lane.take()
    assert [number_of(item.event) for item in second] == [3]
    lane.finish(second, [ACCEPTED])
    assert lane.take() == []
    lane.finish(first, [ACCEPTED, ACCEPTED])
    assert [number_of(item.event) for item in lane.take()] == [2, 5, 4]


def test_a_single_event_goes_by_itself() -> None:
    transport = Scripted()
    destination = Numbers()
    destination.batch_request = None  # type: ignore[assignment,method-assign]
    lane, _ = manual(transport, destination=destination)
    offer(lane, 1)
    deliver(lane)
    assert counted(lane) == {"submitted": 1, "accepted": 1}


def test_none_waits_for_another_where_requests_wait_for_their_events() -> None:
    transport = Scripted()
    lane, _ = manual(transport, is_waited_for=True)
    offer(lane, 1, 2)
    deliver(lane)
    assert sent(transport) == [[0], [1]]


def response(*found: dict[str, Any]) -> Response:
    return Response(status=200, body=json.dumps({"results": found}).encode())


GOOD, DROPPED, BAD = {"status": 202}, {"status": 202, "dropped": "bot"}, {"status": 400}
BUSY = {"status": 503}


def test_each_event_has_its_own_end() -> None:
    lane, _ = manual(Scripted(response(GOOD, DROPPED, BAD, GOOD)))
    offer(lane, 1, 2, 3, 3)
    deliver(lane)
    ends = {"accepted": 2, "dropped_by_vendor": 1, "rejected": 1}
    assert counted(lane) == {"submitted": 4, **ends}


FAILURES: dict[str, tuple[Response | Exception, dict[str, int]]] = {
    "refused": (NotSent("refused"), {"accepted": 4, "retried": 4}),
    "busy": (Response(status=503), {"accepted": 4, "retried": 4}),
    "late": (TimedOut("no answer"), {"unknown": 4}),
    "cut off": (Ambiguous("reset"), {"unknown": 4}),
    "broken": (Response(status=500), {"unknown": 4}),
    "a fault of the transport's": (ZeroDivisionError("oops"), {"rejected": 4}),
}


@pytest.mark.parametrize(("failure", "ends"), FAILURES.values(), ids=FAILURES.keys())
def test_a_request_that_fails_is_one_failure_of_all_its_events(
    failure: Response | Exception, ends: dict[str, int]
) -> None:
    transport = Scripted(failure)
    lane, _ = manual(transport)
    offer(lane, 1, 1, 2, 1)
    deliver(lane)
    assert counted(lane) == {"submitted": 4, **ends}
    # Those of one visitor together, in their order.
    assert sent(transport) == [[0, 1, 2, 3], [0, 1, 3, 2]][: 2 if "retried" in ends else 1]
    assert lane._breaker.failures <= 1


def test_a_failing_destination_is_tried_again_with_one_event() -> None:
    transport = Scripted(*[Response(status=503)] * 5)
    lane, clocks = manual(transport, max_tries=100)
    offer(lane, 1, 1, 2)
    deliver(lane)
    assert (lane.breaker_state, sent(transport)) == ("open", [[0, 1, 2]] * 5)
    clocks.now += 60.0
    lane._breaker.expedite()
    deliver(lane)
    assert sent(transport)[5] == [0]
    assert sent(transport)[6] in ([1, 2], [2, 1])
    assert counted(lane) == {"submitted": 3, "accepted": 3, "retried": 15}


def test_an_event_that_is_tried_again_is_behind_none_of_its_visitor() -> None:
    """The second is accepted, and the first and the third wait for another try."""
    transport = Scripted(response(BUSY, GOOD, BUSY, GOOD))
    lane, _ = manual(transport)
    offer(lane, 1, 1, 1, 2)
    batch = lane.take()
    lane.deliver(batch)
    offer(lane, 1)
    deliver(lane)
    assert sent(transport) == [[0, 1, 2, 3], [0, 2, 4]]
    assert counted(lane) == {"submitted": 5, "accepted": 5, "retried": 2}


def test_events_that_were_tried_too_often_fail_and_let_others_pass() -> None:
    transport = Scripted(*[Response(status=503)] * 4)
    lane, _ = manual(transport, max_tries=4)
    offer(lane, 1, 1)
    for _ in range(4):
        batch = lane.take()
        lane.deliver(batch)
    offer(lane, 1)
    deliver(lane)
    assert counted(lane) == {"submitted": 3, "accepted": 1, "failed": 2, "retried": 6}


def test_what_is_too_old_is_not_sent_with_the_others() -> None:
    transport = Scripted()
    lane, clocks = manual(transport, max_age_seconds=60.0)
    offer(lane, 1, 1, 2)
    clocks.now += 61.0
    offer(lane, 1, 3)
    deliver(lane)
    assert sent(transport) == [[3, 4]]
    assert counted(lane) == {"submitted": 5, "accepted": 2, "expired": 3}


def test_an_event_whose_request_cannot_be_built_fails_alone() -> None:
    transport, destination = Scripted(), Numbers()
    destination.failing = {0, 2}
    lane, _ = manual(transport, destination=destination)
    offer(lane, 1, 1, 1, 2)
    deliver(lane)
    assert sent(transport) == [[1, 3]]
    assert counted(lane) == {"submitted": 4, "accepted": 2, "rejected": 2}
    destination.failing = {4, 5}
    offer(lane, 1, 1)
    deliver(lane)
    assert len(transport.requests) == 1
    assert counted(lane) == {"submitted": 6, "accepted": 2, "rejected": 4}


def test_a_request_is_not_longer_than_proxies_allow() -> None:
    class Long(Numbers):
        def request(self, event: Event) -> Request:
            request = super().request(event)
            return Request(url="", headers={}, body=request.body + b" " * (MAX_BATCH_BYTES // 3))

    transport = Scripted()
    lane, _ = manual(transport, destination=Long())
    offer(lane, 1, 1, 1, 2, 1)
    deliver(lane)
    assert sent(transport) == [[0, 1], [2, 4], [3]]
    assert counted(lane) == {"submitted": 5, "accepted": 5}
    assert all(len(each.body) < MAX_BATCH_BYTES + 100 for each in transport.requests)


def test_a_destination_may_take_less() -> None:
    class Narrow(Numbers):
        max_batch_bytes = 2

    transport = Scripted()
    lane, _ = manual(transport, destination=Narrow())
    offer(lane, 1, 2, 3, 4, 5)
    deliver(lane)
    assert sent(transport) == [[0, 1], [2, 3], [4]]


def test_one_that_is_too_long_for_any_is_sent_all_the_same() -> None:
    class Endless(Numbers):
        def request(self, event: Event) -> Request:
            request = super().request(event)
            return Request(url="", headers={}, body=request.body + b" " * MAX_BATCH_BYTES)

    transport = Scripted()
    lane, _ = manual(transport, destination=Endless())
    offer(lane, 1, 2, 1)
    deliver(lane)
    assert sorted(sent(transport)) == [[0], [1], [2]]


@pytest.mark.parametrize("found", [[], [ACCEPTED], [ACCEPTED] * 3, 7, [None, None]], ids=repr)
def test_what_a_destination_may_not_return_rejects_the_events(found: Any) -> None:
    destination = Numbers()
    destination.read_batch = lambda response, number: found  # type: ignore[method-assign]
    lane, _ = manual(Scripted(), destination=destination)
    offer(lane, 1, 2)
    deliver(lane)
    assert counted(lane) == {"submitted": 2, "rejected": 2}


# -- where no batch is taken --------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_where_no_batch_is_taken_events_go_one_by_one_for_good(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "footfall")
    transport = Scripted(Response(status=status))
    lane, _ = manual(transport)
    items = offer(lane, 1, 1, 2, 1)
    deliver(lane)
    items += offer(lane, 3, 4)
    deliver(lane)
    first, *rest = sent(transport)
    assert first == [0, 1, 2, 3]
    assert sorted(rest) == [[0], [1], [2], [3], [4], [5]]
    assert [number for [number] in rest if number in (0, 1, 3)] == [0, 1, 3]
    # Nothing of it counts as a try or as a failure.
    assert {item.tries for item in items} == {1}
    assert counted(lane) == {"submitted": 6, "accepted": 6}
    assert lane.breaker_state == "closed"
    lane.reset_after_fork()
    offer(lane, 1, 2)
    deliver(lane)
    assert sent(transport)[-2:] == [[0], [1]]
    [record] = caplog.records
    assert (record.levelno, "numbers: takes no batches" in record.getMessage()) == (
        logging.INFO,
        True,
    )


def test_an_event_that_was_given_up_meanwhile_is_not_put_back() -> None:
    lane, _ = manual(Scripted())
    offer(lane, 1, 1, 2)
    batch = lane.take()
    assert not lane.wait(0.0)
    lane.finish(batch, [None] * 3)
    assert counted(lane) == {"submitted": 3, "lost_at_exit": 3}
    offer(lane, 1, 2)
    assert [number_of(item.event) for item in lane.take()] == [3, 4]


# -- threads, forks and the end -----------------------------------------------------------------


class Killed(BaseException):
    """What gevent raises in a greenlet that is killed."""


def test_a_thread_that_is_killed_leaves_no_event_of_its_batch_behind() -> None:
    transport = Scripted(Response(status=202))

    def kill(request: Request) -> Response:
        raise Killed

    lane, _ = manual(transport)
    send, transport.send = transport.send, kill  # type: ignore[method-assign]
    offer(lane, 1, 1, 2)
    with pytest.raises(Killed):
        deliver(lane)
    assert counted(lane) == {"submitted": 3, "unknown": 3}
    transport.send = send  # type: ignore[method-assign]
    offer(lane, 1, 2)
    deliver(lane)
    assert counted(lane) == {"submitted": 5, "unknown": 3, "accepted": 2}


def test_a_batch_that_was_taken_before_a_fork_is_not_counted_in_the_child() -> None:
    lane, _ = manual(Scripted())
    offer(lane, 1, 1, 2)
    batch = lane.take()
    lane.reset_after_fork()
    lane.finish(batch, [Outcome(kind=OutcomeKind.RETRY)] * 3)
    assert (counted(lane), lane._breaker.failures) == ({}, 0)


def test_rows_of_an_outbox_are_done_when_their_events_have_ended() -> None:
    lane, _ = manual(Scripted(response(GOOD, BUSY, GOOD)))
    made = [replaced(event(number, f"198.51.100.{number}")) for number in range(3)]
    lane.enqueue_stored([(each, number) for number, each in enumerate(made)])
    batch = lane.take()
    lane.deliver(batch)
    assert sorted(lane.pop_done_rows()) == [0, 2]
    deliver(lane)
    assert lane.pop_done_rows() == [1]


def test_threads_and_draining_lose_nothing() -> None:
    transport = Scripted(*[Response(status=503)] * 3)
    lane = Lane(Numbers(), transport, jitter=lambda low, high: low)
    for number in range(200):
        lane.offer(event(number, f"198.51.100.{number % 7}"))
    assert wait_until(lambda: lane.counters().accepted == 200)
    assert drained(lane)
    assert counted(lane).keys() == {"submitted", "accepted", "retried"}
    # In batches, of which the first three had to be sent again.
    assert len(transport.requests) < 200
    by_visitor = defaultdict(list)
    for number in (number for each in sent(transport)[3:] for number in each):
        by_visitor[number % 7].append(number)
    assert all(numbers == sorted(numbers) for numbers in by_visitor.values())


def test_a_batch_in_flight_at_the_end_is_lost_and_counted_once() -> None:
    may_answer, sending = threading.Event(), threading.Event()

    class Stuck:
        def send(self, request: Request) -> Response:
            sending.set()
            may_answer.wait(60)
            return Response(status=202, body=b"ok")

    lane = Lane(Numbers(), Stuck())
    lane.offer(*(event(number, f"198.51.100.{number % 2}") for number in range(4)))
    assert sending.wait(60)
    assert not drained(lane, 0.0)
    assert counted(lane) == {"submitted": 4, "lost_at_exit": 4}
    may_answer.set()
    lane.offer(event(5, "198.51.100.0"))
    assert wait_until(lambda: lane.counters().accepted == 1)
    assert counted(lane) == {"submitted": 5, "lost_at_exit": 4, "accepted": 1}


# -- any sequence of all of these ---------------------------------------------------------------

OUTCOMES: list[Outcome | None] = [
    ACCEPTED,
    Outcome(kind=OutcomeKind.DROPPED),
    Outcome(kind=OutcomeKind.REJECTED),
    Outcome(kind=OutcomeKind.RETRY),
    Outcome(kind=OutcomeKind.UNKNOWN),
    None,
]


class Model:
    """A lane without threads: what was taken, and what may not happen."""

    def __init__(self, max_batch: int, max_tries: int) -> None:
        limits: dict[str, Any] = {"max_tries": max_tries, "max_events": 40}
        self.max_batch = max_batch
        self.lane, self.clocks = manual(Scripted(), destination=Numbers(max_batch), **limits)
        self.in_flight: list[list[Item]] = []
        self.offered: dict[str | None, list[Item]] = defaultdict(list)

    def offer(self, visitors: Sequence[int]) -> None:
        for item in offer(self.lane, *visitors):
            self.offered[item.event.visitor.client_ip].append(item)

    def take(self) -> None:
        batch = self.lane.take()
        if not batch:
            return
        assert len(batch) <= self.max_batch
        taken = {id(item) for each in self.in_flight for item in each}
        assert taken.isdisjoint(map(id, batch))
        for position, item in enumerate(batch):
            earlier = self.offered[item.event.visitor.client_ip]
            for other in earlier[: earlier.index(item)]:
                assert other.is_counted or other in batch[:position]
        self.in_flight.append(batch)

    def finish(self, chooser: random.Random) -> None:
        if not self.in_flight:
            return
        batch = self.in_flight.pop(chooser.randrange(len(self.in_flight)))
        whole, is_whole = chooser.choice(OUTCOMES), chooser.random() < 0.5
        found = [whole if is_whole else chooser.choice(OUTCOMES) for _ in batch]
        # Only the last ones may not have been sent.
        ended = len(found) if whole is not None else chooser.randrange(len(found) + 1)
        found = [(each or ACCEPTED) if at < ended else None for at, each in enumerate(found)]
        self.lane.finish(batch, found)

    def advance(self, seconds: float) -> None:
        self.clocks.now += seconds

    def check(self) -> None:
        counters = self.lane.counters()
        assert counters.in_balance, counters
        uncounted = [
            item for items in self.offered.values() for item in items if not item.is_counted
        ]
        assert counters.queued == len(uncounted)


@settings(max_examples=200, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("offer"), st.lists(st.integers(0, 3), min_size=1, max_size=9)),
            st.tuples(st.just("take"), st.none()),
            st.tuples(st.just("finish"), st.randoms(use_true_random=False)),
            st.tuples(st.just("advance"), st.sampled_from([0.1, 1.0, 5.0, 31.0])),
            st.tuples(st.just("abandon"), st.none()),
        ),
        min_size=40,
        max_size=80,
    ),
    max_batch=st.integers(2, 4),
    max_tries=st.integers(1, 4),
)
def test_whatever_happens_the_account_closes_and_visitors_stay_in_order(
    steps: list[tuple[str, Any]], max_batch: int, max_tries: int
) -> None:
    model = Model(max_batch, max_tries)
    actions: dict[str, Callable[[Any], object]] = {
        "offer": model.offer,
        "take": lambda _: model.take(),
        "finish": model.finish,
        "advance": model.advance,
        "abandon": lambda _: model.lane.wait(0.0),
    }
    for name, value in steps:
        actions[name](value)
        model.check()
    while model.in_flight:
        model.lane.finish(batch := model.in_flight.pop(), [ACCEPTED] * len(batch))
        model.check()
    for _ in range(100):
        model.advance(31.0)
        model.take()
        while model.in_flight:
            model.lane.finish(batch := model.in_flight.pop(), [ACCEPTED] * len(batch))
        model.check()
    assert model.lane.counters().queued == 0
