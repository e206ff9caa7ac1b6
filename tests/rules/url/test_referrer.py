"""Where a visitor came from: another site, this site, or nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.model import Hit
from footfall.rules.url import (
    MAX_URL_BYTES,
    Referral,
    UrlOptions,
    page_url,
    query,
    referrer,
    referrer_of,
)
from footfall.rules.url.parts import split_url
from footfall.rules.url.text import decode_text
from tests.rules.url.hits import ANY_TEXT, HITS, OPTIONS, ROUTES, is_clean, referral

REFERRERS: dict[str, tuple[str, Referral]] = {
    "none": ("", Referral()),
    "another site": ("https://news.example/a", Referral("https://news.example/a")),
    "its home page": ("https://News.example:443", Referral("https://news.example/")),
    "query, fragment and user are dropped": (
        "https://jo:pw@news.example/a?token=x&utm_source=y#top",
        Referral("https://news.example/a"),
    ),
    "a port": ("http://news.example:8080/", Referral("http://news.example:8080/")),
    "a secret in its path": (
        "https://mail.example/9f86d081884c7d659a2feaa0c55ad015/jo%40mail.example;sid=1/x",
        Referral("https://mail.example/:token/:email/x"),
    ),
    "escapes stay": (
        "https://wiki.example/AC%2FDC%20(band)",
        Referral("https://wiki.example/AC%2FDC%20(band)"),
    ),
    "raw UTF-8": ("https://news.example/caf\xc3\xa9", Referral("https://news.example/caf%C3%A9")),
    "an Android app": (
        "android-app://com.Slack/",
        Referral("android-app://com.Slack/"),
    ),
    "an Android app without a path": (
        "android-app://com.google.android.gm?x=1",
        Referral("android-app://com.google.android.gm"),
    ),
    "an Android app without a name": ("android-app:///x", Referral()),
    "another scheme": ("ftp://news.example/", Referral()),
    "no URL": ("about:blank", Referral()),
    "no host": ("https:///a", Referral()),
    "an impossible host": ("https://ne ws.example/", Referral()),
    "garbage": ("\0\udcff://", Referral()),
    "IPv6": ("http://[2001:db8::1]:8000/a", Referral("http://[2001:db8::1]:8000/a")),
    "this site": ("https://www.example.com/a/?b#c", Referral(previous="/a/")),
    "this site without www": ("https://example.com/a", Referral(previous="/a")),
    "this site on another port": ("http://Example.com:8080", Referral(previous="/")),
    "this site with a secret": (
        "https://example.com/r/9f86d081884c7d659a2feaa0c55ad015",
        Referral(previous="/r/:token"),
    ),
    "this site in Google Translate": (
        "https://www-example-com.translate.goog/a?_x_tr_sl=de",
        Referral(),
    ),
    "this site in an AMP cache": (
        "https://example-com.cdn.ampproject.org/v/s/example.com/a",
        Referral(),
    ),
    "another site in Google Translate": (
        "https://my--shop-example.translate.goog/a",
        Referral("https://my--shop-example.translate.goog/a"),
    ),
    "the proxy itself": ("https://translate.goog/", Referral("https://translate.goog/")),
    "a host hidden by a backslash": (
        "https://example.com\\@news.example/a",
        Referral(previous="/@news.example/a"),
    ),
    "a subdomain is another site": (
        "https://blog.example.com/",
        Referral("https://blog.example.com/"),
    ),
    "one www is dropped, not two": (
        "https://www.www.example.com/",
        Referral("https://www.www.example.com/"),
    ),
}


@pytest.mark.parametrize(("sent", "expected"), REFERRERS.values(), ids=REFERRERS.keys())
def test_where_a_visitor_came_from(sent: str, expected: Referral) -> None:
    assert referral(sent) == expected


def test_an_endless_referrer_is_cut() -> None:
    actual, _, is_cut = referral("https://news.example/" + "a/" * 30_000)

    assert actual is not None
    assert len(actual) <= MAX_URL_BYTES
    assert actual.startswith("https://news.example/a/a/a/")
    assert is_cut


def test_an_endless_previous_path_is_cut() -> None:
    assert referral("https://example.com/" + "a-" * 1_500) == Referral(
        previous="/" + "a-" * 999 + "a", is_cut=True
    )


def test_the_host_of_the_request_is_this_site_too() -> None:
    hit = Hit(host="staging.example.net", headers={"referer": "https://staging.example.net/a"})

    assert referrer_of(hit, page="https://example.com/") == Referral(previous="/a")


def test_a_page_that_is_no_url_has_no_site() -> None:
    hit = Hit(headers={"referer": "https://example.com/a"})

    assert referrer_of(hit, page="") == Referral("https://example.com/a")


def test_no_previous_path_is_known_where_routes_replace_paths() -> None:
    assert referral("https://example.com/users/17", ROUTES) == Referral()


REFERRER_HEADERS: dict[str, tuple[dict[str, str], str]] = {
    "Turbolinks": ({"turbolinks-referrer": "https://example.com/t"}, "/t"),
    "Turbolinks before the browser": (
        {"referer": "https://news.example/", "turbolinks-referrer": "https://example.com/t"},
        "/t",
    ),
    "htmx": ({"hx-current-url": "https://example.com/h"}, "/h"),
    "the browser before htmx": (
        {"referer": "https://example.com/r", "hx-current-url": "https://example.com/h"},
        "/r",
    ),
}


@pytest.mark.parametrize(
    ("headers", "expected"), REFERRER_HEADERS.values(), ids=REFERRER_HEADERS.keys()
)
def test_these_headers_name_the_page_before(headers: dict[str, str], expected: str) -> None:
    assert referral("", headers=headers) == Referral(previous=expected)


@given(hit=HITS, options=OPTIONS, page=ANY_TEXT)
def test_any_hit_has_a_clean_referrer(hit: Hit, options: UrlOptions, page: str) -> None:
    assert all(is_clean(text or "") for text in referrer_of(hit, page=page, options=options)[:2])


_PIECES = st.sampled_from(
    [
        "https://",
        "http://",
        "app://",
        "app:",
        "//",
        "/",
        "?",
        "#",
        "@",
        ":",
        "www.",
        "example.com",
        "Example.ORG",
        "127.0.0.1",
        "[::1]",
        ":8080",
        "a=b",
        "%20",
        " ",
        "\u00e9",
        "\ud800",
        "news",
    ]
)


@given(pieces=st.lists(_PIECES, max_size=9))
def test_the_site_of_a_page_is_found_in_its_origin(pieces: list[str]) -> None:
    page = "".join(pieces)
    parts = split_url(page)
    if parts is not None:  # as of every page that has been scrubbed
        of_page, _ = referrer._own_sites(referrer._origin_of_page(page), "")
        assert of_page == referrer._site(parts.host)


@given(pieces=st.lists(_PIECES, max_size=9))
def test_a_referrer_is_read_alike_without_its_query(pieces: list[str]) -> None:
    sent = decode_text("".join(["https://", *pieces]))
    bare = sent[: sent.find("?") + 1] or sent
    assert referrer._parse(bare, True) == referrer._parse(sent, True)


def test_no_query_of_a_referrer_and_no_secret_is_cached() -> None:
    referrer._parse.cache_clear()
    query._cached_parameter.cache_clear()
    for number in range(3):
        hit = Hit(
            host="example.com",
            query=f"token={number}&utm_source=x",
            headers={"referer": f"https://example.org/a?key={number}"},
        )
        referrer_of(hit, page=page_url(hit, is_trusted=False))
    assert referrer._parse.cache_info().currsize == 1
    assert query._cached_parameter.cache_info().currsize == 1
