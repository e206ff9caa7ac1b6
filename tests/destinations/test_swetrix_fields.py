"""The fields of an event as Swetrix's own script spells them, within the server's limits."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.destinations import Swetrix, _swetrix_fields, _wire_format
from tests.destinations.support import (
    PAGEVIEW,
    PID,
    SWETRIX,
    SWETRIX_FIELDS,
    SWETRIX_HEADERS,
    VISITOR,
    body_of,
)


@pytest.mark.parametrize(
    ("url", "added"),
    [
        pytest.param("https://a.example", {"pg": "/"}, id="no path"),
        pytest.param('https://a.example/a b/ü"', {"pg": "/a%20b/%C3%BC%22"}, id="quoted"),
        pytest.param("https://a.example/%7Ea/%C3%BC", {"pg": "/%7Ea/%C3%BC"}, id="quoted once"),
        pytest.param("https://a.example/a//b;c=1,d'(e)", {"pg": "/a//b;c=1,d'(e)"}, id="as it is"),
        pytest.param("https://a.example/a#b?c=d", {"pg": "/a"}, id="no fragment"),
        pytest.param(
            "https://a.example/a?utm_source=a%20b&utm_medium=e+mail&utm_campaign=%C3%84"
            "&utm_term=t&utm_content=c&gclid=1",
            {
                "pg": "/a",
                "so": "a%20b",
                "me": "e+mail",
                "ca": "%C3%84",
                "te": "t",
                "co": "c",
                "qs": "utm_source=a%20b&utm_medium=e+mail&utm_campaign=%C3%84"
                "&utm_term=t&utm_content=c&gclid=1",
            },
            id="campaign values stay undecoded",
        ),
        pytest.param(
            "https://a.example/?utm_source=&source=menu&ref=x&ref=y",
            {"pg": "/", "so": "menu", "qs": "utm_source=&source=menu&ref=x&ref=y"},
            id="the leftmost source that says something",
        ),
        pytest.param(
            "https://a.example/?ref=x&utm_source=y",
            {"pg": "/", "so": "x", "qs": "ref=x&utm_source=y"},
            id="a ref before a source",
        ),
        pytest.param(
            "https://a.example/?gad_source=1&utm_source=y&gad_campaignid=7&gclid=1",
            {
                "pg": "/",
                "so": "1",
                "ca": "7",
                "me": "<gclid>",
                "qs": "gad_source=1&utm_source=y&gad_campaignid=7&gclid=1",
            },
            id="a paid click, as the script names it",
        ),
        pytest.param(
            "https://a.example/?gclid=1&utm_medium=cpc",
            {"pg": "/", "me": "cpc", "qs": "gclid=1&utm_medium=cpc"},
            id="a paid click with a medium of its own",
        ),
        pytest.param("https://a.example/?gclid=", {"pg": "/", "qs": "gclid="}, id="no click"),
        pytest.param(
            "https://a.example/?REF=x&utm_source",
            {"pg": "/", "qs": "REF=x&utm_source"},
            id="no source",
        ),
        pytest.param(
            "https://a.example/?" + "q" * 2049, {"pg": "/", "qs": "q" * 2048}, id="a long query"
        ),
        pytest.param("https://a.example/" + "p" * 3000, {"pg": "/" + "p" * 1999}, id="a long path"),
        pytest.param(
            "https://a.example/" + "ü" * 400,
            {"pg": "/" + "%C3%BC" * 333},
            id="a long path ends in a whole character",
        ),
        pytest.param("https://a.example/\udcff", {"pg": "/%EF%BF%BD"}, id="a lone surrogate"),
        pytest.param("", {"pg": "/"}, id="nothing"),
    ],
)
def test_a_url_is_spelt_as_the_script_of_swetrix_would(url: str, added: dict[str, str]) -> None:
    assert body_of(SWETRIX, replace(PAGEVIEW, url=url)) == SWETRIX_FIELDS | added


_PIECES = ["https://", "a.example", "/", "?", "#", "&", "utm_source=x", "%20", '"' * 80, '"' * 700]


@given(pieces=st.lists(st.sampled_from(_PIECES), max_size=8))
def test_a_url_is_spelt_alike_whether_it_is_cached_or_not(pieces: list[str]) -> None:
    url = "".join(pieces)
    trimmed, expected_trimmed = _wire_format.TrimmedFields(), _wire_format.TrimmedFields()
    expected = _swetrix_fields._page_of(url, expected_trimmed)
    for _ in range(2):
        assert _swetrix_fields.page_of(url, trimmed) == expected
    assert trimmed.names == expected_trimmed.names


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://example.com/a", "https://example.com"),
        ("HTTPS://Example.com:8443/a", "https://Example.com:8443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://user:secret@example.com/", "http://example.com"),
        ("https://unknown.invalid/a", None),
        ("app://localhost/login", None),
        ("https:///a", None),
        ("/a", None),
        ("https://köln.example/", None),
        ("https://a.example\r\nx/", None),
    ],
)
def test_the_origin_is_the_visited_host(url: str, origin: str | None) -> None:
    assert SWETRIX.request(replace(PAGEVIEW, url=url)).headers.get("origin") == origin


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, SWETRIX_HEADERS, id="nothing else of the visitor's headers"),
        pytest.param(
            {"user_agent": "", "language": " "},
            SWETRIX_HEADERS | {"user-agent": "", "accept-language": "*"},
            id="no user agent, no language",
        ),
        pytest.param(
            {"language": "x" * 513},
            SWETRIX_HEADERS | {"accept-language": "x" * 512},
            id="an endless header is cut",
        ),
        pytest.param(
            {"language": "de\r\nX-Api-Key: 1"},
            SWETRIX_HEADERS | {"accept-language": "de  X-Api-Key: 1"},
            id="no header can be smuggled in",
        ),
        pytest.param(
            {"headers": {"sec-ch-ua": '"Brave";v="140"', "sec-ch-ua-mobile": "?0", "dnt": "1"}},
            SWETRIX_HEADERS | {"sec-ch-ua": '"Brave";v="140"', "sec-ch-ua-mobile": "?0"},
            id="client hints pass",
        ),
        pytest.param(
            {"client_ip": None},
            {name: value for name, value in SWETRIX_HEADERS.items() if not name.startswith("x-")},
            id="no address, no header",
        ),
    ],
)
def test_a_visitor_becomes_headers(change: dict[str, Any], expected: dict[str, str]) -> None:
    assert SWETRIX.heartbeat(replace(VISITOR, **change)).headers == expected


@pytest.mark.parametrize(
    ("props", "meta"),
    [
        pytest.param(
            {f"k{n}": n for n in range(120)}, {f"k{n}": str(n) for n in range(100)}, id="many keys"
        ),
        pytest.param({"k": "v" * 2000, "l": 1}, {"k": "v" * 1999}, id="a value is cut to fit"),
        pytest.param({"k" * 1999: "vv"}, {"k" * 1999: "v"}, id="room for one character"),
        pytest.param({"k" * 2000: 1, "l": 1}, {"l": "1"}, id="a key without room is left out"),
        pytest.param({"k": "𝄞" * 1001}, {"k": "𝄞" * 999}, id="counted as JavaScript does"),
        pytest.param(
            dict.fromkeys(
                ["__proto__", "constructor", "hasOwnProperty", "prototype", "toString", "valueOf"],
                1,
            )
            | {"fine": 1},
            {"fine": "1"},
            id="names that the server loses",
        ),
        pytest.param({"a\0": 1, "a\ufffd": 2}, {"a\ufffd": "1"}, id="equal after cleaning"),
        pytest.param({1: 2}, {"1": "2"}, id="a number as key"),
    ],
)
def test_props_become_meta_within_the_limits(props: dict[Any, Any], meta: dict[str, str]) -> None:
    assert body_of(SWETRIX, replace(PAGEVIEW, props=props))["meta"] == meta


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.5, "1.5"),
        (1500.0, "1500"),
        (-0.0, "0"),
        (1e20, "1" + "0" * 20),
        (1.5e21, "1.5e+21"),
        (1e21, "1e+21"),
        (0.000001, "0.000001"),
        (-1.5e-7, "-1.5e-7"),
        (True, "true"),
        (12, "12"),
    ],
)
def test_a_prop_is_sent_as_the_text_swetrix_shows(value: float, shown: str) -> None:
    assert body_of(SWETRIX, replace(PAGEVIEW, props={"key": value}))["meta"] == {"key": shown}


OLD_SERVER = Swetrix(pid=PID, old_server=True)


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("Signup", "Signup"),
        ("Sign up", "Sign_up"),
        ("404", "event_404"),
        ("File Download", "File_Download"),
        ("Köln: Übersicht!", "Koln_Ubersicht"),
        ("_a.b_", "a.b"),
        ("日本", "event"),
        ("n" * 70, "n" * 63),
    ],
)
def test_a_name_is_written_in_the_letters_of_an_old_server(name: str, sent: str) -> None:
    request = OLD_SERVER.request(replace(PAGEVIEW, name=name))

    assert json.loads(request.body)["ev"] == sent
    assert request.trimmed == (("name",) if len(name) > 63 else ())


def test_props_are_fewer_and_shorter_for_an_old_server() -> None:
    many = body_of(OLD_SERVER, replace(PAGEVIEW, props={f"k{n}": n for n in range(30)}))
    long = body_of(OLD_SERVER, replace(PAGEVIEW, props={"k": "v" * 2000}))

    assert many["meta"] == {f"k{n}": str(n) for n in range(20)}
    assert long["meta"] == {"k": "v" * 999}
