"""Cached decisions are those that `decide` makes with all their steps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.model import Hit
from footfall.rules.pageview import (
    REQUEST_HEADERS,
    RESPONSE_HEADERS,
    DecisionCache,
    PageviewOptions,
    decide,
    decision_cache,
)
from footfall.rules.path_rules import PathRules

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"
HTML = {"content-type": "text/html"}
PATHS = PathRules(exclude=["/admin/**", "!/admin/open"], include=["/**"])

NAVIGATION = Hit(
    host="example.com", headers={"user-agent": CHROME, "accept": "text/html"}, response_headers=HTML
)

_PATHS = """
    / /page /admin/x /admin/open /a.pdf /b.pdf /x.PDF /favicon.ico /style.css /.well-known/x
    /apple-touch-icon /sitemap1.xml
    """.split()  # noqa: SIM905
_REQUEST_VALUES = """
    1 true prefetch document empty navigate iframe image text/html XMLHttpRequest websocket
    curl/8.0 Googlebot
    """.split()  # noqa: SIM905
_RESPONSE_VALUES = [
    "text/html",
    "application/json",
    "application/pdf",
    "attachment",
    "true",
    "/pushed",
]


def _changed(hit: Hit, change: tuple[str, str, Any]) -> Hit:
    field, name, value = change
    changed: Any = {field: {**getattr(hit, field), name: value} if name else value}
    return replace(hit, **changed)


# One thing at a time: whatever the key forgets is then the only difference between two hits.
# Of these headers the key has one fact each.
_ONE_FACT = ("http://0-0.fr/", '"HeadlessChrome";v="1"', '"https://agent.example"')
_CHANGES = st.one_of(
    st.tuples(st.just("method"), st.just(""), st.sampled_from(["GET", "POST"])),
    st.tuples(st.just("host"), st.just(""), st.sampled_from(["example.com", "localhost:8000"])),
    st.tuples(st.just("path"), st.just(""), st.sampled_from([*_PATHS, "/" + "x" * 300])),
    st.tuples(
        st.just("status"), st.just(""), st.sampled_from([101, 200, 204, 206, 302, 304, 404, 500])
    ),
    st.tuples(st.just("ignored"), st.just(""), st.booleans()),
    st.tuples(
        st.just("headers"),
        st.sampled_from([*sorted(REQUEST_HEADERS), "user-agent", "referer"]),
        st.sampled_from([*_REQUEST_VALUES, *_ONE_FACT, CHROME, "", "x" * 1_200]),
    ),
    st.tuples(
        st.just("response_headers"),
        st.sampled_from(sorted(RESPONSE_HEADERS)),
        st.sampled_from([*_RESPONSE_VALUES, "bytes 0-9/10", "bytes 5-9/10", ""]),
    ),
)
_HITS = st.lists(_CHANGES, max_size=8).map(lambda changes: reduce(_changed, changes, NAVIGATION))
_OPTIONS = st.builds(
    PageviewOptions,
    track_localhost=st.booleans(),
    prefetch=st.sampled_from(["skip", "count"]),
    bots=st.sampled_from(["skip", "count", "event"]),
    track_404=st.booleans(),
    track_downloads=st.booleans(),
    respect_dnt=st.booleans(),
    respect_gpc=st.booleans(),
    skip_spam_referrers=st.booleans(),
    track_iframes=st.booleans(),
    excluded_by=st.sampled_from([None, PATHS.excluded_by]),
)


@given(options=_OPTIONS, hit=_HITS, changes=st.lists(_CHANGES, min_size=1, max_size=8))
def test_the_cache_decides_as_decide_does(
    options: PageviewOptions, hit: Hit, changes: list[tuple[str, str, Any]]
) -> None:
    cache = DecisionCache(options, reads_paths_alone=True)
    hits = [hit, *(_changed(hit, change) for change in changes)]
    # Twice, so that each one also comes from the cache.
    for each in hits + hits:
        expected = replace(decide(each, options), steps=())
        assert cache.decide(each, each.host) == expected


FRESH = replace(NAVIGATION, status=304)
PAIRS = {
    "in the kind of file": (FRESH, ("path", "", "/style.css")),
    "in a well-known file": (FRESH, ("path", "", "/favicon.ico")),
    "in an excluded path": (NAVIGATION, ("path", "", "/admin/x")),
    "in what is answered": (NAVIGATION, ("response_headers", "content-type", "image/png")),
    "in a header's value": (
        _changed(NAVIGATION, ("headers", "sec-fetch-dest", "document")),
        ("headers", "sec-fetch-dest", "image"),
    ),
}


@pytest.mark.parametrize(("hit", "change"), PAIRS.values(), ids=PAIRS.keys())
def test_hits_that_differ_are_decided_apart(hit: Hit, change: tuple[str, str, Any]) -> None:
    options = PageviewOptions(excluded_by=PATHS.excluded_by)
    cache = DecisionCache(options, reads_paths_alone=True)
    for each in (hit, _changed(hit, change)) * 2:
        assert cache.decide(each, each.host).reason == decide(each, options).reason
    assert cache.decide(hit, hit.host).reason != cache.decide(_changed(hit, change), "").reason


def test_headers_of_one_value_differ_by_their_names() -> None:
    cache = DecisionCache()
    given = [{"x-inertia": "true"}, {"hx-request": "true"}]
    hits = [replace(NAVIGATION, headers={**NAVIGATION.headers, **each}) for each in given]
    assert [cache.decide(hit, hit.host).reason for hit in hits] == ["spa_visit", "fragment"]


def test_the_host_that_visitors_see_is_the_one_that_counts() -> None:
    cache = DecisionCache()
    hosts = ["example.com", "localhost", "example.com"]
    reasons = [cache.decide(NAVIGATION, host).reason for host in hosts]
    assert reasons == ["navigation", "localhost", "navigation"]


class _Watched(dict[str, str]):
    """Headers that note which of them were read."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__(headers)
        self.seen: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.seen.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.seen.add(str(name))
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        self.seen |= {"user-agent"}
        return super().__iter__()


@given(options=_OPTIONS, hit=_HITS)
def test_a_decision_reads_no_header_that_is_not_in_the_key(
    options: PageviewOptions, hit: Hit
) -> None:
    headers = _Watched(hit.headers)
    decide(replace(hit, headers=headers), options)
    assert headers.seen <= REQUEST_HEADERS


KEPT = {
    "a page": (NAVIGATION, 1),
    "a bot": (replace(NAVIGATION, headers={"user-agent": "curl/8.0"}), 1),
    "a download, whose path it holds": (
        replace(NAVIGATION, path="/a.pdf", response_headers={"content-type": "application/pdf"}),
        0,
    ),
    "a page that is missing, whose path it holds": (replace(NAVIGATION, status=404), 0),
    "a header of endless length": (
        replace(NAVIGATION, headers={**NAVIGATION.headers, "accept": "text/html" + "x" * 1_000}),
        0,
    ),
    "an answer of endless length": (
        replace(NAVIGATION, response_headers={"content-type": "text/html;" + "x" * 1_000}),
        0,
    ),
    "a host of endless length": (replace(NAVIGATION, host="x" * 1_001), 0),
}


@pytest.mark.parametrize(("hit", "expected"), KEPT.values(), ids=KEPT.keys())
def test_only_small_decisions_are_cached(hit: Hit, expected: int) -> None:
    cache = DecisionCache(PageviewOptions(track_404=True))
    cache.decide(hit, hit.host)
    assert len(cache._cache) == expected


def test_the_cache_is_bounded() -> None:
    cache = DecisionCache()
    for number in range(2 * decision_cache._MAX_ENTRIES + 1):
        cache.decide(NAVIGATION, f"site{number}.example")
    assert len(cache._cache) <= decision_cache._MAX_ENTRIES


def test_the_site_owners_functions_are_called_each_time() -> None:
    called: list[str] = []

    def is_bot(hit: Hit) -> bool:
        called.append("bot")
        return False

    def excluded_by(hit: Hit) -> None:
        called.append("path")

    for options in (PageviewOptions(is_bot=is_bot), PageviewOptions(excluded_by=excluded_by)):
        cache = DecisionCache(options)
        for _ in range(2):
            assert cache.decide(NAVIGATION, "example.com").reason == "navigation"
    assert called == ["bot", "bot", "path", "path"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [("/admin/**", True), (re.compile("x"), True), ("/users/{id}", False), (bool, False)],
    ids=["glob", "regex", "route", "function"],
)
def test_path_rules_know_whether_they_read_paths_alone(pattern: Any, expected: bool) -> None:
    assert PathRules(exclude=[pattern]).reads_paths_alone is expected
