"""Queues behind Sentinel, in a Cluster and over TLS: what is put is delivered once and counted."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from footfall.delivery.redis.transport import RedisTransport
from footfall.destinations import RedisStream
from footfall.errors import NotSent
from footfall.model import Event, Request
from footfall.relay.relay import Relay
from footfall.relay.status import read_status
from tests.relay.queues import destination, pages, put, relay, steps, urls
from tests.support import vendors
from tests.support.redis_groups import cluster, move_slot, sentinel, with_tls
from tests.support.redis_server import STREAM, RedisServer
from tests.support.vendors import vendor, wait_until

pytestmark = pytest.mark.server("redis-server")

ACCEPTING = vendors.answering(vendors.answer())
KEY = f"footfall:{{{STREAM}}}:stream"


def accepted(found: Relay) -> dict[str, int]:
    [group] = read_status(found._source.client, STREAM).groups
    assert group.produced == sum(group.numbers.values())
    return {name: number for name, number in group.numbers.items() if number}


def written(server: RedisServer) -> int:
    """How far a primary has written, or a replica has followed."""
    return int(server.client.info("replication")["master_repl_offset"])


def is_put(transport: RedisTransport, events: Sequence[Event], queue: RedisStream) -> bool:
    """Put events, unless the server refuses; as a lane does, which then tries again."""
    try:
        lines = b"\n".join(queue.request(each).body for each in events)
        return transport.send(Request(url="", headers={}, body=lines)).status == 200
    except NotSent:
        return False


def test_80_after_a_failover_the_queue_is_where_sentinel_says(tmp_path: Path) -> None:
    with sentinel(tmp_path) as group, vendor(ACCEPTING) as plausible:
        queue = RedisStream.from_line(group.line)
        primary, replica = group.servers
        with (
            closing(RedisTransport(queue)) as transport,
            relay(queue, destination(plausible)) as found,
        ):
            assert is_put(transport, pages(range(50)), queue)
            assert steps(found)
            assert is_put(transport, pages(range(50, 100)), queue)
            assert wait_until(lambda: written(primary) == written(replica))
            primary.kill()
            assert wait_until(lambda: is_put(transport, pages(range(100, 150)), queue), 30)
            assert replica.client.info()["role"] == "master"
            assert wait_until(lambda: found.step() < 1.0, 30)
            assert steps(found, 30)
            assert accepted(found) == {"accepted": 150}
        assert urls(plausible) == {str(number): 1 for number in range(150)}


def test_80_in_a_cluster_the_queue_is_found_wherever_its_slot_is(tmp_path: Path) -> None:
    with cluster(tmp_path) as group, vendor(ACCEPTING) as plausible:
        queue = RedisStream.from_line(group.line)
        with (
            closing(RedisTransport(queue)) as transport,
            relay(queue, destination(plausible)) as found,
        ):
            assert is_put(transport, pages(range(50)), queue)
            assert steps(found)
            assert is_put(transport, pages(range(50, 100)), queue)
            move_slot(group, KEY)
            # The first one is refused, and leads to the other node.
            assert wait_until(lambda: is_put(transport, pages(range(100, 150)), queue))
            assert group.servers[1].client.xlen(KEY) > 0
            assert wait_until(lambda: found.step() < 1.0)
            assert steps(found)
            assert accepted(found) == {"accepted": 150}
        assert urls(plausible) == {str(number): 1 for number in range(150)}


@pytest.mark.parametrize("kind", ["redis+sentinel", "redis+cluster"])
def test_servers_that_are_away_are_a_pack_that_was_not_sent(kind: str) -> None:
    line = f"{kind}://127.0.0.1:{vendors.unused_port()}/{'name' if 'sent' in kind else ''}?stream=a"
    queue = RedisStream.from_line(line)
    with pytest.raises(NotSent):
        RedisTransport(queue).send(Request(url="", headers={}, body=b"{}"))


def test_over_tls_the_certificate_is_verified(tmp_path: Path) -> None:
    with with_tls(tmp_path) as group, vendor(ACCEPTING) as plausible:
        queue = RedisStream.from_line(group.line)
        put(queue, pages(range(100)))
        with relay(queue, destination(plausible)) as found:
            assert steps(found)
            assert accepted(found) == {"accepted": 100}
        stranger = RedisStream.from_line(group.line.partition("&")[0])
        with pytest.raises(NotSent, match=r"(?i)certificate"):
            RedisTransport(stranger).send(Request(url="", headers={}, body=b"{}"))
