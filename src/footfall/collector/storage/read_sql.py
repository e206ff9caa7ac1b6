"""All SQL that reads stored events and their totals, on an open connection."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from sqlite3 import Connection, Row
from string import Template
from typing import Any

from footfall.collector.storage.stored_events import (
    MAX_LIMIT,
    PERIODS,
    EventSearch,
    Period,
    PeriodSpec,
    SearchResult,
    StoredEvent,
    TopRow,
    Totals,
)
from footfall.collector.wire.messages import Campaign
from footfall.collector.wire.parsing import read_json


def _sql(text: str) -> str:
    return Template(text).substitute(
        # Every filter is a parameter that may be NULL, so that one text serves all searches.
        matches="""id > :after
            AND (:name IS NULL OR name = :name)
            AND (:domain IS NULL OR domain = :domain)
            AND (:path IS NULL OR path = :path)
            AND (:reason IS NULL OR reason = :reason)
            AND (:status IS NULL OR :status = iif(reason IS NULL, 'accepted', 'dropped'))""",
        in_period="received_at >= :since AND (:domain IS NULL OR domain = :domain)",
        top="GROUP BY label ORDER BY number DESC, label LIMIT 10",
    )


_EVENTS = _sql("""
    SELECT events.*, requests.headers, requests.body
    FROM events LEFT JOIN requests ON event_id = id
    WHERE $matches ORDER BY id""")
_OLDEST = f"{_EVENTS} LIMIT :limit"
_NEWEST = f"{_EVENTS} DESC LIMIT :limit"
_TOTAL = _sql("SELECT count(*) FROM events WHERE $matches")
_TOTALS = _sql("""
    SELECT
        count(DISTINCT visitor) AS visitors,
        count(*) FILTER (WHERE begins) AS visits,
        count(*) FILTER (WHERE name = 'pageview' AND reason IS NULL) AS pageviews,
        count(*) FILTER (WHERE name NOT IN ('pageview', 'engagement') AND reason IS NULL) AS events,
        count(*) FILTER (WHERE reason IS NOT NULL) AS dropped
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
# A dropped event belongs to no visitor.
_REASONS = _sql("""
    SELECT reason AS label, 0, count(*) AS number
    FROM events WHERE $in_period AND reason IS NOT NULL $top""")
_BARS = _sql("""
    SELECT min(:bars - 1, (received_at - :since) * :bars / :reach) AS bar, count(*)
    FROM events WHERE $in_period AND name = 'pageview' AND reason IS NULL GROUP BY bar""")
_VISITORS = _sql("SELECT count(DISTINCT visitor) FROM events WHERE $in_period")
_LAST_EVENT = "SELECT max(seen_at) FROM sites WHERE :domain IS NULL OR domain = :domain"
_PROP_NAMES = """
    SELECT json_each.key AS key FROM events, json_each(events.props)
    WHERE name = :name AND name NOT IN ('pageview', 'engagement') AND reason IS NULL
        AND received_at >= :since AND received_at < :until
        AND (:domain IS NULL OR domain = :domain)
    GROUP BY key ORDER BY count(*) DESC, key LIMIT 20"""
_BOTS = """
    SELECT user_agent, count(*) AS number FROM events
    WHERE reason IS NOT NULL AND reason = 'bot' AND received_at >= :since AND received_at < :until
        AND (:domain IS NULL OR domain = :domain)
    GROUP BY user_agent"""


def search(
    connection: Connection, wanted: EventSearch, addresses: Mapping[int, str]
) -> SearchResult:
    """The events that match, with their address if `addresses` has it, by id."""
    values = {**asdict(wanted), "limit": min(wanted.limit, MAX_LIMIT)}
    rows = connection.execute(_NEWEST if wanted.is_newest else _OLDEST, values).fetchall()
    if wanted.is_newest:
        rows.reverse()
    events = [_stored_event(row, addresses.get(row["id"])) for row in rows]
    return SearchResult(events, count(connection, wanted))


def count(connection: Connection, wanted: EventSearch) -> int:
    """How many events match, whatever the limit."""
    total: int = connection.execute(_TOTAL, asdict(wanted)).fetchone()[0]
    return total


def totals(connection: Connection, period: Period, domain: str | None, now: float) -> Totals:
    """The totals of a period that ends `now`, in seconds since the epoch."""
    span = PERIODS[period]
    since = _since(connection, span, now)
    # One more than the time that has passed, so that the newest event falls into the last bar.
    reach = max(int(now * 1_000) - since, 0) + 1
    values = {"since": since, "domain": domain, "reach": reach, "bars": span.bars}

    def top(query: str) -> list[TopRow]:
        return [TopRow(*row) for row in connection.execute(query, values)]

    bars = dict(map(tuple, connection.execute(_BARS, values)))
    return Totals(
        **dict(connection.execute(_TOTALS, values).fetchone()),
        pages=top(_PAGES),
        sources=top(_SOURCES),
        names=top(_EVENT_NAMES),
        reasons=top(_REASONS),
        bars=[bars.get(bar, 0) for bar in range(span.bars)],
    )


def domains(connection: Connection) -> list[str]:
    """The domains and projects that events came for, by name; at most a hundred."""
    query = "SELECT domain FROM sites ORDER BY domain LIMIT 100"
    return [row["domain"] for row in connection.execute(query)]


def visitors_since(connection: Connection, since: float, domain: str | None) -> int:
    """How many visitors were seen since an instant in seconds since the epoch."""
    values = {"since": int(since * 1_000), "domain": domain}
    number: int = connection.execute(_VISITORS, values).fetchone()[0]
    return number


def last_event_at(connection: Connection, domain: str | None) -> int | None:
    """When the newest event came, in milliseconds since the epoch; None if none did."""
    found: int | None = connection.execute(_LAST_EVENT, {"domain": domain}).fetchone()[0]
    return found


def prop_names(
    connection: Connection, since: int, until: int, domain: str | None, event: str
) -> list[str]:
    """The names of an event's props, the most frequent first; times in ms since the epoch."""
    values = {"since": since, "until": until, "domain": domain, "name": event}
    return [row["key"] for row in connection.execute(_PROP_NAMES, values)]


def bots(
    connection: Connection, since: int, until: int, domain: str | None
) -> Iterator[tuple[str, int]]:
    """The User-Agents that were dropped as bots, with their events; times in ms since the epoch."""
    values = {"since": since, "until": until, "domain": domain}
    for row in connection.execute(_BOTS, values):
        yield row["user_agent"], row["number"]


def last_seen(connection: Connection, visitor: str) -> tuple[str, float] | None:
    """Session and time, in seconds, of a visitor's newest event."""
    query = "SELECT session, received_at FROM events WHERE visitor = ? ORDER BY id DESC LIMIT 1"
    row = connection.execute(query, (visitor,)).fetchone()
    return (row["session"], row["received_at"] / 1_000) if row else None


def _since(connection: Connection, span: PeriodSpec, now: float) -> int:
    if span.seconds is not None:
        return int((now - span.seconds) * 1_000)
    oldest = connection.execute("SELECT min(received_at) FROM events").fetchone()[0]
    return int(now * 1_000) if oldest is None else oldest


def _stored_event(row: Row, client_ip: str | None) -> StoredEvent:
    values = dict(row)
    campaign = Campaign(*(values.pop(f"utm_{field}") for field in Campaign._fields))
    currency, amount = values.pop("currency"), values.pop("amount")
    del values["country"], values["begins"]
    return StoredEvent(
        **values
        | {
            "campaign": campaign,
            "props": json.loads(values["props"]),
            "revenue": (currency, amount) if currency else None,
            "client_ip": client_ip or None,
            "headers": json.loads(values["headers"] or "null"),
            "body": _parsed(values["body"]),
        }
    )


def _parsed(body: str | None) -> Any:
    """The body as JSON, or the text itself where it was a form."""
    try:
        return None if body is None else read_json(body)
    except ValueError:
        return body
