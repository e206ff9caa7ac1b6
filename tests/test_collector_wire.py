"""The collector's wire: the same answers as Plausible and Swetrix give, field by field."""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Collection, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.collector.storage.redaction import storable_body, storable_headers
from footfall.collector.wire import plausible, swetrix
from footfall.collector.wire.browser import Browser, detect_browser
from footfall.collector.wire.messages import Campaign, IncomingEvent, IncomingRequest, IngestResult
from footfall.collector.wire.parsing import read_json
from footfall.collector.wire.sessions import DAY_SECONDS, VISIT_SECONDS, Sessions, VisitorIdentity

NOON = 20_000 * DAY_SECONDS + DAY_SECONDS / 2
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
PID = "aUn1quEid-3x"


def new_sessions() -> Sessions:
    return Sessions(salt=lambda day: b"salt of day %d" % day)


NO_HEADERS: dict[str, str] = {}


def received(body: object, headers: Mapping[str, str], at: float = NOON) -> IncomingRequest:
    return IncomingRequest(
        headers={
            "content-type": "application/json",
            "user-agent": FIREFOX,
            "x-forwarded-for": "203.0.113.9",
        }
        | dict(headers),
        peer="127.0.0.1",
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        at=at,
    )


# -- Plausible --------------------------------------------------------------------------------


def to_plausible(
    body: object,
    *,
    domains: Collection[str] = (),
    sessions: Sessions | None = None,
    at: float = NOON,
    headers: Mapping[str, str] = NO_HEADERS,
) -> IngestResult:
    request = received(body, headers, at)
    return plausible.receive(
        request, domains=frozenset(domains), sessions=sessions or new_sessions()
    )


def taken(body: dict[str, object]) -> IncomingEvent:
    """The arrival of a body that Plausible accepts."""
    result = to_plausible({"name": "pageview", "domain": "a.test"} | body)
    assert result.response.status == 202, result.response.body
    [event] = result.events
    return event


def errors(body: object) -> dict[str, list[str]]:
    result = to_plausible(body)
    assert (result.response.status, list(result.events)) == (400, [])
    found: dict[str, list[str]] = json.loads(result.response.body)["errors"]
    return found


PAGE = {"name": "pageview", "url": "https://a.test/", "domain": "a.test"}


def test_an_event_is_answered_as_plausible_answers_it() -> None:
    response = to_plausible(PAGE).response
    assert (response.status, response.body, response.headers) == (202, b"ok", ())


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            {},
            {
                "event_name": ["can't be blank"],
                "url": ["is required"],
                "domain": ["can't be blank"],
            },
            id="nothing: all three at once",
        ),
        pytest.param(
            {"name": " ", "url": "https://a.test/"},
            {"event_name": ["can't be blank"]},
            id="a blank name",
        ),
        pytest.param(
            {"name": None, "url": "https://a.test/"},
            {"event_name": ["can't be blank"]},
            id="a null name",
        ),
        pytest.param(
            {"n": False, "name": False, "url": "https://a.test/"},
            {"event_name": ["is invalid"]},
            id="a name that is false",
        ),
        pytest.param(
            {"n": True, "url": "https://a.test/"}, {"event_name": ["is invalid"]}, id="a true name"
        ),
        pytest.param(
            {"n": 1.5, "url": "https://a.test/"}, {"event_name": ["is invalid"]}, id="a float name"
        ),
        pytest.param(
            {"n": ["x"], "url": "https://a.test/"}, {"event_name": ["is invalid"]}, id="a list name"
        ),
        pytest.param(
            {"n": "x" * 121, "url": "https://a.test/"},
            {"event_name": ["should be at most 120 character(s)"]},
            id="121 characters",
        ),
        pytest.param(
            {"n": "", "name": "pageview", "url": "https://a.test/"},
            {"event_name": ["can't be blank"]},
            id="an empty short key hides the long one",
        ),
        pytest.param(
            {"name": "pageview", "domain": "a.test"}, {"url": ["is required"]}, id="no url"
        ),
        pytest.param(
            {"name": "pageview", "url": 5, "domain": "a.test"},
            {"url": ["must be a valid url"]},
            id="a url that is a number",
        ),
        pytest.param(
            {"name": "pageview", "url": 5},
            {"url": ["must be a valid url"], "domain": ["can't be blank"]},
            id="no host to stand in for the domain",
        ),
        pytest.param(
            {"name": "pageview", "url": "https://a.test/" + "ä" * 1_000, "domain": "a.test"},
            {"url": ["must be a valid url"]},
            id="2,015 bytes of url in 1,015 characters",
        ),
        pytest.param(
            {"name": "pageview", "url": "DATA:text/html,x", "domain": "a.test"},
            {"url": ["scheme is not allowed"]},
            id="a data url",
        ),
        pytest.param(
            {"name": "pageview", "url": "  ", "domain": "a.test"},
            {"pathname": ["can't be blank"]},
            id="a url of spaces",
        ),
        pytest.param(
            {"name": "pageview", "url": "/page", "domain": None},
            {"domain": ["can't be blank"]},
            id="neither domain nor host",
        ),
        pytest.param(
            {"name": "pageview", "url": "https://a.test/", "d": "", "domain": "a.test"},
            {"domain": ["can't be blank"]},
            id="an empty short domain",
        ),
        pytest.param(
            {"name": "pageview", "url": "https://a.test/", "domain": " , "},
            {"domain": ["can't be blank"]},
            id="a list of nothing",
        ),
        pytest.param(
            PAGE | {"props": {"k" * 301: "v"}},
            {"props": ["keys should have at most 300 bytes and values 2000 bytes"]},
            id="a key of 301 bytes",
        ),
        pytest.param(
            PAGE | {"p": {"k": "ä" * 1_001}},
            {"props": ["keys should have at most 300 bytes and values 2000 bytes"]},
            id="a value of 2,002 bytes",
        ),
        pytest.param(PAGE | {"h": True}, {"hash_mode": ["is invalid"]}, id="hash mode true"),
        pytest.param(PAGE | {"h": 1.0}, {"hash_mode": ["is invalid"]}, id="hash mode 1.0"),
        pytest.param(PAGE | {"hashMode": "on"}, {"hash_mode": ["is invalid"]}, id="hash mode on"),
        pytest.param(
            PAGE | {"name": "engagement", "sd": -1, "e": "12asd"},
            {
                "event_name": [
                    "engagement event requires a valid integer value for at least one of "
                    "'sd' or 'e' fields"
                ]
            },
            id="engagement without a measure",
        ),
        pytest.param(
            PAGE | {"name": "engagement", "e": 1_741_850_224_785},
            {
                "event_name": [
                    "engagement event requires a valid integer value for at least one of "
                    "'sd' or 'e' fields"
                ]
            },
            id="engagement of more than 30 days",
        ),
    ],
)
def test_an_invalid_body_is_told_all_that_is_wrong(
    body: object, expected: dict[str, list[str]]
) -> None:
    assert errors(body) == expected


NOT_JSON = {"errors": {"request": ["Unable to parse request body as json"]}}
THREE_ERRORS = {
    "errors": {
        "event_name": ["can't be blank"],
        "url": ["is required"],
        "domain": ["can't be blank"],
    }
}
GENERIC_400 = {"status": 400, "message": "Bad Request"}


@pytest.mark.parametrize(
    ("content_type", "body", "status", "expected"),
    [
        pytest.param("text/plain", b"", 400, NOT_JSON, id="empty text"),
        pytest.param("text/plain", b"hello", 400, NOT_JSON, id="text that is no JSON"),
        pytest.param("text/plain", b"[1]", 400, NOT_JSON, id="text of a list"),
        pytest.param("text/plain", b"\xff", 400, NOT_JSON, id="text that is no UTF-8"),
        pytest.param(
            "text/plain",
            b'{"name":"pageview","url":"https://a.test/","x":"' + b"y" * 1_000_000 + b'"}',
            400,
            NOT_JSON,
            id="text over a megabyte",
        ),
        pytest.param("application/json", b"{", 400, GENERIC_400, id="malformed JSON"),
        pytest.param("application/json", b'{"x":NaN}', 400, GENERIC_400, id="NaN"),
        pytest.param("application/json", b'{"x":1e999}', 400, GENERIC_400, id="a huge float"),
        pytest.param("application/json", b"[" * 90_000, 400, GENERIC_400, id="a deep list"),
        pytest.param("application/json", b"[1]", 400, THREE_ERRORS, id="a JSON list"),
        pytest.param("application/json", b"5", 400, THREE_ERRORS, id="a JSON scalar"),
        pytest.param("application/json", b"", 400, THREE_ERRORS, id="an empty JSON body"),
        pytest.param("", json.dumps(PAGE).encode(), 400, THREE_ERRORS, id="no content type"),
        pytest.param(
            "application/json",
            b" " * 8_000_001,
            413,
            {"status": 413, "message": "Request Entity Too Large"},
            id="JSON over 8,000,000 bytes",
        ),
        pytest.param(
            "application/x-www-form-urlencoded",
            b" " * 8_000_001,
            413,
            {"status": 413, "message": "Request Entity Too Large"},
            id="a form over 8,000,000 bytes",
        ),
        pytest.param(
            "application/x-www-form-urlencoded",
            b"a=1&" * 1_001,
            400,
            GENERIC_400,
            id="a form of a thousand fields",
        ),
    ],
)
def test_a_body_that_is_no_event_is_refused_as_there(
    content_type: str, body: bytes, status: int, expected: object
) -> None:
    response = to_plausible(body, headers={"content-type": content_type}).response
    assert (response.status, json.loads(response.body)) == (status, expected)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param("application/json; charset=utf-8", json.dumps(PAGE), id="JSON"),
        pytest.param("application/vnd.api+json", json.dumps(PAGE), id="a kind of JSON"),
        pytest.param("text/plain;charset=UTF-8", json.dumps(PAGE), id="text, as trackers post"),
        pytest.param("image/png", json.dumps(PAGE), id="a type that nobody parses"),
        pytest.param(
            "application/x-www-form-urlencoded",
            "name=pageview&url=https://a.test/&domain=a.test",
            id="a form",
        ),
    ],
)
def test_every_content_type_that_works_there_works_here(content_type: str, body: str) -> None:
    result = to_plausible(body.encode(), headers={"content-type": content_type})
    assert [each.domain for each in result.events] == ["a.test"]


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("", 202),
        ("*/*", 202),
        ("application/json", 202),
        ("application/*;q=0.5", 202),
        ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", 202),
        ("text/html", 406),
        ("text/plain, image/*", 406),
    ],
)
def test_the_accept_header_must_allow_json(accept: str, status: int) -> None:
    assert to_plausible(PAGE, headers={"accept": accept}).response.status == status


def test_the_short_keys_of_the_tracker_are_read() -> None:
    event = taken(
        {
            "n": "Signup",
            "u": "https://a.test/x",
            "d": "b.test",
            "r": "https://c.test/",
            "p": {"plan": "pro"},
            "$": {"currency": "EUR", "amount": "19.99"},
        }
    )
    shown = (event.name, event.path, event.domain, event.referrer, dict(event.props))
    assert shown == ("Signup", "/x", "b.test", "https://c.test/", {"plan": "pro"})
    assert event.revenue == ("EUR", "19.99")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        pytest.param({"name": 404}, "404", id="an integer"),
        pytest.param({"n": False, "name": "x"}, "x", id="false gives way to the long key"),
        pytest.param({"n": None, "name": "x"}, "x", id="so does null"),
        pytest.param({"name": " x "}, " x ", id="spaces around it stay"),
        pytest.param({"name": "e\u0301" * 120}, "e\u0301" * 120, id="120 letters with accents"),
    ],
)
def test_names(fields: dict[str, object], name: str) -> None:
    assert taken({"url": "https://a.test/"} | fields).name == name


@pytest.mark.parametrize(
    ("url", "hostname", "path"),
    [
        ("https://www.a.test", "a.test", "/"),
        ("https://A.test/x", "A.test", "/x"),
        ("https://user:pw@a.test:8443/x", "a.test", "/x"),
        ("https://[2001:db8::1]:8443/x", "2001:db8::1", "/x"),
        ("https://a.test/a%20b%20", "a.test", "/a b"),
        ("https://a.test/%2Fx+y%zz", "a.test", "//x+y%zz"),
        ("https://a.test/%FF", "a.test", "/\ufffd"),
        ("https://a.test/a/#top", "a.test", "/a/"),
        ("example.com/p", "(none)", "example.com/p"),
        ("about:config", "(none)", "config"),
        ("/x", "(none)", "/x"),
        ("", "(none)", "/"),
        ("chrome-extension://id/p", "id", "/p"),
        ("app://localhost/login", "localhost", "/login"),
        ("file:///home/x", "(none)", "/home/x"),
    ],
)
def test_the_page_of_a_url(url: str, hostname: str, path: str) -> None:
    event = taken({"url": url})
    assert (event.url, event.hostname, event.path) == (url, hostname, path)


@pytest.mark.parametrize(
    ("mode", "path"), [(1, "/a#b c"), ("1", "/a#b c"), (0, "/a"), ("2", "/a"), (None, "/a")]
)
def test_hash_mode_keeps_the_fragment(mode: object, path: str) -> None:
    assert taken({"url": "https://a.test/a#b%20c", "hashMode": mode}).path == path


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("a.test", ["a.test"]),
        (" www.a.test ,B.test", ["a.test", "B.test"]),
        ("a.test,,b.test", ["a.test", "b.test"]),
        (None, ["url.test"]),
        (5, ["url.test"]),
        ("d.test," * 150, ["d.test"] * 100),
    ],
)
def test_each_domain_gets_its_own_event(domain: object, expected: list[str]) -> None:
    result = to_plausible({"name": "pageview", "url": "https://www.url.test/", "domain": domain})
    assert [each.domain for each in result.events] == expected


@pytest.mark.parametrize(
    ("props", "expected"),
    [
        pytest.param(
            {"s": "x", "t": True, "f": False, "i": 12, "d": 1.5, "k": 1500.0, "x": 1e20},
            {"s": "x", "t": "true", "f": "false", "i": "12", "d": "1.5", "k": "1.5e3"}
            | {"x": "1.0e20"},
            id="scalars become texts",
        ),
        pytest.param(
            {"l": [1], "m": {}, "n": None, "e": "", "b": " ", " ": "x", "k": " x "},
            {"k": " x "},
            id="what is empty or nested goes",
        ),
        pytest.param('{"a":"b"}', {"a": "b"}, id="a text of JSON"),
        pytest.param("{", {}, id="a text of no JSON"),
        pytest.param([1], {}, id="a list"),
        pytest.param({str(i): i for i in range(50)}, {str(i): str(i) for i in range(30)}, id="50"),
    ],
)
def test_props(props: object, expected: dict[str, str]) -> None:
    assert taken({"url": "https://a.test/", "props": props}).props == expected


def test_the_longest_prop_that_is_accepted() -> None:
    props = {"k" * 300: "v" * 2_000}
    assert taken({"url": "https://a.test/", "props": props}).props == props


@pytest.mark.parametrize(
    ("name", "props", "expected"),
    [
        ("404", {}, {"path": "/x"}),
        ("404", {"path": None}, {"path": "/x"}),
        ("404", {"path": "/y"}, {"path": "/y"}),
        ("Form: Submission", {"a": "b"}, {"path": "/x", "a": "b"}),
        ("Signup", {}, {}),
    ],
)
def test_some_events_get_their_page_as_a_prop(
    name: str, props: dict[str, object], expected: dict[str, str]
) -> None:
    assert taken({"name": name, "url": "https://a.test/x", "props": props}).props == expected


@pytest.mark.parametrize(
    ("revenue", "expected"),
    [
        ({"currency": "EUR", "amount": 19.99}, ("EUR", "19.99")),
        ({"currency": "eur", "amount": " 10 "}, ("EUR", "10")),
        ('{"currency":"USD","amount":5}', ("USD", "5")),
        ({"currency": "EURO", "amount": 1}, None),
        ({"currency": 5, "amount": 1}, None),
        ({"currency": "EUR", "amount": True}, None),
        ({"currency": "EUR", "amount": [1]}, None),
        ({"currency": "EUR", "amount": "much"}, None),
        ({"currency": "EUR", "amount": "NaN"}, None),
        ({"currency": "EUR"}, None),
        ("{", None),
    ],
)
def test_revenue_is_exact_or_ignored(revenue: object, expected: tuple[str, str] | None) -> None:
    assert taken({"url": "https://a.test/", "revenue": revenue}).revenue == expected


@pytest.mark.parametrize(
    ("query", "referrer", "campaign", "source"),
    [
        ("", None, Campaign(), None),
        ("", "https://www.news.test/item?id=1", Campaign(), "news.test"),
        ("", "https://a.test/other", Campaign(), None),
        ("", "https://blog.a.test/", Campaign(), "blog.a.test"),
        ("", "http://localhost:8000/", Campaign(), None),
        ("", "android-app://com.x/", Campaign(), "com.x"),
        ("", "ftp://files.test/", Campaign(), None),
        ("", 5, Campaign(), None),
        ("?utm_source=n&utm_medium=m", "https://b.test/", Campaign("n", "m"), "n"),
        ("?ref=r&source=s", None, Campaign("s"), "s"),
        ("?ref=a&ref=b", None, Campaign("b"), "b"),
        ("?utm_source=", "https://b.test/", Campaign(), None),
        ("?x=1", "https://b.test/", Campaign(), "b.test"),
        (
            "?utm_campaign=c+d&utm_content=%C3%A4&utm_term=t",
            None,
            Campaign(None, None, "c d", "ä", "t"),
            None,
        ),
    ],
)
def test_where_a_visit_came_from(
    query: str, referrer: object, campaign: Campaign, source: str | None
) -> None:
    event = taken({"url": f"https://a.test/{query}", "referrer": referrer})
    assert (event.campaign, event.source) == (campaign, source)


def test_a_long_referrer_is_cut() -> None:
    event = taken({"url": "https://a.test/", "referrer": "https://b.test/" + "x" * 2_500})
    assert len(event.referrer or "") == 2_000


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, "127.0.0.1", id="the peer"),
        pytest.param({"x-forwarded-for": "203.0.113.1, 10.0.0.1"}, "203.0.113.1", id="leftmost"),
        pytest.param({"x-forwarded-for": "unknown, 203.0.113.1"}, "unknown", id="never checked"),
        pytest.param({"x-forwarded-for": "203.0.113.1:4711"}, "203.0.113.1", id="a port"),
        pytest.param({"x-forwarded-for": "[2001:db8::1]:80"}, "2001:db8::1", id="brackets"),
        pytest.param({"x-forwarded-for": "2001:db8::1"}, "2001:db8::1", id="bare IPv6"),
        pytest.param({"x-forwarded-for": "::ffff:1.2.3.4:80"}, "::ffff:1.2.3.4", id="mapped"),
        pytest.param(
            {"b-forwarded-for": "203.0.113.2, 1.1.1.1", "x-forwarded-for": "203.0.113.1"},
            "203.0.113.2",
            id="BunnyCDN before it",
        ),
        pytest.param(
            {"cf-connecting-ip": "203.0.113.3", "b-forwarded-for": "203.0.113.2"},
            "203.0.113.3",
            id="Cloudflare before that",
        ),
        pytest.param(
            {"x-plausible-ip": "203.0.113.4", "cf-connecting-ip": "203.0.113.3"},
            "203.0.113.4",
            id="Plausible's own before all",
        ),
        pytest.param({"x-plausible-ip": "", "x-forwarded-for": "203.0.113.1"}, "203.0.113.1"),
        pytest.param({"forwarded": 'by=x;For="[2001:db8::1]:80", for=1.1.1.1'}, "2001:db8::1"),
        pytest.param({"forwarded": "proto=https"}, "127.0.0.1", id="Forwarded without for"),
    ],
)
def test_the_address_that_plausible_takes(headers: dict[str, str], expected: str) -> None:
    request = received(PAGE, {"x-forwarded-for": ""} | headers)
    assert plausible.client_ip(request) == expected


@pytest.mark.parametrize(
    ("domains", "headers", "reason"),
    [
        pytest.param((), {}, None, id="all domains exist"),
        pytest.param(("a.test",), {}, None, id="a declared domain"),
        pytest.param(("b.test",), {}, "not_found", id="an undeclared one"),
        pytest.param((), {"x-plausible-ip-type": "dc_ip"}, "dc_ip", id="a data centre"),
        pytest.param((), {"x-plausible-ip-type": "threat_ip"}, "threat_ip", id="an attacker"),
        pytest.param((), {"x-plausible-ip-type": "anonymous_vpn_ip"}, None, id="a VPN"),
        pytest.param(
            (),
            {"user-agent": "Plausible Community Edition"},
            "verification_agent",
            id="who looks for the script",
        ),
        pytest.param((), {"user-agent": GOOGLEBOT}, "bot", id="a crawler"),
        pytest.param((), {"user-agent": "HeadlessChrome/1"}, "bot", id="a headless browser"),
        pytest.param((), {"user-agent": "generic crawler"}, "bot", id="an unknown crawler"),
        pytest.param((), {"user-agent": "curl/8.0"}, None, id="a library is no bot there"),
        pytest.param((), {"user-agent": "shop-app/1.0"}, None, id="nor is an unknown app"),
        pytest.param((), {"user-agent": ""}, None, id="nor is who says nothing"),
    ],
)
def test_what_plausible_drops(
    domains: tuple[str, ...], headers: dict[str, str], reason: str | None
) -> None:
    result = to_plausible(PAGE, domains=domains, headers=headers)
    [event] = result.events
    dropped = (("x-plausible-dropped", "1"),) if reason else ()
    assert (result.response.status, result.response.body, result.response.headers) == (
        202,
        b"ok",
        dropped,
    )
    assert event.reason == reason
    assert (event.visitor is None, event.session is None) == (bool(reason), bool(reason))


@pytest.mark.parametrize(("value", "status"), [("true", 200), ("True", 200), ("false", 202)])
def test_a_debug_request_is_told_the_address_and_not_counted(value: str, status: int) -> None:
    result = to_plausible(PAGE, headers={"x-debug-request": value})
    assert (result.response.status, len(result.events)) == (status, int(status == 202))
    assert result.response.body == (b"203.0.113.9" if status == 200 else b"ok")


def test_referrer_spam_is_dropped_before_all_else() -> None:
    spam = PAGE | {"referrer": "https://www.1-best-seo.com/offer", "domain": "a.test,b.test"}
    result = to_plausible(spam, domains=["a.test"])
    assert [each.reason for each in result.events] == ["spam_referrer", "spam_referrer"]
    assert result.response.headers == (("x-plausible-dropped", "2"),)


def test_the_dropped_of_several_domains_are_counted() -> None:
    result = to_plausible(PAGE | {"domain": "a.test,b.test,c.test"}, domains=["b.test"])
    assert [each.reason for each in result.events] == ["not_found", None, "not_found"]
    assert result.response.headers == (("x-plausible-dropped", "2"),)


@pytest.mark.parametrize("measure", [{"sd": 50}, {"sd": "1"}, {"sd": 101}, {"e": 0}, {"e": "789"}])
def test_engagement_needs_a_visit(measure: dict[str, object]) -> None:
    sessions = new_sessions()
    engagement = PAGE | {"name": "engagement"} | measure
    before = to_plausible(engagement, sessions=sessions)
    [pageview] = to_plausible(PAGE, sessions=sessions).events
    after = to_plausible(engagement, sessions=sessions)
    assert before.events[0].reason == "no_session_for_engagement"
    assert (after.events[0].reason, after.events[0].session) == (None, pageview.session)


def test_engagement_keeps_a_visit_going() -> None:
    sessions = new_sessions()
    [first] = to_plausible(PAGE, sessions=sessions, at=NOON).events
    to_plausible(PAGE | {"name": "engagement", "sd": 9}, sessions=sessions, at=NOON + 1_000)
    [last] = to_plausible(PAGE, sessions=sessions, at=NOON + 2_500).events
    assert last.session == first.session


# -- Swetrix ----------------------------------------------------------------------------------


def to_swetrix(
    body: object,
    kind: swetrix.EventKind = swetrix.EventKind.PAGEVIEW,
    *,
    pids: Collection[str] = (),
    sessions: Sessions | None = None,
    at: float = NOON,
    headers: Mapping[str, str] = NO_HEADERS,
) -> IngestResult:
    request = received(body, headers, at)
    return swetrix.receive(request, kind, pids=frozenset(pids), sessions=sessions or new_sessions())


def say(result: IngestResult) -> Any:
    return json.loads(result.response.body)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param(swetrix.EventKind.PAGEVIEW, {"pid": PID}, id="the least pageview"),
        pytest.param(
            swetrix.EventKind.PAGEVIEW,
            {"pid": PID, "pg": None, "qs": "", "meta": None, "profileId": ""},
            id="null and empty are absent",
        ),
        pytest.param(swetrix.EventKind.PAGEVIEW, {"pid": PID, "prev": "/x"}, id="an unknown key"),
        pytest.param(swetrix.EventKind.PAGEVIEW, {"pid": PID, "meta": {}}, id="empty meta"),
        pytest.param(
            swetrix.EventKind.PAGEVIEW, {"pid": PID, "meta": ["a"]}, id="meta by accident"
        ),
        pytest.param(
            swetrix.EventKind.PAGEVIEW, {"pid": PID, "pg": 5, "qs": "a=1"}, id="an odd page with qs"
        ),
        pytest.param(swetrix.EventKind.CUSTOM, {"pid": PID, "ev": " "}, id="an event named space"),
        pytest.param(swetrix.EventKind.CUSTOM, {"pid": PID, "ev": "x" * 256}, id="256 characters"),
        pytest.param(
            swetrix.EventKind.PAGEVIEW,
            {"pid": PID, "meta": {"k": "\U0001f43e" * 999}},
            id="1,999 units of meta",
        ),
    ],
)
def test_swetrix_takes(kind: swetrix.EventKind, body: object) -> None:
    result = to_swetrix(body, kind)
    assert (result.response.status, say(result), len(result.events)) == (201, {}, 1)


@pytest.mark.parametrize(
    ("kind", "body", "messages"),
    [
        pytest.param("/log", {}, ["pid must be a string"], id="nothing"),
        pytest.param("/log", [PAGE], ["pid must be a string"], id="a list of events"),
        pytest.param(
            "/log",
            {"pid": "YOUR_PROJECT_ID"},
            ["pid must be 12 letters, digits or single hyphens"],
            id="a placeholder",
        ),
        pytest.param(
            "/log",
            {"pid": "abcdef--ghij"},
            ["pid must be 12 letters, digits or single hyphens"],
            id="two hyphens",
        ),
        pytest.param("/log/custom", {"pid": PID}, ["ev should not be empty"], id="no event name"),
        pytest.param(
            "/log/custom",
            {"pid": 5, "ev": ""},
            ["pid must be a string", "ev should not be empty"],
            id="two faults",
        ),
        pytest.param("/log/custom", {"pid": PID, "ev": 5}, ["ev must be a string"], id="a number"),
        pytest.param(
            "/log/custom",
            {"pid": PID, "ev": "x" * 257},
            ["ev must be shorter than or equal to 256 characters"],
            id="257 characters",
        ),
        pytest.param(
            "/log",
            {"pid": PID, "qs": "x" * 2_049, "profileId": 5},
            [
                "profileId must be a string",
                "qs must be shorter than or equal to 2048 characters",
            ],
            id="a long query",
        ),
        pytest.param(
            "/log", {"pid": PID, "meta": "x"}, ["meta must be an object"], id="meta of text"
        ),
        pytest.param(
            "/log", {"pid": PID, "meta": False}, ["meta must be an object"], id="meta false"
        ),
        pytest.param(
            "/log/hb",
            {"pid": PID, "meta": {"a": {}}},
            ["meta values must be strings, numbers, booleans or null"],
            id="nested meta, of a heartbeat too",
        ),
        pytest.param(
            "/log",
            {"pid": PID, "meta": {str(i): 1 for i in range(101)}},
            ["meta must have at most 100 keys"],
            id="101 keys",
        ),
        pytest.param(
            "/log",
            {"pid": PID, "meta": {"k": "\U0001f43e" * 1_000}},
            ["meta keys and values must have at most 2000 characters together"],
            id="2,001 units of meta",
        ),
    ],
)
def test_swetrix_lists_what_is_wrong_with_the_fields(
    kind: str, body: object, messages: list[str]
) -> None:
    result = to_swetrix(body, swetrix.EventKind(kind), headers={"user-agent": GOOGLEBOT})
    expected = {"message": messages, "error": "Bad Request", "statusCode": 400}
    assert (result.response.status, say(result), len(result.events)) == (400, expected, 0)


OVER_LIMIT = json.dumps({"pid": PID, "pg": "x" * 102_400}).encode()
LEAST = json.dumps({"pid": PID}).encode()


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(LEAST, {"content-type": "text/plain"}, 400, id="text is not read"),
        pytest.param(LEAST, {"content-type": ""}, 400, id="nor is what has no type"),
        pytest.param(LEAST, {"content-type": "application/json; charset=utf-8"}, 201, id="UTF-8"),
        pytest.param(LEAST, {"content-type": "application/json;charset=latin1"}, 415, id="latin"),
        pytest.param(b"\xef\xbb\xbf" + LEAST, {}, 201, id="a byte order mark"),
        pytest.param(b'{"pid":"aUn1quEid-3x","pg":"\xff"}', {}, 201, id="bytes that are no UTF-8"),
        pytest.param(b'{"pid":"aUn1quEid-3x","pg":"\\udcff"}', {}, 201, id="half a pair"),
        pytest.param(b'{"pid":"aUn1quEid-3x","pg":"\\u0000"}', {}, 201, id="NUL"),
        pytest.param(b"{", {}, 400, id="malformed JSON"),
        pytest.param(b'{"pid":NaN}', {}, 400, id="NaN"),
        pytest.param(b"5", {}, 400, id="a scalar"),
        pytest.param(b"", {}, 400, id="nothing"),
        pytest.param(OVER_LIMIT, {}, 413, id="over 100 KiB"),
        pytest.param(gzip.compress(LEAST), {"content-encoding": "gzip"}, 201, id="gzip"),
        pytest.param(zlib.compress(LEAST), {"content-encoding": "deflate"}, 201, id="deflate"),
        pytest.param(LEAST, {"content-encoding": "identity"}, 201, id="identity"),
        pytest.param(LEAST, {"content-encoding": "zstd"}, 415, id="zstd"),
        pytest.param(LEAST, {"content-encoding": "gzip"}, 400, id="a lie about gzip"),
        pytest.param(gzip.compress(OVER_LIMIT), {"content-encoding": "gzip"}, 413, id="a bomb"),
        pytest.param(OVER_LIMIT, {"content-encoding": "gzip"}, 413, id="long even if packed"),
        pytest.param(
            b"pid=aUn1quEid-3x", {"content-type": "application/x-www-form-urlencoded"}, 201
        ),
        pytest.param(b"a=1&" * 1_001, {"content-type": "application/x-www-form-urlencoded"}, 400),
    ],
)
def test_the_bodies_that_swetrix_reads(body: bytes, headers: dict[str, str], status: int) -> None:
    assert to_swetrix(body, headers=headers).response.status == status


def test_a_malformed_body_gets_one_message_and_not_a_list() -> None:
    said = say(to_swetrix(b"{"))
    assert (isinstance(said["message"], str), said["error"]) == (True, "Bad Request")


def test_an_unknown_project_does_not_exist() -> None:
    result = to_swetrix({"pid": PID}, pids=["another-pid1"])
    assert (result.response.status, isinstance(say(result)["message"], str)) == (404, True)
    assert to_swetrix({"pid": PID}, pids=[PID]).response.status == 201


@pytest.mark.parametrize("user_agent", [GOOGLEBOT, "curl/8.0", "swetrix-python/0.1", "Mozilla/5.0"])
def test_a_bot_is_told_so_and_nothing_counts(user_agent: str) -> None:
    sessions = new_sessions()
    result = to_swetrix(
        {"pid": PID}, pids=["another-pid1"], sessions=sessions, headers={"user-agent": user_agent}
    )
    assert (result.response.status, list(say(result))) == (201, ["message"])
    assert [(each.reason, each.session) for each in result.events] == [("bot", None)]


def test_a_bots_heartbeat_leaves_nothing() -> None:
    result = to_swetrix(
        {"pid": PID}, swetrix.EventKind.HEARTBEAT, headers={"user-agent": GOOGLEBOT}
    )
    assert (result.response.status, list(result.events)) == (201, [])


@pytest.mark.parametrize("user_agent", ["", "  "])
def test_who_names_no_browser_is_counted(user_agent: str) -> None:
    [event] = to_swetrix({"pid": PID}, headers={"user-agent": user_agent}).events
    assert event.reason is None


@pytest.mark.parametrize(
    ("unique", "status"),
    [(True, 403), ("false", 403), ({}, 403), (0, 201), ("", 201), (None, 201), (False, 201)],
)
def test_a_unique_pageview_is_the_first_of_its_visit(unique: object, status: int) -> None:
    sessions = new_sessions()
    page = {"pid": PID, "pg": "/", "unique": unique}
    first = to_swetrix(page, sessions=sessions)
    second = to_swetrix(page | {"pg": "/other"}, sessions=sessions)
    assert (first.response.status, second.response.status) == (201, status)
    if status == 403:
        assert isinstance(say(second)["message"], str)
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
    assert status("a", NOON + 3_400 + VISIT_SECONDS + 1) == 201


def test_a_heartbeat_needs_a_visit_and_keeps_it_going() -> None:
    sessions = new_sessions()

    def beat(at: float, headers: Mapping[str, str] = NO_HEADERS) -> int:
        result = to_swetrix(
            {"pid": PID}, swetrix.EventKind.HEARTBEAT, sessions=sessions, at=at, headers=headers
        )
        assert list(result.events) == []
        return result.response.status

    assert beat(NOON) == 403
    to_swetrix({"pid": PID}, sessions=sessions, at=NOON)
    assert [beat(NOON + 1_500), beat(NOON + 3_000)] == [201, 201]
    assert beat(NOON + 3_000, {"x-forwarded-for": "203.0.113.77"}) == 403
    assert beat(NOON + 3_000 + VISIT_SECONDS + 1) == 403


def test_a_page_that_is_no_text_breaks_swetrix() -> None:
    result = to_swetrix({"pid": PID, "pg": ["x"]})
    assert (result.response.status, say(result)) == (
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
    request = received({}, {"x-forwarded-for": ""} | headers)
    assert swetrix.client_ip(request) == expected


# -- visits -----------------------------------------------------------------------------------

ALICE = VisitorIdentity("a.test", "203.0.113.9", FIREFOX)


def test_a_visit_lasts_half_an_hour_from_its_last_event() -> None:
    sessions = new_sessions()
    ids = [
        sessions.get_or_start(ALICE, NOON + at).id
        for at in (0, VISIT_SECONDS, 2 * VISIT_SECONDS, 3 * VISIT_SECONDS + 1)
    ]
    assert [each == ids[0] for each in ids] == [True, True, True, False]


@pytest.mark.parametrize(
    "other",
    [
        ALICE._replace(domain="b.test"),
        ALICE._replace(client_ip="203.0.113.10"),
        ALICE._replace(user_agent=FIREFOX + " "),
        VisitorIdentity("a.test", "203.0.113.9" + FIREFOX, ""),
    ],
    ids=["domain", "address", "browser", "the same text, cut elsewhere"],
)
def test_who_differs_is_another_visitor(other: VisitorIdentity) -> None:
    sessions = new_sessions()
    assert sessions.get_or_start(ALICE, NOON).visitor != sessions.get_or_start(other, NOON).visitor


def test_a_visitor_has_another_name_on_another_day() -> None:
    sessions = new_sessions()
    assert (
        sessions.get_or_start(ALICE, NOON).visitor
        != sessions.get_or_start(ALICE, NOON + DAY_SECONDS).visitor
    )


@pytest.mark.parametrize("offset", [0, -5 * 3_600], ids=["UTC", "New York in winter"])
def test_a_visit_across_midnight_stays_one_under_a_new_name(offset: int) -> None:
    sessions = Sessions(
        salt=lambda day: b"salt of day %d" % day, local_time=lambda now: now + offset
    )
    midnight = 20_001 * DAY_SECONDS - offset
    before = sessions.get_or_start(ALICE, midnight - 60)
    after = [sessions.get_or_start(ALICE, midnight + minute * 60) for minute in (1, 25, 50)]
    assert {each.id for each in after} == {before.id}
    assert {each.visitor for each in after} == {after[0].visitor}
    assert after[0].visitor != before.visitor


def test_a_forgotten_visit_is_found_where_it_was_written() -> None:
    written = {new_sessions().get_or_start(ALICE, NOON).visitor: ("a-session", NOON)}
    sessions = Sessions(salt=lambda day: b"salt of day %d" % day, last_seen=written.get)
    assert sessions.get_or_start(ALICE, NOON + 10).id == "a-session"


def test_the_book_forgets_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("footfall.collector.wire.sessions._MAX_REMEMBERED", 2)
    sessions = new_sessions()
    for number in range(3):
        sessions.get_or_start(ALICE._replace(client_ip=f"203.0.113.{number}"), NOON)
    found = [sessions.find(ALICE._replace(client_ip=f"203.0.113.{n}"), NOON) for n in range(3)]
    assert [each is None for each in found] == [True, False, False]


# -- what may be written, and what is shown ----------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "is_kept"),
    [
        ("x-forwarded-for", "203.0.113.9", False),
        ("forwarded", "for=203.0.113.9", False),
        ("b-forwarded-for", "x", False),
        ("x-original-forwarded-for", "x", False),
        ("x-real-ip", "x", False),
        ("x-plausible-ip", "x", False),
        ("cf-connecting-ip", "x", False),
        ("cf-connecting-ipv6", "x", False),
        ("true-client-ip", "x", False),
        ("x-client-ip-address", "x", False),
        ("x-azure-clientip", "x", False),
        ("x-azure-socketip", "x", False),
        ("cloudfront-viewer-address", "x", False),
        ("x-envoy-external-address", "x", False),
        ("remote-addr", "x", False),
        ("cookie", "a=b", False),
        ("authorization", "Bearer x", False),
        ("x-unheard-of", "via 203.0.113.9", False),
        ("x-plausible-ip-type", "dc_ip", True),
        ("x-forwarded-proto", "https", True),
        ("x-forwarded-host", "a.test", True),
        ("content-type", "application/json", True),
        ("user-agent", "Chrome/120.0.0.0", True),
        ("sec-ch-ua", "x", True),
    ],
)
def test_no_header_with_an_address_or_a_secret_is_kept(
    name: str, value: str, is_kept: bool
) -> None:
    assert storable_headers({name: value}, "203.0.113.9") == ({name: value} if is_kept else {})


@pytest.mark.parametrize("client_ip", ["127.0.0.1", "::1", ""])
def test_the_address_of_this_machine_hides_no_header(client_ip: str) -> None:
    headers = {"host": "127.0.0.1:8321", "origin": "http://[::1]:8321"}
    assert storable_headers(headers, client_ip) == headers


def test_an_address_that_is_none_is_hidden_all_the_same() -> None:
    assert storable_headers({"x-odd": "unknown", "x-even": "fine"}, "unknown") == {"x-even": "fine"}


def test_a_long_body_is_not_kept() -> None:
    assert (storable_body(b"x" * 16_384), storable_body(b"x" * 16_385)) == ("x" * 16_384, None)


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        (FIREFOX, Browser("Firefox", "Linux", "Desktop", "140", None)),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            Browser("Edge", "Windows", "Desktop", "142", "10 or 11"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            Browser("Safari", "iOS", "Mobile", "18.0", "18.0"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/142.0.0.0 Mobile Safari/537.36",
            Browser("Chrome", "Android", "Mobile", "142", "15"),
        ),
        (
            "Mozilla/5.0 (Linux; Android 15; Pixel Tab) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/142.0.0.0 Safari/537.36",
            Browser("Chrome", "Android", "Tablet", "142", "15"),
        ),
        ("Mozilla/5.0 (iPad; CPU OS 18_0)", Browser(None, "iPadOS", "Tablet", None, "18.0")),
        ("", Browser(None, None, None, None, None)),
        ("curl/8.5.0", Browser("curl", None, None, "8", None)),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like "
            "Gecko) Chrome/141.0.0.0 Safari/537.36 OPR/125.0.0.0",
            Browser("Opera", "macOS", "Desktop", "125", "10.15"),
        ),
    ],
    ids=[
        "Firefox",
        "Edge",
        "iPhone",
        "Android phone",
        "Android tablet",
        "iPad",
        "nothing",
        "curl",
        "Opera",
    ],
)
def test_browsers(user_agent: str, expected: Browser) -> None:
    assert detect_browser(user_agent) == expected


def test_no_repr_tells_an_address() -> None:
    [event] = to_plausible(PAGE).events
    shown = repr((event, event.request, ALICE))
    assert "203.0.113.9" not in shown
    assert "a.test" in shown


# -- anything at all --------------------------------------------------------------------------


def test_what_is_read_can_be_written_again() -> None:
    value = read_json('{"a":"\\ud83d\\ude00\\udcff","b":"\\\\ud800"}')
    assert value == {"a": "\U0001f600\ufffd\ufffd\ufffd", "b": "\\ud800"}


@pytest.mark.parametrize("depth", [99, 101])
def test_nesting_has_an_end(depth: int) -> None:
    text = "[" * depth + "]" * depth
    if depth < 100:
        assert read_json(text + " ") is not None
        assert read_json(f'{{"a":"{"[" * 200}"}}') == {"a": "[" * 200}
    else:
        with pytest.raises(ValueError, match="deep"):
            read_json(text)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["https://a.test/", PID, "pageview", "1e999999999999999999", "//[::1", "@:"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
FIELDS = (
    "n name u url d domain r referrer p props m h i sd e revenue $ pid ev pg qs meta ref so ca "
    "unique profileId"
)
KEYS = st.sampled_from(FIELDS.split(" "))
HEADERS = "user-agent accept x-forwarded-for forwarded x-client-ip-address origin content-encoding"


@settings(max_examples=100, deadline=None)
@given(
    body=st.dictionaries(KEYS, VALUES, max_size=8).map(lambda each: json.dumps(each).encode())
    | st.binary(max_size=60),
    content_type=st.sampled_from(
        ["application/json", "text/plain", "application/x-www-form-urlencoded", "", "x"]
    ),
    header=st.text(st.characters(max_codepoint=255), max_size=30),
)
def test_garbage_ends_in_an_answer_and_in_text_that_can_be_encoded(
    body: bytes, content_type: str, header: str
) -> None:
    headers = {"content-type": content_type} | dict.fromkeys(HEADERS.split(" "), header)
    for headers_sent in (headers, {"content-type": content_type}):
        replies = [to_plausible(body, headers=headers_sent)]
        replies += [to_swetrix(body, kind, headers=headers_sent) for kind in swetrix.EventKind]
        for result in replies:
            assert 200 <= result.response.status <= 500
            for event in result.events:
                texts = (event.domain, event.name, event.url, event.path, event.source)
                for text in (*texts, *event.campaign, *event.props.values()):
                    (text or "").encode()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_finite_numbers_survive(number: float) -> None:
    assert math.isclose(read_json(json.dumps(number)), number, rel_tol=0, abs_tol=0)
