"""Whatever an app or a browser sends, the vendors accept the request that footfall makes of it.

The collector's parsers stand in for the vendors: they refuse what the vendors refuse.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.collector.wire import plausible, swetrix
from footfall.collector.wire.messages import IncomingRequest, IngestResult
from footfall.collector.wire.sessions import Sessions
from footfall.common.log import ThrottledLog
from footfall.config import Config
from footfall.destinations import VISITOR_HEADERS, Destination, Plausible, Swetrix
from footfall.errors import EventError
from footfall.events.details import PERF_NAMES
from footfall.model import Event, Hit, Request
from footfall.tracker import Tracker
from footfall.tracker.custom_event import check_event
from footfall.tracker.event_builder import EventBuilder
from tests.destinations.strategies import ANY_EVENT, ANY_JSON, ANY_TEXT
from tests.support import vendors
from tests.support.adapters import CHROME
from tests.support.trackers import visit
from tests.support.vendors import vendor

PLAUSIBLE = Plausible(
    domain="example.com",
    ip_headers=("X-Forwarded-For", "X-Plausible-IP"),
    domains_by_host={"shop.example.com": "shop.example.com"},
)
SWETRIX = Swetrix(pid="aUn1quEid-33", unique=True)
DESTINATIONS: list[Destination] = [
    PLAUSIBLE,
    SWETRIX,
    Swetrix(pid="aUn1quEid-33", old_server=True, send_origin=False),
]


def result_of(request: Request) -> IngestResult:
    """The response of a vendor to its first request."""
    incoming = IncomingRequest(headers=request.headers, peer="127.0.0.1", body=request.body, at=0.0)
    sessions = Sessions(salt=lambda day: b"salt")
    path = urlsplit(request.url).path
    if path == "/api/event":
        return plausible.receive(incoming, domains=frozenset(), sessions=sessions)
    return swetrix.receive(incoming, swetrix.EventKind(path), pids=frozenset(), sessions=sessions)


def refusals(event: Event) -> list[tuple[int, bytes]]:
    """Status and body of each vendor's response that does not accept the event."""
    responses = [result_of(destination.request(event)).response for destination in DESTINATIONS]
    return [(each.status, each.body) for each in responses if each.status not in (201, 202)]


@pytest.mark.long
@given(ANY_EVENT)
def test_whatever_a_hook_makes_of_an_event(event: Event) -> None:
    assert refusals(event) == []


BUILDER = EventBuilder(
    Config(destinations=[PLAUSIBLE], track_404=True, bots="event", keep_query="*", exclude=["/no"]),
    ThrottledLog(),
)

ANY_BYTES = st.text(st.characters(max_codepoint=255), max_size=300)
HEADERS_READ = sorted(BUILDER._config.request_headers | VISITOR_HEADERS)


def navigations() -> Iterator[tuple[str, st.SearchStrategy[str]]]:
    """The headers that make a request a pageview; the others may be anything."""
    yield "user-agent", st.just(CHROME) | ANY_BYTES
    yield "sec-fetch-dest", st.just("document")
    yield "sec-fetch-mode", st.just("navigate")
    yield "host", st.sampled_from(["example.com", "shop.example.com:8443"]) | ANY_BYTES


ANY_HIT = st.builds(
    Hit,
    path=ANY_BYTES.map(lambda text: "/" + text) | ANY_TEXT,
    query=ANY_BYTES | ANY_BYTES.map(lambda text: f"utm_source={text}&ref={text}&gclid={text}"),
    headers=st.builds(
        lambda some, needed: some | needed,
        st.dictionaries(st.sampled_from(HEADERS_READ), ANY_BYTES, max_size=6),
        st.fixed_dictionaries(dict(navigations())),
    ),
    peer=st.just("203.0.113.9") | ANY_BYTES,
    status=st.sampled_from([200, 404]),
    response_headers=st.just({"content-type": "text/html"}),
    props=st.dictionaries(ANY_TEXT, ANY_JSON, max_size=4),
    details=st.dictionaries(
        st.sampled_from(["screen_width", "time_zone", "profile_id", "perf"]), ANY_JSON
    ),
    shown_path=st.none() | ANY_TEXT.map(lambda text: "/" + text),
)


@pytest.mark.long
@given(ANY_HIT)
def test_whatever_a_browser_sends(hit: Hit) -> None:
    event = BUILDER.from_hit(hit).event
    if event is not None:
        assert refusals(event) == []


def test_a_plain_navigation_is_among_them() -> None:
    headers = {"user-agent": CHROME, "sec-fetch-dest": "document", "host": "example.com"}
    hit = Hit(headers=headers, peer="203.0.113.9", response_headers={"content-type": "text/html"})
    event = BUILDER.from_hit(hit).event
    assert event is not None
    results = [result_of(destination.request(event)) for destination in DESTINATIONS]
    assert [result.response.status for result in results] == [202, 201, 201]
    assert [event.client_ip for result in results for event in result.events] == ["203.0.113.9"] * 3


ANY_TRACK_CALL = st.fixed_dictionaries(
    {"name": st.sampled_from(["pageview", "Signup"]) | ANY_TEXT},
    optional={
        "props": st.dictionaries(ANY_TEXT, ANY_JSON, max_size=4) | ANY_JSON,
        "revenue": st.tuples(st.sampled_from(["EUR", "USD"]) | ANY_TEXT, ANY_JSON),
        "interactive": st.booleans(),
        "referrer": st.just("https://news.example.org/a") | ANY_TEXT,
        "details": st.fixed_dictionaries(
            {},
            optional={
                "screen_width": st.integers(1, 5000) | ANY_JSON,
                "time_zone": st.just("Europe/Berlin") | ANY_JSON,
                "profile_id": ANY_TEXT,
                "perf": st.fixed_dictionaries(dict.fromkeys(PERF_NAMES, st.floats())),
            },
        ),
    },
)


@pytest.mark.long
@given(
    ANY_TRACK_CALL,
    st.just("https://example.com/") | ANY_TEXT.map(lambda text: f"https://shop.example.com/{text}"),
    st.fixed_dictionaries(
        {"ip": st.just("203.0.113.9")}, optional={"ua": ANY_TEXT, "lang": ANY_TEXT}
    ),
)
def test_whatever_an_app_passes_to_track(
    call: dict[str, Any], page: str, visitor: dict[str, str]
) -> None:
    with contextlib.suppress(EventError):
        custom = check_event(**call, page=page, visitor=visitor, record=None, at=0.0)
        event = BUILDER.from_custom_event(None, custom, 0.0).event
        if event is not None:
            assert refusals(event) == []


PLAUSIBLE_HEADERS = {"user-agent", "x-forwarded-for", "content-type"}
SWETRIX_HEADERS = PLAUSIBLE_HEADERS | {
    "x-client-ip-address",
    "origin",
    "accept-language",
    "accept-encoding",
    "sec-ch-ua-platform",
}
# What any client sends with a body. By `footfall` an app that is itself the endpoint recognises the
# POSTs of its own tracker.
OF_HTTP = {"host", "content-length", "connection", "footfall"}


@pytest.mark.parametrize(
    ("dsn", "expected", "may_be"),
    [
        pytest.param("plausible+{}/example.com", PLAUSIBLE_HEADERS, {"accept"}, id="Plausible"),
        pytest.param("swetrix+{}/aUn1quEid-33", SWETRIX_HEADERS | {"accept"}, set(), id="Swetrix"),
    ],
)
def test_only_the_expected_headers_are_sent(dsn: str, expected: set[str], may_be: set[str]) -> None:
    own = {
        "Cookie": "session=1",
        "Authorization": "Bearer x",
        "Forwarded": "for=203.0.113.9",
        "X-Plausible-IP": "203.0.113.9",
        "CF-Connecting-IP": "203.0.113.9",
        "Referer": "https://news.example.org/",
        "Accept": "text/html",
        "Sec-CH-UA-Platform": '"Linux"',
        "DNT": "1",
    }
    with vendor(vendors.answering(vendors.answer())) as server:
        tracker = Tracker(Config(destinations=[dsn.format(server.url)]), environ={})
        visit(tracker, headers=own)
        assert tracker.flush(30)
        [request] = server.requests
    head = request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    sent = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head)
    }
    assert len(sent) == len(head)
    assert sent.keys() - OF_HTTP - may_be == expected
    assert (sent["user-agent"], sent["x-forwarded-for"]) == (CHROME, "198.51.100.7")
    assert sent["content-type"] == "application/json"
    assert sent.get("accept", "*/*") == "*/*"


@pytest.mark.parametrize("user_agent", ["Caf\xe9 \xff/1.0", "a" * 5000, " \t", "a\tb"])
def test_a_heartbeat_has_the_identity_of_the_pageview(user_agent: str) -> None:
    headers = {"user-agent": user_agent, "sec-fetch-dest": "document", "host": "example.com"}
    visitor = BUILDER.visitor_of(Hit(headers=headers, peer="203.0.113.9"))
    event = Event(url="https://example.com/", visitor=visitor)
    page, heartbeat = SWETRIX.request(event), SWETRIX.heartbeat(visitor)
    for name in ("user-agent", "x-forwarded-for", "x-client-ip-address"):
        assert heartbeat.headers[name] == page.headers[name]
