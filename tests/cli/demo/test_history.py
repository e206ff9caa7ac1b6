"""The invented history of the demo."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from footfall.cli.demo.history import write_history
from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import MAX_LIMIT, EventSearch

NOON: Final = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()


def written() -> list[dict[str, Any]]:
    with closing(Store(clock=lambda: NOON)) as store:
        number = write_history(store, "demo.example", NOON)
        found = store.search(EventSearch(limit=MAX_LIMIT)).events
        assert len(found) == number > 2_000
        return [event.as_json() for event in found]


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    """The history of one demo."""
    return written()


def test_it_has_thirty_days_and_leaves_the_newest_minutes_free(
    events: list[dict[str, Any]],
) -> None:
    times = [event["received_at"] for event in events]
    assert times[0][:10] == "2026-10-23"
    assert "2026-11-21T11:00" < times[-1] < "2026-11-21T11:50"
    assert len({time[:10] for time in times}) == 30
    assert {event["name"] for event in events} == {"pageview", "Order"}
    assert {event["reason"] for event in events} == {None, "bot"}


@pytest.mark.long
def test_it_is_the_same_each_time(events: list[dict[str, Any]]) -> None:
    assert [(e["path"], e["user_agent"]) for e in written()] == [
        (e["path"], e["user_agent"]) for e in events
    ]
