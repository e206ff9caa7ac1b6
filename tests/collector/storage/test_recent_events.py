"""The newest events in memory."""

from __future__ import annotations

import pytest

from footfall.collector.storage import recent_events
from footfall.collector.storage.recent_events import RecentEvent, RecentEvents
from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import EventSearch
from footfall.collector.wire.messages import IngestResponse
from tests.collector.storage.support import enqueue
from tests.collector.support import SECRET_ADDRESS, incoming_event


def test_only_the_newest_addresses_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_events, "_KEEP", 2)
    enqueue(store, [incoming_event() for _ in range(3)])
    store.flush()
    known = [event.client_ip for event in store.search(EventSearch()).events]
    assert known == [None, SECRET_ADDRESS, SECRET_ADDRESS]


def test_an_event_is_kept_with_its_response_until_it_is_cleared() -> None:
    events = RecentEvents()
    recent = RecentEvent(incoming_event(), IngestResponse(status=202))
    events.add([(7, recent)])
    assert (events.get(7), events.get(8)) == (recent, None)
    assert (events.address(7), events.address(8)) == (SECRET_ADDRESS, None)
    events.clear()
    assert (events.get(7), events.address(7)) == (None, None)


def test_a_body_that_is_too_long_to_show_is_not_kept() -> None:
    events = RecentEvents()
    events.add([(1, RecentEvent(incoming_event(body=b"x" * 20_000)))])
    recent = events.get(1)
    assert recent is not None
    assert recent.event.request.body == b""


def test_dropped_events_hide_none_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_events, "_KEEP", 2)
    events = RecentEvents()
    events.add([(1, RecentEvent(incoming_event()))])
    dropped = incoming_event(reason="bot")
    events.add((number, RecentEvent(dropped)) for number in range(2, 9))
    assert events.get(1) is not None
    assert events.address(1) == SECRET_ADDRESS
    assert [number for number in range(2, 9) if events.get(number)] == [7, 8]
    assert [number for number in range(2, 9) if events.address(number)] == [7, 8]
    assert events.unwritten() == []
    events.add([(9, RecentEvent(incoming_event(reason="not_found", is_declared=False)))])
    assert [number for number, _ in events.unwritten()] == [9]
