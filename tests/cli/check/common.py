"""What the tests of `footfall check` share: a site, and what a collector holds of it."""

from __future__ import annotations

from footfall.collector import CollectorServer
from footfall.collector.storage.stored_events import EventSearch, StoredEvent

SITE = "a.test"
ADDRESS = "8.8.8.8"


def line(scheme: str, url: str, site: str = SITE) -> str:
    return f"{scheme}://{url.removeprefix('http://')}/{site}"


def newest(collector: CollectorServer) -> StoredEvent:
    collector.store.flush()
    return collector.store.search(EventSearch(limit=1)).events[0]
