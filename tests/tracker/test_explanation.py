"""`Tracker.explain` shows how a hit is decided and what would be sent, and sends nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from footfall.config import Config
from footfall.destinations import Webhook
from footfall.model import Event, Hit
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker
from tests.support.adapters import CHROME
from tests.support.trackers import tracker_over

PAGE = Hit(
    scheme="https",
    host="example.com",
    path="/page",
    headers={"user-agent": CHROME, "accept": "text/html"},
    response_headers={"content-type": "text/html"},
    peer="203.0.113.9",
)


@pytest.mark.parametrize(
    "hit",
    [
        pytest.param(replace(PAGE, host="localhost"), id="localhost"),
        pytest.param(replace(PAGE, peer=None), id="no address"),
    ],
)
def test_an_explanation_logs_nothing(hit: Hit, caplog: pytest.LogCaptureFixture) -> None:
    tracker = tracker_over(MemoryTransport())
    caplog.clear()
    assert tracker.explain(hit).event is None
    assert [r.message for r in caplog.records] == []


def never(event: Event) -> None:
    return None


def test_a_page_has_its_steps_its_event_and_its_request() -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    explanation = tracker.explain(PAGE)
    assert explanation.reason == explanation.decision.reason
    assert explanation.decision.steps
    assert explanation.trace.client_ip == "203.0.113.9"
    assert explanation.event is not None
    assert explanation.event.url == "https://example.com/page"
    [request] = explanation.requests.values()
    assert b"https://example.com/page" in request.body
    assert tracker.stats()["reasons"] == {}
    assert not transport.requests


@pytest.mark.parametrize(
    ("options", "hit", "reason"),
    [
        pytest.param({}, replace(PAGE, method="POST"), "method", id="the decision"),
        pytest.param({"before_send": never}, PAGE, "before_send", id="a hook after it"),
        pytest.param({"should_track": lambda hit: False}, PAGE, "should_track", id="one before it"),
        pytest.param({}, replace(PAGE, peer=None), "no_client_ip", id="no address"),
    ],
)
def test_what_is_not_sent_has_a_reason_and_no_request(
    options: dict[str, Any], hit: Hit, reason: str
) -> None:
    explanation = tracker_over(MemoryTransport(), **options).explain(hit)
    assert (explanation.reason, explanation.event, explanation.requests) == (reason, None, {})
    assert explanation.decision.steps


def test_the_credentials_of_a_destination_are_hidden() -> None:
    lines = ["collector://s3cret@stats.example.com/example.com"]
    tracker = Tracker(Config(destinations=lines, transport=MemoryTransport()), environ={})
    [request] = tracker.explain(PAGE).requests.values()
    assert request.headers["authorization"] == "***"
    assert "s3cret" not in f"{request.headers} {request.body!r} {tracker.config}"


def test_the_key_of_a_webhook_is_hidden() -> None:
    hook = Webhook(
        "https://example.com/events",
        body=lambda event: {"key": "s3cret", "page": event.url},
        headers={"X-Key": "s3cret", "X-Empty": ""},
    )
    tracker = Tracker(Config(destinations=[hook], transport=MemoryTransport()), environ={})
    [request] = tracker.explain(PAGE).requests.values()

    assert (request.headers["x-key"], request.headers["x-empty"]) == ("***", "")
    assert json.loads(request.body) == {"key": "***", "page": "https://example.com/page"}
