"""All SQL that writes and purges events, in an open transaction."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from sqlite3 import Connection
from zoneinfo import ZoneInfo

from footfall.collector.storage import dropped_events, imports, page_visits, visit_rows
from footfall.collector.storage.dropped_events import DroppedEvent
from footfall.collector.storage.event_rows import COLUMNS, event_values, request_values
from footfall.collector.storage.stats import rollups
from footfall.collector.wire.country import CountryLookup, find_country
from footfall.collector.wire.messages import IncomingEvent

# Headers and bodies are for inspecting recent events, and take twice the bytes of the event.
_KEEP_REQUESTS = 10_000
# A purge delays the writing of events: 1,000 rows take some 8 ms.
_PURGE_ROWS = 1_000
_LEAST_PURGE_ROWS = 20

_INSERT_EVENT = f"""
    INSERT INTO events (id, {", ".join(COLUMNS)}) VALUES (?, {", ".join("?" * len(COLUMNS))})
"""  # noqa: S608 -- fixed texts
_INSERT_REQUEST = "INSERT INTO requests (event_id, headers, body) VALUES (?, ?, ?)"
_BEGIN_VISIT = "UPDATE events SET begins = 1 WHERE id = ?"
_UPDATE_SITE = """
    UPDATE sites SET seen_at = max(seen_at, ?), events = events + ? WHERE domain = ?
"""
_INSERT_SITE = "INSERT OR IGNORE INTO sites (seen_at, events, domain) VALUES (?, ?, ?)"
_TRIM_SITES = """
    DELETE FROM sites WHERE domain IN (
        SELECT domain FROM sites ORDER BY events, seen_at
        LIMIT max((SELECT count(*) FROM sites) - ?, 0)
    )
"""
# Most events first: what is sent for invented domains does not push out a site.
_MAX_SITES = 1_000
_PURGE_BY_AGE = """
    DELETE FROM events WHERE id IN (
        SELECT id FROM events WHERE received_at < ? ORDER BY received_at LIMIT ?
    )
"""
_PURGE_DROPPED_BY_AGE = "DELETE FROM dropped_events WHERE received_at < ?"
# By time, since imported events have higher ids than those that came before the import.
_PURGE_OLDEST = """
    DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY received_at, id LIMIT ?)
"""
# Later than any instant.
_END_OF_TIME = 2**62
# Ids have gaps, those of dropped events; so the rows are counted.
_PURGE_REQUESTS = """
    DELETE FROM requests WHERE event_id IN (
        SELECT event_id FROM requests WHERE event_id <= (
            SELECT event_id FROM requests ORDER BY event_id DESC LIMIT 1 OFFSET ?
        ) ORDER BY event_id LIMIT ?
    )
"""
# Besides those of events.
_TABLES_OF_DOMAINS = (
    *("visits", "page_visits", "sites", "dropped_counts"),
    *("imported_logs", "imported_events", "imported_days"),
)
_UTC = ZoneInfo("UTC")


def insert(
    connection: Connection,
    events: Sequence[IncomingEvent],
    lookup: CountryLookup | None = None,
    zone: ZoneInfo = _UTC,
    *,
    keeps_requests: bool = True,
) -> list[int]:
    """Write the events, their visits and their requests, and return the ids of the events.

    Accepted and dropped events have ids from one sequence. `zone` is the one whose days count.
    """
    if not events:
        return []
    last_id = connection.execute("SELECT last_id FROM counters").fetchone()[0]
    event_rows: list[tuple[object, ...]] = []
    request_rows: list[tuple[object, ...]] = []
    updates: list[visit_rows.VisitUpdate] = []
    updated_by: list[int] = []
    dropped: list[DroppedEvent] = []
    sites: dict[str, tuple[int, int]] = {}
    for event_id, event in enumerate(events, last_id + 1):
        country = find_country(event.request.headers, event.client_ip, lookup)
        if event.reason is not None:
            # Others are in memory alone (`recent_events.py`).
            if event.is_declared:
                dropped.append(DroppedEvent(event_id, event, country))
            continue
        event_rows.append((event_id, *event_values(event, country)))
        if keeps_requests:
            request_rows.append((event_id, *request_values(event)))
        at, number = sites.get(event.domain, (0, 0))
        sites[event.domain] = (max(at, int(event.request.at * 1_000)), number + 1)
        if update := _visit_update(event, country):
            updated_by.append(event_id)
            updates.append(update)
    connection.executemany(_INSERT_EVENT, event_rows)
    connection.executemany(_INSERT_REQUEST, request_rows)
    connection.execute(
        "UPDATE counters SET last_id = ?, events = events + ?",
        (last_id + len(events), sum(number for _, number in sites.values())),
    )
    site_rows = [(*seen, domain) for domain, seen in sites.items()]
    if connection.executemany(_UPDATE_SITE, site_rows).rowcount < len(site_rows):
        connection.executemany(_INSERT_SITE, site_rows)
        connection.execute(_TRIM_SITES, (_MAX_SITES,))
    if dropped:
        dropped_events.insert(connection, dropped, zone)
    visits = visit_rows.write(connection, updates)
    if first := [(i,) for i, visit in zip(updated_by, visits, strict=True) if visit.was_missing]:
        connection.executemany(_BEGIN_VISIT, first)
    times = {(visit.started_at, update.at) for visit, update in zip(visits, updates, strict=True)}
    viewed = page_visits.write(connection, (each for each in events if each.reason is None))
    rollups.reopen(connection, times | {(at, at) for at in viewed})
    return list(range(last_id + 1, last_id + 1 + len(events)))


def delete_all(connection: Connection) -> int:
    """Delete every event, and return their number."""
    for table in _TABLES_OF_DOMAINS:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 -- fixed
    rollups.delete_all(connection)
    dropped = connection.execute("DELETE FROM dropped_events").rowcount
    return dropped + _delete_events(connection, "DELETE FROM events")


def delete_domain(connection: Connection, domain: str) -> int:
    """Delete every event of a domain, and return their number."""
    for table in _TABLES_OF_DOMAINS:
        connection.execute(f"DELETE FROM {table} WHERE domain = ?", (domain,))  # noqa: S608 -- fixed
    rollups.delete_all(connection)
    query = "DELETE FROM dropped_events WHERE domain = ?"
    dropped = connection.execute(query, (domain,)).rowcount
    return dropped + _delete_events(connection, "DELETE FROM events WHERE domain = ?", domain)


def rename_domain(connection: Connection, domain: str, new_domain: str) -> int:
    """Move the events of a domain to another, and return their number."""
    names = (new_domain, domain)
    for table in _TABLES_OF_DOMAINS:
        # The new domain has no rows, but for events that came in this moment.
        query = f"UPDATE OR REPLACE {table} SET domain = ? WHERE domain = ?"  # noqa: S608 -- fixed
        connection.execute(query, names)
    rollups.delete_all(connection)
    return sum(
        connection.execute(f"UPDATE {table} SET domain = ? WHERE domain = ?", names).rowcount  # noqa: S608 -- fixed
        for table in ("events", "dropped_events")
    )


def purge_by_count(connection: Connection, keep: int) -> bool:
    """Delete some events and requests over the limit. True if any events were."""
    purge_requests(connection)
    excess = connection.execute("SELECT events FROM counters").fetchone()[0] - keep
    return excess > 0 and _delete_oldest(connection, min(excess, _PURGE_ROWS)) > 0


def purge_requests(connection: Connection) -> bool:
    """Delete the headers and bodies of some events that are not the newest. True if any were."""
    return connection.execute(_PURGE_REQUESTS, (_KEEP_REQUESTS, _PURGE_ROWS)).rowcount > 0


def purge_by_age(connection: Connection, oldest: float) -> bool:
    """Delete some events from before `oldest`, in seconds since the epoch. True if any were."""
    instant = int(oldest * 1_000)
    connection.execute(_PURGE_DROPPED_BY_AGE, (instant,))
    return _delete_events(connection, _PURGE_BY_AGE, instant, _PURGE_ROWS) > 0


def purge_by_size(connection: Connection, max_bytes: int) -> bool:
    """Delete some of the oldest events if more than `max_bytes` are in use. True if any were.

    The dropped ones go first.
    """
    # A few of the largest events take a megabyte, and more are not deleted than must be.
    rows, deleted = _LEAST_PURGE_ROWS, 0
    while deleted < _PURGE_ROWS and used_bytes(connection) > max_bytes:
        number = len(dropped_events.delete_oldest(connection, rows))
        number = number or _delete_oldest(connection, rows)
        if not number:
            break
        deleted += number
        rows *= 2
    return deleted > 0


def _delete_oldest(connection: Connection, rows: int) -> int:
    return _delete_events(connection, _PURGE_OLDEST, rows)


def _delete_events(connection: Connection, query: str, *values: object) -> int:
    """Delete accepted events, and return their number."""
    number = connection.execute(query, values).rowcount
    connection.execute("UPDATE counters SET events = events - ?", (number,))
    return number


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
    page_visits.delete_before(connection, oldest)
    connection.execute("DELETE FROM sites WHERE seen_at < ?", (oldest,))
    rollups.delete_before(connection, oldest)


def purge_salts(connection: Connection, last_day: int) -> bool:
    """Delete the salts up to a day, included, and those that imports made until then.

    True if there were any.
    """
    number = connection.execute("DELETE FROM salts WHERE day <= ?", (last_day,)).rowcount
    return imports.purge_salts(connection, last_day) or number > 0


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
    """What an accepted event changes in its visit."""
    if event.visitor is None or event.session is None:
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
        url=event.url,
        user_agent=event.user_agent,
        country=country,
        accept_language=event.locale or event.request.headers.get("accept-language", ""),
        starts_session=event.starts_session,
    )
