"""The collector's own API over HTTP."""

from __future__ import annotations

import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from footfall.collector import CollectorServer, Store, app, create_app
from footfall.collector.storage.stored_events import EventSearch
from tests.collector.support import (
    PAGEVIEW,
    PID,
    post,
    running_collector,
    served,
    stored_events,
)
from tests.support.waiting import LONG_SECONDS, no_long_wait

TOKEN = "correct horse battery staple"


def test_events_are_filtered_and_listed_oldest_first(http: httpx2.Client) -> None:
    for name, domain, url in (
        ("pageview", "a.test", "https://a.test/x"),
        ("Signup", "a.test", "https://a.test/y"),
        ("pageview", "b.test", "https://b.test/x"),
    ):
        post(http, name=name, domain=domain, url=url)
    post(http, name="pageview", url="https://a.test/bot", domain="a.test")
    http.post("/api/event", json=PAGEVIEW, headers={"user-agent": "Googlebot/2.1"})

    def paths(**query: str | int) -> list[str]:
        return [event["path"] for event in stored_events(http, **query)]

    assert paths() == ["/x", "/y", "/x", "/bot", "/hello"]
    assert paths(name="Signup") == ["/y"]
    assert paths(domain="b.test") == ["/x"]
    assert paths(path="/x") == ["/x", "/x"]
    assert paths(status="dropped") == ["/hello"]
    assert paths(reason="bot") == ["/hello"]
    assert paths(reason="dc_ip") == []
    assert paths(limit=2) == ["/bot", "/hello"]
    first = stored_events(http)[0]["id"]
    assert paths(after=first, limit=2) == ["/y", "/x"]
    answer = http.get("/api/v1/events", params={"limit": 1}).json()
    assert (len(answer["events"]), answer["total"]) == (1, 5)


def test_a_request_can_wait_for_events(http: httpx2.Client) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(stored_events, http, name="Signup", wait=2, timeout=20)
        for _ in range(2):
            post(http)
            post(http, name="Signup")
        assert len(waiting.result()) == 2


def test_a_request_waits_no_longer_than_its_timeout(
    http: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "_DEFAULT_WAIT_SECONDS", LONG_SECONDS)
    monkeypatch.setattr(app, "_MAX_WAIT_SECONDS", LONG_SECONDS)
    post(http)
    started = time.monotonic()
    with no_long_wait():
        assert len(stored_events(http, wait=2, timeout="0.2")) == 1
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize(
    ("path", "query", "error"),
    [
        ("/api/v1/events", "limit=0", "limit must be between 1 and 10000"),
        ("/api/v1/events", "limit=10001", "limit must be between 1 and 10000"),
        ("/api/v1/events", "limit=x", "limit must be a whole number"),
        ("/api/v1/events", "after=-1", "after must be a whole number"),
        ("/api/v1/events", "after=²", "after must be a whole number"),
        ("/api/v1/events", "wait=" + "9" * 5_000, "wait must be a whole number"),
        ("/api/v1/events", "status=lost", "status must be accepted or dropped"),
        ("/api/v1/events", "timeout=soon", "timeout must be a number of seconds"),
        ("/api/v1/events", "timeout=nan", "timeout must be a number of seconds"),
        ("/api/v1/stats", "period=year", "period must be one of day, week, month, all"),
        ("/events/stream", "after=x", "after must be a whole number"),
        ("/live/stream", "after=x", "after must be a whole number"),
        ("/live/stream", "after=1-x", "after must be a whole number"),
        ("/live", "show=lost", "show must be one of tracked, untracked, dropped"),
        ("/nowhere", "", "Not Found"),
    ],
)
def test_an_invalid_parameter_is_answered_with_the_reason(
    http: httpx2.Client, path: str, query: str, error: str
) -> None:
    answer = http.get(path, params=query)
    assert (answer.status_code // 100, answer.json()) == (4, {"error": error})


def test_a_number_beyond_all_events_finds_none(http: httpx2.Client) -> None:
    post(http)
    assert stored_events(http, after="9" * 19) == []


def test_totals_are_served(http: httpx2.Client) -> None:
    post(http, referrer="https://b.test/")
    post(http, name="Signup")
    answer = http.get("/api/v1/stats", params={"domain": "a.test"}).json()
    assert answer == {
        "period": "day",
        "visitors": 1,
        "visits": 1,
        "pageviews": 1,
        "events": 1,
        "dropped": 0,
        "pages": [{"path": "/hello", "visitors": 1, "pageviews": 1}],
        "sources": [{"source": "b.test", "visitors": 1, "visits": 1}],
        "names": [{"name": "Signup", "visitors": 1, "events": 1}],
        "reasons": [],
    }


def test_clearing_deletes_events_sessions_and_rejected_requests(http: httpx2.Client) -> None:
    http.post("/log", json={"pid": PID})
    post(http)
    http.post("/api/event", json={})
    assert http.delete("/api/v1/events").json() == {"deleted": 2}
    assert stored_events(http) == []
    # The sessions are gone too, and so are the rejected requests.
    assert http.post("/log", json={"pid": PID, "unique": True}).status_code == 201
    assert "Refused" not in http.get("/live").text


def test_health_is_answered_as_plausible_answers_it(http: httpx2.Client) -> None:
    well = dict.fromkeys(("postgres", "clickhouse", "sites_cache", "sessions"), "ok")
    for path in ("/api/health", "/api/system/health/ready"):
        answer = http.get(path)
        assert (answer.status_code, answer.json()) == (200, well)
    assert http.get("/api/system/health/live").json() == {"ok": True}


def test_a_file_that_cannot_be_read_is_no_crash(
    collector: CollectorServer, http: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise sqlite3.DatabaseError("disk I/O error")

    monkeypatch.setattr(collector.store, "search", fail)
    answer = http.get("/api/v1/events")
    assert (answer.status_code, "disk I/O error" in answer.json()["error"]) == (500, True)

    def hang(*args: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(collector.store, "clear", hang)
    answer = http.delete("/api/v1/events")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_a_mounted_collector_links_to_its_own_paths() -> None:
    with closing(Store()) as store:
        app = Starlette(routes=[Mount("/stats", create_app(store, hosts=None, token=TOKEN))])
        with served(app) as url:
            answer = httpx2.post(f"{url}/stats/api/event", json=PAGEVIEW)
            assert answer.status_code == 202
            assert httpx2.get(f"{url}/stats/api/health").status_code == 200
            headers = {"authorization": f"Bearer {TOKEN}"}
            page = httpx2.get(f"{url}/stats/live", headers=headers).text
            paths = re.findall(r'(?:src|href|action|data-url)="(/[^"?]*)', page)
            assert paths
            assert [each for each in paths if not each.startswith("/stats/")] == []
            # The server did not run the app's lifespan, so the app is not notified of writes.
            query = {"wait": "2", "timeout": "10"}
            with ThreadPoolExecutor(1) as pool:
                waiting = pool.submit(
                    httpx2.get, f"{url}/stats/api/v1/events", params=query, headers=headers
                )
                httpx2.post(f"{url}/stats/api/event", json=PAGEVIEW)
                assert waiting.result().json()["total"] == 2


def test_reading_changes_nothing(tmp_path: Path) -> None:
    with running_collector() as (collector, http), closing(Store()) as other:
        http.post("/api/event", json=PAGEVIEW)
        before = http.get("/api/v1/events").json()
        routes = [route for route in create_app(other).routes if isinstance(route, Route)]
        paths = [route.path for route in routes if "GET" in (route.methods or ())]
        assert len(paths) > 8
        for path in paths:
            method = "HEAD" if "stream" in path else "GET"
            http.request(method, path.replace("{key}", "1"))
        assert http.get("/api/v1/events").json() == before
        assert collector.store.count(EventSearch()) == 1
