"""Version 2 of the Stats API, over a known week."""

from __future__ import annotations

from typing import Any, Final

import httpx2
import pytest

from footfall.collector import CollectorServer
from footfall.plausible_api import PlausibleAPI, RequestError
from tests.collector.api.plausible.support import SITE
from tests.collector.api.plausible.week import table

WEEK_RANGE: Final = ["2026-11-06", "2026-11-12"]

QUERIES: dict[str, tuple[dict[str, Any], list[tuple[Any, ...]]]] = {
    "an aggregate": (
        {"metrics": ["visitors", "visits", "pageviews", "events"], "date_range": WEEK_RANGE},
        [(5, 5, 6, 8)],
    ),
    "figures of visits": (
        {"metrics": ["bounce_rate", "views_per_visit", "visit_duration"], "date_range": WEEK_RANGE},
        [(60, 1.2, 84)],
    ),
    "seven days without today": ({"metrics": ["events"], "date_range": "7d"}, [(6,)]),
    "a page that began one visit": (
        {
            "metrics": ["visitors", "bounce_rate"],
            "date_range": WEEK_RANGE,
            "filters": [["is", "event:page", ["/pricing"]]],
        },
        [(2, 100)],
    ),
    "no visit at all": (
        {
            "metrics": ["bounce_rate", "views_per_visit", "visit_duration"],
            "date_range": ["2026-01-01", "2026-01-02"],
        },
        [(0, 0, 0)],
    ),
    "the conversion rate of a page": (
        {
            "metrics": ["group_conversion_rate"],
            "date_range": WEEK_RANGE,
            "dimensions": ["event:page"],
            "filters": [["is", "event:goal", ["Signup"]]],
        },
        [("/blog/b", 100.0), ("/pricing", 50.0)],
    ),
    "a goal that ignores case": (
        {
            "date_range": WEEK_RANGE,
            "filters": [["is", "event:goal", ["SIGNUP"], {"case_sensitive": False}]],
        },
        [(2,)],
    ),
    "events with a prop that lacks a text": (
        {
            "metrics": ["events"],
            "date_range": WEEK_RANGE,
            "filters": [["contains_not", "event:props:plan", ["fr"]]],
        },
        [(1,)],
    ),
    "today": ({"metrics": ["pageviews"], "date_range": "day"}, [(2,)]),
    "everything": ({"metrics": ["pageviews"], "date_range": "all"}, [(7,)]),
    "this month": ({"metrics": ["pageviews"], "date_range": "month"}, [(6,)]),
    "two months": ({"metrics": ["pageviews"], "date_range": "2mo"}, [(7,)]),
    "this year": ({"metrics": ["pageviews"], "date_range": "year"}, [(7,)]),
    "two dates": ({"metrics": ["events"], "date_range": ["2026-11-10", "2026-11-10"]}, [(4,)]),
    "two times": (
        {
            "metrics": ["events"],
            "date_range": ["2026-11-10T11:05:00+01:00", "2026-11-10T11:06:00+01:00"],
        },
        [(2,)],
    ),
    "times of the site's zone": (
        {"metrics": ["events"], "date_range": ["2026-11-10T10:05:00", "2026-11-10T10:06:00"]},
        [(2,)],
    ),
    "pages, most visitors first": (
        {"date_range": WEEK_RANGE, "dimensions": ["event:page"]},
        [("/", 2), ("/pricing", 2), ("/blog/a", 1), ("/blog/b", 1)],
    ),
    "another order": (
        {
            "date_range": WEEK_RANGE,
            "dimensions": ["event:page"],
            "order_by": [["event:page", "desc"]],
            "filters": [["contains_not", "event:page", ["blog"]]],
        },
        [("/pricing", 2), ("/", 2)],
    ),
    "days": (
        {"date_range": WEEK_RANGE, "dimensions": ["time"], "order_by": [["time", "desc"]]},
        [("2026-11-12", 2), ("2026-11-11", 1), ("2026-11-10", 2)],
    ),
    "hours of a day": (
        {"date_range": "day", "dimensions": ["time"], "metrics": ["pageviews"]},
        [("2026-11-12 12:00:00", 2)],
    ),
    "months of a year": (
        {"date_range": "12mo", "dimensions": ["time"], "metrics": ["pageviews"]},
        [("2026-10-01", 1), ("2026-11-01", 6)],
    ),
    "props": (
        {
            "date_range": WEEK_RANGE,
            "dimensions": ["event:props:plan"],
            "filters": [["is", "event:goal", ["Signup"]]],
        },
        [("free", 1), ("pro", 1)],
    ),
    "a condition that ignores case": (
        {
            "date_range": WEEK_RANGE,
            "dimensions": ["event:page"],
            "filters": [["is", "event:page", ["/PRICING"], {"case_sensitive": False}]],
        },
        [("/pricing", 2)],
    ),
    "and, or, not": (
        {
            "date_range": WEEK_RANGE,
            "dimensions": ["event:page"],
            "filters": [
                [
                    "and",
                    [
                        ["or", [["is", "event:page", ["/"]], ["contains", "event:page", ["blog"]]]],
                        ["not", ["is", "visit:source", ["Hacker News"]]],
                    ],
                ]
            ],
        },
        [("/", 2), ("/blog/b", 1)],
    ),
    "goals": (
        {"date_range": WEEK_RANGE, "dimensions": ["event:goal"], "metrics": ["visitors", "events"]},
        [("Signup", 2, 2), ("Visit /blog/*", 2, 2), ("Pro", 1, 1)],
    ),
    "goals by day, in an order": (
        {
            "date_range": WEEK_RANGE,
            "dimensions": ["time:day", "event:goal"],
            "order_by": [["event:goal", "asc"], ["time:day", "asc"]],
        },
        [
            ("2026-11-10", "Pro", 1),
            ("2026-11-10", "Signup", 1),
            ("2026-11-11", "Signup", 1),
            ("2026-11-10", "Visit /blog/*", 1),
            ("2026-11-11", "Visit /blog/*", 1),
        ],
    ),
    "the conversion rate of goals": (
        {"date_range": WEEK_RANGE, "dimensions": ["event:goal"], "metrics": ["conversion_rate"]},
        [("Signup", 40.0), ("Visit /blog/*", 40.0), ("Pro", 20.0)],
    ),
    "goals that contain a word": (
        {"date_range": WEEK_RANGE, "filters": [["contains", "event:goal", ["Visit"]]]},
        [(2,)],
    ),
    "no goal at all": (
        {"date_range": WEEK_RANGE, "filters": [["contains", "event:goal", ["nothing"]]]},
        [(0,)],
    ),
}


@pytest.mark.parametrize(("query", "expected"), QUERIES.values(), ids=QUERIES.keys())
def test_a_query_has_its_figures(
    api: PlausibleAPI, query: dict[str, Any], expected: list[tuple[Any, ...]]
) -> None:
    assert table(api.stats.query(SITE, **query).rows) == expected


def test_all_rows_come_page_by_page(api: PlausibleAPI) -> None:
    rows = api.stats.rows(SITE, limit=3, date_range=WEEK_RANGE, dimensions=["event:page"])
    assert [row["event:page"] for row in rows] == ["/", "/pricing", "/blog/a", "/blog/b"]


def test_an_answer_has_the_requested_metadata(api: PlausibleAPI) -> None:
    found = api.stats.query(
        SITE,
        date_range=["2026-11-10", "2026-11-12"],
        dimensions=["time"],
        include={"time_labels": True, "total_rows": True, "imports": True},
        limit=1,
    )
    assert found.meta == {
        "imports_included": False,
        "imports_skip_reason": "no_imported_data",
        "time_labels": ["2026-11-10", "2026-11-11", "2026-11-12"],
        "total_rows": 3,
    }
    assert found.query["date_range"] == [
        "2026-11-10T00:00:00+00:00",
        "2026-11-12T23:59:59+00:00",
    ]
    assert (found.query["dimensions"], found.query["pagination"]) == (
        ["time:day"],
        {"limit": 1, "offset": 0},
    )


INVALID_QUERIES: dict[str, tuple[dict[str, Any], str]] = {
    "a country's name": ({"filters": [["is", "visit:country", ["Estonia"]]]}, "2-letter"),
    "a conversion without a goal": (
        {"metrics": ["conversion_rate"], "filters": [["is", "event:props:plan", ["pro"]]]},
        "conversion_rate needs event:goal",
    ),
    "views per visit of a page": (
        {"metrics": ["views_per_visit"], "filters": [["is", "event:page", ["/"]]]},
        "no filter on event:page",
    ),
    "views per visit by source": (
        {"metrics": ["views_per_visit"], "dimensions": ["visit:source"]},
        "takes no dimensions",
    ),
    "labels of no time": (
        {"dimensions": ["event:page"], "include": {"time_labels": True}},
        "needs a time dimension",
    ),
    "a goal within a condition": (
        {"filters": [["not", ["is", "event:goal", ["Signup"]]]]},
        "at the top level only",
    ),
    "no such metric": ({"metrics": ["mood"]}, "there is no metric 'mood'"),
    "no such dimension": ({"dimensions": ["visit:mood"]}, "there is no dimension"),
    "no such period": ({"date_range": "fortnight"}, "there is no such period"),
    "a period without end": ({"date_range": "9999d"}, "there is no such period"),
    "a range that ends before it begins": (
        {"date_range": ["2026-11-12", "2026-11-10"]},
        "a range lies after 1970",
    ),
    "a range of one date": ({"date_range": ["2026-11-12"]}, "two dates or two times"),
    "a range of no dates": ({"date_range": ["x", "y"]}, "Invalid isoformat"),
    "no filter": ({"filters": ["x"]}, "a filter is a list"),
    "a filter by a number": ({"filters": [["is", "event:page", [1]]]}, "by a list of texts"),
    "an unknown operator": ({"filters": [["has_done", "event:page", ["/"]]]}, "no operator"),
    "a regular expression": (
        {"filters": [["matches", "event:page", ["^/"]]]},
        "no regular expressions",
    ),
    "an unknown goal": ({"filters": [["is", "event:goal", ["x"]]]}, "'x' is not configured"),
    "no such goal": ({"filters": [["is_not", "event:goal", ["Signup"]]]}, "with is or contains"),
    "an order by something else": ({"order_by": [["visits", "asc"]]}, "cannot order by"),
    "no order": ({"order_by": ["visitors"]}, "order_by is a list of lists"),
    "a limit of nothing": ({"limit": 0}, "limit is a whole number"),
    "bounces of goals": (
        {"metrics": ["bounce_rate"], "dimensions": ["event:goal"]},
        "cannot be broken down by event:goal",
    ),
    "shares of goals": (
        {"metrics": ["percentage"], "dimensions": ["event:goal"]},
        "cannot be broken down by event:goal",
    ),
}


@pytest.mark.parametrize(("query", "reason"), INVALID_QUERIES.values(), ids=INVALID_QUERIES.keys())
def test_an_invalid_query_is_refused_with_a_reason(
    api: PlausibleAPI, query: dict[str, Any], reason: str
) -> None:
    with pytest.raises(RequestError) as caught:
        api.stats.query(SITE, **query)
    assert (caught.value.status, reason in caught.value.said) == (400, True)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"site_id": SITE, "metrics": ["visitors"]}, "date_range is required"),
        ({"site_id": SITE, "metrics": [1], "date_range": "7d"}, "a list of names"),
        ({"site_id": SITE, "metrics": "visitors", "date_range": "7d"}, "metrics is a list"),
        ({"site_id": SITE, "metrics": [], "date_range": "7d"}, "at least one metric"),
        ({"site_id": SITE, "metrics": ["visits"], "date_range": "7d", "include": 1}, "an object"),
        ({"metrics": ["visitors"], "date_range": "7d"}, "Parameter `site_id` is required"),
    ],
)
def test_a_body_of_another_shape_is_refused(
    week: CollectorServer, body: dict[str, Any], reason: str
) -> None:
    answer = httpx2.post(f"{week.url}/api/v2/query", json=body)
    assert (answer.status_code, reason in answer.json()["error"]) == (400, True)
