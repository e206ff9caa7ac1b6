"""One try to send an event: its request, its outcome, and what a destination may return."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from footfall.common.clock import monotonic
from footfall.delivery import Item, Lane
from footfall.delivery.attempt import Attempt
from footfall.destinations import Collector, Destination, Only, Queue, RedisStream
from footfall.errors import Ambiguous, NotSent
from footfall.model import Event, Request, Response
from tests.delivery.lanes import PLAUSIBLE, counted, drained, event, lane_over, without_threads
from tests.support.faults import Scripted

RESPONSES = {
    "accepted": (Response(status=202, body=b"ok"), "accepted"),
    "dropped": (Response(status=202, headers={"x-plausible-dropped": "1"}), "dropped_by_vendor"),
    "invalid": (Response(status=400, body=b'{"errors":{"url":["is required"]}}'), "rejected"),
    "server error": (Response(status=500), "unknown"),
    "late response": (Ambiguous("no response within 5 s"), "unknown"),
    "a transport that breaks": (ZeroDivisionError("oops"), "rejected"),
}


@pytest.mark.parametrize(("response", "counter"), RESPONSES.values(), ids=RESPONSES.keys())
def test_each_response_ends_in_its_counter(response: Response | Exception, counter: str) -> None:
    lane = lane_over(Scripted(response))
    lane.offer(event())
    drained(lane)
    assert counted(lane) == {"submitted": 1, counter: 1}


QUEUES = {
    "redis": RedisStream(url="redis://localhost", stream="example"),
    "any": Queue(put=print),
    "behind a filter": Only(to=Queue(put=print), events=["pageview"]),
}


@pytest.mark.parametrize("queue", QUEUES.values(), ids=QUEUES.keys())
def test_a_pack_has_64_kib_at_most(queue: Destination) -> None:
    long = replace(event(), url="https://example.com/" + "a" * 1900)
    attempt = Attempt(queue, [Item.of(long, 0.0) for _ in range(100)], time.time)
    assert attempt.request is not None
    assert 62 * 1024 < len(attempt.request.body) <= 64 * 1024 + 100


ACCEPTED = Response(status=202, body=b"ok")


class Recording:
    """Plausible, with a list of the events whose requests were built; for one this fails."""

    name, endpoint = PLAUSIBLE.name, PLAUSIBLE.endpoint

    def __init__(self, failing: int | None = None) -> None:
        self.built: list[int] = []
        self.read = PLAUSIBLE.read
        self._failing = failing

    def request(self, built_of: Event) -> Request:
        number = int(built_of.url.rpartition("/")[2])
        self.built.append(number)
        if number == self._failing:
            raise ZeroDivisionError
        return PLAUSIBLE.request(built_of)


def offered(destination: Recording, transport: object, number: int) -> tuple[Lane, list[Event]]:
    """A lane without threads, and the events in its queue, each of another visitor."""
    lane = Lane(destination, transport, jitter=lambda low, high: 0.0)  # type: ignore[arg-type]
    events = [event(each, f"198.51.100.{each}") for each in range(number)]
    without_threads(lane).offer(*events)
    return lane, events


def test_a_request_is_built_anew_for_each_further_try() -> None:
    destination = Recording()
    lane, _ = offered(destination, Scripted(ACCEPTED, NotSent("refused")), 2)
    lane._deliver_here(monotonic() + 5.0)
    assert sorted(destination.built) == [0, 1, 1]
    assert counted(lane) == {"submitted": 2, "accepted": 2, "retried": 1}


NOBODY = {
    "a collector on this machine": (
        Collector(domain="a.test"),
        "not reachable: refused; start it: footfall collect",
    ),
    "another machine": (PLAUSIBLE, "not reachable: refused"),
}


@pytest.mark.parametrize(("destination", "detail"), NOBODY.values(), ids=NOBODY)
def test_where_nobody_listens_the_command_that_starts_it_is_said(
    destination: Destination, detail: str
) -> None:
    attempt = Attempt(destination, [Item.of(event(), 0.0)], time.time)
    attempt.end(NotSent("refused"), has_kept=False)
    [outcome] = attempt.outcomes
    assert outcome is not None
    assert outcome.detail == detail


def test_a_request_that_cannot_be_built_fails_alone() -> None:
    lane, _ = offered(Recording(failing=3), Scripted(), 8)
    lane._deliver_here(monotonic() + 5.0)
    assert counted(lane) == {"submitted": 8, "accepted": 7, "rejected": 1}
