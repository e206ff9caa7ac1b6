"""How long a lane's exchanges took, as a histogram with fixed buckets."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import Any, Final

# Those of Prometheus' client libraries, in seconds. An exchange ends after ten by default.
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class LatencyHistogram:
    """How many exchanges took how long, from the moment a request is built. No lock."""

    __slots__ = ("_counts", "_sum")

    def __init__(self) -> None:
        # One more for what took longer than the last bound.
        self._counts = [0] * (len(BUCKETS) + 1)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one exchange."""
        self._counts[bisect_left(BUCKETS, seconds)] += 1
        self._sum += seconds

    def as_json(self) -> dict[str, Any]:
        """The histogram for `Tracker.stats`.

        Returns:
            `count`; `sum` in seconds; and `buckets`: how many took at most so many seconds, by the
            bound's text.
        """
        *numbers, count = accumulate(self._counts)
        return {
            "count": count,
            "sum": self._sum,
            "buckets": {str(bound): number for bound, number in zip(BUCKETS, numbers, strict=True)},
        }
