"""Numbers and dates as texts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from footfall.collector.storage.stats import TimeRange
from footfall.collector.web.dashboard.formatting import (
    Change,
    format_axis,
    format_change,
    format_figure,
    format_range,
    format_tick,
    format_time,
)
from tests.collector.web.dashboard.support import (
    ZONE,
)


@pytest.mark.parametrize(
    ("metric", "number", "text"),
    [
        ("visitors", 12_345, "12,345"),
        ("visitors", None, "–"),
        ("views_per_visit", 2.5, "2.50"),
        ("bounce_rate", 42, "42%"),
        ("percentage", 3.0, "3.0%"),
        ("conversion_rate", 33.33, "33.3%"),
        ("scroll_depth", 80, "80%"),
        ("time_on_page", 65, "1m 05s"),
        ("visit_duration", 9, "9s"),
        ("visit_duration", 185, "3m 05s"),
        ("visit_duration", 7_500, "2h 05m"),
    ],
)
def test_figures_have_a_text(metric: str, number: float | None, text: str) -> None:
    assert format_figure(metric, number) == text


@pytest.mark.parametrize(
    ("metric", "number", "text"),
    [
        ("visitors", 40, "40"),
        ("visitors", 2_500, "2.5k"),
        ("visitors", 3_000_000, "3M"),
        ("views_per_visit", 0.5, "0.5"),
        ("bounce_rate", 50, "50%"),
        ("conversion_rate", 2.5, "2.5%"),
        ("visit_duration", 90, "1m 30s"),
    ],
)
def test_figures_have_a_short_text(metric: str, number: float, text: str) -> None:
    assert format_tick(metric, number) == text


@pytest.mark.parametrize(
    ("metric", "now", "before", "expected"),
    [
        ("visitors", 12, 10, Change("↑ 20%", "up 20% on the period before", "good")),
        ("visitors", 8, 10, Change("↓ 20%", "down 20% on the period before", "bad")),
        ("visitors", 10, 10, Change("same", "as the period before", "same")),
        ("visitors", 10, 0, None),
        ("visitors", 10, None, None),
        ("bounce_rate", None, 40, None),
        ("bounce_rate", 43, 40, Change("↑ 3 pt", "up 3 points on the period before", "bad")),
        (
            "conversion_rate",
            3.25,
            2.0,
            Change("↑ 1.2 pt", "up 1.2 points on the period before", "good"),
        ),
        ("bounce_rate", 37, 40, Change("↓ 3 pt", "down 3 points on the period before", "good")),
    ],
)
def test_changes_have_a_text(
    metric: str, now: float | None, before: float | None, expected: Change | None
) -> None:
    assert format_change(metric, now, before) == expected


@pytest.mark.parametrize(
    ("label", "unit", "text", "short"),
    [
        ("2026-11-21 14:00:00", "hour", "14:00", "14:00"),
        ("2026-11-21", "day", "Sat 21 Nov", "21 Nov"),
        ("2026-11-16", "week", "week of 16 Nov", "16 Nov"),
        ("2026-11-01", "month", "Nov 2026", "Nov 2026"),
    ],
)
def test_times_have_a_text(label: str, unit: Any, text: str, short: str) -> None:
    assert (format_time(label, unit), format_axis(label, unit)) == (text, short)


def test_an_hour_of_several_days_has_its_day() -> None:
    label = "2026-11-21 14:00:00"
    assert format_time(label, "hour", has_day=True) == "Sat 21 Nov 14:00"
    assert format_axis(label, "hour", has_day=True) == "Sat 14:00"


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        ((2026, 11, 21), (2026, 11, 21), "Sat 21 Nov 2026"),
        ((2026, 11, 15), (2026, 11, 21), "15 – 21 Nov 2026"),
        ((2026, 10, 25), (2026, 11, 21), "25 Oct – 21 Nov 2026"),
        ((2025, 12, 30), (2026, 1, 2), "30 Dec 2025 – 2 Jan 2026"),
    ],
)
def test_ranges_have_a_text(
    first: tuple[int, int, int], last: tuple[int, int, int], text: str
) -> None:
    assert format_range(TimeRange.of_days(date(*first), date(*last), ZONE)) == text
