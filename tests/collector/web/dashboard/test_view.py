"""What an address of the dashboard selects, and the links to other views."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from footfall.collector.storage.stats import Filter, TimeRange
from footfall.collector.web.dashboard.view import FILTERS, View, ViewError, unit_of, units_of
from tests.collector.web.dashboard.support import (
    NOON,
    ZONE,
)

OLDEST: Final = date(2025, 3, 9)


def view_of(address: str = "") -> View:
    return View.read(parse_qsl(address))


@pytest.mark.parametrize(
    ("address", "days", "before"),
    [
        ("", ("2026-11-21", "2026-11-21"), ("2026-11-20", "2026-11-20")),
        ("period=yesterday", ("2026-11-20", "2026-11-20"), ("2026-11-19", "2026-11-19")),
        ("period=7d", ("2026-11-15", "2026-11-21"), ("2026-11-08", "2026-11-14")),
        ("period=30d", ("2026-10-23", "2026-11-21"), ("2026-09-23", "2026-10-22")),
        ("period=month", ("2026-11-01", "2026-11-30"), ("2026-10-01", "2026-10-31")),
        ("period=last_month", ("2026-10-01", "2026-10-31"), ("2026-09-01", "2026-09-30")),
        ("period=12mo", ("2025-12-01", "2026-11-30"), ("2024-12-01", "2025-11-30")),
        ("period=year", ("2026-01-01", "2026-12-31"), ("2025-01-01", "2025-12-31")),
        ("period=all", ("2025-03-09", "2026-11-21"), None),
        (
            "period=7d&compare=year",
            ("2026-11-15", "2026-11-21"),
            ("2025-11-16", "2025-11-22"),
        ),
        ("period=7d&compare=none", ("2026-11-15", "2026-11-21"), None),
        (
            "period=custom&from=2026-02-01&to=2026-02-03",
            ("2026-02-01", "2026-02-03"),
            ("2026-01-29", "2026-01-31"),
        ),
    ],
)
def test_periods(address: str, days: tuple[str, str], before: tuple[str, str] | None) -> None:
    view = view_of(address)
    span, other = view.range(NOON, ZONE, OLDEST), view.comparison(NOON, ZONE)
    assert (str(span.first_day), str(span.last_day)) == days
    assert (other and (str(other.first_day), str(other.last_day))) == before


def test_without_events_all_time_is_today() -> None:
    span = view_of("period=all").range(NOON, ZONE)
    assert (str(span.first_day), str(span.last_day)) == ("2026-11-21", "2026-11-21")


FROM_TO: Final = "/?from={}&to={}&period=custom"


@pytest.mark.parametrize(
    ("address", "before", "after"),
    [
        ("period=today", "/?period=yesterday", None),
        ("period=yesterday", FROM_TO.format("2026-11-19", "2026-11-19"), "/"),
        ("period=7d", FROM_TO.format("2026-11-08", "2026-11-14"), None),
        # Whole months are followed by whole months, however long.
        ("period=month", "/?period=last_month", None),
        ("period=last_month", FROM_TO.format("2026-09-01", "2026-09-30"), "/?period=month"),
        ("period=year", FROM_TO.format("2025-01-01", "2025-12-31"), None),
        (
            "period=custom&from=2026-01-01&to=2026-02-28",
            FROM_TO.format("2025-11-01", "2025-12-31"),
            FROM_TO.format("2026-03-01", "2026-04-30"),
        ),
        (
            "period=custom&from=2026-11-08&to=2026-11-14",
            FROM_TO.format("2026-11-01", "2026-11-07"),
            "/?period=7d",
        ),
        ("period=all", None, None),
        # Before the oldest event there is nothing.
        (
            "period=custom&from=2025-03-09&to=2025-03-09",
            None,
            FROM_TO.format("2025-03-10", "2025-03-10"),
        ),
    ],
)
def test_steps_lead_to_the_days_before_and_after(
    address: str, before: str | None, after: str | None
) -> None:
    assert view_of(address).steps(NOON, ZONE, OLDEST) == (before, after)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("period=decade", "period must be one of today"),
        ("compare=mars", "compare must be one of"),
        ("interval=minute", "interval must be one of hour"),
        ("metric=joy", "metric must be one of"),
        ("sources=rumours", "sources must be one of"),
        ("period=custom", "must be dates"),
        ("period=custom&from=2026-02-01&to=soon", "must be dates"),
        ("period=custom&from=2026-02-02&to=2026-02-01", "must not be after"),
        ("period=custom&from=2000-01-01&to=2026-02-01", "ten years"),
        ("period=custom&from=0001-01-01&to=0001-01-02", "ten years"),
        ("&".join(f"page=/{number}" for number in range(40)), "at most 20 filters"),
    ],
)
def test_an_invalid_address_is_refused(address: str, reason: str) -> None:
    with pytest.raises(ViewError, match=reason):
        view_of(address)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("source=Google", Filter("is", "visit:source", ("Google",))),
        ("source=!Google", Filter("is_not", "visit:source", ("Google",))),
        ("page=~docs", Filter("contains", "event:page", ("docs",))),
        ("page=!~docs", Filter("contains_not", "event:page", ("docs",))),
        ("page=!=~odd", Filter("is_not", "event:page", ("~odd",))),
        ("page=!~", Filter("is_not", "event:page", ("~",))),
        ("page==!odd", Filter("is", "event:page", ("!odd",))),
        ("page=!", Filter("is", "event:page", ("!",))),
        ("prop:plan=pro", Filter("is", "event:props:plan", ("pro",))),
    ],
)
def test_filters_are_read(address: str, expected: Filter) -> None:
    assert view_of(address).filters() == (expected,)


@pytest.mark.parametrize("value", ["Google", "!Google", "~a", "=a", "a=b&c", "é🦶", " "])
@pytest.mark.parametrize("name", [*FILTERS, "prop:plan"])
def test_a_link_filters_by_just_that_value(name: str, value: str) -> None:
    link = view_of("period=7d&metric=visits&more=pages").link_with_filter(name, value)
    view = view_of(urlsplit(link).query)
    assert view["period"] == "7d"
    assert view["more"] == ""
    assert [each.values for each in view.filters()] == [(value,)]


@pytest.mark.parametrize("value", ["/a", "!/a", "~a", "!~a", "=~a", "!=~a", "=!a", "!=!a"])
def test_the_opposite_of_the_opposite_is_the_filter(value: str) -> None:
    (chip,) = view_of(urlencode({"page": value})).chips()
    (opposite,) = view_of(urlsplit(chip.opposite).query).chips()
    assert opposite.filter != chip.filter
    assert opposite.value == chip.value
    (again,) = view_of(urlsplit(opposite.opposite).query).chips()
    assert again.filter == chip.filter


def test_links_keep_what_they_do_not_change() -> None:
    view = view_of("period=custom&from=2026-02-01&to=2026-02-03&source=Google&page=/&utm=x&domain=")
    assert view.link(metric="visits").endswith("source=Google&page=%2F&metric=visits")
    # Another period needs no dates.
    assert view.link(period="7d") == "/?source=Google&page=%2F&period=7d"
    assert view.link(period="today") == "/?source=Google&page=%2F"
    assert view.link_without_filters() == "/?period=custom&from=2026-02-01&to=2026-02-03"
    assert [chip.link for chip in view.chips()] == [
        "/?period=custom&from=2026-02-01&to=2026-02-03&page=%2F",
        "/?period=custom&from=2026-02-01&to=2026-02-03&source=Google",
    ]
    assert dict(view.hidden_fields("period", "from", "to")) == {"source": "Google", "page": "/"}
    assert View.read([], "/stats").link(period="today") == "/stats/"


@pytest.mark.parametrize(
    ("last", "unit"),
    [
        ((2026, 1, 1), "hour"),
        ((2026, 1, 31), "day"),
        ((2026, 9, 1), "week"),
        ((2026, 12, 31), "month"),
        ((2029, 1, 1), "month"),
    ],
)
def test_the_unit_of_a_point_of_the_chart(last: tuple[int, int, int], unit: str) -> None:
    assert unit_of(TimeRange.of_days(date(2026, 1, 1), date(*last), ZONE)) == unit


@pytest.mark.parametrize(
    ("days", "units"),
    [
        (1, ["hour"]),
        (7, ["hour", "day"]),
        (28, ["day", "week"]),
        (365, ["day", "week", "month"]),
        (3_650, ["month"]),
    ],
)
def test_an_interval_is_chosen_where_it_suits(days: int, units: list[str]) -> None:
    first = date(2016, 1, 1)
    span = TimeRange.of_days(first, first + timedelta(days=days - 1), ZONE)
    assert units_of(span) == units
    for unit in ("hour", "day", "week", "month"):
        expected = unit if unit in units else unit_of(span)
        assert view_of(f"interval={unit}").unit(span) == expected


def test_thirty_days_are_compared_with_thirty_days_where_they_are_a_month() -> None:
    last_of_november = NOON + 9 * 86_400
    other = view_of("period=30d").comparison(last_of_november, ZONE)
    assert other is not None
    assert (str(other.first_day), str(other.last_day)) == ("2026-10-02", "2026-10-31")
    before, _ = view_of("period=30d").steps(last_of_november, ZONE, OLDEST)
    assert before == FROM_TO.format("2026-10-02", "2026-10-31")
