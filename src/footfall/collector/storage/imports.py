"""What is imported from access logs: which files up to where, which events, and the salts for it.

Positions change in the transaction that writes the events, so that an interrupted import goes on
behind the last event that is in the file. Salts of past days are deleted two days after they were
made, as all are; until then the logs of a second server find the visitors of the first.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from sqlite3 import Connection
from typing import Final, NamedTuple

TABLES: Final = """
CREATE TABLE imported_logs (
    domain TEXT NOT NULL,
    digest BLOB NOT NULL,                  -- of the first bytes, uncompressed
    length INTEGER NOT NULL,               -- how many these are
    position INTEGER NOT NULL,             -- up to where, in bytes of the text, it is imported
    PRIMARY KEY (domain, digest, length)
) STRICT, WITHOUT ROWID;
CREATE TABLE imported_events (
    domain TEXT NOT NULL,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    PRIMARY KEY (domain, first_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE import_salts (
    day INTEGER PRIMARY KEY,               -- days since the epoch
    salt BLOB NOT NULL,
    made_on INTEGER NOT NULL               -- a day, too
) STRICT;
"""

DAYS: Final = """
CREATE TABLE imported_days (               -- the columns of `rollups`
    side TEXT NOT NULL,
    dimension TEXT NOT NULL,
    domain TEXT NOT NULL,
    day INTEGER NOT NULL,
    value TEXT NOT NULL,
    visitors INTEGER NOT NULL,
    visits INTEGER NOT NULL,
    pageviews INTEGER NOT NULL,
    events INTEGER NOT NULL,
    bounces INTEGER NOT NULL,
    milliseconds INTEGER NOT NULL,
    PRIMARY KEY (side, dimension, domain, day, value)
) STRICT, WITHOUT ROWID
"""

_FIRST_OWN_EVENT: Final = """
    SELECT min(received_at) FROM events WHERE domain = ? AND NOT EXISTS (
        SELECT 1 FROM imported_events i
        WHERE i.domain = events.domain AND events.id BETWEEN i.first_id AND i.last_id
    )
"""


_ADD_DAY: Final = """
    INSERT INTO imported_days VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET
        visitors = visitors + excluded.visitors, visits = visits + excluded.visits,
        pageviews = pageviews + excluded.pageviews, events = events + excluded.events,
        bounces = bounces + excluded.bounces, milliseconds = milliseconds + excluded.milliseconds
"""
# An import has no events in the file, by which sites are listed.
_LIST_SITE: Final = """
    INSERT INTO sites (domain, seen_at, events) VALUES (?, ?, 0)
    ON CONFLICT DO UPDATE SET seen_at = max(seen_at, excluded.seen_at)
"""


class ImportedDay(NamedTuple):
    """The figures of one day and one value of a dimension, which add up."""

    side: str
    dimension: str
    domain: str
    day: int
    value: str
    visitors: int = 0
    visits: int = 0
    pageviews: int = 0
    events: int = 0
    bounces: int = 0
    milliseconds: int = 0


class ImportedLog(NamedTuple):
    """A file that is imported up to a position."""

    digest: bytes
    # How many bytes that is a hash of.
    length: int
    position: int


def logs(connection: Connection, domain: str) -> Iterator[ImportedLog]:
    """The files that were imported for a domain."""
    query = "SELECT digest, length, position FROM imported_logs WHERE domain = ?"
    for row in connection.execute(query, (domain,)):
        yield ImportedLog(*row)


def move(connection: Connection, domain: str, before: ImportedLog | None, now: ImportedLog) -> bool:
    """Keep the new position of a file. False if another import has moved it since `before`."""
    if before is not None:
        query = (
            "DELETE FROM imported_logs WHERE domain = ? AND digest = ? AND length = ?"
            " AND position = ?"
        )
        if not connection.execute(query, (domain, *before)).rowcount:
            return False
    query = "INSERT OR IGNORE INTO imported_logs VALUES (?, ?, ?, ?)"
    return bool(connection.execute(query, (domain, *now)).rowcount)


def add_events(connection: Connection, domain: str, first_id: int, last_id: int) -> None:
    """Keep that these events are imported."""
    query = "UPDATE imported_events SET last_id = ? WHERE domain = ? AND last_id = ?"
    if not connection.execute(query, (last_id, domain, first_id - 1)).rowcount:
        connection.execute(
            "INSERT INTO imported_events VALUES (?, ?, ?)", (domain, first_id, last_id)
        )


def first_own_event(connection: Connection, domain: str) -> int | None:
    """When the first event of a domain came that was not imported, in milliseconds; None if none
    did."""
    found: int | None = connection.execute(_FIRST_OWN_EVENT, (domain,)).fetchone()[0]
    return found


def salt(connection: Connection, day: int, today: int) -> bytes:
    """The salt of a past day, made if there is none; in a transaction."""
    query = "INSERT OR IGNORE INTO import_salts VALUES (?, ?, ?)"
    connection.execute(query, (day, secrets.token_bytes(32), today))
    row = connection.execute("SELECT salt FROM import_salts WHERE day = ?", (day,)).fetchone()
    found: bytes = row[0]
    return found


def days_of_salts(connection: Connection) -> list[int]:
    """The past days that have a salt."""
    return [row[0] for row in connection.execute("SELECT day FROM import_salts")]


def purge_salts(connection: Connection, last_day: int) -> bool:
    """Delete the salts that were made up to a day, included. True if there were any."""
    query = "DELETE FROM import_salts WHERE made_on <= ?"
    return connection.execute(query, (last_day,)).rowcount > 0


def first_event(connection: Connection, domain: str) -> int | None:
    """When the first event of a domain came, in milliseconds; None if none did."""
    query = "SELECT min(received_at) FROM events WHERE domain = ?"
    found: int | None = connection.execute(query, (domain,)).fetchone()[0]
    return found


def last_imported_day(connection: Connection, domain: str) -> int | None:
    """The last day of which figures were imported for a domain; None if none were."""
    query = "SELECT max(day) FROM imported_days WHERE domain = ?"
    found: int | None = connection.execute(query, (domain,)).fetchone()[0]
    return found


def replace_days(
    connection: Connection,
    domain: str,
    first: int,
    last: int,
    rows: Iterable[ImportedDay],
    now: int,
) -> None:
    """Put the figures of days, the last one included, in the place of those imported before.

    `now` is in milliseconds.
    """
    query = "DELETE FROM imported_days WHERE domain = ? AND day BETWEEN ? AND ?"
    connection.execute(query, (domain, first, last))
    connection.executemany(_ADD_DAY, rows)
    connection.execute(_LIST_SITE, (domain, now))
