"""The stream of new events, read over HTTP from a real server."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import pytest

from footfall.collector import CollectorServer
from footfall.collector.web import event_stream, inspector
from tests.collector.support import (
    FIREFOX,
    post,
    stored_events,
    streamed_lines,
    until,
)


def test_new_events_are_streamed_as_they_arrive(http: httpx2.Client) -> None:
    post(http, url="https://a.test/before")
    assert len(stored_events(http)) == 1
    with streamed_lines(http) as lines:
        assert next(lines) == "retry: 1000"
        post(http, url="https://a.test/after")
        number, event = next(lines), json.loads(next(lines).removeprefix("data: "))
    assert (number, event["path"]) == (f"id: {event['id']}", "/after")
    assert event == stored_events(http, path="/after")[0]


@pytest.mark.parametrize("is_header", [True, False])
def test_a_stream_resumes_where_it_was_cut(http: httpx2.Client, is_header: bool) -> None:
    for path in ("/1", "/2", "/3"):
        post(http, url=f"https://a.test{path}")
    first = stored_events(http)[0]["id"]
    query, headers = ("", {"last-event-id": str(first)}) if is_header else (f"after={first}", {})
    with streamed_lines(http, query, **headers) as lines:
        data = [line for line in (next(lines) for _ in range(5)) if line.startswith("data")]
    assert [json.loads(line[6:])["path"] for line in data] == ["/2", "/3"]


def test_a_stream_can_be_of_one_site(http: httpx2.Client) -> None:
    with streamed_lines(http, "domain=b.test") as lines:
        next(lines)
        post(http)
        post(http, domain="b.test", url="https://b.test/other")
        next(lines)
        assert json.loads(next(lines)[6:])["path"] == "/other"


def test_a_silent_stream_is_kept_open(http: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "_PING_SECONDS", 0.0)
    with streamed_lines(http) as lines:
        assert [next(lines), next(lines)] == ["retry: 1000", ": ping"]


def test_few_streams_are_open_at_once(http: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspector, "_MAX_STREAMS", 2)
    with streamed_lines(http) as first, streamed_lines(http) as second:
        next(first)
        next(second)
        refused = http.get("/live/stream")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    # Once the server has seen their ends.
    until(lambda: http.head("/live/stream").status_code == 200)


def test_the_answer_to_head_of_a_stream_ends(http: httpx2.Client) -> None:
    assert http.head("/events/stream").status_code == 200
    assert http.head("/live/stream").status_code == 200


def test_events_of_another_process_are_streamed_too(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    with (
        CollectorServer(file) as here,
        CollectorServer(file) as there,
        httpx2.Client(base_url=here.url, headers={"user-agent": FIREFOX}) as http,
        httpx2.Client(base_url=there.url, headers={"user-agent": FIREFOX}) as other,
        streamed_lines(http) as lines,
    ):
        next(lines)
        post(other)
        next(lines)
        assert json.loads(next(lines)[6:])["path"] == "/hello"
        # One visitor, whichever process received the event.
        post(http)
        assert len({event["session"] for event in stored_events(http)}) == 1
