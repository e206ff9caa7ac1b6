"""Version 1 of the Stats API, over a known week."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from footfall.collector import CollectorServer
from footfall.plausible_api import Figure, PlausibleAPI, RequestError
from tests.collector.api.plausible.support import SITE
from tests.collector.api.plausible.week import table


def test_visitors_of_the_last_five_minutes_are_current(api: PlausibleAPI) -> None:
    # Ann's visit began two minutes ago, Cem's ten.
    assert api.stats.visitors_now(SITE) == 1
    assert api.stats.visitors_now("other.test") == 0


AGGREGATES: dict[str, tuple[dict[str, Any], dict[str, Figure]]] = {
    "by default, visitors of a month": ({}, {"visitors": Figure(value=3)}),
    "several metrics": (
        {"metrics": ["visitors", "pageviews"], "period": "day"},
        {"visitors": Figure(value=2), "pageviews": Figure(value=2)},
    ),
    "a day": ({"period": "day", "date": "2026-11-11"}, {"visitors": Figure(value=1)}),
    "a month": ({"period": "month", "date": "2026-10-20"}, {"visitors": Figure(value=1)}),
    "a range": (
        {"period": "custom", "date": "2026-11-10,2026-11-11"},
        {"visitors": Figure(value=3)},
    ),
    "compared with the day before": (
        {
            "metrics": ["visitors", "events", "bounce_rate"],
            "period": "day",
            "date": "2026-11-11",
            "compare": "previous_period",
        },
        {
            "visitors": Figure(value=1, change=-50, comparison_value=2),
            "events": Figure(value=2, change=-50, comparison_value=4),
            "bounce_rate": Figure(value=0, change=-50, comparison_value=50),
        },
    ),
    "compared with nothing": (
        {
            "metrics": ["visitors", "bounce_rate"],
            "period": "day",
            "date": "2026-11-10",
            "compare": "previous_period",
        },
        {
            "visitors": Figure(value=2, change=100, comparison_value=0),
            "bounce_rate": Figure(value=50, change=None, comparison_value=0),
        },
    ),
    "a conversion rate compared": (
        {
            "metrics": ["conversion_rate"],
            "period": "day",
            "date": "2026-11-11",
            "filters": "event:goal==Signup",
            "compare": "previous_period",
        },
        {"conversion_rate": Figure(value=100.0, change=50.0, comparison_value=50.0)},
    ),
    "rates of no visit": (
        {
            "metrics": ["bounce_rate", "visit_duration", "views_per_visit"],
            "period": "day",
            "date": "2026-01-01",
        },
        {
            "bounce_rate": Figure(value=0),
            "visit_duration": Figure(value=0),
            "views_per_visit": Figure(value=0),
        },
    ),
    "nothing compared with nothing": (
        {"period": "day", "date": "2026-01-01", "compare": "previous_period"},
        {"visitors": Figure(value=0, change=0, comparison_value=0)},
    ),
    "a page": ({"filters": "event:page==/pricing"}, {"visitors": Figure(value=1)}),
    "one of two pages": ({"filters": "event:page==/|/blog/a"}, {"visitors": Figure(value=2)}),
    "white space": (
        {
            "filters": " event:page == /|/blog/a",
            "period": "custom",
            "date": "2026-11-10, 2026-11-11",
        },
        {"visitors": Figure(value=2)},
    ),
    "a wildcard": ({"filters": "event:page==/blog/*"}, {"visitors": Figure(value=2)}),
    "not a source": ({"filters": "visit:source!=Hacker News"}, {"visitors": Figure(value=2)}),
    "two conditions": (
        {"filters": "event:goal==Signup;event:props:plan==pro"},
        {"visitors": Figure(value=1)},
    ),
    "an escaped bar": (
        {"filters": "event:page==/a\\|b"},
        {"visitors": Figure(value=0)},
    ),
}


@pytest.mark.parametrize(("query", "expected"), AGGREGATES.values(), ids=AGGREGATES.keys())
def test_an_aggregate_has_its_figures(
    api: PlausibleAPI, query: dict[str, Any], expected: dict[str, Figure]
) -> None:
    assert api.stats.aggregate(SITE, **query) == expected


def test_a_time_series_has_a_row_for_every_day(api: PlausibleAPI) -> None:
    rows = api.stats.timeseries(
        SITE, period="custom", date="2026-11-09,2026-11-11", metrics=["visitors", "bounce_rate"]
    )
    assert table(rows) == [("2026-11-09", 0, 0), ("2026-11-10", 2, 50), ("2026-11-11", 1, 0)]


SERIES: dict[str, tuple[dict[str, Any], int, str]] = {
    "a month in days": ({}, 30, "2026-10-13"),
    "half a year in months": ({"period": "6mo"}, 6, "2026-06-01"),
    "half a year in days": ({"period": "6mo", "interval": "date"}, 183, "2026-06-01"),
    "a day in hours": ({"period": "day"}, 24, "2026-11-12 00:00:00"),
}


@pytest.mark.parametrize(("query", "number", "first"), SERIES.values(), ids=SERIES.keys())
def test_a_time_series_has_plausibles_intervals(
    api: PlausibleAPI, query: dict[str, Any], number: int, first: str
) -> None:
    rows = api.stats.timeseries(SITE, **query)
    assert (len(rows), rows[0]["date"]) == (number, first)


BREAKDOWNS: dict[str, tuple[str, dict[str, Any], list[tuple[Any, ...]]]] = {
    "pages": (
        "event:page",
        {"period": "day", "date": "2026-11-10"},
        [("/", 1), ("/blog/a", 1), ("/pricing", 1)],
    ),
    "sources": ("visit:source", {"limit": 1}, [("Direct / None", 2)]),
    "campaigns, without visits of none": ("visit:utm_source", {}, [("hn", 1)]),
    "versions, with their browser": (
        "visit:browser_version",
        {"period": "day", "date": "2026-11-11"},
        [("166.0", "Chrome", 1)],
    ),
    "the conversion rate of a page": (
        "event:page",
        {"filters": "event:goal==Signup", "metrics": ["conversion_rate"]},
        [("/blog/b", 100.0), ("/pricing", 100.0)],
    ),
    "the conversion rate of a prop": (
        "event:props:plan",
        {"filters": "event:goal==Signup", "metrics": ["conversion_rate"]},
        [("free", 33.33), ("pro", 33.33)],
    ),
    "the next of them": ("visit:source", {"limit": 1, "page": 2}, [("Hacker News", 1)]),
    "props of a goal": (
        "event:props:plan",
        {"filters": "event:goal==Signup"},
        [("free", 1), ("pro", 1)],
    ),
    "goals": ("event:goal", {"limit": 2}, [("Signup", 2), ("Visit /blog/*", 2)]),
}


@pytest.mark.parametrize(("prop", "query", "expected"), BREAKDOWNS.values(), ids=BREAKDOWNS.keys())
def test_a_breakdown_has_its_figures(
    api: PlausibleAPI, prop: str, query: dict[str, Any], expected: list[tuple[Any, ...]]
) -> None:
    assert table(api.stats.breakdown(SITE, prop, **query)) == expected


def test_all_of_a_breakdown_comes_page_by_page(api: PlausibleAPI) -> None:
    rows = api.stats.breakdown_rows(SITE, "event:page", limit=2)
    assert [row["page"] for row in rows] == ["/", "/blog/a", "/blog/b", "/pricing"]


INVALID_QUERIES: dict[str, tuple[Callable[[PlausibleAPI], object], str]] = {
    "no condition": (lambda api: api.stats.aggregate(SITE, filters="page"), "a filter is a text"),
    "a metric twice": (
        lambda api: api.stats.aggregate(SITE, metrics=["visitors", "visitors"]),
        "multiple times",
    ),
    "a conversion without a goal": (
        lambda api: api.stats.timeseries(SITE, metrics=["conversion_rate"]),
        "needs a goal filter",
    ),
    "bounces of a prop": (
        lambda api: api.stats.aggregate(
            SITE, metrics=["bounce_rate"], filters="event:props:plan==pro"
        ),
        "a filter on events",
    ),
    "views per visit of a page": (
        lambda api: api.stats.breakdown(SITE, "event:page", metrics=["views_per_visit"]),
        "by event:page",
    ),
    "no interval": (
        lambda api: api.stats.timeseries(SITE, interval="year"),
        "there is no interval",
    ),
    "no property": (lambda api: api.stats.breakdown(SITE, "time:day"), "break down by a property"),
    "no date": (lambda api: api.stats.aggregate(SITE, date="x"), "Invalid isoformat"),
    "an unknown goal": (
        lambda api: api.stats.aggregate(SITE, filters="event:goal==x"),
        "not configured",
    ),
}


@pytest.mark.parametrize(("query", "reason"), INVALID_QUERIES.values(), ids=INVALID_QUERIES.keys())
def test_an_invalid_query_of_version_1_is_refused(
    api: PlausibleAPI, query: Callable[[PlausibleAPI], object], reason: str
) -> None:
    with pytest.raises(RequestError) as caught:
        query(api)
    assert (caught.value.status, reason in caught.value.said) == (400, True)


def test_a_goal_may_be_excluded_in_version_1(api: PlausibleAPI) -> None:
    found = api.stats.aggregate(SITE, filters="event:goal!=Signup", metrics=["events"])
    assert found == {"events": Figure(value=4)}


def test_imported_figures_have_no_hostnames(week: CollectorServer) -> None:
    query = {"site_id": SITE, "property": "event:hostname", "with_imported": "true"}
    answer = httpx2.get(f"{week.url}/api/v1/stats/breakdown", params=query)
    assert (answer.status_code, "imported" in answer.json()["error"]) == (400, True)
