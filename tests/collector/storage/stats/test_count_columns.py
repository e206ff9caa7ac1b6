"""Counts over columns of days, compared with those over rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.collector.storage.stats import (
    AllOf,
    AnyOf,
    Condition,
    Filter,
    Not,
    StatsQuery,
    TimeRange,
)
from footfall.collector.storage.stats.count_columns import ColumnCounts
from footfall.collector.storage.stats.count_sql import CountStatement
from footfall.collector.storage.stats.execute import Snapshot, run_query
from footfall.collector.storage.stats.metrics import SourceTable
from tests.collector.storage.stats.support import (
    BERLIN,
    DAY,
    EVENTS,
    HOUR,
    KOLKATA,
    MINUTE,
    NOW,
    UTC_ZONE,
    WEEK,
    close_all,
    database_of,
    event_of,
    histories,
    rows_of,
)

_CONDITIONS: Final[st.SearchStrategy[Condition]] = st.sampled_from(
    [
        Filter("is", "visit:source", ("Google",)),
        Filter("is", "visit:source", ("google", "DIRECT / NONE"), ignore_case=True),
        Filter("is_not", "visit:source", ("Google", "Direct / None")),
        Filter("contains", "visit:referrer", ("test", "oo")),
        Filter("contains_not", "visit:entry_page", ("a",)),
        Filter("matches_wildcard", "event:page", ("/*",)),
        Filter("is", "event:page", ("/", "/a")),
        Filter("is_not", "event:page", ("/",)),
        Filter("is", "event:name", ("Signup",)),
        Filter("is", "event:goal", ("pageview", "Signup")),
        Not(Filter("is", "event:page", ("/b",))),
        Not(Filter("is", "visit:exit_page", ("/b",))),
        AnyOf((Filter("is", "event:page", ("/b",)), Filter("is", "visit:source", ("c.test",)))),
        AllOf((Filter("is", "event:page", ("/b",)), Filter("is", "event:name", ("Signup",)))),
        AnyOf(()),
    ]
)
_VISITS: Final = ("visitors", "visits", "pageviews", "events", "bounce_rate", "visit_duration")
_QUERIES: Final = st.sampled_from(
    [
        ((), (*_VISITS, "views_per_visit")),
        (("time:day",), _VISITS),
        (("time:week",), ("views_per_visit", "visitors")),
        (("time:month", "visit:source"), _VISITS),
        (("visit:entry_page",), ("visitors", "bounce_rate", "percentage")),
        (("visit:source",), ("visitors", "visits", "events", "group_conversion_rate")),
        (("event:page",), ("visitors", "visits", "pageviews", "bounce_rate")),
        (("event:name", "time:day"), ("visitors", "visits", "events", "conversion_rate")),
        (("event:goal",), ("visitors", "events")),
        (("time:hour",), ("visitors",)),
        (("event:page", "visit:entry_page"), ("visits",)),
    ]
)


@pytest.mark.parametrize("zone", [UTC_ZONE, BERLIN, KOLKATA], ids=str)
@given(draw=st.data())
@settings(max_examples=20, deadline=None)
def test_columns_change_no_result(zone: ZoneInfo, draw: st.DataObject) -> None:
    events = draw.draw(histories(zone))
    first = date(2026, 11, 20) + timedelta(days=draw.draw(st.integers(-4, 3)))
    last = first + timedelta(days=draw.draw(st.integers(0, 5)))
    span = TimeRange.of_days(first, last, zone)
    if draw.draw(st.booleans()):
        span = span.until_at_most(int((NOW - draw.draw(st.integers(0, 60)) * HOUR) * 1_000))
    dimensions, metrics = draw.draw(_QUERIES)
    query = StatsQuery(
        range=span,
        domain=draw.draw(st.sampled_from([None, "a.test"])),
        metrics=metrics,
        dimensions=dimensions,
        filters=tuple(draw.draw(st.lists(_CONDITIONS, min_size=1, max_size=3))),
        limit=1_000,
    )
    with closing(database_of(events)) as database:
        counted = run_query(database.writer, query)
        close_all(database, zone)
        assert run_query(database.writer, query) == counted


def _columns_of(connection: sqlite3.Connection, *conditions: Condition) -> object:
    found = ColumnCounts(connection).rows(
        SourceTable.VISITS, WEEK, None, (), ("visits",), conditions
    )
    return None if found is None else list(found)


_GOOGLE: Final = Filter("is", "visit:source", ("Google",))


def test_conditions_on_long_ranges_are_counted_over_columns() -> None:
    with closing(database_of(EVENTS)) as database:
        assert _columns_of(database.writer, _GOOGLE) is None
        close_all(database, UTC_ZONE)
        statements: list[str] = []
        database.writer.set_trace_callback(statements.append)
        with Snapshot.open(database.writer) as snapshot:
            for name in ("visit:source", "event:page"):
                query = StatsQuery(
                    range=WEEK, metrics=("visitors",), dimensions=(name,), filters=(_GOOGLE,)
                )
                snapshot.run(query)
        database.writer.set_trace_callback(None)
        assert not [each for each in statements if "shared_rows" in each]
        # Each column is read once.
        read = [each for each in statements if "FROM day_columns" in each]
        assert len(read) == len({*read})


@pytest.mark.parametrize(
    "condition",
    [Filter("is", "event:props:plan", ("pro",)), Filter("is", "event:hostname", ("a.test",))],
    ids=lambda condition: condition.dimension,
)
def test_what_has_no_column_is_counted_over_rows(condition: Condition) -> None:
    with closing(database_of(EVENTS)) as database:
        close_all(database, UTC_ZONE)
        assert _columns_of(database.writer, condition) is None


@pytest.mark.parametrize(
    "events",
    [
        [event_of("long", at * 20 * MINUTE) for at in range(-3, 3 * 25)],
        [event_of("one", HOUR), event_of("one", 2 * HOUR, visitor="other")],
    ],
    ids=["a visit of three days", "a visit of two visitors"],
)
def test_a_day_that_columns_cannot_tell_is_counted_over_rows(events: list[object]) -> None:
    last = event_of("last", 1.4 * DAY, source="google.com")
    with closing(database_of([event_of("old", -DAY), *events, last])) as database:  # type: ignore[list-item]
        before = rows_of(database.writer, range=WEEK, metrics=_VISITS, filters=(_GOOGLE,))
        close_all(database, UTC_ZONE)
        assert _columns_of(database.writer, _GOOGLE) is None
        after = rows_of(database.writer, range=WEEK, metrics=_VISITS, filters=(_GOOGLE,))
        assert after == before


def test_many_open_days_are_counted_over_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [event_of(f"v{day}", day * DAY, source="google.com") for day in range(-6, 1)]
    with closing(database_of(events)) as database:
        close_all(database, UTC_ZONE)
        span = TimeRange.of_days(date(2026, 11, 14), date(2026, 11, 20), UTC_ZONE)
        database.writer.execute("DELETE FROM closed_days WHERE day % 2 = 0")
        counts = ColumnCounts(database.writer)
        assert counts.rows(SourceTable.VISITS, span, None, (), ("visits",), (_GOOGLE,)) is None
        statement = CountStatement(SourceTable.VISITS, span, None)
        assert list(statement.run(database.writer, (), ("visits",), (_GOOGLE,))) == [((), (7,))]
