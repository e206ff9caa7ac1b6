"""Swetrix's endpoints: the response, bots, uniqueness, heartbeats and the stored event."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from footfall.collector.wire import swetrix
from footfall.collector.wire.messages import Campaign
from footfall.collector.wire.sessions import SESSION_TIMEOUT_SECONDS
from tests.collector.support import FIREFOX, GOOGLEBOT, PID
from tests.collector.wire.support import (
    NO_HEADERS,
    NOON,
    incoming_request,
    new_sessions,
    response_json,
    to_swetrix,
)


def test_an_unknown_project_does_not_exist() -> None:
    result = to_swetrix({"pid": PID}, pids=["another-pid1"])
    assert (result.response.status, isinstance(response_json(result)["message"], str)) == (
        404,
        True,
    )
    assert to_swetrix({"pid": PID}, pids=[PID]).response.status == 201


@pytest.mark.parametrize("user_agent", [GOOGLEBOT, "curl/8.0", "swetrix-python/0.1", "Mozilla/5.0"])
def test_a_bot_gets_a_message_and_does_not_count(user_agent: str) -> None:
    sessions = new_sessions()
    result = to_swetrix(
        {"pid": PID}, pids=["another-pid1"], sessions=sessions, headers={"user-agent": user_agent}
    )
    assert (result.response.status, list(response_json(result))) == (201, ["message"])
    assert [(each.reason, each.session) for each in result.events] == [("bot", None)]


def test_a_bots_heartbeat_stores_nothing() -> None:
    result = to_swetrix(
        {"pid": PID}, swetrix.EventKind.HEARTBEAT, headers={"user-agent": GOOGLEBOT}
    )
    assert (result.response.status, list(result.events)) == (201, [])


@pytest.mark.parametrize("user_agent", ["", "  "])
def test_a_visitor_without_a_user_agent_is_counted(user_agent: str) -> None:
    [event] = to_swetrix({"pid": PID}, headers={"user-agent": user_agent}).events
    assert event.reason is None


@pytest.mark.parametrize(("sent", "locale"), [("de-CH", "de-CH"), ("", None), (None, None)])
def test_the_locale_is_that_of_the_script(sent: str | None, locale: str | None) -> None:
    [event] = to_swetrix({"pid": PID, "lc": sent}).events
    assert event.locale == locale


@pytest.mark.parametrize(
    ("unique", "status"),
    [(True, 403), ("false", 403), ({}, 403), (0, 201), ("", 201), (None, 201), (False, 201)],
)
def test_a_unique_pageview_is_the_first_of_its_session(unique: object, status: int) -> None:
    sessions = new_sessions()
    page = {"pid": PID, "pg": "/", "unique": unique}
    first = to_swetrix(page, sessions=sessions)
    second = to_swetrix(page | {"pg": "/other"}, sessions=sessions)
    assert (first.response.status, second.response.status) == (201, status)
    if status == 403:
        assert isinstance(response_json(second)["message"], str)
        assert list(second.events) == []


def test_a_unique_event_happens_once_for_each_name() -> None:
    sessions = new_sessions()

    def status(name: str, at: float, user_agent: str = FIREFOX) -> int:
        event = {"pid": PID, "ev": name, "unique": True}
        custom = swetrix.EventKind.CUSTOM
        return to_swetrix(
            event, custom, sessions=sessions, at=at, headers={"user-agent": user_agent}
        ).response.status

    assert [status("a", NOON), status("a", NOON), status("b", NOON)] == [201, 403, 201]
    assert status("a", NOON, user_agent=FIREFOX + " x") == 201
    # Asking again keeps the mark for another half hour.
    assert status("a", NOON + 1_700) == 403
    assert status("a", NOON + 3_400) == 403
    assert status("a", NOON + 3_400 + SESSION_TIMEOUT_SECONDS + 1) == 201


def test_a_heartbeat_needs_a_session_and_extends_it() -> None:
    sessions = new_sessions()

    def heartbeat_status(at: float, headers: Mapping[str, str] = NO_HEADERS) -> int:
        result = to_swetrix(
            {"pid": PID}, swetrix.EventKind.HEARTBEAT, sessions=sessions, at=at, headers=headers
        )
        assert list(result.events) == []
        return result.response.status

    assert heartbeat_status(NOON) == 403
    to_swetrix({"pid": PID}, sessions=sessions, at=NOON)
    assert [heartbeat_status(NOON + 1_500), heartbeat_status(NOON + 3_000)] == [201, 201]
    assert heartbeat_status(NOON + 3_000, {"x-forwarded-for": "203.0.113.77"}) == 403
    assert heartbeat_status(NOON + 3_000 + SESSION_TIMEOUT_SECONDS + 1) == 403


def test_a_page_that_is_no_text_breaks_swetrix() -> None:
    result = to_swetrix({"pid": PID, "pg": ["x"]})
    assert (result.response.status, response_json(result)) == (
        500,
        {"statusCode": 500, "message": "Internal server error"},
    )


def test_what_swetrix_stores_is_what_was_sent() -> None:
    [event] = to_swetrix(
        {
            "pid": PID,
            "ev": "Sign up",
            "pg": "/k%C3%B6ln?x",
            "ref": "https://www.news.test/x",
            "so": "a%20b",
            "me": "m",
            "ca": 5,
            "co": "c",
            "te": "",
            "meta": {"n": 1.0, "t": True, "z": None, "f": 0.5, "e": 1e-7, "constructor": "lost"},
        },
        swetrix.EventKind.CUSTOM,
        headers={"origin": "https://Shop.test:8443"},
    ).events
    assert (event.name, event.path, event.url, event.hostname) == (
        "Sign up",
        "/k%C3%B6ln?x",
        None,
        "shop.test",
    )
    assert event.campaign == Campaign("a%20b", "m", "5", "c", None)
    assert event.source == "a%20b"
    assert event.props == {"n": "1", "t": "true", "z": "null", "f": "0.5", "e": "1e-7"}


@pytest.mark.parametrize(
    ("origin", "hostname"),
    [("https://a.test", "a.test"), ("a.test", None), ("null", None), ("https://", None)],
)
def test_the_origin_names_the_host(origin: str, hostname: str | None) -> None:
    [event] = to_swetrix({"pid": PID, "ref": "https://a.test/"}, headers={"origin": origin}).events
    assert event.hostname == hostname
    assert event.source == (None if hostname else "a.test")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, "127.0.0.1"),
        ({"x-forwarded-for": "203.0.113.1, 10.0.0.1"}, "203.0.113.1"),
        ({"x-forwarded-for": "unknown, 203.0.113.1"}, "127.0.0.1"),
        ({"x-forwarded-for": "203.0.113.1:80"}, "203.0.113.1"),
        ({"x-forwarded-for": "[2001:DB8::1]:80"}, "2001:DB8::1"),
        ({"x-forwarded-for": "fe80::1%eth0"}, "fe80::1%eth0"),
        (
            {"x-client-ip-address": "203.0.113.2", "x-forwarded-for": "203.0.113.1"},
            "203.0.113.2",
        ),
        ({"x-client-ip-address": "for=x", "x-forwarded-for": "203.0.113.1"}, "127.0.0.1"),
        ({"cf-connecting-ip": "203.0.113.3", "x-real-ip": "203.0.113.4"}, "127.0.0.1"),
    ],
)
def test_the_address_that_swetrix_takes(headers: dict[str, str], expected: str) -> None:
    request = incoming_request({}, {"x-forwarded-for": ""} | headers)
    assert swetrix.client_ip(request) == expected
