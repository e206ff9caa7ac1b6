"""The tables of the file, and the migrations of older files.

A file keeps its version as `user_version`. Each migration below leads from one version to the next,
in the transaction that opens the file; one that is published never changes.

- `events` has one row for each event that counts; `requests` the headers and bodies of the newest.
- `dropped_events` has the newest of those that were dropped; `dropped_counts` their numbers.
- `counters` has what would take long to count.
- `visits` has one row a visit, updated with each of its events. As with Plausible, all but the
  figures, the last page and the end of a visit is that of its first event.
- `page_visits` has one row for each page of a visit whose script told how it was viewed.
- `rollups` has the figures of days that are over, so that a month need not be counted again, and
  `day_columns` their visits and events, as numbers, for queries with conditions; `closed_days`
  lists them. All can be emptied at any time: they are made anew.
- `sites` has the domains and projects that events counted for, when the last one did, and how many.
- `salts` has the keys of the visitors' hashes, for two days.
- `registered_sites`, `goals`, `shared_links` and `custom_props` have what site owners registered;
  they are independent of the events.
- `imported_logs`, `imported_events` and `import_salts` have what was imported from access logs.
- `imported_days` has the figures of whole days that were imported from another tool, as `rollups`.
- `instance` has one row: a random name of this file, by which events that come back are recognised.
"""

from __future__ import annotations

from collections.abc import Callable
from sqlite3 import Connection
from typing import Final, TypeAlias

from footfall.collector.storage import dropped_events, imports, page_visits, visit_rows
from footfall.collector.storage.stats import day_columns

_EVENT_COLUMNS: Final = """received_at INTEGER NOT NULL,          -- milliseconds since the epoch
    vendor TEXT NOT NULL,
    domain TEXT NOT NULL,                  -- of Swetrix, the project id
    name TEXT NOT NULL,
    url TEXT,
    hostname TEXT,
    path TEXT,
    referrer TEXT,
    source TEXT,
    utm_source TEXT,
    utm_medium TEXT,
    utm_campaign TEXT,
    utm_content TEXT,
    utm_term TEXT,
    props TEXT NOT NULL,                   -- a JSON object of texts
    currency TEXT,
    amount TEXT,                           -- exact, as a decimal text
    user_agent TEXT NOT NULL,
    browser TEXT,
    os TEXT,
    device TEXT,
    country TEXT,
    visitor TEXT,                          -- a keyed hash; the key is gone after 48 hours
    session TEXT,
    begins INTEGER NOT NULL,               -- 1 where this event began the visit
    reason TEXT                            -- why it was dropped; NULL where it counts
"""

_EVENTS: Final = f"""
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice, so that after=ID stays true
    {_EVENT_COLUMNS}
) STRICT;
CREATE INDEX events_by_time ON events (received_at);
CREATE INDEX events_by_visitor ON events (visitor, id) WHERE visitor IS NOT NULL;
CREATE TABLE requests (
    event_id INTEGER PRIMARY KEY REFERENCES events (id) ON DELETE CASCADE,
    headers TEXT NOT NULL,                 -- a JSON object, of the names in `redaction.py`
    body TEXT                              -- as received; NULL where it was long
) STRICT;
CREATE TABLE salts (
    day INTEGER PRIMARY KEY,               -- days since the epoch
    salt BLOB NOT NULL
) STRICT;
"""

_VISITS: Final = """
CREATE TABLE visits (
    id INTEGER PRIMARY KEY,
    session TEXT NOT NULL UNIQUE,
    domain TEXT NOT NULL,
    visitor TEXT NOT NULL,
    started_at INTEGER NOT NULL,           -- milliseconds since the epoch
    ended_at INTEGER NOT NULL,             -- of the newest event that counts
    pageviews INTEGER NOT NULL,
    interactions INTEGER NOT NULL,         -- custom events that end a bounce
    entry_page TEXT,
    exit_page TEXT,
    referrer TEXT,                         -- host and path
    source TEXT,
    channel TEXT NOT NULL,
    utm_source TEXT,
    utm_medium TEXT,
    utm_campaign TEXT,
    utm_content TEXT,
    utm_term TEXT,
    device TEXT,
    browser TEXT,
    browser_version TEXT,
    os TEXT,
    os_version TEXT,
    country TEXT                           -- ISO 3166-1, two letters
) STRICT;
CREATE INDEX visits_by_start ON visits (started_at);
CREATE INDEX events_by_name ON events (name, received_at)
    WHERE reason IS NULL AND name NOT IN ('pageview', 'engagement');
CREATE INDEX events_by_page ON events (path, received_at) WHERE reason IS NULL;
CREATE INDEX events_dropped ON events (received_at) WHERE reason IS NOT NULL;
CREATE TABLE sites (
    domain TEXT PRIMARY KEY,
    seen_at INTEGER NOT NULL               -- milliseconds since the epoch
) STRICT;
INSERT INTO sites SELECT domain, max(received_at) FROM events GROUP BY domain;
CREATE TABLE rollups (
    side TEXT NOT NULL,                    -- 'visits' or 'events': of what the figures are
    dimension TEXT NOT NULL,               -- empty for the totals
    domain TEXT NOT NULL,
    day INTEGER NOT NULL,                  -- days since the epoch, in the collector's time zone
    value TEXT NOT NULL,
    visitors INTEGER NOT NULL,
    visits INTEGER NOT NULL,
    pageviews INTEGER NOT NULL,
    events INTEGER NOT NULL,
    bounces INTEGER NOT NULL,
    milliseconds INTEGER NOT NULL,
    PRIMARY KEY (side, dimension, domain, day, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE closed_days (
    day INTEGER PRIMARY KEY,
    zone TEXT NOT NULL,
    since INTEGER NOT NULL,                -- milliseconds since the epoch
    until INTEGER NOT NULL
) STRICT;
"""

_REGISTERED_SITES: Final = """
CREATE TABLE registered_sites (
    domain TEXT PRIMARY KEY,
    timezone TEXT NOT NULL,
    script TEXT NOT NULL                   -- a JSON object: the settings of the browser's script
) STRICT;
CREATE TABLE goals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    domain TEXT NOT NULL,
    kind TEXT NOT NULL,                    -- 'event' or 'page'
    name TEXT NOT NULL,                    -- the event's name, or the page's path
    display_name TEXT NOT NULL,
    custom_props TEXT NOT NULL,            -- a JSON object of texts
    UNIQUE (domain, kind, name, custom_props),
    UNIQUE (domain, display_name)
) STRICT;
CREATE TABLE shared_links (
    domain TEXT NOT NULL,
    name TEXT NOT NULL,
    slug TEXT NOT NULL,                    -- what a visitor has to know
    PRIMARY KEY (domain, name)
) STRICT;
CREATE TABLE custom_props (
    domain TEXT NOT NULL,
    property TEXT NOT NULL,
    PRIMARY KEY (domain, property)
) STRICT;
"""


_DROPPED_EVENTS: Final = f"""
DROP INDEX IF EXISTS events_dropped;
CREATE TABLE dropped_events (
    id INTEGER PRIMARY KEY,                -- from one sequence with those of `events`
    headers TEXT,                          -- as in `requests`
    body TEXT,
    bytes INTEGER NOT NULL,                -- of all texts
    {_EVENT_COLUMNS}
) STRICT;
CREATE INDEX dropped_by_time ON dropped_events (received_at, bytes);
CREATE TABLE dropped_counts (
    day INTEGER NOT NULL,                  -- days since the epoch, in the collector's time zone
    domain TEXT NOT NULL,
    reason TEXT NOT NULL,
    name TEXT NOT NULL,                    -- of a bot; empty for other reasons
    kind TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (day, domain, reason, name, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE counters (                    -- one row
    last_id INTEGER NOT NULL,              -- of `events` and `dropped_events`
    events INTEGER NOT NULL                -- how many rows `events` has
) STRICT;
DROP TABLE sites;
CREATE TABLE sites (
    domain TEXT PRIMARY KEY,
    seen_at INTEGER NOT NULL,              -- milliseconds since the epoch
    events INTEGER NOT NULL                -- how many were counted since it was first seen
) STRICT;
"""

_INSTANCE: Final = """
CREATE TABLE instance (
    name TEXT NOT NULL
) STRICT;
INSERT INTO instance VALUES (lower(hex(randomblob(16))));
"""

# The visitor of the newest event, by which the running session is found. There are a third as many
# visits as events, and each hash of a visitor lies on another page of an index.
_NEWEST_VISITOR: Final = """
DROP INDEX events_by_visitor;
ALTER TABLE visits ADD COLUMN newest_visitor TEXT NOT NULL DEFAULT '';
UPDATE visits SET newest_visitor = visitor;
CREATE INDEX visits_by_visitor ON visits (newest_visitor);
"""

_LANGUAGES: Final = "ALTER TABLE visits ADD COLUMN language TEXT"
# Days are closed anew: then their columns are made, and the figures of languages.
_REOPEN_DAYS: Final = "DELETE FROM closed_days"


def _make_tables(script: str) -> Callable[[Connection], None]:
    def run(connection: Connection) -> None:
        # `executescript` would end the transaction.
        for statement in script.split(";\n"):
            connection.execute(statement)

    return run


_Migration: TypeAlias = Callable[[Connection], None]

_MIGRATIONS: Final[tuple[tuple[_Migration, ...], ...]] = (
    (_make_tables(_EVENTS),),
    (_make_tables(_VISITS),),
    (_make_tables(_REGISTERED_SITES),),
    (_make_tables(_DROPPED_EVENTS), dropped_events.move),
    (_make_tables(_INSTANCE),),
    (_make_tables(_NEWEST_VISITOR),),
    (_make_tables(imports.TABLES),),
    (_make_tables(imports.DAYS),),
    (_make_tables(_LANGUAGES), visit_rows.rebuild),
    (_make_tables(page_visits.TABLE),),
    (_make_tables(day_columns.TABLE), _make_tables(_REOPEN_DAYS)),
)

SCHEMA_VERSION: Final = len(_MIGRATIONS)
"""A file of a later version is refused, never changed."""


def version(connection: Connection) -> int:
    """The version of an open file; 0 if it is empty."""
    number: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return number


def migrate(connection: Connection) -> None:
    """Run the migrations that a file lacks, in the open transaction."""
    for migrations in _MIGRATIONS[version(connection) :]:
        for migration in migrations:
            migration(connection)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
