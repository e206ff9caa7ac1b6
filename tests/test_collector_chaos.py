"""Chaos: the line that describes it, the dice, and what a sender meets on a real connection."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from footfall import asgi
from footfall.collector import CollectorServer
from footfall.collector.ingest.chaos import Chaos, ChaosFault, parse_chaos
from footfall.collector.ingest.chaos_middleware import ChaosMiddleware
from footfall.collector.storage.change_notifier import ChangeNotifier
from footfall.config import Config
from footfall.delivery.counters import ENDS
from footfall.destinations import Collector
from footfall.errors import ConfigError
from footfall.tracker import Tracker
from tests.support.adapters import Raw, call_asgi, navigation
from tests.support.vendors import wait_until
from tests.test_report import site

PAGEVIEW = {"name": "pageview", "url": "https://a.test/hello", "domain": "a.test"}
PID = "aUn1quEid-3x"


@pytest.mark.parametrize(
    ("text", "troubles", "seed"),
    [
        ("503", [ChaosFault("status", status=503)], None),
        ("503:0.2", [ChaosFault("status", 0.2, status=503)], None),
        (
            "429:.5, 301",
            [ChaosFault("status", 0.5, status=429), ChaosFault("status", status=301)],
            None,
        ),
        ("slow:2s", [ChaosFault("slow", seconds=2.0)], None),
        ("slow:250ms:0.1", [ChaosFault("slow", 0.1, seconds=0.25)], None),
        ("slow:1.5s:1", [ChaosFault("slow", seconds=1.5)], None),
        ("hang:0", [ChaosFault("hang", 0.0)], None),
        ("drop,reset:0.3,", [ChaosFault("drop"), ChaosFault("reset", 0.3)], None),
        ("seed:7,hang", [ChaosFault("hang")], 7),
    ],
)
def test_a_line_describes_chaos(text: str, troubles: list[ChaosFault], seed: int | None) -> None:
    assert parse_chaos(text) == Chaos(troubles=tuple(troubles), seed=seed)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("", "name some trouble"),
        (" , ", "name some trouble"),
        ("seed:7", "name some trouble"),
        ("boom", "the kinds are a status, slow, hang, drop and reset"),
        ("5²3", "the kinds are"),
        ("200", "a status that is trouble is between 300 and 599"),
        ("600", "a status that is trouble"),
        ("9" * 5_000, "a status that is trouble"),
        ("503:2", "a share is a number up to 1"),
        ("503:-1", "a share is a number up to 1"),
        ("503:nan", "a share is a number up to 1"),
        ("503:0.1:0.1", "a share is a number up to 1"),
        ("hang:", "a share is a number up to 1"),
        ("slow", "say how slow, up to an hour"),
        ("slow:2", "say how slow"),
        ("slow:0.2:2s", "say how slow"),
        ("slow:3601s", "say how slow"),
        ("seed:x,hang", "a seed is a whole number"),
    ],
    ids=lambda text: str(text)[:20] or "(empty)",
)
def test_what_describes_none_is_told_what_to_write(text: str, remedy: str) -> None:
    with pytest.raises(ConfigError, match=remedy):
        parse_chaos(text)


def test_all_that_is_wrong_is_told_together() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_chaos("boom,503:9,seed:x,hang")
    assert [fault.value for fault in caught.value.faults] == ["boom", "503:9", "seed:x"]


def test_a_seed_repeats_the_choices() -> None:
    chaos = parse_chaos("503:0.2,drop:0.5,seed:7")
    first, second = chaos.dice(), chaos.dice()
    thrown = [first() for _ in range(1_000)]
    assert thrown == [second() for _ in range(1_000)]
    number = Counter(each.kind if each else "none" for each in thrown)
    # 200, then half of what is left; four standard deviations.
    assert abs(number["status"] - 200) < 51
    assert abs(number["drop"] - 400) < 62


def test_without_a_seed_the_choices_differ() -> None:
    chaos = parse_chaos("503:0.5")
    first, second = chaos.dice(), chaos.dice()
    assert [first() for _ in range(100)] != [second() for _ in range(100)]


def test_chaos_is_told_in_words() -> None:
    said = str(parse_chaos("503:0.2,slow:250ms,reset:0.05"))
    assert said == "503 for 20%, slow by 0.25 s for 100%, reset for 5%"


# -- on the wire ------------------------------------------------------------------------------


@contextmanager
def upset(text: str) -> Iterator[tuple[CollectorServer, httpx2.Client]]:
    with (
        CollectorServer(chaos=parse_chaos(text)) as collector,
        httpx2.Client(base_url=collector.url, timeout=5) as http,
    ):
        yield collector, http


WIRES = [
    ("/api/event", PAGEVIEW),
    ("/log", {"pid": PID, "pg": "/"}),
    ("/LOG/custom/", {"pid": PID, "ev": "x"}),
    ("/api/v1/hits", {}),
]


@pytest.mark.parametrize(("path", "body"), WIRES)
def test_a_status_is_answered_in_place_of_the_vendors(path: str, body: Any) -> None:
    with upset("418") as (_, http):
        answer = http.post(path, json=body)
        assert (answer.status_code, answer.json()) == (418, {"error": "chaos"})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert http.get("/api/v1/events").json()["total"] == 0


def test_pages_api_and_probes_stay_well() -> None:
    with upset("503") as (_, http):
        for path in ("/live", "/api/v1/events", "/api/v1/hits", "/api/health"):
            assert http.get(path).status_code == 200
        assert http.options("/api/event").status_code == 204
        assert http.delete("/api/v1/events").status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "header"),
    [
        ("/api/event", PAGEVIEW, 202, "1"),
        ("/api/v1/hits", {}, 202, "1"),
        ("/log", {"pid": PID, "pg": "/"}, 201, None),
    ],
)
def test_a_dropped_event_is_answered_as_the_vendor_does(
    path: str, body: Any, status: int, header: str | None
) -> None:
    with upset("drop") as (_, http):
        answer = http.post(path, json=body)
        assert (answer.status_code, answer.headers.get("x-plausible-dropped")) == (status, header)
        assert ("message" in answer.text) == (path == "/log")
        assert http.get("/api/v1/events").json()["total"] == 0


def test_a_slow_answer_is_a_good_one() -> None:
    with upset("slow:300ms") as (_, http):
        started = time.monotonic()
        assert http.post("/api/event", json=PAGEVIEW).status_code == 202
        assert time.monotonic() - started >= 0.3
        assert http.get("/api/v1/events").json()["total"] == 1


def test_a_reset_breaks_the_connection_and_no_other() -> None:
    with upset("reset") as (_, http):
        with pytest.raises(httpx2.TransportError):
            http.post("/api/event", json=PAGEVIEW)
        assert http.get("/api/v1/events").json()["total"] == 0


def test_a_hanging_sender_may_give_up() -> None:
    with upset("hang") as (_, http):
        with pytest.raises(httpx2.ReadTimeout):
            http.post("/api/event", json=PAGEVIEW, timeout=0.3)
        assert http.get("/api/v1/events").json()["total"] == 0


def test_a_server_that_hangs_can_be_stopped(caplog: pytest.LogCaptureFixture) -> None:
    with ThreadPoolExecutor(1) as pool:
        with upset("hang") as (collector, http):
            asked = pool.submit(http.post, "/api/event", json=PAGEVIEW, timeout=20)
            wait_until(lambda: bool(collector._server.server_state.tasks))
            collector.close()
        with pytest.raises(httpx2.TransportError):
            asked.result()
    # The server would complain about a request that it had to cancel.
    assert caplog.messages == []


def test_another_server_answers_as_it_likes() -> None:
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


def test_a_tracker_accounts_for_all_that_chaos_does_to_it() -> None:
    with upset("503:0.3,drop:0.3,reset:0.3,seed:11") as (collector, _):
        destination = Collector(domain="a.test", endpoint=collector.url)
        tracker = Tracker(Config(destinations=[destination], max_connections=1), environ={})
        send(tracker, *(navigation(f"/{number}") for number in range(20)))
        [counts] = tracker.stats()["destinations"].values()
        ends = sum(counts[name] for name in ENDS)
        assert counts["submitted"] == 20 == ends
        stored = httpx2.get(f"{collector.url}/api/v1/events").json()["total"]
        assert stored == counts["accepted"]
