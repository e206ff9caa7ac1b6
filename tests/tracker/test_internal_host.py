"""The warning of pages that are sent under a host which only a private network knows."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

import footfall
from footfall import asgi
from footfall.destinations import Plausible
from footfall.model import Hit
from footfall.rules.pageview import HOST_REMEDY
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker
from tests.support.adapters import CHROME, call_asgi, navigation
from tests.support.trackers import tracker_over, visit

NGINX = "172.18.0.3"
VISITOR = "203.0.113.7"


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    # A vendor of an earlier test may be gone meanwhile, which is another warning.
    return [
        r.message
        for r in caplog.records
        if r.levelno >= logging.WARNING and "private network" in r.message
    ]


def visit_host(tracker: Tracker, host: str, peer: str | None = NGINX, **headers: str) -> None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    visit(tracker, peer=peer, headers={"Host": host, **named})


def test_pages_under_the_name_of_an_upstream_are_sent_and_warned_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    for _ in range(3):
        visit_host(tracker, "app_server:8000", X_Forwarded_For=VISITOR, X_Forwarded_Proto="https")
    tracker.flush(5)
    assert len(transport.requests) == 3
    assert warnings_of(caplog) == [
        "footfall: pages are sent to plausible:example.com under the host 'app_server:8000', which "
        "only a private network knows (peer elsewhere; proxy headers: x-forwarded-for, "
        "x-forwarded-proto). If visitors know the site by another, the figures are another site's. "
        f"{HOST_REMEDY} If it is the one they use, say so: "
        '`base_url="https://app_server:8000"`.'
    ]


WARNED: dict[str, tuple[str, str | None, dict[str, str]]] = {
    "a container's name": ("web:8000", NGINX, {}),
    "a private address": ("10.0.0.5:8000", "10.0.0.2", {}),
    "the host of a container": ("host.docker.internal", "127.0.0.1", {}),
    "a reserved ending": ("backend.internal", "10.0.0.2", {}),
    "a name in a household": ("nas.local", "192.168.1.1", {}),
    "a unix socket": ("web", None, {}),
    "a proxy with a public address": ("web", "198.51.100.1", {"X_Forwarded_For": VISITOR}),
    "a search engine's page before": ("web", NGINX, {"Referer": "https://www.google.com/"}),
    "the public page before": ("web", NGINX, {"Referer": "https://example.com/"}),
}


@pytest.mark.parametrize(("host", "peer", "headers"), WARNED.values(), ids=WARNED)
def test_each_such_host_behind_a_proxy_is_a_cause(
    host: str, peer: str | None, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    tracker = tracker_over(MemoryTransport())
    # A unix socket has no address of its own.
    visit_host(
        tracker, host, peer, **{"X_Forwarded_For": VISITOR, **headers} if not peer else headers
    )
    tracker.flush(5)
    [text] = warnings_of(caplog)
    assert f"under the host {host!r}" in text


NOT_WARNED: dict[str, tuple[str, str | None, dict[str, str], dict[str, Any]]] = {
    "an ordinary host": ("example.com", NGINX, {}, {}),
    "a public address": ("8.8.8.8", NGINX, {}, {}),
    "a host that the proxy names": ("web", NGINX, {"X_Forwarded_Host": "example.com"}, {}),
    "an internal one that the proxy names": ("web", NGINX, {"X_Forwarded_Host": "wiki"}, {}),
    "one in Forwarded": ("web", NGINX, {"Forwarded": "for=203.0.113.7;host=wiki"}, {}),
    "a base URL": ("web", NGINX, {}, {"base_url": "https://example.com"}),
    "the same base URL": ("web", NGINX, {}, {"base_url": "http://web"}),
    "no proxy": ("web", "198.51.100.1", {}, {}),
    "no proxy, as the settings say": ("wiki", "10.0.0.9", {}, {"trusted_proxies": 0}),
    "the page before": ("wiki", "10.0.0.9", {"Referer": "http://wiki/start"}, {}),
    "the page before, on a port": ("wiki:8000", NGINX, {"Referer": "http://wiki:8000/"}, {}),
}


@pytest.mark.parametrize(
    ("host", "peer", "headers", "options"), NOT_WARNED.values(), ids=NOT_WARNED
)
def test_a_host_that_visitors_may_well_use_is_no_cause(
    host: str,
    peer: str | None,
    headers: dict[str, str],
    options: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport, **options)
    visit_host(tracker, host, peer, **headers)
    tracker.flush(5)
    assert len(transport.requests) == 1
    assert warnings_of(caplog) == []


def test_a_destination_on_this_machine_is_told_of_any_host(
    caplog: pytest.LogCaptureFixture,
) -> None:
    local = Plausible(domain="example.com", endpoint="http://127.0.0.1:8321")
    tracker = Tracker.from_options(
        {"destinations": [local], "transport": MemoryTransport()}, environ={}
    )
    visit_host(tracker, "web")
    tracker.flush(5)
    assert warnings_of(caplog) == []


def test_a_header_that_is_not_believed_is_named_with_the_option(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tracker = tracker_over(MemoryTransport())
    visit_host(tracker, "web", "198.51.100.1", X_Forwarded_Host="example.com")
    tracker.flush(5)
    [text] = warnings_of(caplog)
    assert "name the proxy in `trusted_proxies`" in text


def test_beside_an_ordinary_host_it_takes_ten_pages(caplog: pytest.LogCaptureFixture) -> None:
    """A client may have made the host up; a location of nginx that lacks the line has many."""
    tracker = tracker_over(MemoryTransport())
    visit_host(tracker, "example.com")
    for number in range(200):
        visit_host(tracker, f"made-up-{number}")
    for _ in range(9):
        visit_host(tracker, "made-up-0")
    tracker.flush(5)
    # One of the ten came before; the name of a later one is not kept.
    assert len(warnings_of(caplog)) == 1
    caplog.clear()
    tracker = tracker_over(MemoryTransport())
    visit_host(tracker, "example.com")
    for _ in range(9):
        visit_host(tracker, "web")
    tracker.flush(5)
    assert warnings_of(caplog) == []


def test_what_does_not_count_is_no_cause(caplog: pytest.LogCaptureFixture) -> None:
    tracker = tracker_over(MemoryTransport())
    visit_host(tracker, "web", User_Agent="kube-probe/1.30")
    tracker.flush(5)
    assert warnings_of(caplog) == []


def test_a_custom_event_is_a_cause_too(caplog: pytest.LogCaptureFixture) -> None:
    async def view(scope: Any, receive: Any, send: Any) -> None:
        footfall.track("Signup")
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    tracker = tracker_over(MemoryTransport())
    headers = {"Host": "web:8000"}
    request = navigation("/join", headers=headers, peer=NGINX)
    call_asgi(asgi.FootfallMiddleware(view, tracker=tracker), request)
    tracker.flush(5)
    assert len(warnings_of(caplog)) == 1


def test_a_test_is_not_warned(caplog: pytest.LogCaptureFixture, footfall_outbox: list[Any]) -> None:
    tracker = tracker_over(MemoryTransport())
    visit_host(tracker, "web")
    assert len(footfall_outbox) == 1
    assert warnings_of(caplog) == []


PAGE = Hit(
    scheme="https",
    host="web:8000",
    path="/page",
    headers={"user-agent": CHROME, "accept": "text/html"},
    response_headers={"content-type": "text/html"},
    peer=NGINX,
)


def test_an_explanation_has_the_same_text_and_logs_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tracker = tracker_over(MemoryTransport())
    note = tracker.explain(PAGE).note
    assert note.startswith("The page is sent under the host 'web:8000'")
    assert warnings_of(caplog) == []
    visit_host(tracker, "web:8000")
    tracker.flush(5)
    [text] = warnings_of(caplog)
    assert text.endswith(note.removeprefix("The page is sent under"))


@pytest.mark.parametrize(
    ("hit", "options"),
    [
        pytest.param(replace(PAGE, host="example.com"), {}, id="an ordinary host"),
        pytest.param(PAGE, {"base_url": "https://example.com"}, id="a base URL"),
        pytest.param(replace(PAGE, method="POST"), {}, id="no page"),
    ],
)
def test_an_ordinary_page_has_no_note(hit: Hit, options: dict[str, Any]) -> None:
    assert tracker_over(MemoryTransport(), **options).explain(hit).note == ""
