"""Time ranges: the days, weeks and months that they touch."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from footfall.collector.storage.stats import TimeRange
from footfall.collector.storage.stats.time_ranges import labels, today
from tests.collector.storage.stats.support import BERLIN, FRIDAY, KOLKATA, MIDNIGHT, UTC_ZONE


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("day", ["2026-11-16", "2026-11-17", "2026-11-18"]),
        ("week", ["2026-11-16"]),
        ("month", ["2026-11-01"]),
    ],
)
def test_ranges_list_what_they_touch(unit: Any, expected: list[str]) -> None:
    span = TimeRange.of_days(date(2026, 11, 16), date(2026, 11, 18), BERLIN)
    assert labels(span, unit) == expected
    assert (span.first_day, span.last_day, span.days) == (
        date(2026, 11, 16),
        date(2026, 11, 18),
        3,
    )


def test_months_are_listed_across_the_year() -> None:
    span = TimeRange.of_days(date(2025, 11, 30), date(2026, 2, 1), UTC_ZONE)
    assert labels(span, "month") == ["2025-11-01", "2025-12-01", "2026-01-01", "2026-02-01"]


def test_a_range_of_nothing_touches_nothing() -> None:
    none = FRIDAY.until_at_most(0)
    assert (none.since, none.until) == (FRIDAY.since, FRIDAY.since)
    assert labels(none, "day") == labels(none, "hour") == []
    instants = TimeRange.of_instants(
        datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 20, 0, 2, tzinfo=UTC), KOLKATA
    )
    assert labels(instants, "minute") == ["2026-11-20 05:30:00", "2026-11-20 05:31:00"]
    assert today(MIDNIGHT - 1, UTC_ZONE) == date(2026, 11, 19)
