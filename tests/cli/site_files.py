"""Files as an app writes them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from footfall.collector import Store
from tests.collector.storage.support import enqueue
from tests.collector.support import incoming_event


def write(file: Path, *paths: str) -> None:
    """Write a pageview of each path, and close the file."""
    with closing(Store(file)) as store:
        enqueue(store, [incoming_event("pageview", path) for path in paths])
        assert store.flush()
