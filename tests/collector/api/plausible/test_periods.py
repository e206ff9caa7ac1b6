"""Periods and dates as time ranges."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from footfall.collector.api.plausible import periods

UTC: Final = ZoneInfo("UTC")
DAY: Final = date(2026, 11, 12)
OLDEST: Final = date(2026, 10, 3)


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("day", "2026-11-12", "2026-11-12"),
        ("7d", "2026-11-05", "2026-11-11"),
        ("91d", "2026-08-13", "2026-11-11"),
        ("month", "2026-11-01", "2026-11-30"),
        ("6mo", "2026-06-01", "2026-11-30"),
        ("12mo", "2025-12-01", "2026-11-30"),
        ("year", "2026-01-01", "2026-12-31"),
        ("all", "2026-10-03", "2026-11-12"),
    ],
)
def test_days_end_before_today_and_months_with_their_last_day(
    name: str, first: str, last: str
) -> None:
    span = periods.named(name, DAY, UTC, OLDEST)
    assert (str(span.first_day), str(span.last_day)) == (first, last)


@pytest.mark.parametrize("name", ["", "fortnight", "0d", "9999d", "129mo", "7 d"])
def test_an_unknown_period_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="there is no such period"):
        periods.named(name, DAY, UTC, OLDEST)


@pytest.mark.parametrize(
    ("ends", "seconds"),
    [
        (["2026-11-12", "2026-11-12"], 86_400),
        (["2026-11-12T10:00:00", "2026-11-12T10:59:59"], 3_600),
        (["2026-11-12T10:00:00+01:00", "2026-11-12T09:00:00Z"], 1),
    ],
)
def test_both_ends_belong_to_a_range(ends: list[str], seconds: int) -> None:
    span = periods.between(ends, UTC)
    assert span.until - span.since == 1_000 * seconds


@pytest.mark.parametrize(
    "ends",
    [
        [],
        ["2026-11-12"],
        ["2026-11-12", 1],
        ["2026-11-12", "2026-11-11"],
        ["2010-01-01", "2026-11-12"],
        ["1969-01-01", "1969-01-02"],
    ],
    ids=str,
)
def test_an_invalid_range_is_refused(ends: list[Any]) -> None:
    with pytest.raises(ValueError, match="a range"):
        periods.between(ends, UTC)


def test_the_previous_range_has_as_many_days() -> None:
    span = periods.previous(periods.named("7d", DAY, UTC, OLDEST))
    assert (str(span.first_day), str(span.last_day)) == ("2026-10-29", "2026-11-04")


@pytest.mark.parametrize(("name", "unit"), [("day", "hour"), ("91d", "day"), ("year", "month")])
def test_the_default_unit_of_a_period(name: str, unit: str) -> None:
    assert periods.unit_of(periods.named(name, DAY, UTC, OLDEST)) == unit
