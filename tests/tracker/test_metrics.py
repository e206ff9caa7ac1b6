"""The counters of a process as metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from footfall.testing import MemoryTransport
from footfall.tracker.metrics import metrics_of
from tests.support.trackers import tracker_over, visit
from tests.support.waiting import LONG_SECONDS

BOT = [("user-agent", "Googlebot/2.1 (+http://www.google.com/bot.html)")]


def values(stats: dict[str, Any]) -> dict[str, dict[str, float]]:
    """By metric the values, each by the values of its labels."""
    return {
        family.name: {
            " ".join(each.labels.values()) + each.suffix: each.value for each in family.samples
        }
        for family in metrics_of(stats)
    }


def test_they_are_what_stats_returns() -> None:
    tracker = tracker_over(MemoryTransport())
    visit(tracker)
    visit(tracker, method="POST")
    tracker.flush(LONG_SECONDS)
    found = values(tracker.stats())
    assert found["footfall_hits_total"] == {"navigation": 1, "method": 1}
    assert found["footfall_errors_total"] == {"": 0}
    assert found["footfall_inbox_waiting"] == {"": 0}
    assert found["footfall_outbox_events"] == {}
    assert found["footfall_events_submitted_total"] == {"plausible:example.com": 1}


def test_those_of_an_outbox_are_there_with_one(tmp_path: Path) -> None:
    tracker = tracker_over(MemoryTransport(), outbox=str(tmp_path / "outbox.db"))
    try:
        found = values(tracker.stats())
        assert found["footfall_outbox_in_use"] == {"": 1}
        assert type(found["footfall_outbox_in_use"][""]) is int
        assert found["footfall_outbox_events"] == {"": 0}
    finally:
        tracker.close()


def test_a_process_without_a_tracker_has_the_metrics_without_values() -> None:
    assert {name for name, found in values({}).items() if found} == set()
