"""Any URL is scrubbed as a page's is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.rules.url import UrlOptions, scrub_url
from tests.rules.url.hits import ANY_TEXT, OPTIONS, is_clean

SCRUBBED: dict[str, tuple[str, str]] = {
    "a page": ("https://Example.com/a?b=1&utm_source=x#c", "https://example.com/a?utm_source=x"),
    "user and port": ("HTTPS://jo:pw@example.com:443", "https://example.com/"),
    "two at signs": ("https://a@b@example.com/", "https://example.com/"),
    "space around": (" https://example.com/a\n", "https://example.com/a"),
    "escapes": ("https://example.com/%7Ea/%C3%A9%2f%zz", "https://example.com/%7Ea/%C3%A9%2f%zz"),
    "bytes that are no text": ("https://example.com/%FF", "https://example.com/%FF"),
    "letters of the world": (
        "https://example.com/é?ref=é",
        "https://example.com/%C3%A9?ref=%C3%A9",
    ),
    "a lone surrogate": ("https://example.com/\ud800", "https://example.com/%EF%BF%BD"),
    "an app": ("app://localhost/login?token=1", "app://localhost/login"),
    "an app without a host": ("app:///login", "app:///login"),
    "an app without a path": ("app://Main?ref=a", "app://Main?ref=a"),
    "nothing but a scheme": ("app://", ""),
    "a path": ("/login", ""),
    "a host": ("example.com/login", ""),
    "empty": ("", ""),
    "content": ("data:text/html,x", ""),
    "content in disguise": ("data://x/y", ""),
    "code": ("javascript://example.com/%0Aalert(1)", ""),
    "a file": ("file:///home/jo/taxes.pdf", ""),
    "a web page without a host": ("http:///a", ""),
    "an impossible host": ("app://ex ample/a", ""),
    "space in an app's host": ("app:// localhost/a", ""),
    "broken IPv6": ("http://[::1/a", ""),
}


@pytest.mark.parametrize(("url", "expected"), SCRUBBED.values(), ids=SCRUBBED.keys())
def test_a_url_that_the_app_names_is_scrubbed_too(url: str, expected: str) -> None:
    assert scrub_url(url) == expected


def test_the_options_hold_for_any_url() -> None:
    options = UrlOptions(keep_query=frozenset({"page"}), hide_path_secrets=False)

    assert scrub_url("https://example.com/jo@x.org?page=2", options) == (
        "https://example.com/jo@x.org?page=2"
    )


@given(
    url=ANY_TEXT
    | st.tuples(
        st.sampled_from(["http://", "HTTPS://", "app://", "android-app://"]),
        st.sampled_from(["example.com", "Me@Example.com:80", "", "[::1]", "x y"]),
        st.text("/aZ09-_.;=%@ é\udc80", max_size=90),
        st.text("?&=#aref%4_\udc80é'", max_size=40),
    ).map("".join),
    options=OPTIONS,
)
def test_scrubbing_twice_changes_nothing_more(url: str, options: UrlOptions) -> None:
    once = scrub_url(url, options)

    assert is_clean(once)
    assert scrub_url(once, options) == once
