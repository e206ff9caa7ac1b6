"""Bodies posted to Plausible's endpoint, field by field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from footfall.collector.wire.plausible_parser import PostedEvent, parse_event
from tests.collector.wire.support import PAGE, accepted_event, to_plausible


def errors(body: object) -> dict[str, list[str]]:
    result = to_plausible(body)
    assert (result.response.status, list(result.events)) == (400, [])
    found: dict[str, list[str]] = json.loads(result.response.body)["errors"]
    return found


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
def test_the_response_to_an_invalid_body_lists_all_errors(
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
            b" " * 1_000_001,
            413,
            {"status": 413, "message": "Request Entity Too Large"},
            id="JSON over 1,000,000 bytes",
        ),
        pytest.param(
            "application/x-www-form-urlencoded",
            b" " * 256_001,
            413,
            {"status": 413, "message": "Request Entity Too Large"},
            id="a form over 256,000 bytes",
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
def test_a_body_without_an_event_is_refused_as_plausible_refuses_it(
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
def test_every_content_type_of_plausible_is_accepted(content_type: str, body: str) -> None:
    result = to_plausible(body.encode(), headers={"content-type": content_type})
    assert [each.domain for each in result.events] == ["a.test"]


def test_the_short_keys_of_the_tracker_are_read() -> None:
    event = accepted_event(
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
    assert accepted_event({"url": "https://a.test/"} | fields).name == name


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
    event = accepted_event({"url": url})
    assert (event.url, event.hostname, event.path) == (url, hostname, path)


@pytest.mark.parametrize(
    ("mode", "path"), [(1, "/a#b c"), ("1", "/a#b c"), (0, "/a"), ("2", "/a"), (None, "/a")]
)
def test_hash_mode_keeps_the_fragment(mode: object, path: str) -> None:
    assert accepted_event({"url": "https://a.test/a#b%20c", "hashMode": mode}).path == path


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
    assert accepted_event({"url": "https://a.test/", "props": props}).props == expected


def test_the_longest_prop_that_is_accepted() -> None:
    props = {"k" * 300: "v" * 2_000}
    assert accepted_event({"url": "https://a.test/", "props": props}).props == props


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
    assert (
        accepted_event({"name": name, "url": "https://a.test/x", "props": props}).props == expected
    )


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
    assert accepted_event({"url": "https://a.test/", "revenue": revenue}).revenue == expected


def test_a_long_referrer_is_cut() -> None:
    event = accepted_event({"url": "https://a.test/", "referrer": "https://b.test/" + "x" * 2_500})
    assert len(event.referrer or "") == 2_000


@pytest.mark.parametrize(
    ("measure", "engagement"),
    [
        ({"sd": 50, "e": 3000}, (3000, 50)),
        ({"sd": "1", "e": "789"}, (789, 1)),
        ({"sd": 101}, (0, 100)),
        ({"sd": 0}, (0, 0)),
        ({"e": 0}, (0, None)),
        ({"e": 5, "sd": -1}, (5, None)),
        ({"e": 1741850224785, "sd": 9}, (0, 9)),
    ],
    ids=str,
)
def test_the_measures_of_an_engagement(
    measure: dict[str, Any], engagement: tuple[int, int | None]
) -> None:
    posted = parse_event(PAGE | {"name": "engagement"} | measure)
    assert isinstance(posted, PostedEvent)
    assert posted.engagement == engagement
    other = parse_event(PAGE | {"name": "Signup"} | measure)
    assert isinstance(other, PostedEvent)
    assert other.engagement is None
