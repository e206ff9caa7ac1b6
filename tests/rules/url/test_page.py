"""The public URL of a page: its origin, its routes, its pushed address; what no text breaks."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.model import Hit
from footfall.rules.url import CLICK_IDS, UrlOptions, page_url, referrer_of, scrub_url
from tests.rules.url.hits import (
    ALL_QUERY,
    ANY_TEXT,
    HITS,
    OPTIONS,
    ROUTES,
    is_clean,
    path_of,
    referral,
    url_of,
)

PROXIES: dict[str, tuple[dict[str, str], str]] = {
    "sends nothing": ({}, "http://app:8000/"),
    "names the scheme": ({"x-forwarded-proto": "https"}, "https://app:8000/"),
    "names the host": ({"x-forwarded-host": "Example.com:443"}, "http://example.com/"),
    "appends": (
        {"x-forwarded-proto": "http, https", "x-forwarded-host": "evil.example, example.com"},
        "https://example.com/",
    ),
    "names a websocket's scheme": ({"x-forwarded-proto": "WSS"}, "https://app:8000/"),
    "names an odd scheme": ({"x-forwarded-proto": "gopher"}, "http://app:8000/"),
    "names an impossible host": ({"x-forwarded-host": "exam ple.com"}, "http://app:8000/"),
    "sends RFC 7239": (
        {"forwarded": "for=192.0.2.1;proto=http, for=x;Proto=HTTPS; host=example.com"},
        "https://example.com/",
    ),
    "quotes a port": ({"forwarded": 'host="example.com:8443"'}, "http://example.com:8443/"),
    "follows a quote that never ends": (
        {"forwarded": 'for="evil;host=evil.example, host=example.com'},
        "http://example.com/",
    ),
    "contradicts itself": (
        {"forwarded": "proto=http;host=other.example", "x-forwarded-proto": "https"},
        "https://other.example/",
    ),
    "sends nothing of use": (
        {"forwarded": "for=192.0.2.1;by", "x-forwarded-host": ","},
        "http://app:8000/",
    ),
}


@pytest.mark.parametrize(("headers", "expected"), PROXIES.values(), ids=PROXIES.keys())
def test_a_trusted_proxy(headers: dict[str, str], expected: str) -> None:
    assert url_of(scheme="http", host="app:8000", headers=headers, is_trusted=True) == expected


@pytest.mark.parametrize("headers", [headers for headers, _ in PROXIES.values()], ids=PROXIES)
def test_any_other_peer_is_not_trusted(headers: dict[str, str]) -> None:
    assert url_of(scheme="http", host="app:8000", headers=headers) == "http://app:8000/"


def test_the_base_url_beats_every_header() -> None:
    actual = url_of(
        host="app:8000",
        headers={"x-forwarded-host": "proxy.example"},
        is_trusted=True,
        path="/a",
        options=UrlOptions(base_url="https://example.com"),
    )

    assert actual == "https://example.com/a"


ROUTE_TEMPLATES: dict[str, tuple[str, str]] = {
    "Starlette's": ("/users/{id}", "/users/%7Bid%7D"),
    "Starlette's with a converter": ("/files/{path:path}", "/files/%7Bpath%7D"),
    "Django's": ("users/<int:pk>/", "/users/%7Bpk%7D/"),
    "Django's without a converter": ("users/<pk>", "/users/%7Bpk%7D"),
    "Django's for the home page": ("", "/"),
    "Django's regex": (
        r"^articles/(?P<year>[0-9]{4})/(?P<slug>[\w-]+(?:\.\w+)?)/$",
        "/articles/%7Byear%7D/%7Bslug%7D/",
    ),
    "a regex within a prefix": (r"blog/feed\.xml\Z", "/blog/feed.xml"),
    "Flask's": ("/<string(length=2):lang>/", "/%7Blang%7D/"),
    "a lone surrogate": ("/caf\udce9", "/caf%EF%BF%BD"),
}


@pytest.mark.parametrize(
    ("route", "expected"), ROUTE_TEMPLATES.values(), ids=ROUTE_TEMPLATES.keys()
)
def test_the_route_replaces_the_path_where_the_option_is_set(route: str, expected: str) -> None:
    actual = url_of(path="/users/17", route=route, query="ref=a&x=1", options=ROUTES)

    assert actual == f"https://example.com{expected}?ref=a"


def test_without_a_known_route_the_path_is_sent() -> None:
    assert path_of("/users/17", ROUTES) == "/users/17"


def test_the_route_is_not_sent_by_default() -> None:
    assert url_of(path="/users/17", route="/users/{id}") == "https://example.com/users/17"


PUSHED: dict[str, tuple[str, str]] = {
    "a path": ("/new", "/new"),
    "a path with a query": ("/new?utm_source=a&page=2#top", "/new?utm_source=a"),
    "a path with escapes": ("/caf%C3%A9/a%2Fb", "/caf%C3%A9/a%2Fb"),
    "raw UTF-8 as a header carries it": ("/caf\xc3\xa9", "/caf%C3%A9"),
    "a relative path": ("next", "/shop/next"),
    "a query": ("?utm_source=b", "/shop/list?utm_source=b"),
    "a URL": ("https://other.example/new", "/new"),
    "another host": ("//other.example/new", "/new"),
    "nothing": ("", "/shop/list?ref=x"),
    "no page": ("javascript:alert(1)", "/shop/list?ref=x"),
    "no URL at all": ("http://[", "/shop/list?ref=x"),
}


@pytest.mark.parametrize(("pushed", "expected"), PUSHED.values(), ids=PUSHED.keys())
def test_an_address_that_a_response_pushed_replaces_the_request_s(
    pushed: str, expected: str
) -> None:
    hit = Hit(scheme="https", host="example.com", path="/shop/list", query="ref=x")

    actual = page_url(hit, is_trusted=False, path=pushed)

    assert actual == f"https://example.com{expected}"


def test_a_known_route_replaces_a_pushed_address_too() -> None:
    hit = Hit(host="example.com", path="/users/17", route="/users/{id}")

    actual = page_url(hit, is_trusted=False, options=ROUTES, path="/users/17/edit")

    assert actual == "http://example.com/users/%7Bid%7D"


@given(hit=HITS, options=OPTIONS, is_trusted=st.booleans(), path=st.none() | ANY_TEXT)
def test_any_hit_has_a_clean_url(
    hit: Hit, options: UrlOptions, is_trusted: bool, path: str | None
) -> None:
    url = page_url(hit, is_trusted=is_trusted, options=options, path=path)
    parts = urlsplit(url)

    assert is_clean(url)
    assert parts.scheme in ("http", "https")
    assert parts.hostname
    assert parts.port is None or parts.port not in (80, 443)
    assert parts.path.startswith("/")
    assert (parts.username, parts.password, parts.fragment) == (None, None, "")
    names = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    assert not names & {"token", "user", "e-mail"}
    assert all(value in ("", "1") for name, value in parse_qsl(parts.query) if name in CLICK_IDS)


@given(path=st.text(st.characters(exclude_categories=["Cs"]), max_size=60).map("/".__add__))
def test_the_same_page_has_one_spelling_however_it_is_named(path: str) -> None:
    url = url_of(path=path)

    assert scrub_url(url) == url
    assert referral(url).previous == url.removeprefix("https://example.com")


HOSTILE = {
    "ten thousand parameters": {"query": "a=1&" * 10_000 + "utm_source=b" * 2_000},
    "a campaign of escapes": {"query": "utm_source=" + "%2540" * 13_000},
    "nothing but ampersands": {"query": "&" * 65_536},
    "a query of surrogates": {"query": "\udcff" * 65_536},
    "at signs": {"query": "utm_source=" + "@a" * 32_000, "path": "/" + "a@b.c" * 13_000},
    "one segment": {"path": "/" + "a1-" * 21_000},
    "slashes": {"path": "/" * 65_536},
    "short segments": {"path": "/a;b" * 16_000},
    "path parameters": {"path": "/" + ";a=b" * 16_000},
    "percent signs": {"path": "/" + "%" * 65_536},
    "a host": {"host": "a." * 32_000},
    "a list of proxies": {
        "headers": {"forwarded": "a;" * 32_000, "x-forwarded-host": "a," * 32_000}
    },
    "a referrer": {"headers": {"referer": "http://a@" + "@" * 65_536 + "/a%2F" * 9_000}},
    "a pushed address": {"headers": {"hx-current-url": "http://h" + "/../%41" * 9_000}},
}


@pytest.mark.parametrize("options", [UrlOptions(), ALL_QUERY], ids=["defaults", "all of the query"])
@pytest.mark.parametrize("facts", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_text_takes_long(facts: dict[str, Any], options: UrlOptions) -> None:
    hit = Hit(**facts)
    start = time.thread_time()

    url = page_url(hit, is_trusted=True, options=options, path=hit.headers.get("hx-current-url"))
    referrer_of(hit, page=url, options=options)

    # A few milliseconds; work that is not bounded would take seconds.
    assert time.thread_time() - start < 0.5
