"""What a relay may send of the entries that it has not acknowledged yet."""

from __future__ import annotations

import pytest

from footfall.delivery import Limits
from footfall.relay.leases import LeasedLane, Leases
from tests.delivery.lanes import PLAUSIBLE, Clock, counted, event
from tests.support.faults import Scripted

CLAIM = 30.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def leases(clock: Clock) -> Leases:
    return Leases(CLAIM, clock)


def test_an_entry_has_ended_when_its_last_event_has(leases: Leases) -> None:
    leases.open(b"1-1", 2)
    leases.open(b"1-2", 1)
    assert leases.end([b"1-1"]) == []
    assert leases.end([b"1-1", b"1-2", b"9-9"]) == [(b"1-1", 2), (b"1-2", 1)]
    assert not leases.is_open(b"1-1")


def test_a_lease_is_renewed_before_it_ends_and_not_after(leases: Leases, clock: Clock) -> None:
    leases.open(b"1-1", 1)
    assert leases.due() == []
    clock.now += 6
    assert leases.due() == [b"1-1"]
    leases.renewed(clock.now)
    assert leases.due() == []
    clock.now += 14
    assert leases.is_good(b"1-1")
    # The process was stopped.
    clock.now += 2
    assert leases.due() == []
    assert not leases.is_good(b"1-1")
    leases.open(b"1-2", 1)
    assert leases.is_good(b"1-2")
    assert not leases.is_good(b"1-1")


def test_an_entry_that_another_relay_has_is_not_sent(leases: Leases) -> None:
    leases.open(b"1-1", 1)
    leases.drop(b"1-1")
    assert not leases.is_good(b"1-1")
    assert leases.end([b"1-1"]) == []


def test_a_lane_sends_what_has_a_lease_and_what_needs_none(leases: Leases) -> None:
    transport = Scripted()
    lane = LeasedLane(leases, PLAUSIBLE, transport, Limits())
    lane._call_threads = lambda: None  # type: ignore[method-assign]  # the test takes the events
    leases.open(b"1-1", 1)
    lane.enqueue_stored(
        [(event(1, "198.51.100.1"), ("g", b"9-9")), (event(2, "198.51.100.2"), ("g", b"1-1"))]
    )
    lane.enqueue_stored([(event(3, "198.51.100.3"), None)])
    while batch := lane.take():
        lane.deliver(batch)
    assert counted(lane) == {"taken": 3, "accepted": 2, "rejected": 1}
    assert lane.surrendered == 1
    assert [b"/1" in request.body for request in transport.requests] == [False, False]
