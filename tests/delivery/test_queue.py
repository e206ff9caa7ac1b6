"""The queue of a lane: its bounds, the age of what is in it, and its counters."""

from __future__ import annotations

import threading
import time

import pytest

from footfall.model import Event, Request, Response, Visitor
from tests.delivery.lanes import ManualLane, counted, drained, event, lane_over
from tests.support.faults import Scripted
from tests.support.vendors import wait_until


def test_an_old_event_is_never_sent() -> None:
    transport = Scripted()
    lane = lane_over(transport, max_age_seconds=60)
    old = Event(url="https://example.com/", visitor=Visitor(client_ip="198.51.100.1"), time=1.0)
    lane.offer(old)
    assert wait_until(lambda: lane.counters().expired == 1)
    assert transport.requests == []


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
    assert counted(lane)["submitted"] == 25
    assert counted(lane)["dropped_full"] == 15
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
    assert counted(lane)["dropped_full"] >= 93


def test_at_most_a_tenth_of_the_queue_waits_for_another_try() -> None:
    # Each second one is accepted, so that the breaker stays closed.
    manual = ManualLane(Scripted(*[Response(status=503), Response(status=202)] * 20), max_events=50)
    manual.offer(40)
    manual.deliver()
    assert manual.ends() == {"accepted": 20, "failed": 15, "queued": 5}


DAY = 86_400.0
JUMPS: dict[str, tuple[float, float, dict[str, int]]] = {
    "52-a day forward": (0.0, DAY, {"expired": 3, "accepted": 1}),
    "52-a day back": (0.0, -DAY, {"accepted": 4}),
    "52-asleep for an hour": (3600.0, 3600.0, {"expired": 3, "accepted": 1}),
    "52-asleep, and the wall clock does not show it": (3600.0, 0.0, {"expired": 3, "accepted": 1}),
    "72-frozen, and only the wall clock shows it": (0.0, 600.0, {"expired": 3, "accepted": 1}),
    "none": (0.0, 0.0, {"accepted": 4}),
}


@pytest.mark.parametrize(("monotonic", "wall", "ends"), JUMPS.values(), ids=JUMPS.keys())
def test_a_jump_of_the_clocks(monotonic: float, wall: float, ends: dict[str, int]) -> None:
    manual = ManualLane(Scripted())
    manual.offer(3)
    manual.clocks.now += monotonic
    manual.clocks.wall += wall
    manual.offer(1)
    manual.deliver()
    assert manual.ends() == ends
