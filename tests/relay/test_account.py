"""After each fault the account of a queue tells what became of every event."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from footfall.delivery import circuit_breaker, drainer
from footfall.delivery.outbox import Mode
from footfall.destinations import destination_from
from footfall.relay import stream_source
from tests.relay.queues import account, destination, pages, put, queue_at, relay, steps, urls
from tests.support import vendors
from tests.support.redis_server import RedisServer
from tests.support.vendors import unused_port, vendor, wait_until

pytestmark = pytest.mark.server("redis-server")

KEY = "footfall:{example}:stream"
ACCEPTING = vendors.answering(vendors.answer())
# Twice as old they are gone from the server, and a busy machine may be late.
OLD = {"expired", "trimmed"}
# Of a million events that wait.
MAX_BYTES = 120_000_000


@pytest.mark.parametrize("mode", ["at_most_once", "at_least_once"])
def test_67_a_server_that_is_full_lets_relays_deliver_what_it_has(
    server: RedisServer, mode: Mode
) -> None:
    queue = queue_at(server)
    with vendor(ACCEPTING) as plausible, relay(queue, destination(plausible), mode=mode) as found:
        put(queue, pages(range(300)))
        server.client.config_set("maxmemory", "1")
        try:
            assert steps(found)
            [*found._source.purge()]
            assert account(server) == {"accepted": 300}
        finally:
            server.client.config_set("maxmemory", "0")
        assert {*urls(plausible).values()} == {1}


def test_83_an_entry_that_two_relays_claim_is_delivered_by_one(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = queue_at(server)
    with vendor(ACCEPTING) as plausible:
        to = destination(plausible)
        with relay(queue, to) as one, relay(queue, to) as two:
            put(queue, pages(range(100)))
            server.client.xreadgroup(to.name, "dead", {KEY: ">"})
            monkeypatch.setattr(stream_source, "CLAIM_SECONDS", 0.0)
            monkeypatch.setattr(stream_source, "CLAIM_EVERY_SECONDS", 0.0)
            monkeypatch.setattr(stream_source, "MAX_READS", 10)
            acknowledge, tried = one._source._acknowledge, []

            def late(*arguments: Any) -> Any:
                # The other claims the entries between our claim and our acknowledgement.
                tried.append(arguments)
                monkeypatch.setattr(one._source, "_acknowledge", acknowledge)
                assert steps(two)
                return acknowledge(*arguments)

            monkeypatch.setattr(one._source, "_acknowledge", late)
            one.step()
            assert tried
            assert steps(one)
            assert one.lanes[to.name].counters().taken == 0
        assert account(server) == {"accepted": 100}
        assert urls(plausible) == {str(number): 1 for number in range(100)}


@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_84_a_clock_that_jumps_makes_no_event_older(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    queue = queue_at(server)
    with vendor(ACCEPTING) as plausible, relay(queue, destination(plausible)) as found:
        put(queue, pages(range(50)))
        assert steps(found)
        put(queue, pages(range(50, 100)))
        clock = SimpleNamespace(time=lambda: time.time() + seconds)
        monkeypatch.setattr(stream_source, "time", clock)
        [lane] = found.lanes.values()
        monkeypatch.setattr(lane._queue, "_wall_clock", clock.time)
        put(queue, pages(range(100, 150)))
        assert steps(found)
        assert account(server) == {"accepted": 150}


def test_66_what_is_older_than_its_age_when_a_vendor_returns_is_expired(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drainer, "PURGE_SECONDS", 0.0)
    monkeypatch.setattr(circuit_breaker, "BASE_SECONDS", 0.01)
    monkeypatch.setattr(circuit_breaker, "CAP_SECONDS", 0.01)
    queue, port = queue_at(server, max_age_seconds=1), unused_port()
    to = destination_from(f"plausible+http://127.0.0.1:{port}/example.com")
    with relay(queue, to, connections=2) as found:
        put(queue, pages(range(300)), pack=10)
        found.step()
        assert account(server)["waiting"] > 200
        assert wait_until(lambda: bool(found.step()) and ended(found, server) <= OLD)
        put(queue, pages(range(300, 310)), pack=10)
        with vendor(ACCEPTING, port=port) as plausible:
            assert wait_until(lambda: bool(found.step()) and bool(plausible.requests))
            assert steps(found)
            counts = account(server)
            assert counts["accepted"] == len(urls(plausible))
            assert sum(counts.values()) == 310
            assert counts.keys() <= {"accepted", *OLD}


def test_61_when_the_stream_has_expired_the_account_is_still_there(server: RedisServer) -> None:
    queue = queue_at(server)
    with vendor(ACCEPTING) as plausible:
        with relay(queue, destination(plausible)) as found:
            put(queue, pages(range(50)))
            assert steps(found)
        put(queue, pages(range(50, 60)))
        server.client.delete(KEY)
        assert account(server) == {"accepted": 50, "trimmed": 10}
        put(queue, pages(range(60, 65)))
        assert account(server) == {"accepted": 50, "trimmed": 10, "waiting": 5}
        with relay(queue, destination(plausible)) as found:
            assert steps(found)
        assert account(server) == {"accepted": 55, "trimmed": 10}


def ended(found: Any, server: RedisServer) -> set[str]:
    found._write_account()
    return {*account(server)}


def burst(server: RedisServer, events: int) -> None:
    queue = queue_at(server)
    put(queue, pages(range(events)), pack=100)
    assert server.client.memory_usage(KEY, samples=0) <= MAX_BYTES * events / 1_000_000
    with vendor(ACCEPTING) as plausible, relay(queue, destination(plausible)) as found:
        assert steps(found, 600)
        assert account(server) == {"accepted": events}
        assert urls(plausible) == {str(number): 1 for number in range(events)}


def test_85_a_burst_is_delivered_to_the_event(server: RedisServer) -> None:
    burst(server, 2_000)


@pytest.mark.long
def test_85_a_burst_of_100_000_is_delivered_to_the_event(server: RedisServer) -> None:
    burst(server, 100_000)
