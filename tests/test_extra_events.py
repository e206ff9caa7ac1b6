"""Feeds, API calls and own visits, from a request to the event."""

from __future__ import annotations

from typing import Any

import pytest

from footfall import asgi
from footfall.config import Config
from footfall.errors import ConfigError
from footfall.model import Event
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker
from tests.support.adapters import PLAUSIBLE, call_asgi, navigation

FEEDLY = "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 42 subscribers)"


async def site(scope: Any, receive: Any, send: Any) -> None:
    path = scope["path"]
    kinds = {"/feed": b"application/rss+xml", "/page": b"text/html"}
    headers = [(b"content-type", kinds.get(path, b"application/json"))]
    status = 404 if path.endswith("0") else 200
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def events_of(*requests: Any, **options: Any) -> tuple[list[Event], dict[str, int]]:
    """The events of these requests to an app with these options, and its counted reasons."""
    sent: list[Event] = []

    def before_send(event: Event) -> Event:
        sent.append(event)
        return event

    config = Config(
        destinations=[PLAUSIBLE], transport=MemoryTransport(), before_send=before_send, **options
    )
    tracker = Tracker(config, environ={})
    app = asgi.FootfallMiddleware(site, tracker=tracker)
    for each in requests:
        call_asgi(app, each)
    tracker.close()
    reasons: dict[str, int] = tracker.stats()["reasons"]
    return sent, reasons


def test_a_feed_is_an_event_without_the_readers_user_agent() -> None:
    events, reasons = events_of(
        navigation("/feed", headers={"User-Agent": FEEDLY}), navigation("/page"), track_feeds=True
    )
    feed, page = events
    assert feed.props == {"path": "/feed", "reader": "Feedly", "subscribers": 42}
    assert (feed.name, feed.visitor.user_agent, feed.interactive) == ("Feed", "", False)
    assert (page.name, page.interactive) == ("pageview", True)
    assert reasons == {"feed": 1, "navigation": 1}


def test_an_api_call_is_an_event_whatever_method_and_status() -> None:
    token = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    events, reasons = events_of(
        navigation("/api/users/7", method="POST", headers={"User-Agent": "curl/8.5.0"}),
        navigation("/api/0"),
        navigation(f"/api/keys/{token}"),
        navigation("/other"),
        track_api="/api/**",
    )
    assert [event.props for event in events] == [
        {"route": "/api/users/7", "method": "POST", "status": "2xx"},
        {"route": "/api/0", "method": "GET", "status": "4xx"},
        {"route": "/api/keys/:token", "method": "GET", "status": "2xx"},
    ]
    assert reasons == {"api_call": 3, "not_html": 1}


def test_by_default_both_are_rejected_in_the_request() -> None:
    events, reasons = events_of(navigation("/feed"), navigation("/api/x", method="POST"))
    assert events == []
    assert reasons == {"not_html": 1, "method": 1}


@pytest.mark.parametrize("cuts", [False, "truncate"])
def test_own_visits_are_left_out_by_address(cuts: Any) -> None:
    visits = [
        navigation("/page", headers={"X-Forwarded-For": address}, peer="127.0.0.1")
        for address in ("203.0.113.9", "203.0.113.200", "2001:db8:1::1", "198.51.100.1")
    ]
    networks = ["203.0.113.0/25", "2001:db8::/32"]
    events, reasons = events_of(*visits, exclude_ips=networks, anonymize_ip=cuts)
    assert reasons == {"excluded_ip": 2, "navigation": 2}
    assert len(events) == 2


def test_wrong_values_are_named_at_the_start() -> None:
    with pytest.raises(ConfigError) as caught:
        Config(destinations=[PLAUSIBLE], exclude_ips="203.0.113.0/33, office", track_api=["api/**"])
    assert [fault.option for fault in caught.value.faults] == ["exclude_ips"] * 2 + ["track_api"]
