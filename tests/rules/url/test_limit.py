"""A URL that is too long loses its least important parts first."""

from __future__ import annotations

import pytest

from footfall.rules.url import MAX_URL_BYTES, fit, without_campaign
from tests.rules.url.hits import ALL_QUERY, query_of

FITTED: dict[str, tuple[str, int, str]] = {
    "short enough": ("https://e.x/a?ref=1", 19, "https://e.x/a?ref=1"),
    "the owner's own go first": ("https://e.x/?a=1&ref=2&b=3", 22, "https://e.x/?a=1&ref=2"),
    "then click ids": ("https://e.x/?gclid=1&utm_term=2&a=1", 24, "https://e.x/?utm_term=2"),
    "then terms, the source stays": (
        "https://e.x/?utm_source=1&utm_term=2&utm_campaign=3",
        30,
        "https://e.x/?utm_source=1",
    ),
    "a campaign value keeps its beginning": (
        "https://e.x/?utm_source=1&utm_campaign=abcdef",
        42,
        "https://e.x/?utm_source=1&utm_campaign=abc",
    ),
    "the least important campaign value is cut, in its place": (
        "https://e.x/?utm_term=abcdef&utm_source=123456&x=1",
        43,
        "https://e.x/?utm_term=abc&utm_source=123456",
    ),
    "no half character in a campaign value": (
        "https://e.x/?ref=%C3%A9%C3%A9",
        28,
        "https://e.x/?ref=%C3%A9",
    ),
    "then the question mark": ("https://e.x/?utm_source=1", 24, "https://e.x/"),
    "then the end of the path": ("https://e.x/abcdef?ref=1", 15, "https://e.x/abc"),
    "no half escape": ("https://e.x/a%20b", 14, "https://e.x/a"),
    "no lone percent sign": ("https://e.x/a%20b", 15, "https://e.x/a"),
    "no half character": ("https://e.x/%C3%A9%C3%A9", 23, "https://e.x/%C3%A9"),
    "a whole character": ("https://e.x/%C3%A9%C3%A9", 18, "https://e.x/%C3%A9"),
    "a path of its own": ("/abcdef", 4, "/abc"),
}


@pytest.mark.parametrize(("url", "limit", "expected"), FITTED.values(), ids=FITTED.keys())
def test_the_least_important_parts_are_removed_first(url: str, limit: int, expected: str) -> None:
    assert fit(url, limit) == expected


def test_a_long_landing_url_keeps_its_campaign() -> None:
    query = "utm_source=news&" + "&".join(f"x{n}={'y' * 50}" for n in range(90))

    actual = query_of(query, ALL_QUERY)

    assert actual.startswith("?utm_source=news&x0=")
    assert 1_900 < len(f"https://example.com/{actual}") <= MAX_URL_BYTES


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.test/x?utm_source=b&page=2&gclid=1", "https://a.test/x?page=2"),
        ("https://a.test/x?ref=b", "https://a.test/x"),
        ("https://a.test/x", "https://a.test/x"),
        ("https://a.test/x?utm%5Fsource=b", "https://a.test/x"),
    ],
)
def test_a_url_without_its_campaign_keeps_the_other_parameters(url: str, expected: str) -> None:
    assert without_campaign(url) == expected
