"""Rollups: which days are closed, and that they change no result."""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.collector.storage import write_sql
from footfall.collector.storage.stats import Filter, StatsQuery, TimeRange, rollups
from footfall.collector.storage.stats.execute import run_query
from footfall.collector.storage.stats.time_ranges import day_number
from footfall.collector.wire.messages import IncomingEvent
from tests.collector.storage.stats.support import (
    BERLIN,
    DAY,
    EVENTS,
    HOUR,
    KOLKATA,
    MIDNIGHT,
    NEW_YORK,
    NOW,
    UTC_ZONE,
    WEEK,
    close_all,
    database_of,
    event_of,
    histories,
    rows_of,
)


def test_days_are_closed_from_the_newest_to_the_second() -> None:
    with closing(database_of(EVENTS)) as database:
        assert close_all(database, UTC_ZONE) == [date(2026, 11, 21), date(2026, 11, 20)]
        assert rollups.closed_days(database.writer, WEEK) == [
            day_number(date(2026, 11, 20)),
            day_number(date(2026, 11, 21)),
        ]
        # In another zone none of them means anything.
        week_in_berlin = WEEK._replace(zone=BERLIN)
        assert rollups.closed_days(database.writer, week_in_berlin) == []
    with closing(database_of([])) as database:
        assert close_all(database, UTC_ZONE) == []


def test_a_day_stays_open_while_one_of_its_visits_goes_on() -> None:
    events = [
        event_of("first", -DAY),
        event_of("long", 23.9 * HOUR),
        event_of("long", 24.2 * HOUR),
    ]
    with closing(database_of(events)) as database:
        assert close_all(database, UTC_ZONE, MIDNIGHT + 24.6 * HOUR) == []
        assert close_all(database, UTC_ZONE, MIDNIGHT + 25.1 * HOUR) == [date(2026, 11, 20)]


@pytest.mark.parametrize(
    "late",
    [
        event_of("new", 10 * HOUR),
        event_of("ann", 2 * DAY + 3 * HOUR),
    ],
    ids=["an event for it", "an event of a visit that began in it"],
)
def test_a_day_is_reopened_by(late: IncomingEvent) -> None:
    friday = day_number(date(2026, 11, 20))
    with closing(database_of(EVENTS)) as database:
        close_all(database, UTC_ZONE)
        with database.writing() as connection:
            write_sql.insert(connection, [late])
        assert friday not in rollups.closed_days(database.writer, WEEK)
        query = StatsQuery(range=WEEK, metrics=("visits", "pageviews", "visit_duration"))
        before = run_query(database.writer, query).rows
        close_all(database, UTC_ZONE, NOW + DAY)
        assert friday in rollups.closed_days(database.writer, WEEK)
        assert run_query(database.writer, query).rows == before


def test_a_day_that_is_reopened_while_it_is_counted_stays_open() -> None:
    with closing(database_of(EVENTS)) as database:
        day = rollups.next_to_close(database.writer, UTC_ZONE, NOW - DAY)
        assert day is not None
        for number, step in enumerate(rollups.closing_steps(day)):
            with database.writing() as connection:
                step(connection)
                if number == 3:
                    write_sql.insert(connection, [event_of("late", 10 * HOUR)])
            # Nobody takes the day for closed before the end.
            expected = 4 if number < 3 else 5
            assert rows_of(database.writer, domain=None, metrics=("visitors",)) == [(expected,)]
        assert rollups.closed_days(database.writer, WEEK) == []
        assert close_all(database, UTC_ZONE, NOW - DAY) == [date(2026, 11, 20)]
        assert rows_of(database.writer, domain=None, metrics=("visitors",)) == [(5,)]


def test_a_day_of_invented_values_takes_no_space_for_rollups() -> None:
    """As many rows as events would double the file, and make other events be deleted."""
    invented = [
        event_of(f"v{number}", number, f"/{number}", source=f"{number}.test")
        for number in range(1_300)
    ]
    ordinary = [event_of(f"w{number}", DAY + number) for number in range(300)]
    with closing(database_of([*EVENTS, *invented, *ordinary])) as database:
        query = StatsQuery(range=WEEK, metrics=("visits", "pageviews"), dimensions=("event:page",))
        before = run_query(database.writer, query)
        assert close_all(database, UTC_ZONE) == [date(2026, 11, 21), date(2026, 11, 20)]
        saturday = day_number(date(2026, 11, 21))
        assert rollups.closed_days(database.writer, WEEK) == [saturday]
        assert run_query(database.writer, query) == before
        kept = "SELECT count(*) FROM rollups WHERE day <> ?"
        assert database.writer.execute(kept, (saturday,)).fetchone()[0] == 0
        # It is tried again once it has changed.
        with database.writing() as connection:
            write_sql.insert(connection, [event_of("late", 10 * HOUR)])
        assert close_all(database, UTC_ZONE) == [date(2026, 11, 20)]


def test_a_small_site_of_many_pages_has_rollups() -> None:
    # Each page has few visits of its own.
    events = [event_of(f"v{number}", number, f"/{number % 250}") for number in range(800)]
    with closing(database_of([*EVENTS, *events])) as database:
        close_all(database, UTC_ZONE)
        assert day_number(date(2026, 11, 20)) in rollups.closed_days(database.writer, WEEK)


def test_a_result_is_read_from_rollups() -> None:
    """Rollups with wrong figures on purpose must show in the result."""
    with closing(database_of(EVENTS)) as database:
        close_all(database, UTC_ZONE)
        database.writer.execute("UPDATE rollups SET visitors = 1000 WHERE dimension = ''")
        assert rows_of(database.writer, range=WEEK, metrics=("visitors",)) == [(1001,)]
        # What they cannot tell is counted.
        mobile = (Filter("is", "visit:device", ("Mobile",)),)
        assert rows_of(database.writer, range=WEEK, metrics=("visitors",), filters=mobile) == [(1,)]
        assert rows_of(
            database.writer, range=WEEK, metrics=("visitors",), dimensions=("time:hour",)
        )[-1] == ("2026-11-20 14:00:00", 1)


def test_days_without_rollups_are_counted_again() -> None:
    with closing(database_of(EVENTS)) as database:
        close_all(database, UTC_ZONE)
        with database.writing() as connection:
            rollups.delete_before(connection, int((MIDNIGHT + DAY) * 1_000))
        assert rollups.closed_days(database.writer, WEEK) == [day_number(date(2026, 11, 21))]
        # Saturday has nothing to keep.
        assert not database.writer.execute("SELECT count(*) FROM rollups").fetchone()[0]
        assert rows_of(database.writer, range=WEEK, metrics=("visitors",)) == [(4,)]
        with database.writing() as connection:
            rollups.delete_all(connection)
        assert rollups.closed_days(database.writer, WEEK) == []


_ROLLED_DIMENSIONS: Final = [
    (),
    ("time:day",),
    ("time:week",),
    ("time:month",),
    ("visit:source",),
    ("event:page",),
    ("event:name",),
    ("time:day", "visit:entry_page"),
]


@pytest.mark.parametrize(
    "zone",
    [
        KOLKATA,
        *(pytest.param(each, marks=pytest.mark.long) for each in (UTC_ZONE, BERLIN, NEW_YORK)),
    ],
    ids=str,
)
@given(draw=st.data())
@settings(max_examples=40, deadline=None)
def test_rollups_change_no_result(zone: ZoneInfo, draw: st.DataObject) -> None:
    events = draw.draw(histories(zone))
    first = date(2026, 11, 20) + timedelta(days=draw.draw(st.integers(-4, 3)))
    last = first + timedelta(days=draw.draw(st.integers(0, 5)))
    span = TimeRange.of_days(first, last, zone)
    if draw.draw(st.booleans()):
        span = span._replace(
            since=span.since + draw.draw(st.integers(0, 30)) * 3_600_000 // 2,
        ).until_at_most(int(NOW * 1_000))
    domain = draw.draw(st.sampled_from([None, "a.test"]))
    dimensions = draw.draw(st.sampled_from(_ROLLED_DIMENSIONS))
    is_of_events = any(name.startswith("event:") for name in dimensions)
    metrics: tuple[str, ...] = ("visitors", "visits", "pageviews", "events")
    if not is_of_events:
        metrics += ("bounce_rate", "visit_duration", "views_per_visit")
    elif "event:page" in dimensions:
        metrics += ("time_on_page", "scroll_depth")
    query = StatsQuery(
        range=span, domain=domain, metrics=metrics, dimensions=dimensions, limit=1_000
    )
    with closing(database_of(events)) as database:
        raw = run_query(database.writer, query)
        close_all(database, zone)
        assert run_query(database.writer, query) == raw


def test_a_page_that_is_viewed_past_the_closing_of_its_day_opens_it_again() -> None:
    viewed = event_of("ann", 23 * HOUR, "/", "engagement", engagement=(1_000, 20))
    late = event_of("ann", 31 * HOUR, "/", "engagement", engagement=(5_000, 40))
    wanted = {"metrics": ("time_on_page", "scroll_depth"), "dimensions": ("event:page",)}
    with closing(
        database_of([event_of("old", -DAY), event_of("ann", 22 * HOUR), viewed])
    ) as database:
        assert date(2026, 11, 20) in close_all(database, UTC_ZONE)
        assert rows_of(database.writer, **wanted) == [("/", 1, 20)]
        database.writer.execute("UPDATE rollups SET milliseconds = 9000 WHERE side = 'page_visits'")
        assert rows_of(database.writer, **wanted) == [("/", 9, 20)]
        with database.writing() as connection:
            write_sql.insert(connection, [late])
        assert rows_of(database.writer, **wanted) == [("/", 6, 40)]
