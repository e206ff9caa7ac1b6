"""The texts for every reason."""

from __future__ import annotations

import inspect

import pytest

from footfall.collector.web import reason_texts
from footfall.rules import pageview
from footfall.testing import MemoryTransport
from footfall.tracker import event_builder
from tests.support.trackers import tracker_over, visit

LATER_REASONS = {
    *("excluded_ip", "sampled_out", "over_budget", "no_client_ip"),
    *("should_track", "before_send"),
}
COUNTED = {
    *("navigation", "spa_visit", "complement", "engagement", "heartbeat"),
    *("feed", "api_call", "custom_event"),
}


def test_every_reason_has_a_remedy() -> None:
    assert reason_texts.REMEDIES.keys() == (pageview.REASONS.keys() | LATER_REASONS) - COUNTED
    source = inspect.getsource(event_builder)
    for reason in LATER_REASONS:
        assert f'BuildResult("{reason}"' in source
        assert reason_texts.of_hit(reason).why
    assert reason_texts.of_hit("made up") == ("untracked", "made up", "", "")


@pytest.mark.parametrize("reason", ["localhost", "no_client_ip"])
def test_the_page_gives_the_remedy_that_the_log_gives(
    reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    tracker = tracker_over(MemoryTransport())
    headers = {"Host": "localhost"} if reason == "localhost" else {}
    visit(tracker, headers=headers, peer="localhost" if reason == "no_client_ip" else "127.0.0.1")
    tracker.flush(5)
    assert tracker.stats()["reasons"] == {reason: 1}
    [warned] = [each.message for each in caplog.records]
    assert reason_texts.of_hit(reason).remedy in warned


def test_an_event_is_tracked_unless_the_vendor_drops_it() -> None:
    tracked = reason_texts.of_event(None, "navigation")
    assert (tracked.status, tracked.title, tracked.reason) == ("tracked", "Counted", "navigation")
    assert tracked.why == pageview.REASONS["navigation"]
    dropped = reason_texts.of_event("bot", "navigation")
    assert (dropped.status, dropped.title, dropped.reason) == ("dropped", "Dropped", "bot")
    assert dropped.remedy


def test_a_page_under_an_internal_host_gives_the_remedy_that_the_log_gives(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tracker = tracker_over(MemoryTransport())
    visit(tracker, headers={"Host": "web:8000"}, peer="10.0.0.2")
    tracker.flush(5)
    [warned] = [each.message for each in caplog.records]
    for host in ("web", "10.0.0.5"):
        shown = reason_texts.of_event(None, "navigation", host)
        assert (shown.status, shown.reason) == ("tracked", "navigation")
        assert shown.why.startswith(pageview.REASONS["navigation"])
        assert "Only a private network knows its host" in shown.why
        assert shown.remedy in warned
    assert not reason_texts.of_event(None, "navigation", "example.com").remedy
    assert not reason_texts.of_event(None, None, "web").remedy


def test_an_event_of_another_sender_has_no_reason() -> None:
    assert reason_texts.of_event(None, None) == ("tracked", "", "", "")
    assert reason_texts.of_event("made up", None) == ("dropped", "made up", "", "")
