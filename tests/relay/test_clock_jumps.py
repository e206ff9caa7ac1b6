"""The clock of the server's host, as it jumps and as it goes on: account and times stay true."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest

from footfall.delivery import circuit_breaker, drainer
from footfall.destinations import destination_from
from footfall.relay import relay as relay_module
from footfall.relay import stream_source
from footfall.relay.relay import Relay
from tests.relay.queues import account, destination, pages, put, queue_at, relay, steps, urls
from tests.support import vendors
from tests.support.redis_server import RedisServer, redis_server
from tests.support.vendors import Vendor, unused_port, vendor, wait_until

pytestmark = [pytest.mark.server("redis-server"), pytest.mark.server("cc")]

ACCEPTING = vendors.answering(vendors.answer())
HOURS = 2 * 3600


class ServerClock:
    """The wall clock of a server.

    Args:
        folder: Where it keeps its files.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "ahead"
        self.jump(0)
        library = folder / "clock.so"
        source = Path(__file__).with_name("clock.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
        self.environ = {"LD_PRELOAD": str(library), "CLOCK_AHEAD": str(self._file)}

    def jump(self, seconds: int) -> None:
        """Let it be so far ahead."""
        self._file.write_text(str(seconds), encoding="ascii")


@pytest.fixture
def clock(tmp_path: Path) -> ServerClock:
    return ServerClock(tmp_path)


@pytest.fixture
def server(tmp_path: Path, clock: ServerClock) -> Iterator[RedisServer]:
    with redis_server(tmp_path, environ=clock.environ) as running:
        yield running


@pytest.mark.parametrize("seconds", [HOURS, -HOURS])
def test_84_after_a_jump_of_the_servers_clock_the_account_is_true(
    server: RedisServer, clock: ServerClock, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drainer, "PURGE_SECONDS", 0.0)
    queue = queue_at(server)
    with vendor(ACCEPTING) as plausible:
        with relay(queue, destination(plausible), connections=2) as found:
            put(queue, pages(range(100)), pack=10)
            found.step()
            clock.jump(seconds)
            put(queue, pages(range(100, 200)), pack=10)
            assert steps(found)
            counts = account(server)
        if seconds < 0:
            assert counts == {"accepted": 200}
        else:
            # By its clock they have waited for two hours, and the stream's expiry is over.
            assert counts.keys() <= {"accepted", "expired", "trimmed"}
            assert sum(counts.values()) == 200
            assert {str(number) for number in range(100, 200)} <= {*urls(plausible)}
        assert {*urls(plausible).values()} == {1}
        assert account(server) == counts


@pytest.mark.parametrize("seconds", [HOURS, -HOURS])
def test_84_a_jump_of_the_servers_clock_changes_no_time_of_an_event(
    server: RedisServer, clock: ServerClock, seconds: int
) -> None:
    queue = queue_at(server)
    with vendor(ACCEPTING) as posthog:
        to = destination_from(f"posthog+http://phc_key@127.0.0.1:{posthog.port}")
        with relay(queue, to) as found:
            put(queue, pages(range(10)))
            assert steps(found)
            clock.jump(seconds)
            put(queue, pages(range(10, 20)))
            assert steps(found)
            found._source._read_time()
            put(queue, pages(range(20, 30)))
            assert steps(found)
            assert account(server) == {"accepted": 30}
        sent = re.findall(rb'"timestamp":"([^"]+)"', b"".join(posthog.requests))
    times = [datetime.fromisoformat(each.decode()).timestamp() for each in sent]
    assert len(times) == 30
    assert max(abs(each - time.time()) for each in times) < HOURS / 2


class TestClock:
    """The time that a relay and the server see; it goes on by itself, and by more when asked."""

    __test__ = False

    def __init__(self, server_clock: ServerClock, monkeypatch: pytest.MonkeyPatch) -> None:
        self._server_clock = server_clock
        self._ahead = 0
        monkeypatch.setattr(relay_module, "monotonic", self.monotonic)
        monkeypatch.setattr(stream_source, "monotonic", self.monotonic)
        monkeypatch.setattr(stream_source, "time", self)
        monkeypatch.setattr("footfall.delivery.redis.transport.time", self)

    def time(self) -> float:
        return time.time() + self._ahead

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    def of_relay(self, found: Relay) -> None:
        for lane in found.lanes.values():
            lane._clock, lane._wall_clock = self.monotonic, self.time
            lane._queue._wall_clock = self.time

    def go_on(self, seconds: int) -> None:
        self._ahead += seconds
        self._server_clock.jump(self._ahead)


def has_got(found: Relay, other: Vendor, number: int) -> bool:
    found.step()
    return len(urls(other)) == number


def test_66_a_vendor_that_is_down_for_ten_minutes_gets_what_is_young_enough(
    server: RedisServer, clock: ServerClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(circuit_breaker, "BASE_SECONDS", 0.01)
    monkeypatch.setattr(circuit_breaker, "CAP_SECONDS", 0.01)
    now = TestClock(clock, monkeypatch)
    queue, port = queue_at(server), unused_port()
    down = destination_from(f"plausible+http://127.0.0.1:{port}/a-down.example")
    with vendor(ACCEPTING) as other:
        up = destination(other, "b-up.example")
        with relay(queue, down, up, connections=2) as found:
            now.of_relay(found)
            for minute in range(10):
                put(queue, pages(range(20 * minute, 20 * minute + 20), at=now.time()), pack=10)
                assert wait_until(partial(has_got, found, other, 20 * minute + 20))
                now.go_on(60)
            with vendor(ACCEPTING, port=port) as back:
                assert steps(found)
                # Those of the last four minutes are younger than five minutes.
                assert urls(back) == {str(number): 1 for number in range(120, 200)}
            assert account(server, 0) == {"accepted": 80, "expired": 120}
            assert account(server, 1) == {"accepted": 200}
        assert {*urls(other).values()} == {1}
