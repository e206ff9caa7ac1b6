"""The warnings of causes that hide every page of a site."""

from __future__ import annotations

import asyncio
import logging
import sys
from types import ModuleType
from typing import Any

import pytest

import footfall
from footfall import asgi
from footfall.config import Config
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker
from footfall.tracker.uncounted_pages import LOOKS
from tests.support.adapters import ADAPTERS, CHROME, PLAUSIBLE, call_asgi, navigation
from tests.support.trackers import tracker_over, visit

BEHIND_NGINX: dict[str, Any] = {"headers": {"Host": "127.0.0.1:8000"}}


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    # A vendor of an earlier test may be gone meanwhile, which is another warning.
    return [
        r.message
        for r in caplog.records
        if r.levelno >= logging.WARNING and "not counted" in r.message
    ]


def test_a_page_behind_a_proxy_that_hides_its_host_is_warned_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tracker = tracker_over(MemoryTransport())
    for _ in range(3):
        visit(tracker, peer="127.0.0.1", **BEHIND_NGINX)
    tracker.flush(5)
    assert tracker.stats()["reasons"] == {"localhost": 3}
    [text] = warnings_of(caplog)
    assert "Host '127.0.0.1:8000'" in text
    assert "peer on this machine" in text
    assert "proxy headers: none" in text
    assert "plausible:example.com" in text
    for line in ("proxy_set_header Host $host;", "ProxyPreserveHost On", "header_up", "Traefik"):
        assert line in text


def test_the_proxy_headers_are_named_without_their_addresses(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tracker = tracker_over(MemoryTransport())
    headers = {**BEHIND_NGINX["headers"], "X-Forwarded-For": "203.0.113.7"}
    visit(tracker, peer="10.0.0.2", headers=headers)
    tracker.flush(5)
    [text] = warnings_of(caplog)
    assert "proxy headers: x-forwarded-for" in text
    assert "203.0.113.7" not in text
    assert "peer elsewhere" in text
    assert "10.0.0.2" not in text


NO_PAGES = {
    "a health check": {"Host": "127.0.0.1:8000", "User-Agent": "kube-probe/1.30"},
    "a script's request": {"Host": "localhost", "X-Requested-With": "XMLHttpRequest"},
}


@pytest.mark.parametrize("headers", NO_PAGES.values(), ids=NO_PAGES)
def test_what_is_no_page_anywhere_is_no_cause(
    headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    tracker = tracker_over(MemoryTransport())
    visit(tracker, headers=headers)
    tracker.flush(5)
    assert warnings_of(caplog) == []


COUNTED: dict[str, dict[str, Any]] = {
    "wanted": {"track_localhost": True},
    "named": {"base_url": "https://example.com"},
}


@pytest.mark.parametrize("options", COUNTED.values(), ids=COUNTED)
def test_a_page_that_counts_is_no_cause(
    options: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport, **options)
    visit(tracker, **BEHIND_NGINX)
    tracker.flush(5)
    assert len(transport.requests) == 1
    assert warnings_of(caplog) == []


def test_a_custom_event_is_a_cause_too(caplog: pytest.LogCaptureFixture) -> None:
    async def view(scope: Any, receive: Any, send: Any) -> None:
        footfall.track("Signup")
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    tracker = tracker_over(MemoryTransport())
    call_asgi(asgi.FootfallMiddleware(view, tracker=tracker), navigation("/join", **BEHIND_NGINX))
    tracker.flush(5)
    [text] = warnings_of(caplog)
    assert "nothing reaches plausible:example.com" in text


def test_the_host_cannot_forge_a_line(caplog: pytest.LogCaptureFixture) -> None:
    tracker = tracker_over(MemoryTransport())
    visit(tracker, headers={"Host": "x\x1b[2J\n.localhost"})
    tracker.flush(5)
    [text] = warnings_of(caplog)
    assert "\n" not in text
    assert "\x1b" not in text


PEERS: dict[str, tuple[str | None, dict[str, str], tuple[str, ...]]] = {
    "a unix socket": (None, {}, ("a local socket", "proxy headers: none")),
    "waitress on a unix socket": (
        "localhost",
        {},
        ("a local socket", "waitress deletes these headers", "`--trusted-proxy=localhost`"),
    ),
    "a header that is no address": (
        "127.0.0.1",
        {"X-Forwarded-For": "unknown"},
        (),
    ),
    "a test client": ("testclient", {}, ("'testclient', which is no address",)),
}


@pytest.mark.parametrize(("peer", "headers", "texts"), PEERS.values(), ids=PEERS)
def test_a_hit_without_a_client_ip_is_warned_of_with_its_cause(
    peer: str | None,
    headers: dict[str, str],
    texts: tuple[str, ...],
    caplog: pytest.LogCaptureFixture,
) -> None:
    tracker = tracker_over(MemoryTransport())
    for _ in range(2):
        visit(tracker, peer=peer, headers=headers)
    tracker.flush(5)
    found = warnings_of(caplog)
    assert len(found) == bool(texts)
    assert all(text in found[0] for text in texts)


@pytest.mark.parametrize("is_waitress", [False, True])
def test_the_advice_fits_the_server(
    is_waitress: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "waitress.server", raising=False)
    if is_waitress:
        monkeypatch.setitem(sys.modules, "waitress.server", ModuleType("waitress.server"))
    tracker = tracker_over(MemoryTransport())
    visit(tracker, peer=None)
    for number in range(50):
        visit(tracker, peer="127.0.0.1", headers={"User-Agent": f"{CHROME} {number}"})
    tracker.flush(5)
    texts = [r.message for r in caplog.records if "let it send the address" in r.message]
    assert len(texts) == 2
    assert all(("waitress" in text) == is_waitress for text in texts)


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS)
def test_a_page_while_counting_is_off_is_warned_of_once(
    adapter: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_VERSION")
    with adapter(destinations=[PLAUSIBLE], enabled=False) as call:
        for _ in range(3):
            assert call(navigation("/page")).status == 200
    [text] = warnings_of(caplog)
    assert "the option `enabled` is off (Host 'example.com')" in text
    assert "nothing reaches plausible:example.com" in text


def visit_inactive(environ: dict[str, str], *visits: dict[str, Any], **options: Any) -> None:
    tracker = Tracker(Config.load(options, environ=environ), environ=environ)
    for changes in visits or ({},):
        visit(tracker, **changes)
    assert tracker.stats()["captured"] == tracker.stats()["errors"] == 0


CAUSES: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "no destination": ({}, {}, "Set `destinations`"),
    "a variable": ({"FOOTFALL_ENABLED": "no"}, {}, "FOOTFALL_ENABLED is off"),
    "an option": ({"FOOTFALL_ENABLED": "1"}, {"enabled": False}, "the option `enabled` is off"),
}


@pytest.mark.parametrize(("environ", "options", "cause"), CAUSES.values(), ids=CAUSES)
def test_what_makes_a_tracker_count_nothing_is_named(
    environ: dict[str, str], options: dict[str, Any], cause: str, caplog: pytest.LogCaptureFixture
) -> None:
    visit_inactive(environ, **options)
    [text] = warnings_of(caplog)
    assert cause in text


HEALTH_CHECK: dict[str, Any] = {"headers": {"User-Agent": "kube-probe/1.30"}}
# The environment, the options and the visits.
INTENDED: dict[str, tuple[dict[str, str], dict[str, Any], list[dict[str, Any]]]] = {
    "a test run": ({"PYTEST_VERSION": "8"}, {}, [{}]),
    "a server that reloads": ({"RUN_MAIN": "true"}, {}, [{}]),
    "debugging": ({}, {"debug": True}, [{}]),
    "a desk": ({}, {}, [BEHIND_NGINX]),
    "a desk, where pages count": ({}, {"track_localhost": True}, [BEHIND_NGINX]),
    "no page": ({}, {}, [HEALTH_CHECK]),
    "a page after many requests that are none": ({}, {}, [*[HEALTH_CHECK] * LOOKS, {}]),
}


@pytest.mark.parametrize(("environ", "options", "visits"), INTENDED.values(), ids=INTENDED)
def test_where_nothing_is_to_be_counted_there_is_no_warning(
    environ: dict[str, str],
    options: dict[str, Any],
    visits: list[dict[str, Any]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    visit_inactive(environ, *visits, **options)
    assert warnings_of(caplog) == []


def test_a_request_that_cannot_be_read_is_served_all_the_same() -> None:
    tracker = Tracker(Config(), environ={})
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [("a", 1)]}
    sent: list[Any] = []

    async def view(scope: Any, receive: Any, send: Any) -> None:
        sent.append(scope)

    app = asgi.FootfallMiddleware(view, tracker=tracker)
    asyncio.run(app(scope, None, None))  # type: ignore[arg-type]  # none of them is called
    assert sent == [scope]
