"""What a collector sees, as entries and as lines."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from footfall.cli.live_feed import Lines, LiveFeed, as_line, collector_client, newest
from footfall.collector import CollectorServer
from tests.collector.support import post
from tests.support.hit_reports import report_body
from tests.support.json_schemas import validate

EVENT: dict[str, Any] = {
    "at": "2026-11-30T09:30:49.490Z",
    "counted": True,
    "reason": None,
    "name": "Signup",
    "path": "/pricing",
    "method": None,
    "status": None,
    "referrer": "https://news.test/",
    "props": {"plan": "pro"},
}
LINES: dict[str, tuple[dict[str, Any], str]] = {
    "an event": (
        EVENT,
        "09:30:49  Signup         /pricing             plan=pro  from https://news.test/",
    ),
    "a hit": (
        EVENT
        | {"counted": False, "reason": "not_found", "method": "GET", "status": 404, "props": {}}
        | {"referrer": None},
        "09:30:49  GET 404        /pricing             not counted: not_found",
    ),
    "an event that a vendor would drop": (
        EVENT | {"counted": False, "reason": "bot", "name": "pageview", "props": {}},
        "09:30:49  pageview       /pricing             not counted: bot  from https://news.test/",
    ),
    "an event without a page": (
        EVENT | {"path": None, "props": {}, "referrer": None},
        "09:30:49  Signup",
    ),
    "a hostile path": (
        EVENT | {"path": "/\x1b[2J\n", "props": {}, "referrer": None},
        "09:30:49  Signup         /\\x1b[2J\\n",
    ),
}


@pytest.mark.parametrize(("entry", "line"), LINES.values(), ids=LINES)
def test_a_line_says_what_came_and_why_it_does_not_count(entry: dict[str, Any], line: str) -> None:
    assert as_line(entry) == line


def test_the_first_line_of_a_reason_says_what_it_means() -> None:
    lines = Lines()
    missing = LINES["a hit"][0]
    bot = missing | {"reason": "bot"}
    found = [lines.line_of(entry) for entry in (missing, EVENT, missing, bot)]
    assert [line.partition("  (")[2] for line in found] == [
        "The page does not exist.)",
        "",
        "",
        "The User-Agent is a bot's, or `is_bot` returned true.)",
    ]
    assert found[2] == as_line(missing)


def test_the_newest_are_the_last() -> None:
    entries: list[dict[str, Any]] = [{"id": 1}, {"id": 2}, {"id": 3}]
    assert newest(entries, 2) == entries[1:]
    assert newest(entries, 5) == entries
    assert newest(entries, 0) == []


def test_each_entry_comes_once_and_parts_of_pages_on_request(collector: CollectorServer) -> None:
    with (
        httpx2.Client(base_url=collector.url) as http,
        collector_client(collector.url, None) as client,
    ):
        feed, everything = LiveFeed(client), LiveFeed(client, shows_all=True)
        assert (feed.new(), feed.has_seen_any) == ([], False)
        post(http)
        for reason in ("subresource", "bot"):
            body = report_body(tracked=False, reason=reason, request=None)
            assert http.post("/api/v1/hits", json=body).is_success
        collector.store.flush()
        found = feed.new()
        assert [entry["reason"] for entry in found] == [None, "bot"]
        for entry in found:
            validate("tail", entry)
        assert feed.new() == []
        assert feed.has_seen_any
        assert [entry["reason"] for entry in everything.new()] == [None, "subresource", "bot"]
