"""What a sender meets on a real connection where chaos makes requests fail."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from footfall import asgi
from footfall.collector import CollectorServer
from footfall.collector.ingest.chaos import parse_chaos
from footfall.collector.ingest.chaos_middleware import ChaosMiddleware
from footfall.collector.storage.change_notifier import ChangeNotifier
from footfall.config import Config
from footfall.delivery.counters import ENDS
from footfall.destinations import Collector
from footfall.tracker import Tracker
from tests.collector.support import PAGEVIEW, PID
from tests.support.adapters import Raw, call_asgi, navigation
from tests.support.hit_reports import site
from tests.support.vendors import wait_until


@contextmanager
def collector_with_chaos(text: str) -> Iterator[tuple[CollectorServer, httpx2.Client]]:
    with (
        CollectorServer(chaos=parse_chaos(text)) as collector,
        httpx2.Client(base_url=collector.url, timeout=5) as http,
    ):
        yield collector, http


ENDPOINTS = [
    ("/api/event", PAGEVIEW),
    ("/log", {"pid": PID, "pg": "/"}),
    ("/LOG/custom/", {"pid": PID, "ev": "x"}),
    ("/api/v1/hits", {}),
    ("/api/v1/events/batch", []),
]


@pytest.mark.parametrize(("path", "body"), ENDPOINTS)
def test_a_status_is_answered_in_place_of_the_vendors(path: str, body: Any) -> None:
    with collector_with_chaos("418") as (_, http):
        answer = http.post(path, json=body)
        assert (answer.status_code, answer.json()) == (418, {"error": "chaos"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert http.get("/api/v1/events").json()["total"] == 0


def test_pages_api_and_probes_work_as_usual() -> None:
    with collector_with_chaos("503") as (_, http):
        for path in ("/live", "/api/v1/events", "/api/v1/hits", "/api/health"):
            assert http.get(path).status_code == 200
        assert http.options("/api/event").status_code == 204
        assert http.delete("/api/v1/events").status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "header"),
    [
        ("/api/event", PAGEVIEW, 202, "1"),
        ("/api/v1/hits", {}, 202, "1"),
        ("/api/v1/events/batch", [], 202, "1"),
        ("/log", {"pid": PID, "pg": "/"}, 201, None),
    ],
)
def test_a_dropped_event_is_answered_as_by_the_vendor(
    path: str, body: Any, status: int, header: str | None
) -> None:
    with collector_with_chaos("drop") as (_, http):
        answer = http.post(path, json=body)
        assert (answer.status_code, answer.headers.get("x-plausible-dropped")) == (status, header)
        assert ("message" in answer.text) == (path == "/log")
        assert http.get("/api/v1/events").json()["total"] == 0


def test_a_slow_request_is_accepted_after_its_time() -> None:
    with collector_with_chaos("slow:300ms") as (_, http):
        started = time.monotonic()
        assert http.post("/api/event", json=PAGEVIEW).status_code == 202
        assert time.monotonic() - started >= 0.3
        assert http.get("/api/v1/events").json()["total"] == 1


def test_a_reset_breaks_the_connection_and_no_other() -> None:
    with collector_with_chaos("reset") as (_, http):
        with pytest.raises(httpx2.TransportError):
            http.post("/api/event", json=PAGEVIEW)
        assert http.get("/api/v1/events").json()["total"] == 0


def test_the_sender_of_a_hanging_request_may_disconnect() -> None:
    with collector_with_chaos("hang") as (_, http):
        with pytest.raises(httpx2.ReadTimeout):
            http.post("/api/event", json=PAGEVIEW, timeout=0.3)
        assert http.get("/api/v1/events").json()["total"] == 0


def test_a_server_that_hangs_can_be_stopped(caplog: pytest.LogCaptureFixture) -> None:
    with ThreadPoolExecutor(1) as pool:
        with collector_with_chaos("hang") as (collector, http):
            request = pool.submit(http.post, "/api/event", json=PAGEVIEW, timeout=20)
            wait_until(lambda: bool(collector._server.server_state.tasks))
            collector.close()
        with pytest.raises(httpx2.TransportError):
            request.result()
    # The server would complain about a request that it had to cancel.
    assert caplog.messages == []


def test_a_server_without_a_transport_is_no_crash() -> None:
    async def nothing(*args: Any) -> Any:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "POST", "path": "/api/event"}

    async def call() -> None:
        await ChaosMiddleware(nothing, parse_chaos("reset"), ChangeNotifier())(
            scope, nothing, nothing
        )
        await ChaosMiddleware(nothing, parse_chaos("503"), ChangeNotifier())(
            scope, nothing, nothing
        )

    asyncio.run(call())


def send(tracker: Tracker, *requests: Raw) -> None:
    app = asgi.FootfallMiddleware(site, tracker=tracker)
    for raw in requests:
        call_asgi(app, raw)
    tracker.flush(10)


def test_a_tracker_accounts_for_all_faults() -> None:
    with collector_with_chaos("503:0.3,drop:0.3,reset:0.3,seed:11") as (collector, _):
        destination = Collector(domain="a.test", endpoint=collector.url)
        tracker = Tracker(Config(destinations=[destination], max_connections=1), environ={})
        send(tracker, *(navigation(f"/{number}") for number in range(20)))
        [counts] = tracker.stats()["destinations"].values()
        ends = sum(counts[name] for name in ENDS)
        assert counts["submitted"] == 20 == ends
        stored = httpx2.get(f"{collector.url}/api/v1/events").json()["total"]
        assert stored == counts["accepted"]
