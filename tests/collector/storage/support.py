"""What is in a store."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from footfall.collector.storage import database, schema
from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import EventSearch
from footfall.collector.storage.writer_thread import PendingWrite, WriteGroup
from footfall.collector.wire.messages import IncomingEvent


def enqueue(store: Store, events: Sequence[IncomingEvent]) -> bool:
    return store.enqueue(WriteGroup([PendingWrite(events)]))


def names(store: Store, wanted: EventSearch | None = None) -> list[str]:
    assert store.flush()
    return [event.name for event in store.search(wanted or EventSearch()).events]


def rows(store: Store, query: str) -> list[tuple[object, ...]]:
    with store._database.reading() as connection:
        return [tuple(row) for row in connection.execute(query)]


def open_older_file(path: Path, version: int) -> sqlite3.Connection:
    """A new file with the tables of an older version; close it before it is opened as a store."""
    connection = sqlite3.connect(path, isolation_level=None)
    for migrations in schema._MIGRATIONS[:version]:
        for migration in migrations:
            migration(connection)
    connection.execute(f"PRAGMA application_id = {database._APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")
    return connection
