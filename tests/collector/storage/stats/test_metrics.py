"""Every metric and every dimension, with exact figures of a small store."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from typing import Any, Final

import pytest

from footfall.collector.storage.stats import AnyGoal, Filter, StatsQuery, TimeRange
from footfall.collector.storage.stats.metrics import DIMENSIONS, METRICS
from footfall.collector.storage.stats.query import StatsQueryError
from tests.collector.storage.stats.support import (
    HOUR,
    UTC_ZONE,
    WEEK,
    database_of,
    event_of,
    rows_of,
)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        # Dee's visit belongs to Thursday.
        ("visitors", 3),
        ("visits", 4),
        # /late among them: a pageview belongs to its own moment.
        ("pageviews", 7),
        ("events", 9),
        ("views_per_visit", 1.5),
        # Bob, twice. Cem's Signup ended the bounce; what is not interactive does not.
        ("bounce_rate", 50),
        # 5 minutes (engagement is no part of it), 30 seconds, 1 second and none.
        ("visit_duration", 83),
        ("percentage", 100.0),
        ("conversion_rate", 100.0),
        ("group_conversion_rate", 100.0),
    ],
)
def test_totals(connection: sqlite3.Connection, metric: str, expected: float) -> None:
    assert rows_of(connection, metrics=(metric,)) == [(expected,)]


def test_every_metric_has_an_exact_figure() -> None:
    (table,) = (
        mark.args[1]
        for mark in test_totals.pytestmark  # type: ignore[attr-defined]
        if mark.name == "parametrize"
    )
    assert {metric for metric, _ in table} | {"time_on_page", "scroll_depth"} == set(METRICS)


def test_without_visits_there_are_no_rates(connection: sqlite3.Connection) -> None:
    none = TimeRange.of_days(date(2020, 1, 1), date(2020, 1, 2), UTC_ZONE)
    home = (Filter("is", "event:page", ("/",)),)
    assert rows_of(connection, range=none, metrics=tuple(METRICS), filters=home) == [
        (0, 0, 0, 0, None, None, None, None, None, None, None, None)
    ]
    assert rows_of(connection, range=none, metrics=("visits",), dimensions=("visit:source",)) == []


_BY_DIMENSION: Final[dict[str, list[tuple[Any, ...]]]] = {
    "visit:source": [("Direct / None", 1, 2), ("Google", 1, 1), ("news", 1, 1)],
    "visit:referrer": [("Direct / None", 1, 2), ("google.de/thread", 1, 1), ("news/thread", 1, 1)],
    "visit:channel": [("Direct", 1, 2), ("Email", 1, 1), ("Organic Search", 1, 1)],
    "visit:utm_source": [("(not set)", 2, 3), ("news", 1, 1)],
    "visit:utm_medium": [("(not set)", 2, 3), ("email", 1, 1)],
    "visit:utm_campaign": [("(not set)", 2, 3), ("may", 1, 1)],
    "visit:utm_content": [("(not set)", 3, 4)],
    "visit:utm_term": [("(not set)", 3, 4)],
    "visit:entry_page": [("/", 3, 3), ("/pricing", 1, 1)],
    "visit:exit_page": [("/", 2, 2), ("/docs", 1, 1), ("/pricing", 1, 1)],
    "visit:device": [("Desktop", 2, 2), ("Mobile", 1, 2)],
    "visit:browser": [("Firefox", 2, 2), ("Safari", 1, 2)],
    "visit:browser_version": [("140.0", 2, 2), ("18.0", 1, 2)],
    "visit:os": [("GNU/Linux", 2, 2), ("iOS", 1, 2)],
    "visit:os_version": [("(not set)", 2, 2), ("18.0", 1, 2)],
    "visit:country": [("(not set)", 1, 1), ("DE", 1, 1), ("FR", 1, 2)],
    "visit:language": [("(not set)", 3, 4)],
    # From here on Dee is there: these belong to events.
    "event:page": [("/", 3, 4), ("/pricing", 2, 2), ("/docs", 1, 1), ("/late", 1, 1)],
    "event:name": [("pageview", 4, 5), ("Seen", 1, 1), ("Signup", 1, 1)],
    "event:goal": [("pageview", 4, 5), ("Seen", 1, 1), ("Signup", 1, 1)],
    "event:hostname": [("a.test", 4, 5)],
    "event:props:plan": [("(none)", 4, 5), ("pro", 1, 1)],
    'event:props:odd "key"': [("(none)", 4, 5), ("1", 1, 1)],
    "time:minute": [
        ("2026-11-20 00:05:00", 1, 1),
        ("2026-11-20 09:00:00", 1, 1),
        ("2026-11-20 09:02:00", 1, 1),
        ("2026-11-20 09:05:00", 1, 1),
        ("2026-11-20 09:30:00", 1, 1),
        ("2026-11-20 13:00:00", 1, 1),
        ("2026-11-20 14:00:00", 1, 1),
    ],
    "time:hour": [
        ("2026-11-20 00:00:00", 1, 1),
        ("2026-11-20 09:00:00", 2, 2),
        ("2026-11-20 13:00:00", 1, 1),
        ("2026-11-20 14:00:00", 1, 1),
    ],
    "time:day": [("2026-11-20", 3, 4)],
    # The week began on Monday, and the range on Friday.
    "time:week": [("2026-11-20", 3, 4)],
    "time:month": [("2026-11-01", 3, 4)],
}


@pytest.mark.parametrize(("dimension", "expected"), _BY_DIMENSION.items(), ids=list(_BY_DIMENSION))
def test_visitors_and_visits_by(
    connection: sqlite3.Connection, dimension: str, expected: list[tuple[Any, ...]]
) -> None:
    assert rows_of(connection, metrics=("visitors", "visits"), dimensions=(dimension,)) == expected


def test_every_dimension_has_exact_figures() -> None:
    assert {name for name in _BY_DIMENSION if "props" not in name} == set(DIMENSIONS) - {
        "event:props:KEY"
    }


def test_a_page_has_the_bounces_of_the_visits_that_began_on_it(
    connection: sqlite3.Connection,
) -> None:
    rows = rows_of(connection, metrics=("pageviews", "bounce_rate"), dimensions=("event:page",))
    assert rows == [("/", 3, 33), ("/pricing", 2, 100), ("/docs", 1, None), ("/late", 1, None)]


def test_a_goal_is_a_share_of_those_who_could_have_reached_it(
    connection: sqlite3.Connection,
) -> None:
    signup = AnyGoal((Filter("is", "event:goal", ("Signup",)),))
    home = Filter("is", "event:page", ("/",))
    desktop = Filter("is", "visit:device", ("Desktop",))
    metrics = ("visitors", "events", "conversion_rate")
    assert rows_of(connection, metrics=metrics, filters=(signup,)) == [(1, 1, 33.33)]
    assert rows_of(connection, metrics=metrics, filters=(signup, home)) == [(1, 1, 33.33)]
    assert rows_of(connection, metrics=metrics, filters=(signup, desktop)) == [(1, 1, 50.0)]


VIEWS: Final = [
    *(event_of("ann", HOUR + at, path, source="google.com") for at, path in ((0, "/"), (9, "/a"))),
    event_of("bob", HOUR, "/"),
    event_of("bob", HOUR + 90, "/", "Signup", props={"plan": "pro"}),
    # Ann came back to the page, and scrolled no further; Bob's browser told no depth.
    event_of("ann", HOUR + 60, "/", "engagement", engagement=(10_000, 80)),
    event_of("ann", HOUR + 99, "/", "engagement", engagement=(4_000, 30)),
    event_of("ann", HOUR + 120, "/a", "engagement", engagement=(61_400, 100)),
    event_of("bob", HOUR + 60, "/", "engagement", engagement=(5_000, None)),
    # A page that did not count.
    event_of("bob", HOUR + 70, "/none", "engagement", engagement=(5_000, 10)),
    event_of("eve", HOUR, "/", "engagement", engagement=(5_000, 10), reason="bot"),
    event_of("joe", HOUR, "/", domain="b.test"),
    event_of("joe", HOUR + 1, "/", "engagement", domain="b.test", engagement=(900_000, 1)),
    event_of("old", -HOUR, "/"),
    event_of("old", -HOUR, "/", "engagement", engagement=(900_000, 1)),
]
VIEWED: Final = ("time_on_page", "scroll_depth")
_PAGE: Final = "event:page"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"dimensions": (_PAGE,)}, [("/a", 61, 100), ("/", 10, 80), ("/none", 5, 10)]),
        ({"dimensions": (_PAGE,), "filters": (Filter("is", _PAGE, ("/",)),)}, [("/", 10, 80)]),
        ({"filters": (Filter("is", _PAGE, ("/",)),)}, [(10, 80)]),
        ({"filters": (Filter("contains", _PAGE, ("/",)),)}, [(21, 63)]),
        ({"filters": (Filter("is", _PAGE, ("/absent",)),)}, [(None, None)]),
        (
            {"dimensions": (_PAGE,), "filters": (Filter("is", "visit:source", ("Google",)),)},
            [("/a", 61, 100), ("/", 14, 80)],
        ),
        (
            {"dimensions": (_PAGE,), "filters": (Filter("is", "event:name", ("Signup",)),)},
            [("/", 5, None), ("/none", 5, 10)],
        ),
        (
            {"dimensions": ("visit:source", _PAGE), "filters": (Filter("is", _PAGE, ("/",)),)},
            [("Google", "/", 14, 80), ("Direct / None", "/", 5, None)],
        ),
        (
            {"dimensions": ("time:day",), "filters": (Filter("is", _PAGE, ("/",)),), "range": WEEK},
            [("2026-11-19", 900, 1), ("2026-11-20", 10, 80)],
        ),
        (
            {"metrics": ("visitors", "events", *VIEWED), "dimensions": (_PAGE,)},
            [("/", 2, 3, 10, 80), ("/a", 1, 1, 61, 100)],
        ),
    ],
)
def test_how_pages_were_viewed(wanted: dict[str, Any], expected: list[tuple[Any, ...]]) -> None:
    with closing(database_of(VIEWS)) as database:
        assert rows_of(database.writer, **{"metrics": VIEWED, **wanted}) == expected


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        ({}, "time_on_page needs event:page as a dimension or in a filter"),
        ({"dimensions": ("visit:source",)}, "scroll_depth needs event:page"),
        ({"dimensions": (_PAGE, "event:name")}, "time_on_page cannot be broken down by event:name"),
        ({"dimensions": (_PAGE, "event:props:plan")}, "cannot be broken down by event:props:plan"),
    ],
)
def test_it_is_a_figure_of_pages(wanted: dict[str, Any], fault: str) -> None:
    with pytest.raises(StatsQueryError, match=fault):
        StatsQuery(range=WEEK, metrics=VIEWED, **wanted)
