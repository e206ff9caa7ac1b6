"""The event pipeline: batches, and hooks that fail or are slow."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from footfall.config.config import Config
from footfall.destinations.sqlite import RequestGroup
from footfall.events.hit_report import HitReport
from footfall.model import Event
from footfall.testing import MemoryTransport
from footfall.tracker import event_pipeline
from footfall.tracker.event_builder import EventBuilder
from footfall.tracker.tracker import Tracker
from tests.support.trackers import tracker_over, visit
from tests.support.vendors import wait_until
from tests.support.waiting import LONG_SECONDS, no_long_wait


def test_a_hook_that_fails_is_counted_and_the_next_hit_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def before_send(event: Event) -> Event:
        if event.url.endswith("/bad"):
            raise ZeroDivisionError("oops")
        return event

    transport = MemoryTransport()
    tracker = tracker_over(transport, before_send=before_send)
    for path in ("/bad", "/bad", "/good"):
        visit(tracker, path)
    tracker.flush(5)
    assert tracker.stats()["errors"] == 2
    assert len(transport.requests) == 1
    assert (
        len([record for record in caplog.records if "ZeroDivisionError in" in record.message]) == 1
    )
    assert "oops" not in caplog.text  # the text of an error may hold an address


def test_flush_keeps_its_time_whatever_a_hook_does() -> None:
    def slow(event: Event) -> Event:
        time.sleep(0.1)
        return event

    tracker = tracker_over(MemoryTransport(), before_send=slow)
    for _ in range(int(LONG_SECONDS * 10)):
        visit(tracker)
    with no_long_wait():
        assert not tracker.flush(0.5)
    assert tracker.stats()["waiting"] > 0


def test_one_call_processes_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    # A machine that pauses for a moment must not end the batch before its number does.
    monkeypatch.setattr(event_pipeline, "SECONDS_PER_BATCH", 60)
    monkeypatch.setattr(event_pipeline, "SECONDS_PER_POLL", 60)
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    with tracker._pipeline.lock:
        for _ in range(100):
            visit(tracker)
        assert tracker._pipeline.process(60)
        assert tracker.stats()["waiting"] == 40
    assert wait_until(lambda: len(transport.requests) == 100)


def test_a_batch_ends_where_a_hook_is_slow() -> None:
    def slow(event: Event) -> Event:
        time.sleep(0.1)
        return event

    tracker = tracker_over(MemoryTransport(), before_send=slow)
    with tracker._pipeline.lock:
        for _ in range(10):
            visit(tracker)
        assert tracker._pipeline.process(10)
        assert tracker.stats()["waiting"] >= 9


def test_flush_waits_for_the_hit_that_is_being_processed() -> None:
    def slow(event: Event) -> Event:
        time.sleep(0.3)
        return event

    transport = MemoryTransport()
    tracker = tracker_over(transport, before_send=slow)
    visit(tracker)
    assert wait_until(lambda: tracker.stats()["waiting"] == 0)
    assert tracker.flush(30)
    assert len(transport.requests) == 1


def test_a_poll_goes_on_where_the_app_had_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threading.Thread.start", lambda thread: None)
    tracker = tracker_over(MemoryTransport())
    for _ in range(200):
        visit(tracker)
    now = time.monotonic()

    def slow_clock() -> float:
        nonlocal now
        now += 0.001
        return now

    monkeypatch.setattr(event_pipeline, "monotonic", slow_clock)
    assert tracker._pipeline.process(200)
    # A twentieth of a batch's time is up with each hit, so five batches end early.
    assert 80 <= 200 - len(tracker._inbox) <= 120


def test_a_report_that_no_destination_wants_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    report = EventBuilder.report

    def counting(builder: EventBuilder, *values: Any) -> HitReport | None:
        found = report(builder, *values)
        made.append(found.event.url if found else "")
        return found

    monkeypatch.setattr(EventBuilder, "report", counting)
    transport = MemoryTransport()
    line = "sqlite:///f.sqlite3?domain=example.com"
    tracker = Tracker(Config(destinations=[line], transport=transport), environ={})
    with tracker._pipeline.lock:
        for number in range(300):
            visit(tracker, f"/{number}")
    assert tracker.flush(LONG_SECONDS)
    groups = [
        each.requests if isinstance(each, RequestGroup) else [each] for each in transport.requests
    ]
    urls = [_url(request.body) for group in groups for request in group]
    assert urls == [f"https://example.com/{number}" for number in range(300)], "all, in their order"
    assert 50 <= len(made) < 120


def _url(body: bytes) -> str:
    value = json.loads(body)
    return str(value.get("url") or value["event"]["url"])
