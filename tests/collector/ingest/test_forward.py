"""Forwarding from one collector to another one, which plays the vendor; both are real."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from footfall.collector import CollectorServer
from footfall.collector.ingest.forward import Forward, event_of, reject_loops
from footfall.collector.ingest.hops import MAX_HOPS, via
from footfall.collector.wire.messages import IncomingEvent, IncomingRequest
from footfall.destinations import Plausible, destination_from
from footfall.errors import ConfigError
from footfall.model import Event
from tests.collector.support import FIREFOX, PAGEVIEW, PID
from tests.support.adapters import CHROME
from tests.support.clickhouse import ClickHouseServer
from tests.support.goatcounter import GoatCounterServer
from tests.support.hit_reports import report_body
from tests.support.vendors import Vendor, responding, unused_port, wait_until
from tests.support.vendors import vendor as vendor_server

VISITOR = {"user-agent": FIREFOX, "x-forwarded-for": "203.0.113.9"}


@pytest.fixture
def vendor(running: CollectorServer) -> CollectorServer:
    """A collector that plays the vendor, and holds nothing."""
    httpx2.delete(f"{running.url}/api/v1/events").raise_for_status()
    return running


@contextmanager
def forwarding_collector(
    line: str, **options: Any
) -> Iterator[tuple[CollectorServer, httpx2.Client]]:
    """A collector that forwards to a destination, and a client of it."""
    with (
        CollectorServer(forward=[destination_from(line)], **options) as collector,
        httpx2.Client(base_url=collector.url, headers=VISITOR) as http,
    ):
        yield collector, http


def netloc(collector: CollectorServer) -> str:
    return urlsplit(collector.url).netloc


def plausible(collector: CollectorServer) -> str:
    return f"plausible+http://{netloc(collector)}/vendor.test"


def wait_for_events(collector: CollectorServer, number: int) -> list[dict[str, Any]]:
    """The events of a collector, once there are this many."""
    query = {"wait": number, "timeout": 10}
    answer = httpx2.get(f"{collector.url}/api/v1/events", params=query, timeout=15)
    events: list[dict[str, Any]] = answer.raise_for_status().json()["events"]
    assert len(events) == number
    return events


def forwarded(collector: CollectorServer) -> dict[str, Any]:
    """What the collector says of the events that it forwarded."""
    answer: dict[str, Any] = httpx2.get(f"{collector.url}/api/v1/forward").json()
    return answer


@contextmanager
def relay() -> Iterator[tuple[int, Callable[[int | None], None]]]:
    """A port from which each request goes on to another port, as through a proxy."""
    target: list[int | None] = []

    def behave(connection: socket.socket, server: Vendor) -> None:
        while request := server.read_request(connection):
            with socket.create_connection(("127.0.0.1", target[0])) as onward:
                onward.sendall(request)
                connection.sendall(server.read_request(onward))

    with vendor_server(behave) as server:
        yield server.port, target.append


UNCHANGED = ("name", "url", "referrer", "utm", "props", "revenue", "user_agent", "client_ip")


def test_an_event_is_forwarded_unchanged(vendor: CollectorServer) -> None:
    body = {
        **PAGEVIEW,
        "name": "Signup",
        "url": "https://a.test/hello?utm_source=hn#top",
        "referrer": "https://news.test/item?id=1",
        "props": {"plan": "pro", "größe": "ü"},
        "revenue": {"currency": "EUR", "amount": "19.990"},
        "interactive": False,
    }
    with forwarding_collector(plausible(vendor)) as (collector, http):
        assert http.post("/api/event", json=body).text == "ok"
        [sent], [received] = wait_for_events(collector, 1), wait_for_events(vendor, 1)
    assert {name: received[name] for name in UNCHANGED} == {name: sent[name] for name in UNCHANGED}
    assert received["body"]["interactive"] is False
    assert (sent["domain"], received["domain"]) == ("a.test", "vendor.test")


def test_an_event_of_swetrix_is_forwarded_to_plausible(vendor: CollectorServer) -> None:
    with forwarding_collector(plausible(vendor)) as (_, http):
        headers = {"origin": "https://b.test"}
        for body in (
            {"pid": PID, "pg": "/x", "qs": "utm_source=hn&q=1", "ref": "https://news.test/"},
            {"pid": PID, "pg": "/x", "so": "hn", "me": "social"},
            {"pid": PID, "pg": "/y"},
        ):
            assert http.post("/log", json=body, headers=headers).status_code == 201
        events = wait_for_events(vendor, 3)
    assert [event["url"] for event in events] == [
        "https://b.test/x?utm_source=hn&q=1",
        "https://b.test/x?utm_source=hn&utm_medium=social",
        "https://b.test/y",
    ]
    assert {event["client_ip"] for event in events} == {"203.0.113.9"}
    assert events[0]["referrer"] == "https://news.test/"


def test_an_event_of_plausible_is_forwarded_to_swetrix(vendor: CollectorServer) -> None:
    with forwarding_collector(f"swetrix+http://{netloc(vendor)}/{PID}") as (_, http):
        body = {**PAGEVIEW, "name": "Signup", "props": {"plan": "pro"}}
        http.post("/api/event", json=body, headers={"accept-language": "de-AT"})
        [event] = wait_for_events(vendor, 1)
    assert (event["vendor"], event["name"], event["path"]) == ("swetrix", "Signup", "/hello")
    assert (event["props"], event["client_ip"]) == ({"plan": "pro"}, "203.0.113.9")
    assert (event["hostname"], event["body"]["lc"]) == ("a.test", "de-AT")


def test_a_reported_hit_is_forwarded_where_it_counts(
    vendor: CollectorServer,
) -> None:
    with forwarding_collector(plausible(vendor)) as (collector, http):
        http.post("/api/v1/hits", json=report_body(tracked=False, reason="bot"))
        http.post("/api/v1/hits", json=report_body())
        [event] = wait_for_events(vendor, 1)
        assert len(wait_for_events(collector, 1)) == 1
    assert (event["url"], event["user_agent"]) == ("https://a.test/x?utm_source=hn", CHROME)
    assert event["client_ip"] == "203.0.113.9"


def test_several_vendors_get_each_event_once(vendor: CollectorServer) -> None:
    forward = [
        destination_from(plausible(vendor)),
        destination_from(f"swetrix+http://{netloc(vendor)}/{PID}"),
    ]
    with CollectorServer(forward=forward) as collector:
        httpx2.post(f"{collector.url}/api/event", json=PAGEVIEW, headers=VISITOR)
        assert {event["vendor"] for event in wait_for_events(vendor, 2)} == {"plausible", "swetrix"}


def test_a_vendor_that_takes_many_at_once_gets_them_together() -> None:
    goatcounter = GoatCounterServer(token="t0ken", requests_left=1000)
    lines = [
        json.dumps({**PAGEVIEW, "user_agent": FIREFOX, "client_ip": f"203.0.113.{number % 100}"})
        for number in range(300)
    ]
    with (
        vendor_server(responding(goatcounter.respond)) as server,
        forwarding_collector(f"goatcounter+http://t0ken@127.0.0.1:{server.port}") as (_, http),
    ):
        headers = {"content-type": "application/x-ndjson"}
        answer = http.post("/api/v1/events/batch", content="\n".join(lines), headers=headers)
        assert answer.json()["accepted"] == 300
        assert wait_until(lambda: len(goatcounter.kept) == 300)

    assert len(goatcounter.sizes) < 300


def test_no_event_of_one_request_is_a_repeat_of_another() -> None:
    clickhouse = ClickHouseServer(user="web", password="sixteen-letters!")
    line = json.dumps({**PAGEVIEW, "user_agent": FIREFOX, "client_ip": "203.0.113.9"})
    target = "clickhouse+http://web:sixteen-letters!@127.0.0.1:{}/footfall.events"
    with (
        vendor_server(responding(clickhouse.respond)) as server,
        forwarding_collector(target.format(server.port)) as (_, http),
    ):
        headers = {"content-type": "application/x-ndjson"}
        http.post("/api/v1/events/batch", content="\n".join([line] * 20), headers=headers)
        assert wait_until(lambda: sum(clickhouse.sizes) == 20)

    assert len(clickhouse.kept) == 20


def test_the_counters_can_be_seen(vendor: CollectorServer) -> None:
    with forwarding_collector(plausible(vendor)) as (_, http):
        http.post("/api/event", json=PAGEVIEW)
        http.post("/api/event", json=PAGEVIEW, headers={"user-agent": "Googlebot/2.1"})
        wait_for_events(vendor, 2)

        def counts() -> dict[str, int]:
            [counts] = http.get("/api/v1/forward").json()["destinations"].values()
            found: dict[str, int] = counts
            return found

        assert wait_until(lambda: counts()["queued"] == 0)
        assert counts() | {"submitted": 2, "accepted": 1, "dropped_by_vendor": 1} == counts()
        page = http.get("/live").text
        assert f"Passed on to <bdi>plausible:vendor.test@{netloc(vendor)}</bdi>" in page
        assert "accepted 1" in page


def test_without_a_vendor_there_are_no_counters(vendor: CollectorServer) -> None:
    found = httpx2.get(f"{vendor.url}/api/v1/forward").json()
    assert found == {"destinations": {}, "outbox": None, "returned": 0}


def test_a_vendor_that_is_down_delays_no_sender_and_loses_no_event() -> None:
    port = unused_port()
    with forwarding_collector(f"plausible+http://127.0.0.1:{port}/vendor.test") as (
        collector,
        http,
    ):
        assert http.post("/api/event", json=PAGEVIEW).status_code == 202
        assert len(wait_for_events(collector, 1)) == 1
        with CollectorServer(port=port) as vendor:
            assert len(wait_for_events(vendor, 1)) == 1


def test_stopping_delivers_the_queued_events(vendor: CollectorServer) -> None:
    with forwarding_collector(plausible(vendor)) as (_, http):
        for _ in range(20):
            http.post("/api/event", json=PAGEVIEW)
    assert len(wait_for_events(vendor, 20)) == 20


# -- loops ------------------------------------------------------------------------------------


def test_two_collectors_that_forward_to_each_other_make_no_loop(
    caplog: pytest.LogCaptureFixture,
) -> None:
    port = unused_port()
    with forwarding_collector(f"plausible+http://127.0.0.1:{port}/b.test") as (first, http):
        back = [destination_from(plausible(first))]
        with CollectorServer(port=port, forward=back) as second:
            http.post("/api/event", json=PAGEVIEW)
            wait_for_events(second, 1)
            # The second event takes the same way as the first, so it shows that none came back.
            http.post("/api/event", json=PAGEVIEW | {"name": "last"})
            assert [event["name"] for event in wait_for_events(second, 2)] == ["pageview", "last"]
            assert [event["name"] for event in wait_for_events(first, 2)] == ["pageview", "last"]
            assert wait_until(lambda: forwarded(first)["returned"] == 2)
            # The second says where its two events went, too.
            [counts] = forwarded(second)["destinations"].values()
            assert counts | {"submitted": 2, "dropped_by_vendor": 2, "accepted": 0} == counts
            assert len(wait_for_events(first, 2)) == 2
    assert "the destinations of --forward lead back here" in caplog.text.lower()
    assert "it and this collector forward to each other\n" in caplog.text


def test_an_event_goes_through_a_chain_of_collectors_to_the_vendor(vendor: CollectorServer) -> None:
    with (
        CollectorServer(forward=[destination_from(plausible(vendor))]) as second,
        forwarding_collector(plausible(second)) as (first, http),
    ):
        http.post("/api/event", json=PAGEVIEW)
        events = [wait_for_events(each, 1)[0] for each in (first, second, vendor)]
        assert [event["client_ip"] for event in events] == ["203.0.113.9"] * 3
        # The vendor is a collector as well, and has been told of both.
        assert [forwarded(each)["returned"] for each in (first, second, vendor)] == [0, 0, 0]


def test_a_ring_of_three_counts_an_event_once_at_each() -> None:
    port = unused_port()
    with (
        forwarding_collector(f"plausible+http://127.0.0.1:{port}/c.test") as (first, http),
        CollectorServer(forward=[destination_from(plausible(first))]) as second,
        CollectorServer(port=port, forward=[destination_from(plausible(second))]) as third,
    ):
        http.post("/api/event", json=PAGEVIEW)
        assert wait_until(lambda: forwarded(first)["returned"] == 1)
        for each in (first, second, third):
            assert len(wait_for_events(each, 1)) == 1


def test_a_collector_that_forwards_to_itself_through_a_proxy_counts_once() -> None:
    with (
        relay() as (port, connect_to),
        forwarding_collector(f"plausible+http://127.0.0.1:{port}/a.test") as (collector, http),
    ):
        connect_to(urlsplit(collector.url).port)
        http.post("/api/event", json=PAGEVIEW)
        assert wait_until(lambda: forwarded(collector)["returned"] == 1)
        assert len(wait_for_events(collector, 1)) == 1


def test_an_event_that_passed_too_many_collectors_counts_and_goes_no_further(
    vendor: CollectorServer, caplog: pytest.LogCaptureFixture
) -> None:
    with forwarding_collector(plausible(vendor)) as (collector, http):
        for number in (MAX_HOPS, MAX_HOPS - 1):
            passed = via([f"{each:016x}" for each in range(number)])
            body = PAGEVIEW | {"name": f"{number} hops"}
            assert http.post("/api/event", json=body, headers={"via": passed}).status_code == 202
        assert [event["name"] for event in wait_for_events(vendor, 1)] == [f"{MAX_HOPS - 1} hops"]
        assert len(wait_for_events(collector, 2)) == 2
    assert f"has passed {MAX_HOPS} collectors, and is not passed on" in caplog.text


def test_a_collector_does_not_forward_to_a_queue() -> None:
    with pytest.raises(ConfigError, match="is a queue"):
        Forward([destination_from("redis://127.0.0.1/0?stream=a")], instance="a")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.7.7.7", "[::1]", "0.0.0.0"])
@pytest.mark.parametrize("scheme", ["plausible+http", "swetrix+http", "collector+http"])
def test_a_collector_does_not_forward_to_itself(scheme: str, host: str) -> None:
    site = PID if scheme.startswith("swetrix") else "a.test"
    port = unused_port()
    with pytest.raises(ConfigError, match="is this collector itself"):
        CollectorServer(port=port, forward=[destination_from(f"{scheme}://{host}:{port}/{site}")])
    # And the port is free again.
    socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:8322",
        "https://127.0.0.1",
        "http://192.0.2.1:8321",
        "http://nowhere.invalid:8321",
    ],
)
def test_other_collectors_are_no_loop(endpoint: str) -> None:
    other = Plausible(domain="a.test", endpoint=endpoint)
    itself = Plausible(domain="a.test", endpoint="http://127.0.0.1:8321")
    with pytest.raises(ConfigError) as caught:
        reject_loops([other, itself], 8321)
    assert len(caught.value.faults) == 1
    reject_loops([other], 8321)


# -- which events are forwarded ---------------------------------------------------------------


def incoming(**changes: Any) -> IncomingEvent:
    request = IncomingRequest(headers={}, peer="127.0.0.1", body=changes.pop("body", b""), at=1.0)
    fields = {"vendor": "plausible", "domain": "a.test", "name": "x", "client_ip": "203.0.113.9"}
    return IncomingEvent(**{**fields, "request": request, **changes})


@pytest.mark.parametrize(
    ("changes", "is_forwarded"),
    [
        ({}, True),
        ({"reason": "bot"}, True),
        ({"reason": "not_found"}, False),
        ({"reason": "no_session_for_engagement"}, False),
        ({"name": "engagement"}, False),
        ({"client_ip": ""}, False),
        ({"revenue": ("EUR", "many")}, True),
    ],
    ids=str,
)
def test_which_events_are_forwarded(changes: dict[str, Any], is_forwarded: bool) -> None:
    assert (event_of(incoming(**changes)) is not None) == is_forwarded


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"qs":1}', b"[" * 100_000])
def test_a_body_that_cannot_be_read_is_no_crash(body: bytes) -> None:
    event = event_of(incoming(vendor="swetrix", body=body))
    assert isinstance(event, Event)
    assert event.url == "https://unknown.invalid/"
