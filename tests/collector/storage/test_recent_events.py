"""The newest events in memory."""

from __future__ import annotations

import pytest

from footfall.collector.storage import recent_events
from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import EventSearch
from tests.collector.support import SECRET_ADDRESS, incoming_event


def test_only_the_newest_addresses_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_events, "_KEEP", 2)
    store.enqueue([incoming_event() for _ in range(3)])
    store.flush()
    known = [entry.client_ip for entry in store.search(EventSearch()).events]
    assert known == [None, SECRET_ADDRESS, SECRET_ADDRESS]
