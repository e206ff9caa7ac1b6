"""What a web process does while the server of its queue has a fault."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from footfall.delivery.redis.transport import RedisTransport
from footfall.destinations import RedisStream, destination_from
from footfall.errors import NotSent, TimedOut
from footfall.events.pack import Pack
from footfall.model import Request
from tests.support import vendors
from tests.support.faults import watched_site
from tests.support.redis_server import STREAM, RedisServer
from tests.support.vendors import wait_until
from tests.support.waiting import LONG_SECONDS

pytestmark = pytest.mark.server("redis-server")

KEY = "footfall:{example}:stream"
LINES = Request(url="", headers={}, body=b'{"n":1}\n{"n":2}')


def queue_of(server: RedisServer, **options: Any) -> RedisStream:
    return RedisStream(
        url=f"redis://127.0.0.1:{server.port}/0?socket_timeout=0.2", stream=STREAM, **options
    )


def test_a_pack_is_one_entry_with_the_number_of_all_events(server: RedisServer) -> None:
    transport = RedisTransport(queue_of(server))
    for _ in range(3):
        assert transport.send(LINES).status == 200
    entries = server.client.xrange(KEY)
    assert [Pack.from_fields(fields).lines() for _, fields in entries] == [
        ['{"n":1}', '{"n":2}']
    ] * 3
    assert [int(fields[b"t"]) for _, fields in entries] == [2, 4, 6]
    assert server.client.hget("footfall:{example}:account", "produced") == b"6"
    assert 590_000 < server.client.pttl(KEY) <= 600_000


def test_entries_that_are_too_many_or_too_old_are_removed(server: RedisServer) -> None:
    transport = RedisTransport(queue_of(server, max_age_seconds=1, max_entries=300))
    server.client.xadd(KEY, {"old": 1}, id="1-1")
    assert transport.send(LINES).status == 200
    assert server.client.xlen(KEY) == 1
    for _ in range(500):
        transport.send(LINES)
    # Whole nodes of a hundred are removed.
    assert server.client.xlen(KEY) <= 400
    assert wait_until(lambda: not server.client.exists(KEY), 10)


def test_no_server_is_a_request_that_was_not_sent() -> None:
    queue = RedisStream(url=f"redis://127.0.0.1:{vendors.unused_port()}/0", stream="a")
    with pytest.raises(NotSent):
        RedisTransport(queue).send(LINES)


def test_a_server_that_does_not_answer_may_have_it(server: RedisServer) -> None:
    transport = RedisTransport(queue_of(server))
    transport.send(LINES)
    server.pause()
    try:
        with pytest.raises(TimedOut):
            transport.send(LINES)
    finally:
        server.go_on()
    assert wait_until(lambda: server.client.xlen(KEY) == 2)


def test_what_a_server_refuses_was_not_put(server: RedisServer) -> None:
    transport = RedisTransport(queue_of(server))
    server.client.config_set("maxmemory", "1")
    try:
        assert transport.send(LINES).status == 503
    finally:
        server.client.config_set("maxmemory", "0")
    assert server.client.dbsize() == 0
    server.client.set(KEY, "of another program")
    assert b"WRONGTYPE" in transport.send(LINES).body
    assert server.client.hget("footfall:{example}:account", "produced") is None


def test_a_wrong_password_is_told_from_a_fault_that_passes(server: RedisServer) -> None:
    url = f"redis://someone:wrong@127.0.0.1:{server.port}/0"
    transport = RedisTransport(RedisStream(url=url, stream="a"))
    assert transport.send(LINES).status == 401


def test_the_scripts_are_loaded_again_by_a_server_that_was_restarted(server: RedisServer) -> None:
    transport = RedisTransport(queue_of(server))
    transport.send(LINES)
    server.client.script_flush()
    assert transport.send(LINES).status == 200


def test_67_while_the_server_is_full_events_wait_and_go_when_it_has_space(
    server: RedisServer,
) -> None:
    with watched_site(server.line, environ={}) as site:
        server.client.config_set("maxmemory", "1")
        try:
            site.visits(300)
            site.tracker.process_all()
            name = destination_from(server.line).name
            assert wait_until(lambda: site.tracker.stats()["destinations"][name]["retried"])
            assert site.counts() == {"queued": 300}
        finally:
            server.client.config_set("maxmemory", "0")
        assert site.tracker.flush(5.0)
        assert site.counts() == {"accepted": 300}
    assert server.client.hget("footfall:{example}:account", "produced") == b"300"


def test_while_the_server_is_away_no_request_packs_what_it_leaves(server: RedisServer) -> None:
    line = f"redis://127.0.0.1:{vendors.unused_port()}/0?stream={STREAM}"
    with watched_site(line, environ={}, max_queue=1000) as site:
        for _ in range(6):
            site.visits(250)
            assert wait_until(lambda: not site.tracker.stats()["waiting"])
        assert wait_until(lambda: site.counts() == {"queued": 1000, "dropped_full": 500})


def test_packs_that_are_refused_wait_all_of_them() -> None:
    line = f"redis://127.0.0.1:{vendors.unused_port()}/0?stream={STREAM}"
    with watched_site(line, environ={}, max_queue=300) as site:
        for _ in range(3):
            site.visits(100)
            site.tracker.process_all()
        name = destination_from(line).name
        assert wait_until(lambda: site.tracker.stats()["destinations"][name]["is_paused"])
        assert site.counts() == {"queued": 300}


def test_while_the_server_hangs_no_request_waits_and_every_event_is_counted(
    server: RedisServer,
) -> None:
    line = f"redis://127.0.0.1:{server.port}/0?stream={STREAM}&socket_timeout=0.05"
    with watched_site(line, environ={}, max_queue=100) as site:
        site.visit()
        site.tracker.flush(LONG_SECONDS)
        server.pause()
        try:
            for _ in range(4):
                site.visits(100)
                site.tracker.process_all()
            name = destination_from(line).name
            assert wait_until(lambda: site.tracker.stats()["destinations"][name]["is_paused"])
            counts = site.counts()
            assert counts["queued"] <= 100
            assert sum(counts.values()) == 401
            assert counts["unknown"] > 0
            assert counts["dropped_full"] > 0
        finally:
            server.go_on()


def test_a_host_without_answer_costs_a_thread_two_seconds_at_most() -> None:
    # A listener whose queue of connections is full does not answer.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(3)]
        for each in fillers:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        began = time.monotonic()
        with pytest.raises((NotSent, TimedOut)):
            RedisTransport(RedisStream(url=f"redis://127.0.0.1:{port}/0", stream="a")).send(LINES)
        assert time.monotonic() - began < 3.0
        for each in fillers:
            each.close()
