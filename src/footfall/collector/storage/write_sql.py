"""All SQL that writes and purges events, in an open transaction."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from sqlite3 import Connection

from footfall.collector.storage import visit_rows
from footfall.collector.storage.redaction import storable_body, storable_headers
from footfall.collector.storage.stats import rollups
from footfall.collector.wire.browser import detect_browser
from footfall.collector.wire.country import CountryLookup, find_country
from footfall.collector.wire.messages import IncomingEvent

# Headers and bodies are for inspecting recent events, and take twice the bytes of the event.
_KEEP_REQUESTS = 10_000
# A purge delays the writing of events: 1,000 rows take some 8 ms.
_PURGE_ROWS = 1_000

_INSERT_EVENT = """
    INSERT INTO events (
        received_at, vendor, domain, name, url, hostname, path, referrer, source, utm_source,
        utm_medium, utm_campaign, utm_content, utm_term, props, currency, amount, user_agent,
        browser, os, device, country, visitor, session, begins, reason
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_REQUEST = "INSERT INTO requests (event_id, headers, body) VALUES (?, ?, ?)"
_BEGIN_VISIT = "UPDATE events SET begins = 1 WHERE id = ?"
_UPSERT_SITE = """
    INSERT INTO sites VALUES (?, ?)
    ON CONFLICT (domain) DO UPDATE SET seen_at = max(seen_at, excluded.seen_at)
"""
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
_PURGE_OLDEST = "DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY id LIMIT ?)"
_END_OF_TIME = 2**62
_PURGE_REQUESTS = """
    DELETE FROM requests WHERE event_id IN (
        SELECT event_id FROM requests WHERE event_id <= (SELECT max(id) FROM events) - ?
        ORDER BY event_id LIMIT ?
    )
"""


def insert(
    connection: Connection, events: Sequence[IncomingEvent], lookup: CountryLookup | None = None
) -> list[int]:
    """Write the events, their visits and their requests, and return the ids of the events."""
    ids, updated_by, updates = [], [], []
    for event in events:
        country = find_country(event.request.headers, event.client_ip, lookup)
        event_id = connection.execute(_INSERT_EVENT, _event_row(event, country)).lastrowid or 0
        connection.execute(_INSERT_REQUEST, (event_id, *_request_row(event)))
        ids.append(event_id)
        if update := _visit_update(event, country):
            updated_by.append(event_id)
            updates.append(update)
    seen = {event.domain: int(event.request.at * 1_000) for event in events}
    connection.executemany(_UPSERT_SITE, seen.items())
    visits = visit_rows.write(connection, updates)
    first = [(each,) for each, visit in zip(updated_by, visits, strict=True) if visit.was_missing]
    connection.executemany(_BEGIN_VISIT, first)
    starts = {visit.started_at for visit in visits}
    rollups.reopen(connection, starts | {update.at for update in updates})
    return ids


def delete_all(connection: Connection) -> int:
    """Delete every event, and return their number."""
    connection.execute("DELETE FROM visits")
    connection.execute("DELETE FROM sites")
    rollups.delete_all(connection)
    return connection.execute("DELETE FROM events").rowcount


def delete_domain(connection: Connection, domain: str) -> int:
    """Delete every event of a domain, and return their number."""
    for table in ("visits", "rollups", "sites"):
        connection.execute(f"DELETE FROM {table} WHERE domain = ?", (domain,))  # noqa: S608 -- fixed
    return connection.execute("DELETE FROM events WHERE domain = ?", (domain,)).rowcount


def rename_domain(connection: Connection, domain: str, new_domain: str) -> int:
    """Move the events of a domain to another, and return their number."""
    names = (new_domain, domain)
    for table in ("visits", "rollups", "sites"):
        # The new domain has no rows, but for events that came in this moment.
        query = f"UPDATE OR REPLACE {table} SET domain = ? WHERE domain = ?"  # noqa: S608 -- fixed
        connection.execute(query, names)
    return connection.execute("UPDATE events SET domain = ? WHERE domain = ?", names).rowcount


def purge_by_count(connection: Connection, keep: int) -> bool:
    """Delete some events and requests over the limit. True if any events were."""
    deleted = connection.execute(_PURGE_BY_COUNT, (keep, _PURGE_ROWS)).rowcount
    connection.execute(_PURGE_REQUESTS, (_KEEP_REQUESTS, _PURGE_ROWS))
    return deleted > 0


def purge_by_age(connection: Connection, oldest: float) -> bool:
    """Delete some events from before `oldest`, in seconds since the epoch. True if any were."""
    return connection.execute(_PURGE_BY_AGE, (int(oldest * 1_000), _PURGE_ROWS)).rowcount > 0


def purge_by_size(connection: Connection, max_bytes: int) -> bool:
    """Delete some of the oldest events if more than `max_bytes` are in use. True if any were."""
    if used_bytes(connection) <= max_bytes:
        return False
    return connection.execute(_PURGE_OLDEST, (_PURGE_ROWS,)).rowcount > 0


def used_bytes(connection: Connection) -> int:
    """How many bytes of the file are in use. Deleted rows leave pages free for new ones."""
    size, pages, free = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_size", "page_count", "freelist_count")
    )
    return int(size * (pages - free))


def delete_orphans(connection: Connection) -> None:
    """Delete the visits, the sites and the rollups whose events were purged."""
    oldest = connection.execute("SELECT min(received_at) FROM events").fetchone()[0]
    if oldest is None:
        oldest = _END_OF_TIME
    connection.execute("DELETE FROM visits WHERE started_at < ? AND ended_at < ?", (oldest, oldest))
    connection.execute("DELETE FROM sites WHERE seen_at < ?", (oldest,))
    rollups.delete_before(connection, oldest)


def purge_salts(connection: Connection, last_day: int) -> bool:
    """Delete the salts up to a day, included. True if there were any."""
    return connection.execute("DELETE FROM salts WHERE day <= ?", (last_day,)).rowcount > 0


def find_salt(connection: Connection, day: int) -> bytes | None:
    """The salt of a day, or None if it was not made yet."""
    row = connection.execute("SELECT salt FROM salts WHERE day = ?", (day,)).fetchone()
    return row["salt"] if row else None


def salt(connection: Connection, day: int) -> bytes:
    """The salt of a day, made if there is none."""
    new = secrets.token_bytes(32)
    # Another process may have been faster.
    connection.execute("INSERT OR IGNORE INTO salts (day, salt) VALUES (?, ?)", (day, new))
    return find_salt(connection, day) or new


def _visit_update(event: IncomingEvent, country: str | None) -> visit_rows.VisitUpdate | None:
    """What an event changes in its visit; None if it was dropped."""
    if event.reason is not None or event.visitor is None or event.session is None:
        return None
    return visit_rows.VisitUpdate(
        session=event.session,
        domain=event.domain,
        visitor=event.visitor,
        at=int(event.request.at * 1_000),
        name=event.name,
        path=event.path,
        is_interactive=event.interactive,
        referrer=event.referrer,
        source=event.source,
        campaign=event.campaign,
        user_agent=event.user_agent,
        country=country,
        starts_session=event.starts_session,
    )


def _event_row(event: IncomingEvent, country: str | None) -> tuple[object, ...]:
    browser = detect_browser(event.user_agent)
    return (
        int(event.request.at * 1_000),
        event.vendor,
        event.domain,
        event.name,
        event.url,
        event.hostname,
        event.path,
        event.referrer,
        event.source,
        *event.campaign,
        json.dumps(dict(event.props)) if event.props else "{}",
        *(event.revenue or (None, None)),
        event.user_agent,
        browser.name,
        browser.os,
        browser.device,
        country,
        event.visitor,
        event.session,
        event.starts_session,
        event.reason,
    )


def _request_row(event: IncomingEvent) -> tuple[str, str | None]:
    headers = storable_headers(event.request.headers, event.client_ip)
    return json.dumps(headers), storable_body(event.request.body)
