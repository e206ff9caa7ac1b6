"""Events that waited: dropped by age, or sent with their own time where the vendor takes one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from footfall.delivery import Lane, Limits
from footfall.destinations import Destination, Only, Umami
from footfall.model import Event, Visitor
from tests.delivery.lanes import PLAUSIBLE, Clocks, counted, without_threads
from tests.support.faults import Scripted

UMAMI = Umami(website="6a1f4bc2-7c3e-4a65-8f04-9d0e7f3b5c88")


def sent_after(
    seconds: float, destination: Destination, number: int = 1, **limits: Any
) -> tuple[dict[str, int], list[Any]]:
    """The counters, and the bodies sent, of so many events that waited for so long."""
    clocks, transport = Clocks(), Scripted()
    lane = without_threads(
        Lane(
            destination,
            transport,
            Limits(**limits),
            clock=lambda: clocks.now,
            wall_clock=lambda: clocks.wall,
        )
    )
    for each in range(number):
        visitor = Visitor(client_ip=f"198.51.100.{each + 1}", user_agent="Mozilla/5.0")
        lane.offer(Event(url="https://example.com/", visitor=visitor, time=clocks.wall))
    clocks.advance(seconds)
    while batch := lane.take():
        lane.deliver(batch)
    counts = counted(lane)
    del counts["submitted"]
    return counts, [json.loads(request.body) for request in transport.requests]


@pytest.mark.parametrize(
    ("destination", "limits", "seconds", "end"),
    [
        pytest.param(UMAMI, {}, 4.0, "accepted", id="a moment"),
        pytest.param(UMAMI, {}, 120.0, "accepted", id="minutes"),
        pytest.param(Only(to=UMAMI, events=["pageview"]), {}, 120.0, "accepted", id="by Only"),
        pytest.param(UMAMI, {}, 3601.0, "expired", id="an hour"),
        pytest.param(UMAMI, {"late_max_age_seconds": 30.0}, 60.0, "expired", id="a limit"),
        pytest.param(PLAUSIBLE, {}, 120.0, "expired", id="a vendor that takes no time"),
    ],
)
def test_an_event_may_be_late_where_the_vendor_takes_its_time(
    destination: Destination, limits: dict[str, Any], seconds: float, end: str
) -> None:
    counts, bodies = sent_after(seconds, destination, **limits)

    assert counts == {end: 1}
    times = [body["payload"].get("timestamp") for body in bodies]
    assert times == ([] if end == "expired" else [None if seconds < 5 else 1_700_000_000])


def test_a_batch_has_the_time_of_each_late_event() -> None:
    _, [batch] = sent_after(120.0, UMAMI, 3)

    assert [item["payload"]["timestamp"] for item in batch] == [1_700_000_000] * 3
