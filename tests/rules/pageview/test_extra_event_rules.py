"""Feeds and API calls, where the site owner wants them counted."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.model import Decision, Hit
from footfall.rules.pageview import DecisionCache, PageviewOptions, decide
from tests.rules.pageview.hits import no_admin, requested
from tests.support.header_sets import FIREFOX, chromium

FEEDLY = "Feedly/1.0 (+http://www.feedly.com/fetcher.html; 42 subscribers; like FeedFetcher-Google)"
READER = {"user-agent": FEEDLY, "accept": "*/*"}
OPTIONS = PageviewOptions(
    track_feeds=True, is_api=lambda hit: hit.path.startswith("/api/"), excluded_by=no_admin
)
RSS, ATOM, JSON_FEED = "application/rss+xml", "application/atom+xml", "application/feed+json"


def answered(path: str, content_type: str = "", **facts: Any) -> Hit:
    headers = {"content-type": content_type} if content_type else {}
    return requested(facts.pop("headers", READER), path, response_headers=headers, **facts)


def decided(hit: Hit, options: PageviewOptions = OPTIONS) -> Decision:
    """The decision, which the cache makes alike, the second time too."""
    decision, cache = decide(hit, options), DecisionCache(options, reads_paths_alone=True)
    for _ in range(2):
        cached = cache.decide(hit, hit.host)
        assert (cached.kind, cached.reason, cached.name) == (
            decision.kind,
            decision.reason,
            decision.name,
        )
        assert cached.props == decision.props
    return decision


@pytest.mark.parametrize(
    "hit",
    [
        answered("/news", f"{RSS}; charset=utf-8"),
        answered("/news", ATOM.upper()),
        answered("/news", JSON_FEED),
        answered("/news", "application/rdf+xml"),
        answered("/blog/feed/", "text/xml"),
        answered("/index.xml", "application/xml"),
        answered("/all.rss", "text/xml"),
        answered("/feed.json", "application/json"),
        answered("/blog/feed", status=304),
    ],
    ids=lambda hit: f"{hit.path} {hit.response_headers.get('content-type', hit.status)}",
)
def test_a_feed_counts_with_its_reader_and_for_how_many(hit: Hit) -> None:
    decision = decided(hit)
    assert (decision.kind, decision.name, decision.reason) == ("event", "Feed", "feed")
    assert decision.props == {"path": hit.path, "reader": "Feedly", "subscribers": 42}
    assert decision.steps[-1].rule == "D.1 feed"


@pytest.mark.parametrize(
    ("hit", "reason"),
    [
        (answered("/sitemap.xml", "application/xml"), "bot"),
        (answered("/data", "application/json"), "bot"),
        (answered("/news", RSS, method="HEAD"), "method"),
        (answered("/news", RSS, status=404), "bot"),
        (answered("/post", status=304), "bot"),
        (answered("/news", RSS, ignored=True), "ignored"),
        (answered("/admin/feed", RSS), "excluded"),
        (answered("/news", RSS, host="localhost:8000"), "localhost"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.method} {value.path}",
)
def test_what_is_no_feed_or_may_not_count_is_none(hit: Hit, reason: str) -> None:
    assert (decided(hit).kind, decided(hit).reason) == ("skip", reason)


def test_a_browser_that_opens_a_feed_is_named_no_reader() -> None:
    assert decided(answered("/news", RSS, headers={"user-agent": FIREFOX})).props == {
        "path": "/news"
    }


CURL = {"user-agent": "curl/8.5.0", "accept": "*/*"}


@pytest.mark.parametrize(
    ("facts", "props"),
    [
        ({}, {"route": "/api/users/7", "method": "GET", "status": "2xx"}),
        ({"method": "DELETE", "status": 204}, {"method": "DELETE", "status": "2xx"}),
        ({"method": "BREW", "status": 418}, {"method": "other", "status": "4xx"}),
        ({"route": "/api/users/{id}", "status": 500}, {"route": "/api/users/{id}"}),
        ({"headers": {}}, {"status": "2xx"}),
        ({"headers": chromium()}, {"status": "2xx"}),
    ],
    ids=str,
)
def test_an_api_call_counts_by_route_method_and_status(
    facts: dict[str, Any], props: dict[str, str]
) -> None:
    decision = decided(answered("/api/users/7", "application/json", **{"headers": CURL, **facts}))
    assert (decision.kind, decision.name, decision.reason) == ("event", "API", "api_call")
    assert {**decision.props, **props} == decision.props


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"method": "OPTIONS"}, "method"),
        ({"path": "/apiary"}, "bot"),
        ({"ignored": True}, "ignored"),
        ({"host": "127.0.0.1"}, "localhost"),
    ],
    ids=str,
)
def test_what_is_no_api_call_or_may_not_count_is_none(facts: dict[str, Any], reason: str) -> None:
    hit = answered(facts.pop("path", "/api/x"), "application/json", **{"headers": CURL, **facts})
    assert (decided(hit).kind, decided(hit).reason) == ("skip", reason)


def test_who_objects_to_being_counted_is_not() -> None:
    options = PageviewOptions(track_feeds=True, respect_gpc=True)
    hit = answered("/news", RSS, headers={**READER, "sec-gpc": "1"})
    assert decided(hit, options).reason == "gpc"


def test_by_default_neither_counts_and_no_step_is_added() -> None:
    default = PageviewOptions()
    for hit in (answered("/news", RSS), answered("/api/x", "application/json")):
        decision = decided(hit, default)
        assert decision.kind == "skip"
        assert not [step for step in decision.steps if step.rule.startswith("D.")]


def test_a_page_counts_as_before() -> None:
    assert decided(requested(chromium())).kind == "pageview"
