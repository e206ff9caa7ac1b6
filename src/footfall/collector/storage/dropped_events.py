"""The dropped events that are kept: a bounded number of the newest, in a table of their own.

Whoever can reach the collector can send events that are dropped: bots', of referrer spam, of
domains that do not exist. They never push out an event that counts. Their numbers are kept for
longer (`dropped_counts.py`).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from sqlite3 import Connection
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from footfall.collector.storage import dropped_counts
from footfall.collector.storage.event_rows import COLUMNS, event_values, request_values
from footfall.collector.storage.stats.time_ranges import day_number, local_date
from footfall.collector.wire.messages import IncomingEvent

MAX_EVENTS: Final = 10_000
# A common one takes 1.2 kB with its request; a sender may make it longer.
MAX_BYTES: Final = 16_000_000
# When they are too large, about one per cent goes at once.
_TRIM_ROWS: Final = 100

_INSERT: Final = f"""
    INSERT INTO dropped_events (id, {", ".join(COLUMNS)}, headers, body, bytes)
    VALUES ({", ".join("?" * (len(COLUMNS) + 4))})
"""  # noqa: S608 -- fixed texts
_SIZE: Final = "SELECT count(*), coalesce(sum(bytes), 0) FROM dropped_events"
_DELETE_OLDEST: Final = """
    DELETE FROM dropped_events WHERE id IN (SELECT id FROM dropped_events ORDER BY id LIMIT ?)
    RETURNING bytes
"""
_OLDER: Final = """
    SELECT received_at / 86400000 AS day, domain, reason, user_agent, count(*) FROM events
    WHERE reason IS NOT NULL GROUP BY day, domain, reason, user_agent
"""
_TEXTS: Final = " + ".join(
    f"coalesce(length({name}), 0)"
    for name in ("url", "referrer", "props", "user_agent", "headers", "body")
)
_MOVE: Final = (
    f"""
        INSERT INTO dropped_events SELECT id, headers, body, {_TEXTS}, {", ".join(COLUMNS)}
        FROM events LEFT JOIN requests ON event_id = id
        WHERE reason IS NOT NULL ORDER BY id DESC LIMIT :keep
    """,  # noqa: S608 -- fixed texts
    "DELETE FROM events WHERE reason IS NOT NULL",
    "INSERT INTO sites SELECT domain, max(received_at), count(*) FROM events GROUP BY domain",
    """
        INSERT INTO counters SELECT
            coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0),
            (SELECT count(*) FROM events)
    """,
)


class DroppedEvent(NamedTuple):
    """A dropped event with its id and its visitor's country."""

    id: int
    event: IncomingEvent
    country: str | None


def insert(connection: Connection, dropped: Sequence[DroppedEvent], zone: ZoneInfo) -> None:
    """Write and count dropped events, and delete the oldest that are too many."""
    counts: dict[int, Counter[dropped_counts.DropKey]] = {}
    for event_id, event, country in dropped:
        values = (*event_values(event, country), *request_values(event))
        connection.execute(_INSERT, (event_id, *values, _size(values)))
        day = day_number(local_date(int(event.request.at * 1_000), zone))
        key = dropped_counts.key_of(event.domain, event.reason or "", event.user_agent)
        counts.setdefault(day, Counter())[key] += 1
    for day, numbers in counts.items():
        dropped_counts.add(connection, day, numbers)
    _trim(connection)


def delete_oldest(connection: Connection, number: int) -> list[int]:
    """Delete some of the oldest, and return the size of each in bytes."""
    return [row[0] for row in connection.execute(_DELETE_OLDEST, (number,))]


def move(connection: Connection) -> None:
    """Move the dropped events of an older file out of its table `events`."""
    # An older file does not say in which time zone its days are.
    for day, rows in itertools.groupby(connection.execute(_OLDER).fetchall(), lambda row: row[0]):
        counts: Counter[dropped_counts.DropKey] = Counter()
        for _, domain, reason, user_agent, number in rows:
            counts[dropped_counts.key_of(domain, reason, user_agent)] += number
        dropped_counts.add(connection, day, counts)
    for statement in _MOVE:
        connection.execute(statement, {"keep": MAX_EVENTS})
    _trim(connection)


def _trim(connection: Connection) -> None:
    number, size = connection.execute(_SIZE).fetchone()
    while number > MAX_EVENTS or size > MAX_BYTES:
        deleted = delete_oldest(connection, max(number - MAX_EVENTS, 0) or _TRIM_ROWS)
        number -= len(deleted)
        size -= sum(deleted)


def _size(values: Sequence[Any]) -> int:
    return sum(len(each.encode()) for each in values if isinstance(each, str))
