"""The histogram of a lane's exchanges."""

from __future__ import annotations

from footfall.delivery.latency import BUCKETS, LatencyHistogram


def test_each_exchange_is_in_the_buckets_of_its_bound_and_of_all_longer_ones() -> None:
    histogram = LatencyHistogram()
    for seconds in (0.0, 0.005, 0.3, 2.5, 60.0):
        histogram.observe(seconds)
    found = histogram.as_json()
    assert found == {
        "count": 5,
        "sum": 0.005 + 0.3 + 2.5 + 60.0,
        "buckets": {
            **dict.fromkeys(["0.005", "0.01", "0.025", "0.05", "0.1", "0.25"], 2),
            **dict.fromkeys(["0.5", "1.0"], 3),
            **dict.fromkeys(["2.5", "5.0", "10.0"], 4),
        },
    }


def test_it_is_empty_at_first() -> None:
    zeros = dict.fromkeys(map(str, BUCKETS), 0)
    assert LatencyHistogram().as_json() == {"count": 0, "sum": 0.0, "buckets": zeros}
