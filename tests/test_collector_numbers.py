"""The collector as the Stats API, both versions: asked with the client, over a known week."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from footfall.collector import CollectorServer
from footfall.plausible_api import AuthorizationError, Figure, PlausibleAPI, RequestError, Row

SITE = "a.test"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/{}.0.0.0 Safari/537.36"
# A Thursday.
NOW = datetime(2026, 11, 12, 12, 30, tzinfo=UTC)

# When, who, what, where, and with which props.
WEEK = [
    ("2026-10-03 08:00", "Ann", "pageview", "/old", {}),
    ("2026-11-10 10:00", "Ann", "pageview", "/", {}),
    ("2026-11-10 10:05", "Ann", "pageview", "/pricing", {}),
    ("2026-11-10 10:06", "Ann", "Signup", "/pricing", {"plan": "pro"}),
    ("2026-11-10 11:00", "Bob", "pageview", "/blog/a?utm_source=hn", {}),
    ("2026-11-11 09:00", "Bob", "pageview", "/blog/b", {}),
    ("2026-11-11 09:01", "Bob", "Signup", "/blog/b", {"plan": "free"}),
    ("2026-11-12 12:20", "Cem", "pageview", "/", {}),
    ("2026-11-12 12:28", "Ann", "pageview", "/pricing", {}),
]


@pytest.fixture(scope="module")
def collector() -> Iterator[CollectorServer]:
    """A collector that lived through the week, with four goals."""
    with CollectorServer() as running:
        for when, who, name, path, props in WEEK:
            moment = datetime.fromisoformat(f"{when}+00:00").timestamp()
            running.store.clock = lambda moment=moment: moment  # type: ignore[misc]
            url = f"https://{SITE}{path}"
            event = {"name": name, "url": url, "domain": SITE, "props": props}
            headers = {"user-agent": CHROME.format(100 + ord(who[0]))}
            httpx2.post(f"{running.url}/api/event", json=event, headers=headers)
            running.store.flush()
        running.store.clock = NOW.timestamp
        with PlausibleAPI(running.url) as api:
            api.goals.find_or_create_event(SITE, "Signup")
            api.goals.find_or_create_event(
                SITE, "Signup", display_name="Pro", custom_props={"plan": "pro"}
            )
            api.goals.find_or_create_page(SITE, "/blog/*")
            # Nobody ever reached it.
            api.goals.find_or_create_event(SITE, "Cancelled")
        yield running


@pytest.fixture(scope="module")
def api(collector: CollectorServer) -> Iterator[PlausibleAPI]:
    with PlausibleAPI(collector.url) as api:
        yield api


def table(rows: Any) -> list[tuple[Any, ...]]:
    return [(*row.dimensions.values(), *row.metrics.values()) for row in rows]


# -- version 2 --------------------------------------------------------------------------------

QUERIES: dict[str, tuple[dict[str, Any], list[tuple[Any, ...]]]] = {
    "an aggregate": (
        {"metrics": ["visitors", "visits", "pageviews", "events"], "date_range": "7d"},
        [(5, 5, 6, 8)],
    ),
    "figures of visits": (
        {"metrics": ["bounce_rate", "views_per_visit", "visit_duration"], "date_range": "7d"},
        [(60, 1.2, 84)],
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
        {"date_range": "7d", "dimensions": ["event:page"]},
        [("/", 2), ("/pricing", 2), ("/blog/a", 1), ("/blog/b", 1)],
    ),
    "another order": (
        {
            "date_range": "7d",
            "dimensions": ["event:page"],
            "order_by": [["event:page", "desc"]],
            "filters": [["contains_not", "event:page", ["blog"]]],
        },
        [("/pricing", 2), ("/", 2)],
    ),
    "days": (
        {"date_range": "7d", "dimensions": ["time"], "order_by": [["time", "desc"]]},
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
            "date_range": "7d",
            "dimensions": ["event:props:plan"],
            "filters": [["is", "event:goal", ["Signup"]]],
        },
        [("free", 1), ("pro", 1)],
    ),
    "a condition that ignores case": (
        {
            "date_range": "7d",
            "dimensions": ["event:page"],
            "filters": [["is", "event:page", ["/PRICING"], {"case_sensitive": False}]],
        },
        [("/pricing", 2)],
    ),
    "and, or, not": (
        {
            "date_range": "7d",
            "dimensions": ["event:page"],
            "filters": [
                [
                    "and",
                    [
                        ["or", [["is", "event:page", ["/"]], ["contains", "event:page", ["blog"]]]],
                        ["not", ["is", "visit:source", ["hn"]]],
                    ],
                ]
            ],
        },
        [("/", 2), ("/blog/b", 1)],
    ),
    "goals": (
        {"date_range": "7d", "dimensions": ["event:goal"], "metrics": ["visitors", "events"]},
        [("Signup", 2, 2), ("Visit /blog/*", 2, 2), ("Pro", 1, 1)],
    ),
    "goals by day, in an order": (
        {
            "date_range": "7d",
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
        {"date_range": "7d", "dimensions": ["event:goal"], "metrics": ["conversion_rate"]},
        [("Signup", 40.0), ("Visit /blog/*", 40.0), ("Pro", 20.0)],
    ),
    "goals that contain a word": (
        {"date_range": "7d", "filters": [["contains", "event:goal", ["Visit"]]]},
        [(2,)],
    ),
    "no goal at all": (
        {"date_range": "7d", "filters": [["contains", "event:goal", ["nothing"]]]},
        [(0,)],
    ),
}


@pytest.mark.parametrize(("query", "expected"), QUERIES.values(), ids=QUERIES.keys())
def test_a_query_has_its_figures(
    api: PlausibleAPI, query: dict[str, Any], expected: list[tuple[Any, ...]]
) -> None:
    assert table(api.stats.query(SITE, **query).rows) == expected


def test_all_rows_come_page_by_page(api: PlausibleAPI) -> None:
    rows = api.stats.rows(SITE, limit=3, date_range="7d", dimensions=["event:page"])
    assert [row["event:page"] for row in rows] == ["/", "/pricing", "/blog/a", "/blog/b"]


def test_an_answer_tells_what_was_asked_for(api: PlausibleAPI) -> None:
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


def test_days_are_those_of_the_sites_time_zone(
    api: PlausibleAPI, collector: CollectorServer
) -> None:
    domain = "tokyo.test"
    api.sites.create(domain, timezone="Asia/Tokyo")
    # In Tokyo it is the next day already.
    event = {"name": "pageview", "url": f"https://{domain}/", "domain": domain}
    moment = datetime(2026, 11, 11, 20, 0, tzinfo=UTC)
    collector.store.clock = moment.timestamp
    httpx2.post(f"{collector.url}/api/event", json=event, headers={"user-agent": CHROME})
    collector.store.clock = NOW.timestamp
    rows = api.stats.query(domain, date_range="7d", dimensions=["time:day"]).rows
    assert table(rows) == [("2026-11-12", 1)]


NONSENSE: dict[str, tuple[dict[str, Any], str]] = {
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


@pytest.mark.parametrize(("query", "said"), NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_is_refused_with_a_sentence(
    api: PlausibleAPI, query: dict[str, Any], said: str
) -> None:
    with pytest.raises(RequestError) as caught:
        api.stats.query(SITE, **query)
    assert (caught.value.status, said in caught.value.said) == (400, True)


@pytest.mark.parametrize(
    ("body", "said"),
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
    collector: CollectorServer, body: dict[str, Any], said: str
) -> None:
    answer = httpx2.post(f"{collector.url}/api/v2/query", json=body)
    assert (answer.status_code, said in answer.json()["error"]) == (400, True)


# -- version 1 --------------------------------------------------------------------------------


def test_visitors_of_the_last_five_minutes_are_current(api: PlausibleAPI) -> None:
    # Ann's visit began two minutes ago, Cem's ten.
    assert api.stats.visitors_now(SITE) == 1
    assert api.stats.visitors_now("other.test") == 0


AGGREGATES: dict[str, tuple[dict[str, Any], dict[str, Figure]]] = {
    "by default, visitors of a month": ({}, {"visitors": Figure(value=5)}),
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
            "visitors": Figure(value=1, change=-50),
            "events": Figure(value=2, change=-50),
            "bounce_rate": Figure(value=0, change=-50),
        },
    ),
    "compared with nothing": (
        {
            "metrics": ["visitors", "bounce_rate"],
            "period": "day",
            "date": "2026-11-10",
            "compare": "previous_period",
        },
        {"visitors": Figure(value=2, change=100), "bounce_rate": Figure(value=50, change=None)},
    ),
    "nothing compared with nothing": (
        {"period": "day", "date": "2026-01-01", "compare": "previous_period"},
        {"visitors": Figure(value=0, change=0)},
    ),
    "a page": ({"filters": "event:page==/pricing"}, {"visitors": Figure(value=2)}),
    "one of two pages": ({"filters": "event:page==/|/blog/a"}, {"visitors": Figure(value=3)}),
    "a wildcard": ({"filters": "event:page==/blog/*"}, {"visitors": Figure(value=2)}),
    "not a source": ({"filters": "visit:source!=hn"}, {"visitors": Figure(value=4)}),
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
    assert table(rows) == [("2026-11-09", 0, None), ("2026-11-10", 2, 50), ("2026-11-11", 1, 0)]


SERIES: dict[str, tuple[dict[str, Any], int, str]] = {
    "a month in days": ({}, 30, "2026-10-14"),
    "half a year in months": ({"period": "6mo"}, 6, "2026-06-01"),
    "half a year in days": ({"period": "6mo", "interval": "date"}, 165, "2026-06-01"),
    "a day in hours": ({"period": "day", "interval": "hour"}, 24, "2026-11-12 00:00:00"),
}


@pytest.mark.parametrize(("query", "number", "first"), SERIES.values(), ids=SERIES.keys())
def test_a_time_series_is_cut_as_plausible_cuts_it(
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
    "sources": ("visit:source", {"limit": 1}, [("Direct / None", 4)]),
    "the next of them": ("visit:source", {"limit": 1, "page": 2}, [("hn", 1)]),
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
    assert [row["page"] for row in rows] == ["/", "/pricing", "/blog/a", "/blog/b"]


ASKS: dict[str, tuple[Callable[[PlausibleAPI], object], str]] = {
    "no condition": (lambda api: api.stats.aggregate(SITE, filters="page"), "a filter is a text"),
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


@pytest.mark.parametrize(("ask", "said"), ASKS.values(), ids=ASKS.keys())
def test_nonsense_of_version_1_is_refused(
    api: PlausibleAPI, ask: Callable[[PlausibleAPI], object], said: str
) -> None:
    with pytest.raises(RequestError) as caught:
        ask(api)
    assert (caught.value.status, said in caught.value.said) == (400, True)


def test_a_goal_may_be_excluded_in_version_1(api: PlausibleAPI) -> None:
    found = api.stats.aggregate(SITE, filters="event:goal!=Signup", metrics=["events"])
    assert found == {"events": Figure(value=6)}


# -- who may ask ------------------------------------------------------------------------------


def test_a_site_that_does_not_exist_is_as_a_wrong_key() -> None:
    with CollectorServer(domains=[SITE]) as collector, PlausibleAPI(collector.url) as api:
        assert api.stats.query(SITE).rows == (Row(metrics={"visitors": 0}),)
        asks: list[Callable[[], object]] = [
            lambda: api.stats.query("b.test"),
            lambda: api.stats.visitors_now("b.test"),
        ]
        for ask in asks:
            with pytest.raises(AuthorizationError):
                ask()


def test_what_was_posted_before_is_in_the_answer() -> None:
    event = {"name": "pageview", "url": f"https://{SITE}/", "domain": SITE}
    with CollectorServer() as collector, PlausibleAPI(collector.url) as api:
        for number in range(1, 11):
            headers = {"user-agent": CHROME.format(100 + number)}
            httpx2.post(f"{collector.url}/api/event", json=event, headers=headers)
            assert api.stats.visitors_now(SITE) == number


def test_everything_is_empty_at_first() -> None:
    with CollectorServer() as collector, PlausibleAPI(collector.url) as api:
        for span in ("day", "all", "12mo"):
            assert api.stats.query(SITE, date_range=span).rows[0]["visitors"] == 0
        assert api.stats.breakdown(SITE, "event:page") == ()
        assert api.stats.query(SITE, dimensions=["event:goal"]).rows == ()
