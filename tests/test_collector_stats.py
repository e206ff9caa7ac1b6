"""The stats engine: exact figures of small stores, and rollups that change none of them."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.collector.storage import visit_rows, write_sql
from footfall.collector.storage.database import MEMORY, Database
from footfall.collector.storage.stats import (
    AllOf,
    AnyOf,
    Condition,
    Filter,
    Not,
    StatsQuery,
    StatsQueryError,
    TimeRange,
    rollups,
)
from footfall.collector.storage.stats.execute import Snapshot, run_query
from footfall.collector.storage.stats.metrics import DIMENSIONS, METRICS
from footfall.collector.storage.stats.time_ranges import day_number, labels, offsets, today
from footfall.collector.storage.stats.wildcards import matches
from footfall.collector.wire.messages import Campaign, IncomingEvent, IncomingRequest

UTC_ZONE: Final = ZoneInfo("UTC")
BERLIN: Final = ZoneInfo("Europe/Berlin")
NEW_YORK: Final = ZoneInfo("America/New_York")
KOLKATA: Final = ZoneInfo("Asia/Kolkata")

MIDNIGHT: Final = datetime(2026, 11, 20, tzinfo=UTC).timestamp()
MINUTE: Final = 60.0
HOUR: Final = 3_600.0
DAY: Final = 86_400.0

FIREFOX: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)


def an_event(
    visit: str,
    at: float,
    path: str = "/",
    name: str = "pageview",
    *,
    visitor: str | None = None,
    domain: str = "a.test",
    source: str | None = None,
    campaign: Campaign | None = None,
    props: dict[str, str] | None = None,
    user_agent: str = FIREFOX,
    country: str = "",
    is_interactive: bool = True,
    reason: str | None = None,
) -> IncomingEvent:
    """An event of a visit; a visitor's name is one of the day, as in a real store."""
    day = int((MIDNIGHT + at) // DAY)
    return IncomingEvent(
        vendor="plausible",
        domain=domain,
        name=name,
        hostname=domain,
        path=path,
        referrer=f"https://{source}/thread" if source else None,
        source=source,
        campaign=campaign or Campaign(),
        props=props or {},
        user_agent=user_agent,
        visitor=None if reason else f"{visitor or visit}@{day}",
        session=None if reason else visit,
        interactive=is_interactive,
        reason=reason,
        request=IncomingRequest(
            headers={"cf-ipcountry": country} if country else {},
            peer="127.0.0.1",
            body=b"{}",
            at=MIDNIGHT + at,
        ),
    )


# Friday. Ann came from a search and read three pages; Bob bounced, twice, on his phone; Cem signed
# up at once, without a second page; Dee came the day before, and stayed across midnight.
STORY: Final = [
    an_event("dee", -10 * MINUTE, "/night", source="t.co"),
    an_event("dee", 5 * MINUTE, "/late"),
    an_event("ann", 9 * HOUR, "/", source="google.de", country="DE"),
    an_event("ann", 9 * HOUR + 2 * MINUTE, "/pricing"),
    an_event("ann", 9 * HOUR + 5 * MINUTE, "/docs"),
    an_event("ann", 9 * HOUR + 6 * MINUTE, "/docs", "engagement"),
    an_event("bob-1", 9 * HOUR + 30 * MINUTE, "/", visitor="bob", user_agent=IPHONE, country="FR"),
    an_event("bob-2", 13 * HOUR, "/pricing", visitor="bob", user_agent=IPHONE, country="FR"),
    an_event("cem", 14 * HOUR, "/", campaign=Campaign("news", "email", "may"), source="news"),
    an_event("cem", 14 * HOUR + 30, "/", "Signup", props={"plan": "pro", 'odd "key"': "1"}),
    an_event("bob-2", 13 * HOUR + 1, "/", "Seen", visitor="bob", is_interactive=False),
    an_event("bot", 15 * HOUR, "/", reason="bot"),
    an_event("eve", 16 * HOUR, "/", domain="b.test"),
]
FRIDAY: Final = TimeRange.of_days(date(2026, 11, 20), date(2026, 11, 20), UTC_ZONE)
THURSDAY: Final = TimeRange.of_days(date(2026, 11, 19), date(2026, 11, 19), UTC_ZONE)
WEEK: Final = TimeRange.of_days(date(2026, 11, 16), date(2026, 11, 22), UTC_ZONE)


def a_store(events: Sequence[IncomingEvent]) -> Database:
    database = Database(MEMORY)
    with database.writing() as connection:
        write_sql.insert(connection, events)
    return database


@pytest.fixture(scope="module")
def story() -> Iterator[sqlite3.Connection]:
    with closing(a_store(STORY)) as database:
        yield database.writer


def ask(connection: sqlite3.Connection, **wanted: Any) -> list[tuple[Any, ...]]:
    """The rows as flat tuples: dimensions, metrics."""
    question = StatsQuery(**{"range": FRIDAY, "domain": "a.test", **wanted})
    return [(*row.dimensions, *row.metrics) for row in run_query(connection, question).rows]


# -- metrics ----------------------------------------------------------------------------------


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
        # 6 minutes (engagement extends a visit), 30 seconds, 1 second and none.
        ("visit_duration", 98),
        ("percentage", 100.0),
        ("conversion_rate", 100.0),
    ],
)
def test_totals(story: sqlite3.Connection, metric: str, expected: float) -> None:
    assert ask(story, metrics=(metric,)) == [(expected,)]


def test_every_metric_has_an_exact_figure_here() -> None:
    (table,) = (
        mark.args[1]
        for mark in test_totals.pytestmark  # type: ignore[attr-defined]
        if mark.name == "parametrize"
    )
    assert {metric for metric, _ in table} == set(METRICS)


def test_of_nothing_there_are_no_rates(story: sqlite3.Connection) -> None:
    none = TimeRange.of_days(date(2020, 1, 1), date(2020, 1, 2), UTC_ZONE)
    assert ask(story, range=none, metrics=tuple(METRICS)) == [
        (0, 0, 0, 0, None, None, None, None, None)
    ]
    assert ask(story, range=none, metrics=("visits",), dimensions=("visit:source",)) == []


def test_all_domains_are_counted_together(story: sqlite3.Connection) -> None:
    assert ask(story, domain=None, metrics=("visitors", "pageviews")) == [(4, 8)]


# -- dimensions -------------------------------------------------------------------------------

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
    "visit:browser_version": [("140", 2, 2), ("18.0", 1, 2)],
    "visit:os": [("Linux", 2, 2), ("iOS", 1, 2)],
    "visit:os_version": [("(not set)", 2, 2), ("18.0", 1, 2)],
    "visit:country": [("(not set)", 1, 1), ("DE", 1, 1), ("FR", 1, 2)],
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
    "time:week": [("2026-11-16", 3, 4)],
    "time:month": [("2026-11-01", 3, 4)],
}


@pytest.mark.parametrize(("dimension", "expected"), _BY_DIMENSION.items(), ids=list(_BY_DIMENSION))
def test_visitors_and_visits_by(
    story: sqlite3.Connection, dimension: str, expected: list[tuple[Any, ...]]
) -> None:
    assert ask(story, metrics=("visitors", "visits"), dimensions=(dimension,)) == expected


def test_every_dimension_has_exact_figures_here() -> None:
    assert {name for name in _BY_DIMENSION if "props" not in name} == set(DIMENSIONS) - {
        "event:props:KEY"
    }


def test_figures_of_visits_and_events_stand_in_one_row(story: sqlite3.Connection) -> None:
    rows = ask(
        story,
        metrics=("visitors", "pageviews", "bounce_rate", "visit_duration", "percentage"),
        dimensions=("visit:device",),
    )
    assert rows == [("Desktop", 2, 5, 0, 195, 66.7), ("Mobile", 1, 2, 100, 0, 33.3)]
    # The events of Dee's visit are Friday's, the visit is not.
    assert ask(story, metrics=("visits", "pageviews"), dimensions=("visit:source",)) == [
        ("Direct / None", 2, 2),
        ("Google", 1, 3),
        ("news", 1, 1),
        ("X (Twitter)", 0, 1),
    ]


def test_a_page_bounces_as_the_visits_do_that_it_began(story: sqlite3.Connection) -> None:
    rows = ask(story, metrics=("pageviews", "bounce_rate"), dimensions=("event:page",))
    assert rows == [("/", 3, 33), ("/pricing", 2, 100), ("/docs", 1, None), ("/late", 1, None)]


def test_dimensions_can_be_combined(story: sqlite3.Connection) -> None:
    rows = ask(story, metrics=("visits",), dimensions=("visit:device", "visit:entry_page"))
    assert rows == [("Desktop", "/", 2), ("Mobile", "/", 1), ("Mobile", "/pricing", 1)]


# -- conditions -------------------------------------------------------------------------------


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
        (Filter("is", "event:props:plan", ("pro",)), 1, 0),
        (Filter("is", "event:props:plan", ("(none)",)), 4, 7),
        (Not(Filter("is", "event:page", ("/",))), 3, 4),
        # Who is from an unknown country is not from Germany.
        (Not(Filter("is", "visit:country", ("DE",))), 2, 4),
        (Not(AnyOf((Filter("is", "visit:country", ("DE",)),))), 2, 4),
        (Filter("is", "visit:country", ("DE", "(not set)")), 2, 5),
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
    story: sqlite3.Connection, condition: Condition, visitors: int, pageviews: int
) -> None:
    rows = ask(story, metrics=("visitors", "pageviews"), filters=(condition,))
    assert rows == [(visitors, pageviews)]


def test_visits_fit_if_one_of_their_events_does(story: sqlite3.Connection) -> None:
    """Both conditions by the same event: Ann has seen /pricing and /docs, and no page is both."""
    pricing = Filter("is", "event:page", ("/pricing",))
    docs = Filter("is", "event:page", ("/docs",))
    metrics = ("bounce_rate", "visit_duration", "views_per_visit")
    assert ask(story, metrics=metrics, filters=(pricing,)) == [(50, 180, 2.0)]
    assert ask(story, metrics=metrics, filters=(pricing, docs)) == [(None, None, None)]
    mobile = AllOf((pricing, Filter("is", "visit:device", ("Mobile",))))
    assert ask(story, metrics=metrics, filters=(mobile,)) == [(100, 1, 1.0)]


def test_a_goal_is_a_share_of_those_who_could_have_reached_it(story: sqlite3.Connection) -> None:
    signup = Filter("is", "event:goal", ("Signup",))
    desktop = Filter("is", "visit:device", ("Desktop",))
    metrics = ("visitors", "events", "conversion_rate")
    assert ask(story, metrics=metrics, filters=(signup,)) == [(1, 1, 33.3)]
    assert ask(story, metrics=metrics, filters=(signup, desktop)) == [(1, 1, 50.0)]


@pytest.mark.parametrize("text", ["'", '"', "\\", "%", "_", "*", "?", "[", ":p0", "\x00", "🦶"])
def test_whatever_is_asked_is_a_value(story: sqlite3.Connection, text: str) -> None:
    for operator in ("is", "contains", "matches_wildcard"):
        condition = Filter(operator, f"event:props:{text}", (f"x{text}y",))
        rows = ask(story, metrics=("visitors",), filters=(condition,))
        assert rows == [(0,)]


@pytest.mark.parametrize(
    ("wildcard", "text", "fits"),
    [
        ("/docs", "/docs", True),
        ("/docs", "/docs/a", False),
        ("/docs/*", "/docs/a", True),
        ("/docs/*", "/docs/", True),
        ("/docs/*", "/docs/a/b", False),
        ("/docs/**", "/docs/a/b", True),
        ("**a*b", "a/ab", True),
        ("*/b", "a/b", True),
        ("***", "/a/b", True),
        ("a.c", "abc", False),
        ("", "", True),
        ("", "a", False),
    ],
)
def test_wildcards(wildcard: str, text: str, fits: bool) -> None:
    assert matches(wildcard, text) == fits


@given(st.text("ab/*", max_size=8), st.text("ab/", max_size=8))
def test_wildcards_are_what_they_are_as_regular_expressions(wildcard: str, text: str) -> None:
    parts = re.split(r"(\*+)", wildcard)
    pattern = "".join(
        re.escape(part) if "*" not in part else "[^/]*" if part == "*" else ".*" for part in parts
    )
    assert matches(wildcard, text) == bool(re.fullmatch(pattern, text))


def test_no_text_keeps_a_wildcard_busy() -> None:
    started = time.monotonic()
    assert not matches("**a" * 20 + "b", "a" * 2_000)
    assert time.monotonic() - started < 5


# -- order, limit, comparison -----------------------------------------------------------------


def test_rows_are_ordered_and_limited(story: sqlite3.Connection) -> None:
    wanted: dict[str, Any] = {
        "metrics": ("visitors", "pageviews"),
        "dimensions": ("event:page",),
    }
    names = [row[0] for row in ask(story, **wanted, order=(("event:page", "desc"),))]
    assert names == ["/pricing", "/late", "/docs", "/"]
    by_views = ask(story, **wanted, order=(("pageviews", "asc"), ("event:page", "desc")))
    assert [row[0] for row in by_views] == ["/late", "/docs", "/pricing", "/"]
    assert [row[0] for row in ask(story, **wanted, limit=2, offset=1)] == ["/pricing", "/docs"]
    question = StatsQuery(range=FRIDAY, domain="a.test", limit=1, **wanted)
    assert run_query(story, question).total == 4


def test_what_is_unknown_comes_last_in_any_fall(story: sqlite3.Connection) -> None:
    rows = ask(
        story,
        metrics=("bounce_rate", "pageviews"),
        dimensions=("event:page",),
        order=(("bounce_rate", "desc"),),
    )
    assert rows == [("/pricing", 100, 2), ("/", 33, 3), ("/docs", None, 1), ("/late", None, 1)]


def test_rows_are_compared_with_the_same_of_another_range(story: sqlite3.Connection) -> None:
    question = StatsQuery(
        range=FRIDAY,
        comparison=THURSDAY,
        domain="a.test",
        metrics=("visitors", "percentage"),
        dimensions=("event:page",),
        limit=1,
    )
    before = run_query(story, replace(question, range=THURSDAY, comparison=FRIDAY, limit=5))
    assert [(row.dimensions, row.comparison) for row in before.rows] == [(("/night",), (0, 0.0))]
    assert run_query(story, question).rows[0].comparison == (0, 0.0)
    totals = replace(question, dimensions=(), metrics=("visitors", "bounce_rate"))
    assert run_query(story, totals).rows[0].comparison == (1, 0)


def test_a_day_is_compared_with_that_of_the_same_place(story: sqlite3.Connection) -> None:
    question = StatsQuery(
        range=FRIDAY,
        comparison=THURSDAY,
        metrics=("pageviews",),
        dimensions=("time:day",),
    )
    (row,) = run_query(story, question).rows
    assert (row.dimensions, row.metrics, row.comparison) == (("2026-11-20",), (8,), (1,))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"metrics": ()}, "at least one metric"),
        ({"metrics": ("happiness",)}, "no metric 'happiness'"),
        ({"dimensions": ("visit:mood",)}, "no dimension 'visit:mood'"),
        ({"dimensions": ("event:props:",)}, "no dimension 'event:props:'"),
        ({"dimensions": ("visit:os",) * 5}, "at most 4"),
        (
            {"metrics": ("bounce_rate",), "dimensions": ("event:name",)},
            "bounce_rate cannot be broken down by event:name",
        ),
        ({"filters": (Filter("like", "visit:os", ("x",)),)}, "no operator 'like'"),  # type: ignore[arg-type]
        ({"filters": (Filter("is", "visit:mood", ("x",)),)}, "no dimension"),
        ({"filters": (Filter("is", "time:day", ("x",)),)}, "narrow the range"),
        ({"filters": (Filter("is", "visit:os", ()),)}, "by 1 to 500 values"),
        ({"filters": (Filter("is", "visit:os", ("x",)),) * 101}, "at most 100"),
        ({"order": (("visits", "asc"),)}, "not asked for"),
        ({"order": (("visitors", "up"),)}, "asc or desc"),
        ({"limit": 0}, "limit begins at 1"),
        ({"offset": -1}, "offset at 0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_nonsense_is_refused_with_a_reason(wanted: dict[str, Any], said: str) -> None:
    with pytest.raises(StatsQueryError, match=said):
        StatsQuery(**{"range": FRIDAY, "metrics": ("visitors",), **wanted})


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(StatsQueryError, match=r"no metric 'x'.*no dimension 'y'.*limit"):
        StatsQuery(range=FRIDAY, metrics=("x",), dimensions=("y",), limit=0)


# -- time -------------------------------------------------------------------------------------


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
    story: sqlite3.Connection, zone: ZoneInfo, expected: list[tuple[str, int]]
) -> None:
    span = TimeRange.of_days(date(2026, 11, 18), date(2026, 11, 22), zone)
    assert ask(story, range=span, metrics=("pageviews",), dimensions=("time:day",)) == expected


def test_hours_are_those_of_summer_and_winter() -> None:
    # 25 October 2026: at 01:00 UTC clocks in Berlin go back from 03:00 to 02:00.
    change = datetime(2026, 10, 25, tzinfo=UTC).timestamp() - MIDNIGHT
    events = [an_event(f"v{hour}", change + hour * HOUR) for hour in range(-3, 24)]
    span = TimeRange.of_days(date(2026, 10, 25), date(2026, 10, 25), BERLIN)
    with closing(a_store(events)) as database:
        wanted = {"range": span, "metrics": ("pageviews",), "dimensions": ("time:hour",)}
        rows = ask(database.writer, **wanted)
        days = ask(database.writer, **{**wanted, "dimensions": ("time:day",)})
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


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("day", ["2026-11-16", "2026-11-17", "2026-11-18"]),
        ("week", ["2026-11-16"]),
        ("month", ["2026-11-01"]),
    ],
)
def test_ranges_list_what_they_touch(unit: Any, expected: list[str]) -> None:
    span = TimeRange.of_days(date(2026, 11, 16), date(2026, 11, 18), BERLIN)
    assert labels(span, unit) == expected
    assert (span.first_day, span.last_day, span.days) == (
        date(2026, 11, 16),
        date(2026, 11, 18),
        3,
    )


def test_months_are_listed_across_the_year() -> None:
    span = TimeRange.of_days(date(2025, 11, 30), date(2026, 2, 1), UTC_ZONE)
    assert labels(span, "month") == ["2025-11-01", "2025-12-01", "2026-01-01", "2026-02-01"]


def test_a_range_of_nothing_touches_nothing() -> None:
    none = FRIDAY.until_at_most(0)
    assert (none.since, none.until) == (FRIDAY.since, FRIDAY.since)
    assert labels(none, "day") == labels(none, "hour") == []
    instants = TimeRange.of_instants(
        datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 20, 0, 2, tzinfo=UTC), KOLKATA
    )
    assert labels(instants, "minute") == ["2026-11-20 05:30:00", "2026-11-20 05:31:00"]
    assert today(MIDNIGHT - 1, UTC_ZONE) == date(2026, 11, 19)


# -- rollups ----------------------------------------------------------------------------------

_NOW: Final = MIDNIGHT + 2 * DAY + 12 * HOUR


def close_all(database: Database, zone: ZoneInfo, now: float = _NOW) -> list[date]:
    """Close every day that can be, as the writing thread does."""
    closed = []
    while day := rollups.next_to_close(database.writer, zone, now):
        with database.writing() as connection:
            rollups.close(connection, day)
        closed.append(day.first_day)
    return closed


def test_days_are_closed_from_the_newest_to_the_second() -> None:
    with closing(a_store(STORY)) as database:
        assert close_all(database, UTC_ZONE) == [date(2026, 11, 21), date(2026, 11, 20)]
        assert rollups.closed_days(database.writer, WEEK) == [
            day_number(date(2026, 11, 20)),
            day_number(date(2026, 11, 21)),
        ]
        # In another zone none of them means anything.
        week_in_berlin = WEEK._replace(zone=BERLIN)
        assert rollups.closed_days(database.writer, week_in_berlin) == []
    with closing(a_store([])) as database:
        assert close_all(database, UTC_ZONE) == []


def test_a_day_stays_open_while_one_of_its_visits_goes_on() -> None:
    events = [
        an_event("first", -DAY),
        an_event("long", 23.9 * HOUR),
        an_event("long", 24.2 * HOUR),
    ]
    with closing(a_store(events)) as database:
        assert close_all(database, UTC_ZONE, MIDNIGHT + 24.6 * HOUR) == []
        assert close_all(database, UTC_ZONE, MIDNIGHT + 25.1 * HOUR) == [date(2026, 11, 20)]


@pytest.mark.parametrize(
    "late",
    [
        an_event("new", 10 * HOUR),
        an_event("ann", 2 * DAY + 3 * HOUR),
    ],
    ids=["an event for it", "an event of a visit that began in it"],
)
def test_a_day_is_opened_again_by(late: IncomingEvent) -> None:
    friday = day_number(date(2026, 11, 20))
    with closing(a_store(STORY)) as database:
        close_all(database, UTC_ZONE)
        with database.writing() as connection:
            write_sql.insert(connection, [late])
        assert friday not in rollups.closed_days(database.writer, WEEK)
        question = StatsQuery(range=WEEK, metrics=("visits", "pageviews", "visit_duration"))
        before = run_query(database.writer, question).rows
        close_all(database, UTC_ZONE, _NOW + DAY)
        assert friday in rollups.closed_days(database.writer, WEEK)
        assert run_query(database.writer, question).rows == before


def test_a_day_that_is_opened_while_it_is_counted_stays_open() -> None:
    with closing(a_store(STORY)) as database:
        day = rollups.next_to_close(database.writer, UTC_ZONE, _NOW - DAY)
        assert day is not None
        for number, step in enumerate(rollups.closing_steps(day)):
            with database.writing() as connection:
                step(connection)
                if number == 3:
                    write_sql.insert(connection, [an_event("late", 10 * HOUR)])
            # Nobody takes the day for closed before the end.
            expected = 4 if number < 3 else 5
            assert ask(database.writer, domain=None, metrics=("visitors",)) == [(expected,)]
        assert rollups.closed_days(database.writer, WEEK) == []
        assert close_all(database, UTC_ZONE, _NOW - DAY) == [date(2026, 11, 20)]
        assert ask(database.writer, domain=None, metrics=("visitors",)) == [(5,)]


def test_an_answer_is_taken_from_closed_days() -> None:
    """Told by figures that are wrong on purpose: they must show."""
    with closing(a_store(STORY)) as database:
        close_all(database, UTC_ZONE)
        database.writer.execute("UPDATE rollups SET visitors = 1000 WHERE dimension = ''")
        assert ask(database.writer, range=WEEK, metrics=("visitors",)) == [(1001,)]
        # What they cannot tell is counted.
        mobile = (Filter("is", "visit:device", ("Mobile",)),)
        assert ask(database.writer, range=WEEK, metrics=("visitors",), filters=mobile) == [(1,)]
        assert ask(database.writer, range=WEEK, metrics=("visitors",), dimensions=("time:hour",))[
            -1
        ] == ("2026-11-20 14:00:00", 1)


def test_forgotten_days_are_counted_again() -> None:
    with closing(a_store(STORY)) as database:
        close_all(database, UTC_ZONE)
        with database.writing() as connection:
            rollups.forget_before(connection, int((MIDNIGHT + DAY) * 1_000))
        assert rollups.closed_days(database.writer, WEEK) == [day_number(date(2026, 11, 21))]
        # Saturday has nothing to keep.
        assert not database.writer.execute("SELECT count(*) FROM rollups").fetchone()[0]
        assert ask(database.writer, range=WEEK, metrics=("visitors",)) == [(4,)]
        with database.writing() as connection:
            rollups.forget_all(connection)
        assert rollups.closed_days(database.writer, WEEK) == []


_PATHS = st.sampled_from(["/", "/a", "/b"])
_SOURCES = st.sampled_from([None, "google.com", "c.test"])


@st.composite
def histories(draw: st.DrawFn, zone: ZoneInfo) -> list[IncomingEvent]:
    """A week of visits; names of visitors are those of a day, as the book of visits gives them."""
    events = []
    for number in range(draw(st.integers(1, 12))):
        at = draw(st.integers(-3 * 24 * 60, 3 * 24 * 60)) * MINUTE
        source, domain = draw(_SOURCES), draw(st.sampled_from(["a.test", "b.test"]))
        who = draw(st.sampled_from("xyz"))
        for step in range(draw(st.integers(1, 3))):
            event = an_event(
                f"visit-{number}",
                at,
                draw(_PATHS),
                draw(st.sampled_from(["pageview", "Signup", "engagement"])),
                domain=domain,
                source=source,
            )
            day = datetime.fromtimestamp(MIDNIGHT + at, zone).toordinal()
            events.append(replace(event, visitor=f"{domain}-{who}@{day}", starts_session=not step))
            at += draw(st.integers(0, 29)) * MINUTE
    return sorted(events, key=lambda event: event.request.at)


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


@pytest.mark.parametrize("zone", [UTC_ZONE, BERLIN, NEW_YORK, KOLKATA], ids=str)
@given(draw=st.data())
@settings(max_examples=40, deadline=None)
def test_rollups_change_no_answer(zone: ZoneInfo, draw: st.DataObject) -> None:
    events = draw.draw(histories(zone))
    first = date(2026, 11, 20) + timedelta(days=draw.draw(st.integers(-4, 3)))
    last = first + timedelta(days=draw.draw(st.integers(0, 5)))
    span = TimeRange.of_days(first, last, zone)
    if draw.draw(st.booleans()):
        span = span._replace(
            since=span.since + draw.draw(st.integers(0, 30)) * 3_600_000 // 2,
        ).until_at_most(int(_NOW * 1_000))
    domain = draw.draw(st.sampled_from([None, "a.test"]))
    dimensions = draw.draw(st.sampled_from(_ROLLED_DIMENSIONS))
    is_of_events = any(name.startswith("event:") for name in dimensions)
    metrics: tuple[str, ...] = ("visitors", "visits", "pageviews", "events")
    if not is_of_events:
        metrics += ("bounce_rate", "visit_duration", "views_per_visit")
    question = StatsQuery(
        range=span, domain=domain, metrics=metrics, dimensions=dimensions, limit=1_000
    )
    with closing(a_store(events)) as database:
        raw = run_query(database.writer, question)
        close_all(database, zone)
        assert run_query(database.writer, question) == raw


# -- several questions --------------------------------------------------------------------------

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
_ASKED: Final = st.sampled_from(
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


@given(draw=st.data())
@settings(max_examples=80, deadline=None)
def test_questions_that_share_their_rows_have_the_same_answers(draw: st.DataObject) -> None:
    events = draw.draw(histories(UTC_ZONE))
    first = date(2026, 11, 20) + timedelta(days=draw.draw(st.integers(-3, 2)))
    span = TimeRange.of_days(first, first + timedelta(days=draw.draw(st.integers(0, 3))), UTC_ZONE)
    before = TimeRange.of_days(first - timedelta(days=2), first - timedelta(days=1), UTC_ZONE)
    filters: tuple[Condition, ...] = tuple(draw.draw(st.lists(_CONDITIONS, max_size=2)))
    domain = draw.draw(st.sampled_from([None, "a.test"]))
    questions = [
        StatsQuery(
            range=span,
            comparison=draw.draw(st.sampled_from([None, before])),
            domain=domain,
            metrics=metrics,
            dimensions=dimensions,
            filters=filters,
        )
        for dimensions, metrics in draw.draw(st.lists(_ASKED, min_size=1, max_size=5))
    ]
    with closing(a_store(events)) as database:
        with Snapshot.open(database.writer) as look:
            together = [look.ask(each) for each in questions]
        assert together == [run_query(database.writer, each) for each in questions]


def test_rows_are_found_once_and_forgotten_after(story: sqlite3.Connection) -> None:
    filters = (Filter("is", "event:page", ("/",)),)
    said: list[str] = []
    story.set_trace_callback(said.append)
    try:
        for _ in range(2):
            with Snapshot.open(story) as look:
                for dimension in ("visit:source", "visit:country", "event:page"):
                    look.ask(
                        StatsQuery(
                            range=FRIDAY,
                            metrics=("visitors",),
                            dimensions=(dimension,),
                            filters=filters,
                        )
                    )
    finally:
        story.set_trace_callback(None)
    assert sum("INSERT INTO picked" in each for each in said) == 2
    assert not story.execute("SELECT count(*) FROM sqlite_temp_schema").fetchone()[0]


# -- visits of older files ----------------------------------------------------------------------


def test_the_visits_of_an_older_file_are_made_from_its_events() -> None:
    events = [replace(each, interactive=True) for each in STORY]
    with closing(a_store(events)) as database:
        columns = "SELECT * FROM visits ORDER BY session"
        before = [tuple(row)[1:] for row in database.writer.execute(columns)]
        database.writer.execute("DELETE FROM visits")
        visit_rows.rebuild(database.writer)
        assert [tuple(row)[1:] for row in database.writer.execute(columns)] == before
