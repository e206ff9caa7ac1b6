"""A small store of known events, and queries over it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from footfall.collector.storage import write_sql
from footfall.collector.storage.database import MEMORY, Database
from footfall.collector.storage.stats import StatsQuery, TimeRange, rollups
from footfall.collector.storage.stats.execute import run_query
from footfall.collector.wire.messages import Campaign, IncomingEvent, IncomingRequest
from tests.collector.support import FIREFOX

UTC_ZONE: Final = ZoneInfo("UTC")
BERLIN: Final = ZoneInfo("Europe/Berlin")
NEW_YORK: Final = ZoneInfo("America/New_York")
KOLKATA: Final = ZoneInfo("Asia/Kolkata")
MIDNIGHT: Final = datetime(2026, 11, 20, tzinfo=UTC).timestamp()
MINUTE: Final = 60.0
HOUR: Final = 3_600.0
DAY: Final = 86_400.0
IPHONE: Final = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)


def event_of(
    visit: str,
    at: float,
    path: str = "/",
    name: str = "pageview",
    *,
    visitor: str | None = None,
    domain: str = "a.test",
    hostname: str | None = None,
    source: str | None = None,
    campaign: Campaign | None = None,
    props: dict[str, str] | None = None,
    user_agent: str = FIREFOX,
    country: str = "",
    language: str = "",
    is_interactive: bool = True,
    engagement: tuple[int, int | None] | None = None,
    reason: str | None = None,
) -> IncomingEvent:
    """An event of a visit; a visitor has another id on each day, as in a real store."""
    day = int((MIDNIGHT + at) // DAY)
    return IncomingEvent(
        vendor="plausible",
        domain=domain,
        name=name,
        hostname=hostname or domain,
        path=path,
        referrer=f"https://{source}/thread" if source else None,
        source=source,
        campaign=campaign or Campaign(),
        props=props or {},
        user_agent=user_agent,
        visitor=None if reason else f"{visitor or visit}@{day}",
        session=None if reason else visit,
        interactive=is_interactive,
        engagement=engagement,
        reason=reason,
        request=IncomingRequest(
            headers={
                **({"cf-ipcountry": country} if country else {}),
                **({"accept-language": language} if language else {}),
            },
            peer="127.0.0.1",
            body=b"{}",
            at=MIDNIGHT + at,
        ),
    )


# Friday. Ann came from a search and read three pages; Bob bounced, twice, on his phone; Cem signed
# up at once, without a second page; Dee came the day before, and stayed across midnight.
EVENTS: Final = [
    event_of("dee", -10 * MINUTE, "/night", source="t.co"),
    event_of("dee", 5 * MINUTE, "/late"),
    event_of("ann", 9 * HOUR, "/", source="google.de", country="DE"),
    event_of("ann", 9 * HOUR + 2 * MINUTE, "/pricing"),
    event_of("ann", 9 * HOUR + 5 * MINUTE, "/docs"),
    event_of("ann", 9 * HOUR + 6 * MINUTE, "/docs", "engagement", engagement=(42_000, 80)),
    event_of("bob-1", 9 * HOUR + 30 * MINUTE, "/", visitor="bob", user_agent=IPHONE, country="FR"),
    event_of("bob-2", 13 * HOUR, "/pricing", visitor="bob", user_agent=IPHONE, country="FR"),
    event_of("cem", 14 * HOUR, "/", campaign=Campaign("news", "email", "may"), source="news"),
    event_of("cem", 14 * HOUR + 30, "/", "Signup", props={"plan": "pro", 'odd "key"': "1"}),
    event_of("bob-2", 13 * HOUR + 1, "/", "Seen", visitor="bob", is_interactive=False),
    event_of("bot", 15 * HOUR, "/", reason="bot"),
    event_of("eve", 16 * HOUR, "/", domain="b.test"),
]
FRIDAY: Final = TimeRange.of_days(date(2026, 11, 20), date(2026, 11, 20), UTC_ZONE)
THURSDAY: Final = TimeRange.of_days(date(2026, 11, 19), date(2026, 11, 19), UTC_ZONE)
WEEK: Final = TimeRange.of_days(date(2026, 11, 16), date(2026, 11, 22), UTC_ZONE)


def database_of(events: Sequence[IncomingEvent]) -> Database:
    database = Database(MEMORY)
    with database.writing() as connection:
        write_sql.insert(connection, events)
    return database


def rows_of(connection: sqlite3.Connection, **wanted: Any) -> list[tuple[Any, ...]]:
    """The rows as flat tuples: dimensions, metrics."""
    query = StatsQuery(**{"range": FRIDAY, "domain": "a.test", **wanted})
    return [(*row.dimensions, *row.metrics) for row in run_query(connection, query).rows]


NOW: Final = MIDNIGHT + 2 * DAY + 12 * HOUR


def close_all(database: Database, zone: ZoneInfo, now: float = NOW) -> list[date]:
    """Close every day that can be, as the writing thread does."""
    closed = []
    while day := rollups.next_to_close(database.writer, zone, now):
        with database.writing() as connection:
            rollups.close(connection, day)
        closed.append(day.first_day)
    return closed


_PATHS = st.sampled_from(["/", "/a", "/b"])
_ENGAGEMENTS = st.tuples(st.integers(0, 60_000), st.none() | st.integers(0, 100))
_SOURCES = st.sampled_from([None, "google.com", "c.test"])


@st.composite
def histories(draw: st.DrawFn, zone: ZoneInfo) -> list[IncomingEvent]:
    """A week of visits; a visitor has another id on each day, as `Sessions` gives it."""
    events = []
    for number in range(draw(st.integers(1, 12))):
        at = draw(st.integers(-3 * 24 * 60, 3 * 24 * 60)) * MINUTE
        source, domain = draw(_SOURCES), draw(st.sampled_from(["a.test", "b.test"]))
        who = draw(st.sampled_from("xyz"))
        for step in range(draw(st.integers(1, 3))):
            event = event_of(
                f"visit-{number}",
                at,
                draw(_PATHS),
                name := draw(st.sampled_from(["pageview", "Signup", "engagement"])),
                domain=domain,
                source=source,
                engagement=draw(_ENGAGEMENTS) if name == "engagement" else None,
            )
            day = datetime.fromtimestamp(MIDNIGHT + at, zone).toordinal()
            events.append(replace(event, visitor=f"{domain}-{who}@{day}", starts_session=not step))
            at += draw(st.integers(0, 29)) * MINUTE
    return sorted(events, key=lambda event: event.request.at)
