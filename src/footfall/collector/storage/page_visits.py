"""How the pages of visits were viewed: one row for each page of a visit, from its engagements."""

from __future__ import annotations

from collections.abc import Iterable
from sqlite3 import Connection
from typing import Final

from footfall.collector.wire.messages import IncomingEvent

TABLE: Final = """
CREATE TABLE page_visits (
    id INTEGER PRIMARY KEY,
    session TEXT NOT NULL,
    domain TEXT NOT NULL,
    path TEXT NOT NULL,
    started_at INTEGER NOT NULL,           -- of the first engagement, milliseconds since the epoch
    milliseconds INTEGER NOT NULL,         -- for which the page was visible
    scroll_depth INTEGER,                  -- per cent of its height; NULL where nobody told
    UNIQUE (session, path)
) STRICT;
CREATE INDEX page_visits_by_time ON page_visits (started_at)
"""

_UPSERT: Final = """
    INSERT INTO page_visits (session, domain, path, started_at, milliseconds, scroll_depth)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (session, path) DO UPDATE SET
        milliseconds = milliseconds + excluded.milliseconds,
        scroll_depth = coalesce(
            max(scroll_depth, excluded.scroll_depth), scroll_depth, excluded.scroll_depth
        )
    RETURNING started_at
"""


def write(connection: Connection, events: Iterable[IncomingEvent]) -> set[int]:
    """Add the engagements among accepted events; return when their pages were first viewed."""
    changed: set[int] = set()
    for event in events:
        if event.engagement is None or event.session is None or event.path is None:
            continue
        at = int(event.request.at * 1_000)
        values = (event.session, event.domain, event.path, at, *event.engagement)
        changed.add(connection.execute(_UPSERT, values).fetchone()[0])
    return changed


def delete_before(connection: Connection, instant: int) -> None:
    """Delete the rows of pages whose events are no longer all there."""
    connection.execute("DELETE FROM page_visits WHERE started_at < ?", (instant,))
