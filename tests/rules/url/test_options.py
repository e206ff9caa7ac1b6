"""Settings that cannot work are reported together, each with its remedy."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.errors import ConfigError
from footfall.rules.url import UrlOptions

FAULTY: dict[str, tuple[dict[str, Any], list[tuple[str, Any, str]]]] = {
    "a text of names": (
        {"keep_query": "page,q"},
        [("keep_query", "page,q", 'write a list of names, or "*" for all but secrets')],
    ),
    "no list": (
        {"keep_query": 7},
        [("keep_query", 7, 'write a list of names, or "*" for all but secrets')],
    ),
    "not a name": (
        {"keep_query": ["?page", 7]},
        [
            ("keep_query", "?page", 'write the bare name of a parameter, such as "page"'),
            ("keep_query", 7, 'write the bare name of a parameter, such as "page"'),
        ],
    ),
    "a star among names": (
        {"keep_query": ["page", "*"]},
        [("keep_query", "*", 'write keep_query="*" and no other name')],
    ),
    "a credential": (
        {"keep_query": ["session_id"]},
        [("keep_query", "session_id", "a credential is never sent; leave it out")],
    ),
    "a base without a scheme": (
        {"base_url": "Example.com/"},
        [
            (
                "base_url",
                "Example.com/",
                'write scheme and host alone, such as "https://example.com"',
            )
        ],
    ),
    "a base with a path": (
        {"base_url": "http://example.com/app?x"},
        [
            (
                "base_url",
                "http://example.com/app?x",
                'write scheme and host alone, such as "http://example.com"',
            )
        ],
    ),
    "a base with a user": (
        {"base_url": "https://jo@my.example"},
        [
            (
                "base_url",
                "https://jo@my.example",
                'write scheme and host alone, such as "https://my.example"',
            )
        ],
    ),
    "a base of another scheme": (
        {"base_url": "ftp://my.example"},
        [
            (
                "base_url",
                "ftp://my.example",
                'write scheme and host alone, such as "https://my.example"',
            )
        ],
    ),
    "an impossible base": (
        {"base_url": "https://ex ample"},
        [("base_url", "https://ex ample", 'write scheme and host alone, such as "https://ex"')],
    ),
    "a base that is no text": (
        {"base_url": 7},
        [("base_url", 7, 'write scheme and host alone, such as "https://example.com"')],
    ),
    "all at once": (
        {"keep_query": ["a b"], "base_url": "", "path_mode": "routes"},
        [
            ("keep_query", "a b", 'write the bare name of a parameter, such as "page"'),
            ("base_url", "", 'write scheme and host alone, such as "https://example.com"'),
            ("path_mode", "routes", 'write "path" or "route"'),
        ],
    ),
}


@pytest.mark.parametrize(("settings", "expected"), FAULTY.values(), ids=FAULTY.keys())
def test_settings_that_cannot_work_are_reported_together(
    settings: dict[str, Any], expected: list[tuple[str, Any, str]]
) -> None:
    with pytest.raises(ConfigError) as caught:
        UrlOptions(**settings)

    assert [tuple(fault) for fault in caught.value.faults] == expected


@pytest.mark.parametrize(
    ("given_url", "expected"),
    [
        ("https://example.com", "https://example.com"),
        ("HTTPS://Example.com:443/", "https://example.com"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("https://Example.com:80", "https://example.com:80"),
        ("https://Bücher.example/", "https://xn--bcher-kva.example"),
        ("https://пример.example:8443", "https://xn--e1afmkfd.example:8443"),
    ],
)
def test_a_base_url_is_kept_in_one_spelling(given_url: str, expected: str) -> None:
    assert UrlOptions(base_url=given_url).base_url == expected
