"""Relays that are killed, stopped and continued, and servers that are: the account stays true."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from footfall.delivery.outbox import Mode
from footfall.relay.relay import Relay
from footfall.relay.status import read_status
from tests.relay.queues import (
    account,
    destination,
    line_of,
    pages,
    put,
    queue_at,
    relay,
    running,
    steps,
    urls,
)
from tests.support import vendors
from tests.support.redis_server import STREAM, RedisServer, redis_server
from tests.support.vendors import Vendor, vendor, wait_until

pytestmark = pytest.mark.server("redis-server")

KEY = "footfall:{example}:stream"
EVENTS = 600
PACK = 10
CONNECTIONS = 4
# What a relay has in memory, and the entry with which it gets there.
MOST_LOST = 2 * CONNECTIONS + PACK

SLOW = vendors.slow(0.01, vendors.answer())


def in_a_child(work: Callable[[], None]) -> int:
    """A child process that works and never returns into the test."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def forked_relay(server: RedisServer, plausible: Vendor, mode: Mode | None = None) -> int:
    def work() -> None:
        found = Relay(
            queue_at(server), [destination(plausible)], connections=CONNECTIONS, mode=mode
        )
        found.check()
        while True:
            time.sleep(found.step())

    return in_a_child(work)


@pytest.fixture
def gone_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("footfall.relay.status.GONE_SECONDS", 1.5)


def delivered_by(found: Relay, server: RedisServer) -> Callable[[], bool]:
    """True once `found` has delivered all that is left, and the other counts as dead."""

    def is_done() -> bool:
        found.step()
        return {*account(server)} <= {"accepted", "lost"} and not account(server).get("in_flight")

    return is_done


@pytest.mark.usefixtures("gone_at_once")
def test_63_a_relay_that_is_killed_loses_what_it_had_taken_and_no_more(server: RedisServer) -> None:
    put(queue_at(server), pages(range(EVENTS)), pack=PACK)
    with vendor(SLOW) as plausible:
        child = forked_relay(server, plausible)
        assert wait_until(lambda: len(plausible.requests) > 50)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with relay(queue_at(server), destination(plausible), connections=CONNECTIONS) as found:
            assert wait_until(delivered_by(found, server))
            counts = account(server)
        got = urls(plausible)
        assert {*got.values()} == {1}
        # What was sent since the killed one last wrote its account counts as lost, too.
        assert EVENTS - len(got) <= MOST_LOST
        assert counts["accepted"] <= len(got)
        assert counts["accepted"] + counts["lost"] == EVENTS


@pytest.mark.usefixtures("gone_at_once")
def test_64_a_relay_that_was_stopped_and_goes_on_sends_nothing_twice(server: RedisServer) -> None:
    put(queue_at(server), pages(range(EVENTS)), pack=PACK)
    with vendor(SLOW) as plausible:
        child = forked_relay(server, plausible)
        try:
            assert wait_until(lambda: len(plausible.requests) > 50)
            os.kill(child, signal.SIGSTOP)
            with relay(queue_at(server), destination(plausible), connections=CONNECTIONS) as found:
                assert wait_until(delivered_by(found, server))
                assert account(server)["lost"] <= MOST_LOST + 1000 * CONNECTIONS
            os.kill(child, signal.SIGCONT)
            # What it had taken is its own still.
            assert wait_until(lambda: account(server) == {"accepted": EVENTS})
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        assert urls(plausible) == {str(number): 1 for number in range(EVENTS)}


@pytest.fixture
def claims_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("footfall.relay.stream_source.CLAIM_SECONDS", 2.0)
    monkeypatch.setattr("footfall.relay.stream_source.CLAIM_EVERY_SECONDS", 0.1)
    monkeypatch.setattr("footfall.delivery.drainer.PURGE_SECONDS", 0.2)


@pytest.mark.usefixtures("gone_at_once", "claims_soon")
def test_63_at_least_once_a_killed_relay_loses_nothing(server: RedisServer) -> None:
    put(queue_at(server), pages(range(EVENTS)), pack=PACK)
    with vendor(SLOW) as plausible:
        child = forked_relay(server, plausible, "at_least_once")
        assert wait_until(lambda: len(plausible.requests) > 50)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        to = destination(plausible)
        with relay(queue_at(server), to, connections=CONNECTIONS, mode="at_least_once") as found:
            assert wait_until(lambda: found.step() and len(urls(plausible)) == EVENTS)
            assert steps(found)
            account(server)  # it adds up, with what ended twice
        got = urls(plausible)
        assert sum(got.values()) - EVENTS <= MOST_LOST
        assert max(got.values()) <= 2


@pytest.mark.usefixtures("gone_at_once", "claims_soon")
def test_64_at_least_once_a_stopped_relay_sends_nothing_that_is_anothers(
    server: RedisServer,
) -> None:
    put(queue_at(server), pages(range(EVENTS)), pack=PACK)
    with vendor(SLOW) as plausible:
        child = forked_relay(server, plausible, "at_least_once")
        try:
            assert wait_until(lambda: len(plausible.requests) > 50)
            os.kill(child, signal.SIGSTOP)
            to = destination(plausible)
            options: Any = {"connections": CONNECTIONS, "mode": "at_least_once"}
            with relay(queue_at(server), to, **options) as found:
                assert wait_until(lambda: found.step() and len(urls(plausible)) == EVENTS)
                assert steps(found)
            sent = len(plausible.requests)
            os.kill(child, signal.SIGCONT)
            put(queue_at(server), pages(range(1000, 1010)), pack=PACK)
            assert wait_until(lambda: len(urls(plausible)) == EVENTS + 10)
            # Only an exchange that was under way when it was stopped may have gone on.
            assert len(plausible.requests) - sent <= 10 + CONNECTIONS
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


class SilentAtFirst:
    """A vendor that reads its first requests and answers none, until it `has_recovered`."""

    def __init__(self) -> None:
        self.has_recovered = False

    def __call__(self, connection: socket.socket, server: Vendor) -> None:
        while server.read_request(connection):
            if self.has_recovered:
                connection.sendall(vendors.answer())


@pytest.mark.parametrize("promise", ["at_most_once", "at_least_once"])
@pytest.mark.usefixtures("claims_soon")
def test_65_a_relay_that_is_stopped_returns_what_it_has_not_begun_to_send(
    server: RedisServer, promise: Mode
) -> None:
    put(queue_at(server), pages(range(EVENTS)), pack=100)
    silent = SilentAtFirst()
    with vendor(silent) as plausible:
        to = destination(plausible)
        options = ("--promise", promise, "--connections", str(CONNECTIONS))
        with running(server, "--to", line_of(plausible), *options) as process:
            assert wait_until(lambda: len(plausible.requests) == CONNECTIONS)
            process.send_signal(signal.SIGTERM)
            process.wait(10)
        sent = urls(plausible)
        silent.has_recovered = True
        with relay(queue_at(server), to, connections=CONNECTIONS, mode=promise) as found:
            assert steps(found)
        got = urls(plausible)
        if promise == "at_most_once":
            assert account(server) == {"accepted": EVENTS - len(sent), "lost": len(sent)}
            assert {*got.values()} == {1}
        else:
            assert account(server) == {"accepted": EVENTS}
            assert got - sent == Counter(str(number) for number in range(EVENTS))


def test_59_a_server_with_a_log_of_its_writes_keeps_the_queue(tmp_path: Path) -> None:
    options = ("--appendonly", "yes", "--appendfsync", "always")
    with redis_server(tmp_path, *options) as server, vendor(SLOW) as plausible:
        put(queue_at(server), pages(range(EVENTS)), pack=PACK)
        with relay(queue_at(server), destination(plausible), connections=CONNECTIONS) as found:
            assert wait_until(lambda: found.step() and len(plausible.requests) > 50)
            server.kill()
            server.start()
            assert steps(found, 60)
            assert account(server) == {"accepted": EVENTS}
        assert urls(plausible) == {str(number): 1 for number in range(EVENTS)}


def test_59_a_server_without_one_begins_anew(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server, vendor(SLOW) as plausible:
        put(queue_at(server), pages(range(EVENTS)), pack=PACK)
        with relay(queue_at(server), destination(plausible), connections=CONNECTIONS) as found:
            assert wait_until(lambda: found.step() and len(plausible.requests) > 50)
            server.kill()
            server.start()
            put(queue_at(server), pages(range(1000, 1100)), pack=PACK)
            assert steps(found, 60)
            assert {f"{number}" for number in range(1000, 1100)} <= {*urls(plausible)}
            assert {*urls(plausible).values()} == {1}
            # The events in its memory were put into the lost queue, and are in the new account.
            counts = account(server)
            assert counts.keys() == {"accepted"}
            assert 100 <= counts["accepted"] <= 100 + 2 * CONNECTIONS + PACK


def test_61_an_evicted_stream_is_in_the_account(tmp_path: Path) -> None:
    with (
        redis_server(tmp_path) as server,
        vendor(SLOW) as plausible,
        relay(queue_at(server), destination(plausible), connections=1) as found,
    ):
        put(queue_at(server), pages(range(EVENTS)), pack=PACK)
        server.client.config_set("maxmemory-policy", "allkeys-lru")
        server.client.set("other", b"x" * 1_000_000)
        used = server.client.info("memory")["used_memory"]
        server.client.config_set("maxmemory", used)
        assert wait_until(lambda: fill(server) and not server.client.exists(KEY))
        server.client.config_set("maxmemory", 0)
        put(queue_at(server), pages(range(1000, 1100)), pack=PACK)
        assert steps(found)
        counts = account(server)
        assert counts["accepted"] == 100
        # The account itself may have been evicted, too.
        assert counts.get("trimmed", 0) in (0, EVENTS)


def fill(server: RedisServer) -> bool:
    """Read another key again and again, so that it is not the one that was used least recently."""
    return bool(server.client.append("other", b"x" * 10_000))


def test_62_entries_beyond_the_limit_are_in_the_account(server: RedisServer) -> None:
    queue = queue_at(server, max_entries=100)
    with vendor(SLOW) as plausible, relay(queue, destination(plausible)) as found:
        put(queue, pages(range(1000)), pack=1)
        left = read_status(server.client, STREAM).entries
        assert left <= 200
        assert account(server) == {"waiting": left, "trimmed": 1000 - left}
        assert steps(found)
        assert account(server) == {"accepted": left, "trimmed": 1000 - left}
