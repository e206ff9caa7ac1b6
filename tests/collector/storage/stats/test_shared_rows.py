"""Queries on one snapshot that share the rows of their conditions."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.collector.storage.stats import AnyOf, Condition, Filter, Not, StatsQuery, TimeRange
from footfall.collector.storage.stats.execute import Snapshot, run_query
from tests.collector.storage.stats.support import FRIDAY, UTC_ZONE, database_of, histories

_CONDITIONS: Final[st.SearchStrategy[Condition]] = st.sampled_from(
    [
        Filter("is", "visit:source", ("Google",)),
        Filter("is_not", "visit:source", ("Google", "Direct / None")),
        Filter("is", "visit:entry_page", ("/a",)),
        Filter("is", "event:page", ("/", "/a")),
        Filter("is", "event:name", ("Signup",)),
        Filter("is", "event:props:plan", ("(none)",)),
        Not(Filter("is", "event:page", ("/b",))),
        AnyOf((Filter("is", "event:page", ("/b",)), Filter("is", "visit:source", ("c.test",)))),
    ]
)
_QUERIES: Final = st.sampled_from(
    [
        ((), ("visitors", "visits", "pageviews", "events", "bounce_rate", "visit_duration")),
        (("time:day",), ("visitors", "views_per_visit")),
        (("time:hour",), ("visitors",)),
        (("visit:source",), ("visitors", "percentage")),
        (("event:page",), ("visitors", "pageviews", "percentage")),
        (("event:name",), ("visitors", "events", "conversion_rate")),
        (("event:page", "visit:entry_page"), ("visits",)),
    ]
)


@pytest.mark.long
@given(draw=st.data())
@settings(max_examples=80, deadline=None)
def test_queries_that_share_their_rows_have_the_same_results(draw: st.DataObject) -> None:
    events = draw.draw(histories(UTC_ZONE))
    first = date(2026, 11, 20) + timedelta(days=draw.draw(st.integers(-3, 2)))
    span = TimeRange.of_days(first, first + timedelta(days=draw.draw(st.integers(0, 3))), UTC_ZONE)
    before = TimeRange.of_days(first - timedelta(days=2), first - timedelta(days=1), UTC_ZONE)
    filters: tuple[Condition, ...] = tuple(draw.draw(st.lists(_CONDITIONS, max_size=2)))
    domain = draw.draw(st.sampled_from([None, "a.test"]))
    queries = [
        StatsQuery(
            range=span,
            comparison=draw.draw(st.sampled_from([None, before])),
            domain=domain,
            metrics=metrics,
            dimensions=dimensions,
            filters=filters,
        )
        for dimensions, metrics in draw.draw(st.lists(_QUERIES, min_size=1, max_size=5))
    ]
    with closing(database_of(events)) as database:
        with Snapshot.open(database.writer) as snapshot:
            together = [snapshot.run(each) for each in queries]
        assert together == [run_query(database.writer, each) for each in queries]


def test_rows_are_found_once_and_dropped_afterwards(connection: sqlite3.Connection) -> None:
    filters = (Filter("is", "event:page", ("/",)),)
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    try:
        for _ in range(2):
            with Snapshot.open(connection) as snapshot:
                for dimension in ("visit:source", "visit:country", "event:page"):
                    snapshot.run(
                        StatsQuery(
                            range=FRIDAY,
                            metrics=("visitors",),
                            dimensions=(dimension,),
                            filters=filters,
                        )
                    )
    finally:
        connection.set_trace_callback(None)
    assert sum("INSERT INTO shared_rows" in each for each in statements) == 2
    assert not connection.execute("SELECT count(*) FROM sqlite_temp_schema").fetchone()[0]
