"""Queues for tests: what is in them, relays in this process, and the accounts."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from footfall.delivery.redis.transport import RedisTransport
from footfall.destinations import Destination, RedisStream, destination_from
from footfall.events.json import to_json
from footfall.model import Event, Request, Visitor
from footfall.relay.relay import Relay
from footfall.relay.status import read_status
from tests.support.redis_server import STREAM, RedisServer
from tests.support.vendors import Vendor


def queue_at(server: RedisServer, **options: Any) -> RedisStream:
    return RedisStream(url=f"redis://127.0.0.1:{server.port}/0", stream=STREAM, **options)


def pages(numbers: Sequence[int], at: float | None = None) -> list[Event]:
    """Pageviews of pages with these numbers, each of another visitor."""
    at = time.time() if at is None else at
    return [
        Event(
            url=f"https://example.com/{number}",
            visitor=Visitor(
                client_ip=f"198.51.{number // 250 % 250}.{number % 250 + 1}", user_agent="Mozilla"
            ),
            time=at,
        )
        for number in numbers
    ]


def put(queue: RedisStream, events: Sequence[Event], pack: int = 50) -> None:
    """Put events into the queue, in packs, as a web process does."""
    transport = RedisTransport(queue)
    for first in range(0, len(events), pack):
        lines = b"\n".join(to_json(event).encode() for event in events[first : first + pack])
        response = transport.send(Request(url="", headers={}, body=lines))
        assert response.status == 200, response
    transport.close()


def line_of(vendor: Vendor, site: str = "example.com") -> str:
    return vendor.url.replace("http://", "plausible+http://") + f"/{site}"


def destination(vendor: Vendor, site: str = "example.com") -> Destination:
    return destination_from(line_of(vendor, site))


def urls(vendor: Vendor) -> Counter[str]:
    """How often the vendor got an event of each page."""
    return Counter(re.findall(r'example\.com/([^"]+)"', b"\n".join([*vendor.requests]).decode()))


def account(server: RedisServer, group: int = 0) -> dict[str, int]:
    """The counters of a group that are not zero.

    Raises:
        AssertionError: they do not add up, or one is negative.
    """
    found = read_status(server.client, STREAM).groups[group]
    counters = found.numbers
    assert found.produced + found.repeated == sum(counters.values()), found
    assert min(counters.values()) >= 0, found
    return {name: number for name, number in counters.items() if number}


@contextmanager
def relay(queue: RedisStream, *destinations: Destination, **options: Any) -> Iterator[Relay]:
    """A relay that has joined, and makes a step when the test says so."""
    found = Relay(queue, destinations, **options)
    found.check()
    try:
        yield found
    finally:
        found.close(1.0)


@contextmanager
def running(server: RedisServer, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The program; it has joined the queue when the block begins."""
    command = [sys.executable, "-m", "footfall", "relay", server.line, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        assert any(line.startswith("Delivering from redis:example") for line in process.stdout)
        yield process
    finally:
        process.kill()
        process.communicate()


def steps(found: Relay, seconds: float = 20.0) -> bool:
    """Make steps until nothing waits or is in flight. False if that takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found.step()
        if all(lane.is_empty for lane in found.lanes.values()) and not waiting(found):
            found._write_account()
            return True
        time.sleep(0.001)
    return False


def waiting(found: Relay) -> int:
    groups = read_status(found._source.client, STREAM).groups
    return sum(each.waiting + each.pending for each in groups if each.name in found.lanes)
