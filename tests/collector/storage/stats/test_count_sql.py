"""Conditions and time zones in SQL."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from footfall.collector.storage.stats import AllOf, AnyOf, Condition, Filter, Not, TimeRange
from footfall.collector.storage.stats.time_ranges import labels, offsets
from tests.collector.storage.stats.support import (
    BERLIN,
    HOUR,
    KOLKATA,
    MIDNIGHT,
    NEW_YORK,
    UTC_ZONE,
    database_of,
    event_of,
    rows_of,
)


@pytest.mark.parametrize(
    ("condition", "visitors", "pageviews"),
    [
        (Filter("is", "visit:source", ("Google",)), 1, 3),
        (Filter("is", "visit:source", ("google",)), 0, 0),
        (Filter("is", "visit:source", ("google",), ignore_case=True), 1, 3),
        (Filter("is", "visit:source", ("Google", "news")), 2, 4),
        (Filter("is_not", "visit:source", ("Google", "news")), 1, 3),
        (Filter("is", "visit:source", ("Direct / None",)), 1, 2),
        (Filter("contains", "visit:browser", ("fire",)), 0, 0),
        (Filter("contains", "visit:browser", ("fire", "x"), ignore_case=True), 2, 5),
        (Filter("contains_not", "visit:browser", ("Fire",)), 1, 2),
        (Filter("matches_wildcard", "visit:entry_page", ("/*",)), 3, 7),
        (Filter("matches_wildcard_not", "visit:entry_page", ("/pric*",)), 3, 6),
        # Conditions on events count where the events are.
        (Filter("is", "event:page", ("/pricing",)), 2, 2),
        (Filter("matches_wildcard", "event:page", ("/d**", "/late")), 2, 2),
        (Filter("is", "event:name", ("Signup",)), 1, 0),
        (Filter("is", "event:name", ("Signup", "Nothing")), 1, 0),
        (Filter("is", "event:name", ("Signup", "pageview")), 4, 7),
        (Not(Filter("is", "event:name", ("Signup",))), 4, 7),
        (Filter("is", "event:props:plan", ("pro",)), 1, 0),
        (Filter("is", "event:props:plan", ("(none)",)), 4, 7),
        (Not(Filter("is", "event:page", ("/",))), 3, 4),
        # Who is from an unknown country is not from Germany.
        (Not(Filter("is", "visit:country", ("DE",))), 2, 4),
        (Not(AnyOf((Filter("is", "visit:country", ("DE",)),))), 2, 4),
        (Filter("is", "visit:country", ("DE", "(not set)")), 2, 5),
        (Filter("is", "visit:country", ("de", "(NOT SET)"), ignore_case=True), 2, 5),
        (
            AnyOf((Filter("is", "event:page", ("/docs",)), Filter("is", "visit:os", ("iOS",)))),
            2,
            3,
        ),
        (
            AllOf((Filter("is", "event:page", ("/",)), Filter("is", "visit:os", ("iOS",)))),
            1,
            1,
        ),
        (AllOf(()), 3, 7),
        (AnyOf(()), 0, 0),
    ],
    ids=str,
)
def test_conditions(
    connection: sqlite3.Connection, condition: Condition, visitors: int, pageviews: int
) -> None:
    rows = rows_of(connection, metrics=("visitors", "pageviews"), filters=(condition,))
    assert rows == [(visitors, pageviews)]


def test_a_visit_matches_if_one_of_its_events_does(connection: sqlite3.Connection) -> None:
    """Both conditions by the same event: Ann has seen /pricing and /docs, and no page is both.

    A visit bounces from the page on which it began, and only Bob's began on /pricing.
    """
    pricing = Filter("is", "event:page", ("/pricing",))
    docs = Filter("is", "event:page", ("/docs",))
    metrics = ("bounce_rate", "visit_duration", "views_per_visit")
    assert rows_of(connection, metrics=metrics, filters=(pricing,)) == [(100, 150, 2.0)]
    assert rows_of(connection, metrics=metrics, filters=(pricing, docs)) == [(None, None, None)]
    mobile = AllOf((pricing, Filter("is", "visit:device", ("Mobile",))))
    assert rows_of(connection, metrics=metrics, filters=(mobile,)) == [(100, 1, 1.0)]


def test_visits_of_a_hostname_are_those_that_began_there() -> None:
    events = [
        event_of("ann", HOUR, hostname="www.a.test", source="t.co"),
        event_of("ann", HOUR + 1, hostname="shop.a.test"),
        event_of("bob", HOUR, hostname="shop.a.test", source="google.de"),
    ]
    shop = Filter("is", "event:hostname", ("shop.a.test",))
    with closing(database_of(events)) as database:
        connection = database.writer
        by_source = rows_of(
            connection, metrics=("visitors",), dimensions=("visit:source",), filters=(shop,)
        )
        totals = rows_of(connection, metrics=("visitors", "bounce_rate"), filters=(shop,))
    assert by_source == [("Google", 1)]
    assert totals == [(2, 100)], "visitors were there, and one bounced"


def test_a_prop_that_is_not_there_lacks_no_text() -> None:
    events = [
        event_of("ann", HOUR, props={"plan": "free"}),
        event_of("bob", HOUR, props={"plan": "pro"}),
        event_of("cem", HOUR),
    ]
    with closing(database_of(events)) as database:
        found = {
            operator: rows_of(
                database.writer,
                metrics=("visitors",),
                filters=(Filter(operator, "event:props:plan", ("pro",)),),
            )
            for operator in ("is_not", "contains_not", "matches_wildcard_not")
        }
    assert found == {"is_not": [(2,)], "contains_not": [(1,)], "matches_wildcard_not": [(1,)]}


@pytest.mark.parametrize("text", ["'", '"', "\\", "%", "_", "*", "?", "[", ":p0", "\x00", "🦶"])
def test_any_text_of_a_query_is_bound_as_a_value(connection: sqlite3.Connection, text: str) -> None:
    for operator in ("is", "contains", "matches_wildcard"):
        condition = Filter(operator, f"event:props:{text}", (f"x{text}y",))
        rows = rows_of(connection, metrics=("visitors",), filters=(condition,))
        assert rows == [(0,)]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (UTC_ZONE, [("2026-11-19", 1), ("2026-11-20", 7)]),
        # Dee's first page, ten minutes before midnight, is Friday's there.
        (BERLIN, [("2026-11-20", 8)]),
        (KOLKATA, [("2026-11-20", 8)]),
        # Her second is still Thursday's.
        (NEW_YORK, [("2026-11-19", 2), ("2026-11-20", 6)]),
    ],
    ids=["UTC", "Berlin", "Kolkata", "New York"],
)
def test_days_are_those_of_the_time_zone(
    connection: sqlite3.Connection, zone: ZoneInfo, expected: list[tuple[str, int]]
) -> None:
    span = TimeRange.of_days(date(2026, 11, 18), date(2026, 11, 22), zone)
    assert (
        rows_of(connection, range=span, metrics=("pageviews",), dimensions=("time:day",))
        == expected
    )


def test_hours_are_those_of_summer_and_winter() -> None:
    # 25 October 2026: at 01:00 UTC clocks in Berlin go back from 03:00 to 02:00.
    change = datetime(2026, 10, 25, tzinfo=UTC).timestamp() - MIDNIGHT
    events = [event_of(f"v{hour}", change + hour * HOUR) for hour in range(-3, 24)]
    span = TimeRange.of_days(date(2026, 10, 25), date(2026, 10, 25), BERLIN)
    with closing(database_of(events)) as database:
        wanted = {"range": span, "metrics": ("pageviews",), "dimensions": ("time:hour",)}
        rows = rows_of(database.writer, **wanted)
        days = rows_of(database.writer, **{**wanted, "dimensions": ("time:day",)})
    assert len(offsets(span)) == 2
    assert days == [("2026-10-25", 25)]
    assert rows[:4] == [
        ("2026-10-25 00:00:00", 1),
        ("2026-10-25 01:00:00", 1),
        ("2026-10-25 02:00:00", 2),
        ("2026-10-25 03:00:00", 1),
    ]
    assert [row[0] for row in rows] == labels(span, "hour")
    assert len(rows) == 24


def test_a_custom_event_is_found_by_its_index(connection: sqlite3.Connection) -> None:
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    try:
        wanted = Filter("is", "event:name", ("Signup",))
        rows_of(connection, metrics=("events",), filters=(wanted,))
    finally:
        connection.set_trace_callback(None)
    counting = next(each for each in statements if "FROM events e" in each)
    plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {counting}")]
    assert any("USING INDEX events_by_name" in step for step in plan), plan
