"""All SQL that writes: what becomes of an arrival, and what is purged, in an open transaction."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from sqlite3 import Connection

from footfall.collector.browser import browser
from footfall.collector.redaction import kept_body, kept_headers
from footfall.collector.wire import Arrival

# Headers and bodies are for looking into what just came, and take twice the room of the event.
_KEEP_REQUESTS = 10_000
# One purge must not keep the events waiting: 4,000 rows take some 30 ms.
_PURGE_ROWS = 4_000

_INSERT_EVENT = """
    INSERT INTO events (
        received_at, vendor, domain, name, url, hostname, path, referrer, source, utm_source,
        utm_medium, utm_campaign, utm_content, utm_term, props, currency, amount, user_agent,
        browser, os, device, visitor, session, begins, reason
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_REQUEST = "INSERT INTO requests (event_id, headers, body) VALUES (?, ?, ?)"
_PURGE_BY_COUNT = """
    DELETE FROM events WHERE id IN (
        SELECT id FROM events WHERE id <= (SELECT max(id) FROM events) - ? ORDER BY id LIMIT ?
    )
"""
_PURGE_BY_AGE = """
    DELETE FROM events WHERE id IN (
        SELECT id FROM events WHERE received_at < ? ORDER BY received_at LIMIT ?
    )
"""
_PURGE_REQUESTS = """
    DELETE FROM requests WHERE event_id IN (
        SELECT event_id FROM requests WHERE event_id <= (SELECT max(id) FROM events) - ?
        ORDER BY event_id LIMIT ?
    )
"""


def insert(connection: Connection, arrivals: Sequence[Arrival]) -> list[int]:
    """Write the events and their requests, and give their numbers."""
    numbers = []
    for arrival in arrivals:
        number = connection.execute(_INSERT_EVENT, _event_row(arrival)).lastrowid or 0
        connection.execute(_INSERT_REQUEST, (number, *_request_row(arrival)))
        numbers.append(number)
    return numbers


def delete_all(connection: Connection) -> int:
    """Delete every event, and give how many they were."""
    return connection.execute("DELETE FROM events").rowcount


def purge_by_count(connection: Connection, keep: int) -> None:
    """Delete some of the events, and of the requests, that are too many."""
    connection.execute(_PURGE_BY_COUNT, (keep, _PURGE_ROWS))
    connection.execute(_PURGE_REQUESTS, (_KEEP_REQUESTS, _PURGE_ROWS))


def purge_by_age(connection: Connection, oldest: float) -> None:
    """Delete some of the events from before `oldest`, in seconds since the epoch."""
    connection.execute(_PURGE_BY_AGE, (int(oldest * 1_000), _PURGE_ROWS))


def purge_salts(connection: Connection, last_day: int) -> None:
    """Delete the salts up to a day, so that nobody can tell any more whose a hash was."""
    connection.execute("DELETE FROM salts WHERE day <= ?", (last_day,))


def salt(connection: Connection, day: int) -> bytes:
    """The key of a day, made at its first use."""
    new = (day, secrets.token_bytes(32))
    connection.execute("INSERT OR IGNORE INTO salts (day, salt) VALUES (?, ?)", new)
    # Another process may have been faster.
    row = connection.execute("SELECT salt FROM salts WHERE day = ?", (day,)).fetchone()
    key: bytes = row["salt"]
    return key


def _event_row(arrival: Arrival) -> tuple[object, ...]:
    seen_as = browser(arrival.user_agent)
    return (
        int(arrival.received.at * 1_000),
        arrival.vendor,
        arrival.domain,
        arrival.name,
        arrival.url,
        arrival.hostname,
        arrival.path,
        arrival.referrer,
        arrival.source,
        *arrival.campaign,
        json.dumps(dict(arrival.props)),
        *(arrival.revenue or (None, None)),
        arrival.user_agent,
        *seen_as,
        arrival.visitor,
        arrival.session,
        arrival.begins,
        arrival.reason,
    )


def _request_row(arrival: Arrival) -> tuple[str, str | None]:
    headers = kept_headers(arrival.received.headers, arrival.client_ip)
    return json.dumps(headers), kept_body(arrival.received.body)
