"""What a relay takes from the stream, and what it drops."""

from __future__ import annotations

from dataclasses import replace

import pytest

from footfall.model import HEARTBEAT
from tests.relay.queues import account, destination, pages, put, queue_at, relay, steps
from tests.support import vendors
from tests.support.redis_server import RedisServer
from tests.support.vendors import vendor, wait_until

pytestmark = pytest.mark.server("redis-server")

ACCEPTING = vendors.answering(vendors.answer())


def test_what_all_groups_have_taken_is_removed_from_the_server(server: RedisServer) -> None:
    queue = queue_at(server)
    put(queue, pages(range(500)))
    with vendor(ACCEPTING) as plausible, relay(queue, destination(plausible)) as found:
        assert steps(found)
        [*found._source.purge()]
        assert server.client.xlen("footfall:{example}:stream") == 1
        assert account(server) == {"accepted": 500}


def test_what_is_too_old_is_counted_and_not_sent(server: RedisServer) -> None:
    queue = queue_at(server, max_age_seconds=1)
    with vendor(ACCEPTING) as plausible, relay(queue, destination(plausible)) as found:
        put(queue, pages(range(100)))
        assert wait_until(lambda: server.client.time()[0] - _last(server) > 1.1)
        [*found._source.purge()]
        assert account(server) == {"expired": 100}
        assert steps(found)
        assert plausible.requests == []


def _last(server: RedisServer) -> float:
    [(entry_id, _)] = server.client.xrevrange("footfall:{example}:stream", count=1)
    return int(entry_id.partition(b"-")[0]) / 1000


def test_a_group_that_comes_later_counts_what_it_can_still_get(server: RedisServer) -> None:
    queue = queue_at(server)
    with vendor(ACCEPTING) as plausible:
        put(queue, pages(range(100)))
        with relay(queue, destination(plausible)) as found:
            assert steps(found)
            [*found._source.purge()]
            put(queue, pages(range(100, 150)))
            with relay(queue, destination(plausible, "later.example")) as later:
                assert steps(later)
            assert account(server, 1) == {"accepted": 100}
            assert steps(found)
            assert account(server, 0) == {"accepted": 150}


def test_a_heartbeat_goes_to_whom_it_is_for(server: RedisServer) -> None:
    queue = queue_at(server)
    beats = [replace(each, name=HEARTBEAT) for each in pages(range(3))]
    put(queue, [*pages(range(7)), *beats])
    with vendor(ACCEPTING) as plausible, relay(queue, destination(plausible)) as found:
        assert steps(found)
        assert account(server) == {"accepted": 7, "skipped": 3}
