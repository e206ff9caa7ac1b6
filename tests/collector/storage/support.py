"""What is in a store."""

from __future__ import annotations

from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import EventSearch


def names(store: Store, wanted: EventSearch | None = None) -> list[str]:
    assert store.flush()
    return [event.name for event in store.search(wanted or EventSearch()).events]


def rows(store: Store, query: str) -> list[tuple[object, ...]]:
    with store._database.reading() as connection:
        return [tuple(row) for row in connection.execute(query)]
