"""What holds for every destination: lines, names, the status table, and that nothing can fail."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import re
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import footfall.destinations as room
from footfall.destinations import (
    VISITOR_HEADERS,
    Collector,
    Destination,
    Plausible,
    Swetrix,
    Umami,
    Webhook,
    _wire_format,
    check_event_name,
    destination_from,
    is_local,
    split_dsns,
)
from footfall.errors import ConfigError, EventError
from footfall.events.details import PERF_NAMES
from footfall.model import (
    ACCEPTED,
    Event,
    Outcome,
    OutcomeKind,
    Request,
    Response,
    Revenue,
    Visitor,
)

PID = "aUn1quEid-33"

PLAUSIBLE = Plausible(domain="example.com", ip_headers=("X-Forwarded-For", "X-Plausible-IP"))
SWETRIX = Swetrix(pid=PID)
OLD_SWETRIX = Swetrix(pid=PID, old_server=True)
WEBSITE = "6a1f4bc2-7c3e-4a65-8f04-9d0e7f3b5c88"
UMAMI = Umami(website=WEBSITE)
WEBHOOK = Webhook(url="https://example.com/events?a=1", body=lambda event: {"url": event.url})
COLLECTOR = Collector(domain="example.com")

EVERY_DESTINATION = pytest.mark.parametrize(
    "destination",
    [PLAUSIBLE, SWETRIX, UMAMI, WEBHOOK, COLLECTOR],
    ids=lambda destination: type(destination).__name__,
)


class OwnDestination:
    """What a user may bring: no base class, four members."""

    name = "own"
    endpoint = "memory"

    def request(self, event: Event) -> Request:
        return Request(url=self.endpoint, headers={}, body=event.url.encode())

    def read(self, response: Response) -> Outcome:
        return ACCEPTED


# --- the room ---------------------------------------------------------------------------------


def test_the_public_names_are_listed_and_there() -> None:
    assert room.__all__ == sorted(room.__all__, key=lambda name: (not name.isupper(), name))
    assert [name for name in room.__all__ if not hasattr(room, name)] == []


def test_the_headers_wanted_of_a_visitor_are_in_lower_case_and_tell_no_secrets() -> None:
    assert "accept-language" in VISITOR_HEADERS
    assert [name for name in VISITOR_HEADERS if name != name.lower()] == []
    assert VISITOR_HEADERS.isdisjoint({"cookie", "authorization", "referer", "x-forwarded-for"})


@EVERY_DESTINATION
def test_a_destination_cannot_be_changed_and_equals_one_made_alike(destination: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        destination.endpoint = "https://elsewhere.example"
    assert replace(destination) == destination
    assert hash(replace(destination)) == hash(destination)


# --- event names ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["pageview", "Sign up", "404", "Köln 👨‍👩‍👧", "n" * 120, "Engagement"]
)
def test_a_name_that_every_vendor_takes_passes(name: str) -> None:
    check_event_name(name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "an event needs a name, not ''"),
        (" \u3000", r"an event needs a name, not ' \\u3000'"),
        (None, "an event needs a name, not None"),
        (
            "n" * 121,
            "^the event name 'n{20}'… has 121 characters; 120 is the most that Plausible t",
        ),
        ("a\nb", r"^the event name 'a\\nb' holds characters that cannot be shown$"),
        ("a\udcff", "holds characters that cannot be shown"),
        ("engagement", "the event name 'engagement' is reserved"),
        (" engagement", "the event name 'engagement' is reserved"),
    ],
)
def test_a_name_that_some_vendor_refuses_is_refused_at_the_call(name: object, why: str) -> None:
    with pytest.raises(EventError, match=why):
        check_event_name(name)


# --- lines ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "destination"),
    [
        ("plausible://plausible.io/example.com", Plausible(domain="example.com")),
        (" PLAUSIBLE://plausible.io/example.com/ ", Plausible(domain="example.com")),
        (
            "plausible://plausible.io/a.example,b.example",
            Plausible(domain="a.example,b.example"),
        ),
        (
            "plausible://plausible.io/api/event/example.com",
            Plausible(domain="example.com"),
        ),
        (
            "plausible://stats.example.com/example.com%2Fblog",
            Plausible(domain="example.com/blog", endpoint="https://stats.example.com"),
        ),
        (
            "plausible+http://127.0.0.1:8000/example.com",
            Plausible(domain="example.com", endpoint="http://127.0.0.1:8000"),
        ),
        (
            "plausible://s.example/example.com?ip_headers=X-Forwarded-For,X-Plausible-IP",
            Plausible(
                domain="example.com",
                endpoint="https://s.example",
                ip_headers=("X-Forwarded-For", "X-Plausible-IP"),
            ),
        ),
        (f"swetrix://api.swetrix.com/{PID}", Swetrix(pid=PID)),
        (f"swetrix://api.swetrix.com/log/{PID}", Swetrix(pid=PID)),
        (
            f"swetrix://stats.example.com/backend/{PID}",
            Swetrix(pid=PID, endpoint="https://stats.example.com/backend/log"),
        ),
        (
            f"swetrix+http://[::1]:5005/{PID}?send_origin=No&unique=1",
            Swetrix(pid=PID, endpoint="http://[::1]:5005/log", send_origin=False, unique=True),
        ),
        (
            "plausible://plausible.io/example.com?script_version=36",
            Plausible(domain="example.com", script_version=36),
        ),
        (
            f"swetrix://api.swetrix.com/{PID}?old_server=yes",
            Swetrix(pid=PID, old_server=True),
        ),
        (f"swetrix://api.swetrix.com/{PID}?heartbeats=1", Swetrix(pid=PID, heartbeats=True)),
        (f"umami://cloud.umami.is/{WEBSITE}", Umami(website=WEBSITE)),
        (
            f"umami+http://127.0.0.1:3000/{WEBSITE}",
            Umami(website=WEBSITE, endpoint="http://127.0.0.1:3000"),
        ),
        ("collector://127.0.0.1:8321/example.com", Collector(domain="example.com")),
        (
            "collector://localhost:8321/example.com",
            Collector(domain="example.com", endpoint="http://localhost:8321"),
        ),
        (
            "collector+https://127.0.0.1/example.com",
            Collector(domain="example.com", endpoint="https://127.0.0.1"),
        ),
        (
            "collector://example.com/stats/example.com",
            Collector(domain="example.com", endpoint="https://example.com/stats"),
        ),
    ],
)
def test_a_line_describes_a_destination(line: str, destination: Destination) -> None:
    assert destination_from(line) == destination


@pytest.mark.parametrize(
    ("word", "means"),
    [
        ("true", True),
        ("1", True),
        ("yes", True),
        ("ON", True),
        (" false ", False),
        ("0", False),
        ("No", False),
        ("off", False),
    ],
)
def test_a_switch_in_a_line_is_read_as_people_write_it(word: str, means: bool) -> None:
    project = destination_from(f"swetrix://api.swetrix.com/{PID}?send_origin={word}&unique={word}")

    assert project == Swetrix(pid=PID, send_origin=means, unique=means)


@pytest.mark.parametrize("destination", [PLAUSIBLE, OwnDestination()], ids=["ours", "the user's"])
def test_an_object_with_the_four_members_is_a_destination(destination: Destination) -> None:
    assert destination_from(destination) is destination


BEGIN = (
    "begin with plausible, swetrix, umami, collector, as in plausible://plausible.io/example.com"
)


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        pytest.param("", [("destinations", BEGIN)], id="nothing"),
        pytest.param("example.com", [("destinations", BEGIN)], id="no scheme"),
        pytest.param(
            "https://plausible.io/api/event", [("destinations", BEGIN)], id="a bare endpoint"
        ),
        pytest.param(
            "plausable://plausible.io/example.com",
            [
                (
                    "destinations",
                    "did you mean plausible, as in plausible://plausible.io/example.com",
                )
            ],
            id="a slip of the pen",
        ),
        pytest.param(
            f"swetrix+ftp://api.swetrix.com/{PID}",
            [("destinations", "did you mean swetrix, as in swetrix://api.swetrix.com/PROJECT_ID")],
            id="neither http nor https",
        ),
        pytest.param(
            "plausible://plausible.io",
            [
                (
                    "destinations",
                    "name the domain at the end: plausible://plausible.io/example.com",
                )
            ],
            id="no site",
        ),
        pytest.param(
            "plausible://plausible.io/api/event",
            [
                (
                    "destinations",
                    "name the domain at the end: plausible://plausible.io/example.com",
                )
            ],
            id="the endpoint and no site",
        ),
        pytest.param(
            "collector://127.0.0.1:8321/api/event",
            [
                (
                    "destinations",
                    "name the domain at the end: collector://127.0.0.1:8321/example.com",
                )
            ],
            id="a collector and no site",
        ),
        pytest.param(
            "swetrix://api.swetrix.com/log/",
            [("destinations", "name the pid at the end: swetrix://api.swetrix.com/PROJECT_ID")],
            id="the endpoint and no project",
        ),
        pytest.param(
            "plausible://me:secret@plausible.io/example.com?ip_header=x&colour=red",
            [
                ("ip_header", "did you mean ip_headers?"),
                ("colour", "no such option; there is: ip_headers, script_version"),
                ("endpoint", "leave out user and password: the events endpoint takes none"),
            ],
            id="a password and unknown options",
        ),
        pytest.param(
            f"swetrix://api.swetrix.com/{PID}?colour=",
            [("colour", "no such option; there is: send_origin, old_server, heartbeats, unique")],
            id="an unknown option without value",
        ),
        pytest.param(
            "umami://cloud.umami.is/WEBSITE_ID",
            [("website", "write the website's id, a UUID such as 6a1f4bc2-...-9d0e7f3b5c88")],
            id="a placeholder of Umami",
        ),
        pytest.param(
            "plausible://plausible.io/example.com?script_version=new",
            [("script_version", "write a whole number, or leave it out")],
            id="no number",
        ),
        pytest.param(
            "collector://127.0.0.1/example.com?domain=b.example",
            [("domain", "no such option; there is: every_hit")],
            id="an option that the path says",
        ),
        pytest.param(
            f"swetrix://api.swetrix.com/{PID}?unique=perhaps",
            [("unique", "write True or False")],
            id="neither yes nor no",
        ),
        pytest.param(
            "collector://[::1/example.com",
            [("endpoint", "not a URL (Invalid IPv6 URL)")],
            id="no URL",
        ),
    ],
)
def test_a_line_that_describes_none_is_refused_with_a_remedy(
    line: str, faults: list[tuple[str, str]]
) -> None:
    with pytest.raises(ConfigError) as caught:
        destination_from(line)

    assert [(fault.option, fault.remedy) for fault in caught.value.faults] == faults
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("value", [None, 7, {"domain": "example.com"}, Plausible, object()])
def test_an_object_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(ConfigError, match="write a line like"):
        destination_from(value)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        pytest.param("", (), id="nothing"),
        pytest.param(" , ", (), id="only a comma"),
        pytest.param("plausible://h/a.example", ("plausible://h/a.example",), id="one"),
        pytest.param(
            "plausible://h/a.example,b.example?ip_headers=A,B,\n Swetrix+http://h/x,",
            ("plausible://h/a.example,b.example?ip_headers=A,B", "Swetrix+http://h/x"),
            id="commas inside a line",
        ),
    ],
)
def test_a_list_is_split_where_a_new_line_begins(text: str, lines: tuple[str, ...]) -> None:
    assert split_dsns(text) == lines


@pytest.mark.parametrize(
    ("endpoint", "stays"),
    [
        ("http://127.0.0.1:8321", True),
        ("http://127.8.9.1", True),
        ("http://localhost:8321", True),
        ("http://stats.localhost.", True),
        ("http://[::1]:8321", True),
        ("http://[::ffff:127.0.0.1]", True),
        ("http://[2001:db8::1]", False),
        ("http://10.0.0.1", False),
        ("https://localhost.example.com", False),
        ("https://plausible.io", False),
    ],
)
def test_only_a_loopback_endpoint_keeps_events_on_this_machine(endpoint: str, stays: bool) -> None:
    assert is_local(Collector(domain="example.com", endpoint=endpoint)) is stays


@pytest.mark.parametrize("endpoint", ["memory", "", "http://[::1"])
def test_an_endpoint_without_a_host_is_not_known_to_stay_here(endpoint: str) -> None:
    destination = OwnDestination()
    destination.endpoint = endpoint

    assert not is_local(destination)


# --- the collector ----------------------------------------------------------------------------


def test_the_collector_is_spoken_to_as_plausible_is() -> None:
    event = Event(url="https://example.com/", visitor=Visitor(client_ip="203.0.113.7"))
    wire = Plausible(domain="example.com", endpoint="http://127.0.0.1:8321")

    assert COLLECTOR.request(event) == wire.request(event)
    assert COLLECTOR.endpoint == "http://127.0.0.1:8321/api/event"
    assert COLLECTOR.name == "collector:example.com@127.0.0.1:8321"
    assert COLLECTOR.warnings == ()
    assert repr(COLLECTOR) == (
        "Collector(domain='example.com', endpoint='http://127.0.0.1:8321/api/event', "
        "every_hit=True)"
    )


def test_the_collector_names_all_faults_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        Collector(domain="", endpoint="")

    assert [fault.option for fault in caught.value.faults] == ["domain", "endpoint"]


def test_what_the_collector_throws_away_its_inspector_explains() -> None:
    response = Response(status=202, headers={"x-plausible-dropped": "1"})

    assert COLLECTOR.read(response) == Outcome(
        kind=OutcomeKind.DROPPED,
        detail=(
            "collector:example.com@127.0.0.1:8321 threw the event away; its inspector says why."
        ),
        log_key="dropped",
    )


# --- answers ----------------------------------------------------------------------------------


@EVERY_DESTINATION
@pytest.mark.parametrize(
    ("status", "verdict", "pause"),
    [
        (200, OutcomeKind.ACCEPTED, False),
        (201, OutcomeKind.ACCEPTED, False),
        (202, OutcomeKind.ACCEPTED, False),
        (204, OutcomeKind.ACCEPTED, False),
        (299, OutcomeKind.ACCEPTED, False),
        (300, OutcomeKind.REJECTED, True),
        (301, OutcomeKind.REJECTED, True),
        (302, OutcomeKind.REJECTED, True),
        (304, OutcomeKind.REJECTED, True),
        (307, OutcomeKind.REJECTED, True),
        (308, OutcomeKind.REJECTED, True),
        (400, OutcomeKind.REJECTED, False),
        (401, OutcomeKind.REJECTED, True),
        (402, OutcomeKind.REJECTED, True),
        (403, OutcomeKind.REJECTED, True),
        (404, OutcomeKind.REJECTED, True),
        (405, OutcomeKind.REJECTED, True),
        (406, OutcomeKind.REJECTED, True),
        (407, OutcomeKind.REJECTED, True),
        (408, OutcomeKind.RETRY, False),
        (410, OutcomeKind.REJECTED, True),
        (413, OutcomeKind.REJECTED, False),
        (415, OutcomeKind.REJECTED, False),
        (418, OutcomeKind.REJECTED, False),
        (422, OutcomeKind.REJECTED, False),
        (425, OutcomeKind.RETRY, False),
        (429, OutcomeKind.RETRY, False),
        (431, OutcomeKind.REJECTED, False),
        (499, OutcomeKind.REJECTED, False),
        (500, OutcomeKind.UNKNOWN, False),
        (502, OutcomeKind.RETRY, False),
        (503, OutcomeKind.RETRY, False),
        (504, OutcomeKind.UNKNOWN, False),
        (520, OutcomeKind.UNKNOWN, False),
        (101, OutcomeKind.UNKNOWN, False),
        (0, OutcomeKind.UNKNOWN, False),
        (-1, OutcomeKind.UNKNOWN, False),
        (999, OutcomeKind.UNKNOWN, False),
    ],
)
def test_every_status_has_a_verdict(
    destination: Destination, status: int, verdict: OutcomeKind, pause: bool
) -> None:
    outcome = destination.read(Response(status=status))

    assert (outcome.kind, outcome.pause) == (verdict, pause)
    assert bool(outcome.detail) is (verdict is not OutcomeKind.ACCEPTED)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (400, "refuses the event"),
        (401, "asks for credentials; something in front of the endpoint requires them"),
        (402, "asks for payment; see the account's plan and quota"),
        (404, "knows no such address or site; check endpoint and site"),
        (405, "takes no events at this address; check endpoint"),
        (406, "wants another Accept header; something on the way adds one"),
        (407, "is behind a proxy that asks for credentials; check the proxy settings"),
        (408, "gave up waiting for the request"),
        (410, "is gone from this address; check endpoint"),
        (413, "finds the event too large"),
        (415, "does not accept this content type"),
        (418, "refuses the request"),
        (422, "refuses the event"),
        (425, "asks to send it later"),
        (429, "asks for fewer requests"),
        (500, "failed, perhaps after counting; sent again it could count twice"),
        (502, "could not be reached through its gateway, which is worth one more try"),
        (503, "is busy or restarting"),
    ],
)
def test_every_answer_but_yes_says_what_it_means(status: int, meaning: str) -> None:
    detail = PLAUSIBLE.read(Response(status=status)).detail

    assert detail == f"HTTP {status}: the vendor {meaning}"


@EVERY_DESTINATION
def test_a_web_page_is_no_yes(destination: Destination) -> None:
    response = Response(status=200, body=b"\xef\xbb\xbf\n<!doctype html><title>Shop</title>")

    assert destination.read(response) == Outcome(
        kind=OutcomeKind.REJECTED,
        detail="HTTP 200: the vendor answers with a web page, so this is no events endpoint",
        pause=True,
    )


@pytest.mark.parametrize(
    ("location", "where"),
    [
        ("https://stats.example.com/api/event", "https://stats.example.com"),
        ("http://me:secret@stats.example.com:8443/", "http://stats.example.com:8443"),
        ("//stats.example.com", "https://stats.example.com"),
        ("/login", "another address"),
        ("http://[", "another address"),
        ("", "another address"),
    ],
)
def test_a_redirect_names_the_host_to_write_instead(location: str, where: str) -> None:
    assert PLAUSIBLE.read(Response(status=301, headers={"location": location})) == Outcome(
        kind=OutcomeKind.REJECTED,
        detail=(
            f"HTTP 301: the vendor redirects to {where}; "
            "events follow no redirect, so write the final URL as endpoint"
        ),
        pause=True,
    )


NOON = "Sun, 06 Nov 1994 12:00:00 GMT"


@pytest.mark.parametrize(
    ("retry_after", "date", "seconds"),
    [
        ("3", "", 3.0),
        (" 3 ", "", 3.0),
        ("1.5", "", 1.5),
        ("-7", "", 0.0),
        ("1000000000", "", 60.0),
        ("9" * 400, "", 60.0),
        ("abc", "", None),
        ("٣", "", None),
        ("", "", None),
        (None, "", None),
        ("Sun, 06 Nov 1994 12:00:20 GMT", NOON, 20.0),
        ("Sun, 06 Nov 1994 11:00:00 GMT", NOON, 0.0),
        ("Mon, 07 Nov 1994 12:00:00 GMT", NOON, 60.0),
        ("Sun, 06 Nov 1994 12:00:20 GMT", "", None),
        ("Sun, 06 Nov 1994 12:00:20 GMT", "now", None),
        ("Sun, 31 Feb 1994 12:00:20 GMT", NOON, None),
        ("Sun, 06 Nuv 1994 12:00:20 GMT", NOON, None),
    ],
)
def test_the_vendors_wish_is_heard_within_bounds(
    retry_after: str | None, date: str, seconds: float | None
) -> None:
    headers = {"date": date} | ({} if retry_after is None else {"retry-after": retry_after})

    assert PLAUSIBLE.read(Response(status=429, headers=headers)).retry_after == seconds


@pytest.mark.parametrize(
    "month", ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
)
def test_a_date_is_read_in_every_month(month: str) -> None:
    headers = {
        "date": f"Sun, 06 {month} 1994 12:59:58 GMT",
        "retry-after": f"Sun, 06 {month} 1994 13:00:01 GMT",
    }

    assert PLAUSIBLE.read(Response(status=503, headers=headers)).retry_after == 3.0


@pytest.mark.parametrize(
    ("body", "quote"),
    [
        pytest.param(b"", "", id="silence"),
        pytest.param(
            b"Bad\r\n\x1b[31mRequest\xff", " (it says: Bad [31mRequest�)", id="plain text"
        ),
        pytest.param(b"  <html><h1>nginx", "", id="a web page"),
        pytest.param(
            b'{"errors":{"detail":"Bad Request"}}', " (it says: detail: Bad Request)", id="text"
        ),
        pytest.param(b'{"errors":["a",1,"b"]}', " (it says: a; b)", id="a list"),
        pytest.param(b'{"errors":7}', "", id="a number"),
        pytest.param(
            b'{"message":"' + b"m" * 500 + b'"}', f" (it says: {'m' * 199}…)", id="a novel"
        ),
        pytest.param(b"m" * 200, f" (it says: {'m' * 200})", id="as long as it may be"),
        pytest.param(
            b"[" * 5000,
            f" (it says: {'[' * 199}…)",
            id="a pit",
        ),
    ],
)
def test_a_vendors_words_are_quoted_on_one_bounded_line(body: bytes, quote: str) -> None:
    detail = PLAUSIBLE.read(Response(status=400, body=body)).detail

    assert detail == f"HTTP 400: the vendor refuses the event{quote}"


# --- whatever comes ---------------------------------------------------------------------------

# Left to chance, characters that break a wire are rare, and lengths next to a limit even more so.
ANY_CHARACTER = st.characters(exclude_categories=()) | st.sampled_from(
    '\udcff\ud83d\x00\x7f\r\n\t %&=#?/:;,<>"\\é\u0301\U0001f43e'
)
NEXT_TO_A_LIMIT = st.builds(
    lambda piece, times: piece * times,
    st.sampled_from(["a", "é", "€", "\U0001f43e", "\udcff"]),
    st.sampled_from([50, 64, 120, 256, 300, 500, 667, 1000, 2000, 2048]).flatmap(
        lambda limit: st.integers(limit - 1, limit + 1)
    ),
)
ANY_TEXT = (
    st.text(ANY_CHARACTER, max_size=400)
    | st.builds(
        lambda piece, times: piece * times,
        st.text(ANY_CHARACTER, min_size=1, max_size=5),
        st.integers(100, 3000),
    )
    | NEXT_TO_A_LIMIT
)
ANY_SCALAR = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**90)
    | st.floats()
    | st.decimals()
    | ANY_TEXT
)
ANY_JSON = st.recursive(
    ANY_SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=5,
)
ANY_VISITOR = st.builds(
    Visitor,
    client_ip=st.none() | st.ip_addresses().map(str) | ANY_TEXT,
    user_agent=ANY_TEXT,
    language=ANY_TEXT,
    headers=st.dictionaries(st.sampled_from(sorted(VISITOR_HEADERS)), ANY_TEXT, max_size=9),
)
# Absolute, as the model promises; all that may follow the host is anything.
ANY_URL = st.builds(
    lambda start, rest: start + rest,
    st.sampled_from(["https://example.com/", "http://a.example:8000?", "app://localhost/"]),
    ANY_TEXT,
)
ANY_EVENT = st.builds(
    Event,
    name=st.just("pageview") | ANY_TEXT,
    url=ANY_URL,
    referrer=st.none() | ANY_TEXT,
    previous=st.none() | ANY_TEXT,
    visitor=ANY_VISITOR,
    props=st.dictionaries(ANY_TEXT, ANY_JSON, max_size=5)
    | st.dictionaries(st.text(max_size=3), st.booleans(), min_size=90, max_size=130),
    revenue=st.none() | st.builds(Revenue, ANY_TEXT, st.decimals()),
    interactive=st.booleans(),
    screen_width=st.none() | ANY_JSON,
    time_zone=ANY_TEXT | st.just("Europe/Berlin"),
    profile_id=ANY_TEXT,
    perf=st.dictionaries(st.sampled_from(PERF_NAMES), ANY_SCALAR)
    | st.fixed_dictionaries(dict.fromkeys(PERF_NAMES, st.floats(0, 300_000))),
)
ANY_RESPONSE = st.builds(
    Response,
    status=st.integers(-1, 1000) | st.sampled_from([200, 201, 202, 301, 400, 403, 429, 503]),
    headers=st.dictionaries(
        st.sampled_from(["date", "location", "retry-after", "x-plausible-dropped"]), ANY_TEXT
    ),
    body=st.binary(max_size=200)
    | ANY_JSON.map(lambda value: json.dumps(value, default=str).encode())
    | st.dictionaries(st.sampled_from(["message", "error", "errors"]), ANY_JSON).map(
        lambda value: json.dumps(value, default=str).encode()
    ),
)

# RFC 9110 section 5.5, with nothing around the value.
FIELD_VALUE = re.compile(r"|[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?")


def refused_number(text: str) -> None:
    raise AssertionError(f"{text} is not JSON")


def strict_json(body: bytes) -> dict[str, Any]:
    """What a strict parser reads: UTF-8, no NaN, no lone surrogates."""
    found = json.loads(body.decode("utf-8", errors="strict"), parse_constant=refused_number)
    json.dumps(found, ensure_ascii=False).encode("utf-8", errors="strict")
    assert isinstance(found, dict)
    return found


def header_violations(request: Request) -> list[str]:
    return [
        f"header {name}={value!r:.40}"
        for name, value in request.headers.items()
        if not FIELD_VALUE.fullmatch(value) or name != name.lower() or len(value) > 2048
    ]


def plausible_violations(request: Request) -> list[str]:
    """The rules of Plausible's own validation that this request breaks."""
    body = strict_json(request.body)
    props, revenue = body.get("props", {}), body.get("revenue")
    held = {
        "the keys it knows": body.keys()
        <= {
            "name",
            "url",
            "domain",
            "referrer",
            "props",
            "revenue",
            "interactive",
            "screen_width",
        },
        "a name that is not blank": bool(body["name"].strip()),
        "a name of 120 characters": len(body["name"]) <= 120,
        "a url of 2000 bytes": len(body["url"].encode()) <= 2000,
        "a url that is no data": not body["url"].lower().startswith("data:"),
        "a domain": body["domain"] == "example.com",
        "a referrer of 2000 characters": len(body.get("referrer", "")) <= 2000,
        "30 props": len(props) <= 30,
        "keys of 300 bytes": all(len(key.encode()) <= 300 for key in props),
        "values of 2000 bytes": all(len(value.encode()) <= 2000 for value in props.values()),
        "an amount that is a number": revenue is None or Decimal(revenue["amount"]).is_finite(),
        "interactive only when it is not": body.get("interactive", False) is False,
        "no header it misreads": request.headers.keys()
        <= {"content-type", "user-agent", "x-forwarded-for", "x-plausible-ip"},
        "a user agent, even an empty one": "user-agent" in request.headers,
    }
    return [rule for rule, is_kept in held.items() if not is_kept]


def swetrix_violations(request: Request) -> list[str]:
    """The rules of Swetrix's own validation that this request breaks."""
    body = strict_json(request.body)
    meta, perf = body.pop("meta", {}), body.pop("perf", None)
    is_custom = request.url.endswith("/custom")
    held = {
        "its project": body["pid"] == PID,
        "text in every field": all(isinstance(value, str) for value in body.values()),
        "no empty field": all(body.values()),
        "a name on custom events only": ("ev" in body) is is_custom,
        "a name of 256 characters": len(body.get("ev", "")) <= 256,
        "a name that is not blank": "ev" not in body or bool(body["ev"].strip()),
        "a path as browsers write it": bool(re.fullmatch(r"[!$-;=@-\[\]_a-z|~\\]+", body["pg"])),
        "a query of 2048 characters": len(body.get("qs", "")) <= 2048,
        "eight durations or none": perf is None
        or (sorted(perf) == sorted(PERF_NAMES) and all(0 <= ms <= 300_000 for ms in perf.values())),
        "100 keys": len(meta) <= 100,
        "text in meta": all(isinstance(value, str) for value in meta.values()),
        "2000 units of meta": sum(
            len(text.encode("utf-16-le")) // 2 for pair in meta.items() for text in pair
        )
        <= 2000,
        "100 KiB in all": len(request.body) <= 100 * 1024,
        "the headers that people send": request.headers.keys()
        >= {"accept", "accept-encoding", "accept-language", "content-type", "user-agent"},
        "no header that spoils it": request.headers.keys().isdisjoint(
            {"referer", "authorization", "x-api-key", "cookie", "forwarded"}
        ),
        "the address twice": request.headers.get("x-forwarded-for")
        == request.headers.get("x-client-ip-address"),
    }
    return [rule for rule, is_kept in held.items() if not is_kept]


def old_swetrix_violations(request: Request) -> list[str]:
    """The rules of a Swetrix of 2024 that this request breaks."""
    body = strict_json(request.body)
    meta = body.get("meta", {})
    held = {
        "a name of its letters": re.fullmatch(r"[A-Za-z][A-Za-z0-9_.]{0,62}", body.get("ev", "x")),
        "20 keys": len(meta) <= 20,
        "1000 characters of meta": sum(map(len, meta.values())) <= 1000,
    }
    return swetrix_violations(request) + [rule for rule, is_kept in held.items() if not is_kept]


def umami_violations(request: Request) -> list[str]:
    """The rules of Umami's own validation that this request breaks."""
    body = strict_json(request.body)
    sent = body["payload"]
    data = sent.get("data", {})
    texts = [value for value in sent.values() if isinstance(value, str)]
    held = {
        "an event": body["type"] == "event",
        "its website": sent["website"] == WEBSITE,
        "a hostname of 100 characters": len(sent.get("hostname", "")) <= 100,
        "a language of 35 characters": len(sent.get("language", "")) <= 35,
        "a url that begins with a slash": sent["url"].startswith("/"),
        "no text of more than 500 characters": all(len(text) <= 500 for text in texts),
        "a name of 50 characters": len(sent.get("name", "x")) <= 50,
        "an id of 50 characters": len(sent.get("id", "")) <= 50,
        "an address": "ip" not in sent or ipaddress.ip_address(sent["ip"]),
        "scalars as data": all(isinstance(value, str | int | float) for value in data.values()),
        "no header but the visitor's": request.headers.keys()
        <= {"content-type", "user-agent", "x-forwarded-for"},
    }
    return [rule for rule, is_kept in held.items() if not is_kept]


RULES: tuple[tuple[Destination, Callable[[Request], list[str]]], ...] = (
    (PLAUSIBLE, plausible_violations),
    (SWETRIX, swetrix_violations),
    (OLD_SWETRIX, old_swetrix_violations),
    (UMAMI, umami_violations),
)


@settings(deadline=None)
@given(ANY_EVENT)
def test_whatever_an_event_holds_every_vendor_would_take_the_request(event: Event) -> None:
    for destination, violations in RULES:
        request = destination.request(event)
        assert violations(request) + header_violations(request) == [], destination.name


@settings(deadline=None)
@given(ANY_VISITOR)
def test_whatever_a_visitor_holds_swetrix_would_take_the_heartbeat(visitor: Visitor) -> None:
    assert header_violations(SWETRIX.heartbeat(visitor)) == []


@EVERY_DESTINATION
@settings(deadline=None)
@given(response=ANY_RESPONSE)
def test_whatever_a_vendor_answers_is_read(destination: Destination, response: Response) -> None:
    outcome = destination.read(response)

    assert len(outcome.detail) < 600
    assert outcome.detail.isprintable()
    assert outcome.retry_after is None or 0 <= outcome.retry_after <= 60


@settings(deadline=None)
@given(st.sampled_from(["plausible://", "swetrix://", "umami://", "collector://", ""]), ANY_TEXT)
def test_whatever_line_is_written_it_is_a_destination_or_a_config_error(
    scheme: str, rest: str
) -> None:
    with contextlib.suppress(ConfigError):
        destination = destination_from(scheme + rest)
        assert replace(destination) == destination  # type: ignore[type-var] # ours are dataclasses


# -- what is usual is let pass quickly -----------------------------------------------------------

ODD_TEXTS = st.text(
    st.sampled_from("aZ0 ~\t\n\x00\x1f\x7f\x80\x85\xa0\xad\xff\u20ac\u2028\ud800\U0001f600")
)


@given(value=ODD_TEXTS | st.text(), longest=st.integers(0, 40))
def test_usual_text_passes_as_by_the_rule_for_all_text(value: str, longest: int) -> None:
    by_the_rule = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", "\ufffd", value[:longest])
    assert _wire_format.trim_text(value, longest) == by_the_rule


@given(value=ODD_TEXTS | st.text(), longest=st.integers(0, 40))
def test_a_usual_header_passes_as_by_the_rule_for_all_headers(value: str, longest: int) -> None:
    shown = re.sub("[\x00-\x08\x0a-\x1f\x7f]", " ", value[:longest])
    by_the_rule = shown.encode("latin-1", errors="replace").decode("latin-1").strip(" \t")
    assert _wire_format.header_value(value, longest) == by_the_rule
