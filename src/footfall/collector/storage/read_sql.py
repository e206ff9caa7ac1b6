"""All SQL that reads stored events and their totals, on an open connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict
from sqlite3 import Connection
from string import Template
from sys import getsizeof
from typing import Any
from zoneinfo import ZoneInfo

from footfall.collector.storage import dropped_counts
from footfall.collector.storage.event_rows import COLUMNS, stored_event
from footfall.collector.storage.stats.time_ranges import TimeRange, today
from footfall.collector.storage.stored_events import (
    MAX_LIMIT,
    MAX_SEARCH_BYTES,
    PERIODS,
    EventSearch,
    Period,
    PeriodSpec,
    SearchResult,
    TopRow,
    Totals,
)

_MATCHES = """id > :after
    AND (:name IS NULL OR name = :name)
    AND (:domain IS NULL OR domain = :domain)
    AND (:path IS NULL OR path = :path)"""


def _sql(text: str) -> str:
    return Template(text).substitute(
        columns=", ".join(["id", *COLUMNS, "headers", "body"]),
        # Every filter is a parameter that may be NULL, so that one text serves all searches.
        accepted=f":reason IS NULL AND coalesce(:status, 'accepted') = 'accepted' AND {_MATCHES}",
        dropped=f"""(:reason IS NULL OR reason = :reason)
            AND coalesce(:status, 'dropped') = 'dropped' AND {_MATCHES}""",
        in_period="received_at >= :since AND (:domain IS NULL OR domain = :domain)",
        top="GROUP BY label ORDER BY number DESC, label LIMIT 10",
    )


# SQLite merges the two, which are in the order of their ids.
_EVENTS = _sql("""
    SELECT $columns FROM events LEFT JOIN requests ON event_id = id WHERE $accepted
    UNION ALL
    SELECT $columns FROM dropped_events WHERE $dropped
    ORDER BY id""")
_OLDEST = f"{_EVENTS} LIMIT :limit"
_NEWEST = f"{_EVENTS} DESC LIMIT :limit"
_TOTAL = _sql("""
    SELECT (SELECT count(*) FROM events WHERE $accepted)
        + (SELECT count(*) FROM dropped_events WHERE $dropped)""")
_TOTALS = _sql("""
    SELECT
        count(DISTINCT visitor) AS visitors,
        count(*) FILTER (WHERE begins) AS visits,
        count(*) FILTER (WHERE name = 'pageview' AND reason IS NULL) AS pageviews,
        count(*) FILTER (WHERE name NOT IN ('pageview', 'engagement') AND reason IS NULL) AS events
    FROM events WHERE $in_period""")
_PAGES = _sql("""
    SELECT coalesce(path, '(none)') AS label, count(DISTINCT visitor), count(*) AS number
    FROM events WHERE $in_period AND name = 'pageview' AND reason IS NULL $top""")
# As with Plausible, the source of a visit is that of its first event.
_SOURCES = _sql("""
    SELECT coalesce(source, 'Direct / None') AS label, count(DISTINCT visitor), count(*) AS number
    FROM events WHERE $in_period AND begins $top""")
_EVENT_NAMES = _sql("""
    SELECT name AS label, count(DISTINCT visitor), count(*) AS number
    FROM events
    WHERE $in_period AND name NOT IN ('pageview', 'engagement') AND reason IS NULL $top""")
_BARS = _sql("""
    SELECT min(:bars - 1, (received_at - :since) * :bars / :reach) AS bar, count(*)
    FROM events WHERE $in_period AND name = 'pageview' AND reason IS NULL GROUP BY bar""")
_VISITORS = _sql("SELECT count(DISTINCT visitor) FROM events WHERE $in_period")
_NEWEST_SESSION = """
    SELECT session, ended_at FROM visits WHERE newest_visitor = ? ORDER BY ended_at DESC LIMIT 1
"""
_LAST_EVENT = "SELECT max(seen_at) FROM sites WHERE :domain IS NULL OR domain = :domain"
_PROP_NAMES = """
    SELECT json_each.key AS key FROM (
        SELECT props FROM events
        WHERE name = :name AND name NOT IN ('pageview', 'engagement') AND reason IS NULL
            AND received_at >= :since AND received_at < :until
            AND (:domain IS NULL OR domain = :domain)
        ORDER BY received_at DESC LIMIT :events
    ) AS newest, json_each(newest.props)
    GROUP BY key ORDER BY count(*) DESC, key LIMIT 20"""
# A sender may invent thirty names for each event: those of 10,000 take 0.3 s and 10 MB, those of
# 200,000 took 3 s and 400 MB.
_PROP_EVENTS = 10_000


def search(
    connection: Connection, wanted: EventSearch, address: Callable[[int], str | None]
) -> SearchResult:
    """The events that match, with their address where `address` knows it, by id."""
    values = {**asdict(wanted), "limit": min(wanted.limit, MAX_LIMIT)}
    rows = _as_many_as_fit(connection.execute(_NEWEST if wanted.is_newest else _OLDEST, values))
    if wanted.is_newest:
        rows.reverse()
    events = [stored_event(row, address(row["id"])) for row in rows]
    return SearchResult(events, count(connection, wanted))


def _as_many_as_fit(rows: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    size = 0
    for row in rows:
        size += sum(map(getsizeof, row))
        if found and size > MAX_SEARCH_BYTES:
            break
        found.append(row)
    return found


def count(connection: Connection, wanted: EventSearch) -> int:
    """How many events match, whatever the limit."""
    total: int = connection.execute(_TOTAL, asdict(wanted)).fetchone()[0]
    return total


def totals(
    connection: Connection, period: Period, domain: str | None, now: float, zone: ZoneInfo
) -> Totals:
    """The totals of a period that ends `now`, in seconds since the epoch."""
    span = PERIODS[period]
    since = _since(connection, span, now)
    # One more than the time that has passed, so that the newest event falls into the last bar.
    reach = max(int(now * 1_000) - since, 0) + 1
    values = {"since": since, "domain": domain, "reach": reach, "bars": span.bars}

    def top(query: str) -> list[TopRow]:
        return [TopRow(*row) for row in connection.execute(query, values)]

    bars = dict(map(tuple, connection.execute(_BARS, values)))
    dropped = _dropped(connection, since if span.seconds else 0, now, zone, domain)
    return Totals(
        **dict(connection.execute(_TOTALS, values).fetchone()),
        dropped=sum(number for _, number in dropped),
        pages=top(_PAGES),
        sources=top(_SOURCES),
        names=top(_EVENT_NAMES),
        # A dropped event belongs to no visitor.
        reasons=[TopRow(reason, 0, number) for reason, number in dropped[:10]],
        bars=[bars.get(bar, 0) for bar in range(span.bars)],
    )


def domains(connection: Connection) -> list[str]:
    """The hundred domains and projects with the most events, by name."""
    query = "SELECT domain FROM sites ORDER BY events DESC, domain LIMIT 100"
    return sorted(row["domain"] for row in connection.execute(query))


def visitors_since(connection: Connection, since: float, domain: str | None) -> int:
    """How many visitors were seen since an instant in seconds since the epoch."""
    values = {"since": int(since * 1_000), "domain": domain}
    number: int = connection.execute(_VISITORS, values).fetchone()[0]
    return number


def last_event_at(connection: Connection, domain: str | None) -> int | None:
    """When the newest event came, in milliseconds since the epoch; None if none did."""
    found: int | None = connection.execute(_LAST_EVENT, {"domain": domain}).fetchone()[0]
    return found


def first_event_at(connection: Connection) -> int | None:
    """When the oldest event came, in milliseconds since the epoch; None if none did."""
    found: int | None = connection.execute("SELECT min(received_at) FROM events").fetchone()[0]
    return found


def first_imported_day(connection: Connection) -> int | None:
    """The first day, since the epoch, that was imported as a whole; None if none was."""
    found: int | None = connection.execute("SELECT min(day) FROM imported_days").fetchone()[0]
    return found


def prop_names(
    connection: Connection, since: int, until: int, domain: str | None, event: str
) -> list[str]:
    """The names of the props of an event's newest; times in milliseconds since the epoch.

    The most frequent comes first. At most twenty, of ten thousand events.
    """
    values = {"since": since, "until": until, "domain": domain, "name": event}
    values["events"] = _PROP_EVENTS
    return [row["key"] for row in connection.execute(_PROP_NAMES, values)]


def last_seen(connection: Connection, visitor: str) -> tuple[str, float] | None:
    """A visitor's newest session and the time of its newest event, in seconds."""
    row = connection.execute(_NEWEST_SESSION, (visitor,)).fetchone()
    return (row["session"], row["ended_at"] / 1_000) if row else None


def _dropped(
    connection: Connection, since: int, now: float, zone: ZoneInfo, domain: str | None
) -> list[tuple[str, int]]:
    """How many events were dropped until the end of the day, by reason, the most frequent first."""
    day = today(now, zone)
    span = TimeRange(since, TimeRange.of_days(day, day, zone).until, zone)
    found: Counter[str] = Counter()
    for key, number in dropped_counts.read(connection, span, domain).items():
        if key.reason != dropped_counts.REPORTED_BOT:
            found[key.reason] += number
    return sorted(found.items(), key=lambda row: (-row[1], row[0]))


def _since(connection: Connection, span: PeriodSpec, now: float) -> int:
    if span.seconds is not None:
        return int((now - span.seconds) * 1_000)
    oldest = first_event_at(connection)
    return int(now * 1_000) if oldest is None else oldest
