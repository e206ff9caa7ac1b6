"""The circuit breaker: what opens it, and how it closes again."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.delivery import Lane
from footfall.delivery.circuit_breaker import CircuitBreaker
from footfall.errors import Ambiguous, NotSent, TimedOut
from footfall.model import Outcome, OutcomeKind, Response
from tests.delivery.lanes import (
    PLAUSIBLE,
    Clock,
    ManualLane,
    counted,
    event,
    lane_over,
    without_threads,
)
from tests.support.faults import Scripted
from tests.support.vendors import wait_until


def test_the_breaker_opens_after_five_failures_and_probes_with_one_event() -> None:
    clock = Clock()
    transport = Scripted(*[Ambiguous("late")] * 6)
    lane = without_threads(
        Lane(
            PLAUSIBLE,
            transport,
            clock=clock,
            wall_clock=lambda: 0.0,
            jitter=lambda low, high: high,
        )
    )
    for number in range(10):
        lane.offer(event(number, visitor=f"198.51.100.{number}"))

    def deliver() -> bool:
        batch = lane.take()
        if batch:
            lane.deliver(batch)
        return bool(batch)

    assert [deliver() for _ in range(6)] == [True] * 5 + [False]
    assert lane.is_paused
    clock.now += 2.1
    probe = lane.take()
    assert len(probe) == 1
    assert lane.take() == [], "one probe at a time"
    lane.deliver(probe)  # fails: the sixth
    clock.now += 2.1
    assert not deliver(), "the pause doubles"
    clock.now += 2.0
    assert deliver()
    assert {lane.is_paused} == {False}
    assert [deliver() for _ in range(4)] == [True, True, True, False]
    assert counted(lane) == {"submitted": 10, "unknown": 6, "accepted": 4}


def test_no_thread_polls_while_a_probe_is_in_flight() -> None:
    clock = Clock()
    lane = without_threads(Lane(PLAUSIBLE, Scripted(), clock=clock, wall_clock=lambda: 0.0))
    lane._breaker.open_for(clock.now, 5.0)
    for number in range(2):
        lane.offer(event(number, visitor=f"198.51.100.{number}"))
    assert lane.next_wakeup(clock.now) == clock.now + 5.0
    clock.now += 5.0
    assert len(lane.take()) == 1
    assert lane.next_wakeup(clock.now) == float("inf")


def test_an_unpaid_account_pauses_the_destination() -> None:
    lane = lane_over(Scripted(Response(status=402, body=b"{}")))
    lane.offer(event())
    assert wait_until(lambda: lane.counters().rejected == 1)
    assert lane.is_paused


OPENERS: dict[str, tuple[list[Response | Exception], int]] = {
    "five refusals": ([NotSent("refused")] * 9, 5),
    "five errors": ([Response(status=500)] * 9, 5),
    "three that never answer": ([TimedOut("late")] * 9, 3),
    "a response between": ([TimedOut("late"), Response(status=202)] * 9, 9),
    "10-429": ([Response(status=429)], 1),
    "11-503 with Retry-After": ([Response(status=503, headers={"retry-after": "3"})], 1),
    "12-402": ([Response(status=402)], 1),
    "one visitor's 403 among others": ([Response(status=202), *[Response(status=403)] * 2] * 3, 9),
    "three 403 in a row": ([Response(status=400), *[Response(status=403)] * 8], 4),
}


@pytest.mark.parametrize(("answers", "tries"), OPENERS.values(), ids=OPENERS.keys())
def test_the_breaker_opens_after(answers: list[Any], tries: int) -> None:
    manual = ManualLane(Scripted(*answers))
    manual.offer(9)
    assert manual.deliver() == tries
    assert manual.lane.breaker_state == ("closed" if tries == 9 else "open")


UNKNOWN = Outcome(kind=OutcomeKind.UNKNOWN)
PAYMENT = Outcome(kind=OutcomeKind.REJECTED, pause=True)


def opened(*outcomes: Outcome) -> CircuitBreaker:
    """A breaker at second 0 after these outcomes, with the longest pauses."""
    breaker = CircuitBreaker(lambda low, high: high)
    for outcome in outcomes:
        breaker.record(outcome, 0.0)
    return breaker


def test_pauses_double_up_to_half_a_minute_for_failures_and_ten_minutes_for_refusals() -> None:
    for outcome, pauses in ((UNKNOWN, [2, 4, 8, 16, 30, 30]), (PAYMENT, [60, 120, 240, 480, 600])):
        breaker = opened(*[outcome] * 5)
        for pause in pauses:
            assert breaker.open_until == pause
            assert (breaker.allows(pause - 1), breaker.allows(pause)) == (False, True)
            breaker.is_probing = True
            breaker.record(outcome, 0.0)


def test_a_probe_that_is_accepted_closes_the_breaker_and_the_next_pause_is_short_again() -> None:
    breaker = opened(*[UNKNOWN] * 5)
    breaker.is_probing = True
    assert breaker.record(UNKNOWN, 0.0) is None
    assert (breaker.open_until, breaker.state) == (4.0, "open")
    breaker.is_probing = True
    assert breaker.state == "probing"
    assert breaker.record(Outcome(kind=OutcomeKind.ACCEPTED), 0.0) == "closed"
    for _ in range(4):
        assert breaker.record(UNKNOWN, 0.0) is None
    assert breaker.record(UNKNOWN, 0.0) == "opened"
    assert breaker.open_until == 2.0


def test_an_expedited_breaker_allows_its_probe_at_once_and_knows_when_that_has_failed() -> None:
    breaker = opened(*[UNKNOWN] * 5)
    breaker.expedite()
    assert (breaker.allows(0.0), breaker.has_failed_again) == (True, False)
    breaker.is_probing = True
    breaker.record(UNKNOWN, 1.0)
    assert (breaker.allows(1.0), breaker.has_failed_again) == (False, True)


@pytest.mark.parametrize("pause", [False, True], ids=["a failure", "a refusal"])
def test_a_vendor_that_is_down_for_days_is_tried_again_all_the_time(pause: bool) -> None:
    """Each failed probe opens the breaker again: 1,100 of them are ten hours, or eight days."""
    outcome = Outcome(kind=OutcomeKind.RETRY, pause=pause)
    breaker = CircuitBreaker(jitter=lambda low, high: high)
    now = 0.0
    for _ in range(1_100):
        now = max(now, breaker.open_until)
        assert breaker.allows(now)
        breaker.is_probing = breaker.is_open
        breaker.record(outcome, now)
    assert breaker.open_until - now == (600.0 if pause else 30.0)
