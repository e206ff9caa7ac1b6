"""Heartbeats: requests keep the visits of those alive who are still there, and begin none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest

import footfall
from footfall import asgi
from footfall.collector import CollectorServer
from footfall.config import Config
from footfall.destinations import Only, Plausible, Swetrix
from footfall.errors import ConfigError
from footfall.model import HEARTBEAT, Event, Request, Response, Visitor
from footfall.testing import MemoryTransport, capture
from footfall.tracker import Tracker, heartbeats
from footfall.tracker.heartbeats import (
    INTERVAL_SECONDS,
    MAX_VISITORS,
    VISIT_SECONDS,
    Heartbeat,
    HeartbeatSchedule,
)
from footfall.tracker.inbox import MAX_WAITING_HEARTBEATS, Inbox
from tests.support.adapters import ADAPTERS, CHROME, Raw, call_asgi, navigation
from tests.support.vendors import wait_until

PID = "aUn1quEid-33"
PROJECT = Swetrix(pid=PID, heartbeats=True)
ALICE = Visitor(client_ip="203.0.113.7", user_agent=CHROME)
BOB = Visitor(client_ip="203.0.113.7", user_agent=CHROME + " OPR/99")


def seen(at: float, visitor: Visitor = ALICE) -> Event:
    return Event(url="https://example.com/", visitor=visitor, time=at)


# -- the schedule ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "is_due"),
    [
        (0.0, False),
        (INTERVAL_SECONDS - 0.1, False),
        (INTERVAL_SECONDS, True),
        (VISIT_SECONDS - 0.1, True),
        (VISIT_SECONDS, False),
        (-60.0, False),
    ],
)
def test_a_heartbeat_is_due_between_the_interval_and_the_visits_end(
    after: float, is_due: bool
) -> None:
    schedule = HeartbeatSchedule()
    schedule.note(seen(1000.0))
    event = schedule.heartbeat(ALICE, 1000.0 + after)
    assert (event is not None) is is_due
    if event is not None:
        assert event == Event(
            name=HEARTBEAT, url="https://example.com/", visitor=ALICE, time=1000.0 + after
        )


def test_a_heartbeat_has_the_profile_of_the_last_event() -> None:
    schedule = HeartbeatSchedule()
    found = []
    for at, profile_id in [(0.0, "user-17"), (100.0, "user-18"), (200.0, "")]:
        schedule.note(replace(seen(at), profile_id=profile_id))
        found += [schedule.heartbeat(ALICE, at + 30), schedule.heartbeat(ALICE, at + 60)]
    assert [event and event.profile_id for event in found] == [
        *["user-17", "user-17", "user-18", "user-18", "", ""]
    ]


def test_a_heartbeat_begins_no_visit() -> None:
    schedule = HeartbeatSchedule()
    schedule.note(seen(1000.0))
    assert schedule.heartbeat(BOB, 1100.0) is None
    assert schedule.heartbeat(Visitor(client_ip="203.0.113.8", user_agent=CHROME), 1100.0) is None
    assert len(schedule) == 1


def test_a_heartbeat_keeps_a_visit_alive_and_is_sent_at_most_once_an_interval() -> None:
    schedule = HeartbeatSchedule()
    schedule.note(seen(0.0))
    due = [at for at in range(0, 4000, 10) if schedule.heartbeat(ALICE, float(at)) is not None]
    assert due == list(range(30, 4000, 30))


def test_a_visit_that_has_ended_is_forgotten() -> None:
    schedule = HeartbeatSchedule()
    schedule.note(seen(0.0))
    assert schedule.heartbeat(ALICE, VISIT_SECONDS) is None
    assert len(schedule) == 0


def test_the_visitor_who_was_quiet_longest_is_forgotten_first() -> None:
    schedule = HeartbeatSchedule()
    for number in range(MAX_VISITORS):
        schedule.note(seen(0.0, Visitor(client_ip=f"10.0.{number >> 8}.{number & 255}")))
    assert schedule.heartbeat(Visitor(client_ip="10.0.0.0"), 40.0) is not None
    schedule.note(seen(41.0, ALICE))
    assert len(schedule) == MAX_VISITORS
    assert schedule.heartbeat(Visitor(client_ip="10.0.0.1"), 80.0) is None
    assert schedule.heartbeat(Visitor(client_ip="10.0.0.0"), 80.0) is not None


# -- through the adapters ----------------------------------------------------------------------

POLLING = {
    "JSON": navigation("/json", headers={"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors"}),
    "a form": navigation("/form", method="POST"),
    "an excluded path": navigation("/api/poll"),
    "a fragment": navigation("/fragment", headers={"HX-Request": "true"}),
    "an error": navigation("/gone"),
    "nothing new": navigation("/empty"),
}


async def asgi_site(scope: Any, receive: Any, send: Any) -> None:
    kind = b"text/html" if scope["path"] == "/page" else b"application/json"
    headers = [(b"content-type", kind)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def visit(tracker: Tracker, *requests: Raw) -> None:
    wrapped = asgi.FootfallMiddleware(asgi_site, tracker=tracker)
    for raw in requests:
        call_asgi(wrapped, raw)


EVERY_ADAPTER = pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS.keys())
Adapter = Callable[..., AbstractContextManager[Callable[[Raw], object]]]


def tracker_for(*places: Any, **options: Any) -> tuple[Tracker, Sequence[Request]]:
    transport = MemoryTransport()
    config = Config(
        destinations=places,
        transport=transport,
        exclude=["/api/**"],
        track_localhost=True,
        **options,
    )
    return Tracker(config, environ={}), transport.requests


@pytest.fixture
def without_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    """A heartbeat is due at once."""
    monkeypatch.setattr(heartbeats, "INTERVAL_SECONDS", -1e9)


@EVERY_ADAPTER
@pytest.mark.parametrize("polling", POLLING.values(), ids=POLLING.keys())
@pytest.mark.usefixtures("without_interval")
def test_any_later_request_is_a_heartbeat_of_the_very_same_visitor(
    adapter: Adapter, polling: Raw
) -> None:
    transport = MemoryTransport()
    with adapter(destinations=[PROJECT], transport=transport, exclude=["/api/**"]) as call:
        call(polling)
        assert footfall.flush(30)
        assert not transport.requests

        call(navigation("/page"))
        call(polling)
        assert footfall.flush(30)
        reasons = footfall.stats()["reasons"]
    page, heartbeat = transport.requests
    assert (page.url, heartbeat.url) == (PROJECT.endpoint, PROJECT.endpoint + "/hb")
    assert heartbeat.body == b'{"pid":"aUn1quEid-33"}'
    for name in ("user-agent", "x-forwarded-for", "x-client-ip-address"):
        assert heartbeat.headers[name] == page.headers[name]
    assert (sum(reasons.values()), reasons["navigation"]) == (3, 1)


@EVERY_ADAPTER
def test_a_busy_page_sends_no_more_than_one_in_half_a_minute(adapter: Adapter) -> None:
    transport = MemoryTransport()
    with adapter(destinations=[PROJECT], transport=transport) as call:
        call(navigation("/page"))
        for _ in range(20):
            call(POLLING["JSON"])
        assert footfall.flush(30)
    assert [request.url for request in transport.requests] == [PROJECT.endpoint]


@EVERY_ADAPTER
def test_where_no_destination_wants_heartbeats_requests_are_rejected(adapter: Adapter) -> None:
    with adapter(destinations=[Swetrix(pid=PID)]) as call:
        call(POLLING["JSON"])
        stats = footfall.stats()
    assert (stats["captured"], stats["reasons"]) == (0, {"not_html": 1})


def test_where_no_destination_wants_heartbeats_the_filters_reject_the_request_alone() -> None:
    tracker, _ = tracker_for(Swetrix(pid=PID))
    assert not tracker.recorder.filters.accepts("POST", "/page")


@pytest.mark.usefixtures("without_interval")
def test_only_the_destinations_that_want_them_get_heartbeats() -> None:
    tracker, requests = tracker_for(
        Plausible(domain="example.com"),
        Only(to=PROJECT, events=["pageview"], hosts=["example.com"]),
        Only(to=Swetrix(pid="aUn1quEid-44", heartbeats=True), hosts=["other.example"]),
        Only(to=Swetrix(pid="aUn1quEid-55"), hosts=["example.com"]),
    )
    visit(tracker, navigation("/page"), POLLING["JSON"])
    assert tracker.flush(30)
    beats = [request.body for request in requests if request.url.endswith("/hb")]
    assert beats == [b'{"pid":"aUn1quEid-33"}']
    assert len(requests) == 4


@pytest.mark.usefixtures("without_interval")
def test_a_custom_event_begins_a_visit_too() -> None:
    tracker, requests = tracker_for(PROJECT)
    token = {"ip": "198.51.100.7", "ua": CHROME}
    tracker.track("Paid", url="https://example.com/", visitor=token)
    tracker.flush(5)
    visit(tracker, POLLING["JSON"])
    assert tracker.flush(30)
    assert [request.url.rpartition("/")[2] for request in requests] == ["custom", "hb"]


@pytest.mark.usefixtures("without_interval")
def test_while_events_are_captured_no_heartbeat_is_sent() -> None:
    tracker, requests = tracker_for(PROJECT)
    visit(tracker, navigation("/page"))
    assert tracker.flush(30)
    with capture() as outbox:
        visit(tracker, navigation("/page"), POLLING["JSON"])
        assert [event.name for event in outbox] == ["pageview"]
    assert tracker.flush(30)
    assert [request.url for request in requests] == [PROJECT.endpoint]


@pytest.mark.usefixtures("without_interval")
def test_a_heartbeat_of_an_ended_session_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    class Forgetful:
        def send(self, request: Request) -> Response:
            if request.url.endswith("/hb"):
                return Response(status=403, body=b'{"message":"no session"}')
            return Response(status=201, body=b"{}")

    config = Config(destinations=[PROJECT], transport=Forgetful())
    tracker = Tracker(config, environ={})
    visit(tracker, navigation("/page"), POLLING["JSON"])
    assert tracker.flush(30)
    [counted] = tracker.stats()["destinations"].values()
    assert (counted["accepted"], counted["rejected"]) == (1, 1)
    assert "403" not in caplog.text


def test_a_full_inbox_takes_no_heartbeats(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr(threading.Thread, "start", lambda self: None)
    tracker, _ = tracker_for(PROJECT)
    for _ in range(2 * MAX_WAITING_HEARTBEATS):
        visit(tracker, POLLING["JSON"])
    assert tracker.stats()["waiting"] == MAX_WAITING_HEARTBEATS
    visit(tracker, navigation("/page"))
    assert tracker.stats()["waiting"] == MAX_WAITING_HEARTBEATS + 1


def test_a_heartbeat_that_fails_never_reaches_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(inbox: Inbox, heartbeat: Heartbeat, now: float) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Inbox, "submit_heartbeat", fail)
    tracker, _ = tracker_for(PROJECT)
    visit(tracker, POLLING["JSON"])
    assert tracker.stats()["errors"] == 1


def test_an_app_inside_another_sends_heartbeats_by_its_own_tracker() -> None:
    outer, _ = tracker_for(PROJECT)
    inner, _ = tracker_for(replace(PROJECT, pid="INNER-app-22"))
    nested = asgi.FootfallMiddleware(
        asgi.FootfallMiddleware(asgi_site, tracker=inner), tracker=outer
    )
    call_asgi(nested, POLLING["JSON"])
    assert (outer.stats()["captured"], inner.stats()["captured"]) == (0, 1)
    assert (outer.stats()["errors"], inner.stats()["errors"]) == (0, 0)


def test_an_app_cannot_track_a_heartbeat() -> None:
    tracker, requests = tracker_for(PROJECT)
    tracker.track(HEARTBEAT, url="https://example.com/", visitor={"ip": "203.0.113.7"})
    tracker.flush(5)
    assert not requests
    assert tracker.stats()["reasons"] == {"bad_event": 1}


@pytest.mark.usefixtures("without_interval")
def test_a_server_takes_the_heartbeat_of_a_live_visit(collector: CollectorServer) -> None:
    place = Swetrix(pid=PID, endpoint=collector.url, heartbeats=True)
    tracker = Tracker(Config(destinations=[place]), environ={})
    visit(tracker, navigation("/page"), POLLING["JSON"])
    [name] = tracker.stats()["destinations"]
    assert wait_until(lambda: tracker.stats()["destinations"][name]["accepted"] == 2)
    assert footfall.flush(30)


def test_heartbeats_are_a_switch() -> None:
    with pytest.raises(ConfigError, match="write True or False"):
        Swetrix(pid=PID, heartbeats="yes")  # type: ignore[arg-type] # the mistake
