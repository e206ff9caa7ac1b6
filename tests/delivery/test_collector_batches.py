"""Batches to a real collector, with each HTTP client: the same events as by single requests."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from footfall.collector import CollectorServer, Store, create_app
from footfall.collector.ingest.chaos import parse_chaos
from footfall.delivery import Lane, Limits
from footfall.destinations import Collector, Destination
from footfall.events.hit_report import HitReport
from footfall.model import Event, Hit, Visitor
from tests.collector.durability.support import collector_process, kill, written
from tests.collector.support import FIREFOX, GOOGLEBOT, served, stored_events
from tests.delivery.lanes import counted, drained
from tests.support.transports import CLIENTS, Client, Watched
from tests.support.vendors import wait_until
from tests.support.waiting import LONG_SECONDS

TRANSPORTS = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS.keys())


class Single:
    """The collector as a destination that knows no batches."""

    def __init__(self, to: Collector) -> None:
        self.name, self.endpoint, self.watches = to.name, to.endpoint, to.watches
        self.request, self.report, self.read = to.request, to.report, to.read


@contextmanager
def lane_to(destination: Any, client: Client, **limits: Any) -> Iterator[tuple[Lane, Watched]]:
    """A lane that sends over a real socket, and the transport, which counts the requests."""
    made = client(timeout_seconds=LONG_SECONDS)
    transport = Watched(made)
    try:
        yield Lane(destination, transport, Limits(**limits)), transport
    finally:
        made.close()


def an_event(number: int, client: int) -> Event:
    visitor = Visitor(client_ip=f"198.51.100.{client}", user_agent=FIREFOX)
    url = f"https://a.test/{number}?utm_source=n"
    return Event(url=url, visitor=visitor, time=time.time())


def report(event: Event, **changes: Any) -> HitReport:
    values: dict[str, Any] = {"event": event, "is_tracked": True, "reason": "navigation"}
    return HitReport(**values | {"hit": Hit(path=urlsplit(event.url).path)} | changes)


def offer(lane: Lane, *events: Event) -> None:
    """Offer events, or reports of them to a destination that wants these."""
    if lane.wants_reports:
        lane.offer_hits(*map(report, events))
    else:
        lane.offer(*events)


def some_events() -> list[Event]:
    """Of eight visitors: pageviews, custom events, and one bot."""
    bot = Visitor(client_ip="203.0.113.5", user_agent=GOOGLEBOT)
    changes: list[dict[str, Any]] = [
        *({}, {}, {"referrer": "https://b.test/x"}, {"interactive": False}),
        *({"visitor": bot}, {"name": "Signup", "props": {"plan": 'p"r\no\u2028'}}),
    ]
    return [replace(an_event(each, each % 8), **changes[each % 6]) for each in range(300)]


def as_seen(url: str) -> dict[str, list[Any]]:
    """The events of each visitor in the order of their ids, without what depends on the moment."""
    with httpx2.Client(base_url=url) as http:
        events = stored_events(http, limit=1_000)
    assert [each["id"] for each in events] == sorted({each["id"] for each in events})
    seen: dict[str, list[Any]] = {}
    sessions: dict[str, dict[str, int]] = {}
    for each in events:
        visits = sessions.setdefault(each["client_ip"], {})
        facts = {name: value for name, value in each.items() if name not in MOMENTARY}
        facts["visit"] = visits.setdefault(each["session"], len(visits))
        facts["has_visitor"] = each["visitor"] is not None
        seen.setdefault(each["client_ip"], []).append(facts)
    return seen


# The address that is read first has another header in a batch, and its host header this port.
MOMENTARY = ("id", "received_at", "session", "visitor", "headers")


@TRANSPORTS
@pytest.mark.parametrize("every_hit", [True, False], ids=["reports", "events"])
def test_a_batch_leaves_the_same_as_single_requests(client: Client, every_hit: bool) -> None:
    found, requests = [], []
    kinds: list[Callable[[Collector], Destination]] = [lambda to: to, Single]
    for kind in kinds:
        with CollectorServer() as collector:
            to = Collector(domain="a.test", endpoint=collector.url, every_hit=every_hit)
            with lane_to(kind(to), client) as (lane, transport):
                offer(lane, *some_events())
                assert drained(lane, LONG_SECONDS)
                assert counted(lane) == {
                    "submitted": 300,
                    "accepted": 250,
                    "dropped_by_vendor": 50,
                }
            found.append(as_seen(collector.url))
            requests.append(len(transport.endings))
    assert found[0] == found[1]
    assert requests[0] <= 20
    assert requests[1] == 300


@TRANSPORTS
def test_hits_that_do_not_count_are_reported_in_batches_too(client: Client) -> None:
    with CollectorServer() as collector:
        destination = Collector(domain="a.test", endpoint=collector.url)
        with lane_to(destination, client) as (lane, transport):
            events = [an_event(each, 1) for each in range(50)]
            lane.offer_hits(
                *(report(each, is_tracked=False, reason="static_file") for each in events)
            )
            assert drained(lane, LONG_SECONDS)
            assert counted(lane) == {"submitted": 50, "accepted": 50}
            assert len(transport.endings) < 10
        shown = httpx2.get(f"{collector.url}/api/v1/hits").json()["hits"]
        assert [each["path"] for each in shown] == [f"/{number}" for number in range(50)]


@TRANSPORTS
def test_the_slower_a_collector_the_larger_are_the_batches(client: Client) -> None:
    with CollectorServer(chaos=parse_chaos("slow:80ms")) as collector:
        destination = Collector(domain="a.test", endpoint=collector.url)
        with lane_to(destination, client, max_connections=1) as (lane, transport):
            for number in range(200):
                offer(lane, an_event(number, number % 5))
            assert drained(lane, LONG_SECONDS)
            assert counted(lane) == {"submitted": 200, "accepted": 200}
            # One request each would take 16 seconds.
            assert len(transport.endings) < 50
        seen = as_seen(collector.url)
        numbers = [[int(each["path"][1:]) for each in events] for events in seen.values()]
        assert numbers == [sorted(each) for each in numbers]
        assert sum(map(len, numbers)) == 200


class Refusing:
    """A collector that answers some requests itself."""

    def __init__(self, app: ASGIApp, status: int, is_refused: Callable[[Scope], bool]) -> None:
        self._app, self._status, self._is_refused = app, status, is_refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._is_refused(scope):
            await self._app(scope, receive, send)
            return
        while (await receive()).get("more_body"):
            pass
        body = json.dumps({"error": "no"}).encode()
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@contextmanager
def refusing(status: int, is_refused: Callable[[Scope], bool]) -> Iterator[str]:
    with closing(Store()) as store:
        app = Refusing(create_app(store), status, is_refused)
        with served(app) as url:
            yield url


@TRANSPORTS
def test_a_collector_that_is_busy_at_first_gets_everything_in_the_end(client: Client) -> None:
    left = [503] * 3
    with refusing(
        503, lambda scope: scope["method"] == "POST" and bool(left and left.pop())
    ) as url:
        destination = Collector(domain="a.test", endpoint=url)
        with lane_to(destination, client) as (lane, _):
            offer(lane, *(an_event(each, each % 7) for each in range(150)))
            assert wait_until(lambda: lane.counters().accepted == 150)
            counters = counted(lane)
            assert counters.pop("retried") > 3
            assert counters == {"submitted": 150, "accepted": 150}
        numbers = [[int(each["path"][1:]) for each in events] for events in as_seen(url).values()]
        assert numbers == [sorted(each) for each in numbers]
        assert sum(map(len, numbers)) == 150


@TRANSPORTS
@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_an_older_collector_gets_one_request_each(
    client: Client, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "footfall")
    with refusing(status, lambda scope: scope["path"] == "/api/v1/events/batch") as url:
        destination = Collector(domain="a.test", endpoint=url)
        with lane_to(destination, client) as (lane, transport):
            offer(lane, *(an_event(each, each % 7) for each in range(60)))
            assert drained(lane, LONG_SECONDS)
            offer(lane, *(an_event(each, each % 7) for each in range(60, 80)))
            assert drained(lane, LONG_SECONDS)
            assert counted(lane) == {"submitted": 80, "accepted": 80}
            # A few threads may have tried it at the same time.
            assert 81 <= len(transport.endings) <= 88
        assert sum(map(len, as_seen(url).values())) == 80
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert "takes no batches" in caplog.text


@pytest.mark.long
@TRANSPORTS
def test_a_collector_that_is_killed_costs_what_was_in_flight(
    client: Client, tmp_path: Path
) -> None:
    file = tmp_path / "events.sqlite3"
    with ExitStack() as stack:
        running = stack.enter_context(collector_process(file))
        url = str(running.http.base_url).rstrip("/")
        destination = Collector(domain="a.test", endpoint=url)
        # One connection, so that few batches are at risk: httpx2 takes a reused one that breaks
        # before any byte came back for one that was closed while idle (fault 15).
        lane, _ = stack.enter_context(lane_to(destination, client, max_connections=1))
        number = 0
        while lane.counters().accepted < 500:
            assert wait_until(lambda: lane.counters().queued < 200)
            offer(lane, *(an_event(number + each, each % 9) for each in range(20)))
            number += 20
        kill(running)
        offer(lane, *(an_event(number + each, each % 9) for each in range(20)))
        assert wait_until(lambda: lane.counters().retried > 0)
        counted(lane)
        stack.enter_context(collector_process(file, "--port", str(urlsplit(url).port)))
        assert wait_until(lambda: lane.counters().queued == 0)
        counters = counted(lane)
    found = written(file)
    assert set(found.values()) == {1}
    accepted, unknown = counters["accepted"], counters.get("unknown", 0)
    assert accepted <= len(found) <= accepted + unknown
    ends = {"accepted", "unknown", "failed", "expired"}
    assert sum(counters.get(each, 0) for each in ends) == number + 20
