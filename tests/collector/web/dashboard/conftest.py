"""The dashboard over a store with a day of events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from footfall.collector.storage.store import Store
from tests.collector.storage.support import enqueue
from tests.collector.web.dashboard.support import DAY_OF_EVENTS, NOON, served_dashboard


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """The store with `DAY_OF_EVENTS`; its clock shows noon."""
    with closing(Store(clock=lambda: NOON)) as store:
        assert enqueue(store, DAY_OF_EVENTS)
        assert store.flush()
        yield store


@pytest.fixture(scope="module")
def url(store: Store) -> Iterator[str]:
    """The dashboard's address."""
    yield from served_dashboard(store)
