"""The metrics of destinations."""

from __future__ import annotations

from footfall.common.metrics import Sample
from footfall.delivery.counters import ENDS
from footfall.delivery.metrics import delivery_metrics
from tests.delivery.lanes import PLAUSIBLE, drained, event, lane_over
from tests.support.faults import Scripted


def test_they_are_the_account_of_each_lane() -> None:
    lane = lane_over(Scripted())
    lane.offer(event())
    drained(lane)
    families = {each.name: each for each in delivery_metrics({PLAUSIBLE.name: lane.stats()})}
    of_lane = {"destination": PLAUSIBLE.name}
    outcomes = families["footfall_events_total"].samples
    ends = {each.labels["outcome"]: each.value for each in outcomes}
    assert ends == {**dict.fromkeys(set(ENDS) - {"queued"}, 0), "accepted": 1}
    assert sum(ends.values()) == families["footfall_events_submitted_total"].samples[0].value
    states = families["footfall_circuit_breaker_state"].samples
    assert {each.labels["state"]: each.value for each in states} == {
        "closed": 1,
        "probing": 0,
        "open": 0,
    }
    infinite, total, count = families["footfall_delivery_seconds"].samples[-3:]
    assert infinite == Sample({**of_lane, "le": "+Inf"}, 1, "_bucket")
    assert total.suffix == "_sum"
    assert count == Sample(of_lane, 1, "_count")


def test_without_a_destination_each_is_there_without_a_value() -> None:
    families = [*delivery_metrics({})]
    assert [each.samples for each in families] == [[]] * len(families)
    assert len({each.name for each in families}) == len(families)
