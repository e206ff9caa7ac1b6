"""Every metric and every dimension, with exact figures of a small store."""

from __future__ import annotations

import sqlite3
from datetime import date
from typing import Any, Final

import pytest

from footfall.collector.storage.stats import AnyGoal, Filter, TimeRange
from footfall.collector.storage.stats.metrics import DIMENSIONS, METRICS
from tests.collector.storage.stats.support import UTC_ZONE, rows_of


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
    assert {metric for metric, _ in table} == set(METRICS)


def test_without_visits_there_are_no_rates(connection: sqlite3.Connection) -> None:
    none = TimeRange.of_days(date(2020, 1, 1), date(2020, 1, 2), UTC_ZONE)
    assert rows_of(connection, range=none, metrics=tuple(METRICS)) == [
        (0, 0, 0, 0, None, None, None, None, None, None)
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
