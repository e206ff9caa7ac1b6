"""Results: rows, their order and limit, and what they are compared with."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import Any

from footfall.collector.storage.stats import StatsQuery
from footfall.collector.storage.stats.execute import run_query
from tests.collector.storage.stats.support import FRIDAY, THURSDAY, rows_of


def test_all_domains_are_counted_together(connection: sqlite3.Connection) -> None:
    assert rows_of(connection, domain=None, metrics=("visitors", "pageviews")) == [(4, 8)]


def test_one_row_holds_figures_of_visits_and_of_events(connection: sqlite3.Connection) -> None:
    rows = rows_of(
        connection,
        metrics=("visitors", "pageviews", "bounce_rate", "visit_duration", "percentage"),
        dimensions=("visit:device",),
    )
    assert rows == [("Desktop", 2, 5, 0, 165, 66.7), ("Mobile", 1, 2, 100, 0, 33.3)]
    # The events of Dee's visit are Friday's, the visit is not.
    assert rows_of(connection, metrics=("visits", "pageviews"), dimensions=("visit:source",)) == [
        ("Direct / None", 2, 2),
        ("Google", 1, 3),
        ("news", 1, 1),
        ("X (Twitter)", 0, 1),
    ]


def test_dimensions_can_be_combined(connection: sqlite3.Connection) -> None:
    rows = rows_of(connection, metrics=("visits",), dimensions=("visit:device", "visit:entry_page"))
    assert rows == [("Desktop", "/", 2), ("Mobile", "/", 1), ("Mobile", "/pricing", 1)]


def test_rows_are_ordered_and_limited(connection: sqlite3.Connection) -> None:
    wanted: dict[str, Any] = {
        "metrics": ("visitors", "pageviews"),
        "dimensions": ("event:page",),
    }
    names = [row[0] for row in rows_of(connection, **wanted, order=(("event:page", "desc"),))]
    assert names == ["/pricing", "/late", "/docs", "/"]
    by_views = rows_of(connection, **wanted, order=(("pageviews", "asc"), ("event:page", "desc")))
    assert [row[0] for row in by_views] == ["/late", "/docs", "/pricing", "/"]
    assert [row[0] for row in rows_of(connection, **wanted, limit=2, offset=1)] == [
        "/pricing",
        "/docs",
    ]
    query = StatsQuery(range=FRIDAY, domain="a.test", limit=1, **wanted)
    assert run_query(connection, query).total == 4


def test_unknown_values_come_last_in_falling_order(connection: sqlite3.Connection) -> None:
    rows = rows_of(
        connection,
        metrics=("bounce_rate", "pageviews"),
        dimensions=("event:page",),
        order=(("bounce_rate", "desc"),),
    )
    assert rows == [("/pricing", 100, 2), ("/", 33, 3), ("/docs", None, 1), ("/late", None, 1)]


def test_rows_are_compared_with_the_same_of_another_range(connection: sqlite3.Connection) -> None:
    query = StatsQuery(
        range=FRIDAY,
        comparison=THURSDAY,
        domain="a.test",
        metrics=("visitors", "percentage"),
        dimensions=("event:page",),
        limit=1,
    )
    before = run_query(connection, replace(query, range=THURSDAY, comparison=FRIDAY, limit=5))
    assert [(row.dimensions, row.comparison) for row in before.rows] == [(("/night",), (0, 0.0))]
    assert run_query(connection, query).rows[0].comparison == (0, 0.0)
    totals = replace(query, dimensions=(), metrics=("visitors", "bounce_rate"))
    assert run_query(connection, totals).rows[0].comparison == (1, 0)


def test_a_day_is_compared_with_that_of_the_same_place(connection: sqlite3.Connection) -> None:
    query = StatsQuery(
        range=FRIDAY,
        comparison=THURSDAY,
        metrics=("pageviews",),
        dimensions=("time:day",),
    )
    (row,) = run_query(connection, query).rows
    assert (row.dimensions, row.metrics, row.comparison) == (("2026-11-20",), (8,), (1,))
