"""What a relay takes from the stream, and what it drops."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from footfall.delivery.redis.queue_keys import PUT
from footfall.destinations import Swetrix
from footfall.events import pack
from footfall.events.json import to_json
from footfall.events.pack import Pack
from footfall.model import ENGAGEMENT, HEARTBEAT, Engagement
from footfall.relay import stream_source
from footfall.relay.relay import RETRY_SECONDS
from tests.relay.queues import account, destination, pages, put, queue_at, relay, steps, urls
from tests.support import vendors
from tests.support.redis_server import RedisServer
from tests.support.vendors import vendor, wait_until

pytestmark = pytest.mark.server("redis-server")

KEY = "footfall:{example}:stream"
ACCEPTING = vendors.answering(vendors.answer())


def test_what_all_groups_have_taken_is_removed_from_the_server(server: RedisServer) -> None:
    queue = queue_at(server)
    put(queue, pages(range(500)))
    with vendor(ACCEPTING) as plausible, relay(queue, destination(plausible)) as found:
        assert steps(found)
        [*found._source.purge()]
        assert server.client.xlen(KEY) == 1
        assert account(server) == {"accepted": 500}


def test_what_is_too_old_is_counted_and_not_sent(server: RedisServer) -> None:
    queue = queue_at(server)
    with vendor(ACCEPTING) as plausible, relay(queue, destination(plausible)) as found:
        put(queue, pages(range(250)), pack=1)
        found._source._max_age = 0.0
        [*found._source.purge()]
        assert account(server) == {"expired": 250}
        assert steps(found)
        assert plausible.requests == []


def test_61_a_stream_that_has_vanished_begins_anew(server: RedisServer) -> None:
    queue = queue_at(server)
    with vendor(ACCEPTING) as plausible, relay(queue, destination(plausible)) as found:
        put(queue, pages(range(100)))
        server.client.delete(KEY)
        [*found._source.purge()]
        found.step()
        assert account(server) == {"trimmed": 100}
        put(queue, pages(range(100, 150)))
        assert steps(found)
        assert account(server) == {"accepted": 50, "trimmed": 100}
        server.client.delete(KEY)


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


def test_an_engagement_goes_to_whom_it_is_for(server: RedisServer) -> None:
    queue = queue_at(server)
    viewed: dict[str, Any] = {"name": ENGAGEMENT, "engagement": Engagement(3000, 50)}
    # The name of a prop, and a longer name, are not that of the event.
    other = replace(pages(range(1))[0], name="engagement ring", props={"name": "engagement"})
    put(queue, [*pages(range(7)), other, *(replace(each, **viewed) for each in pages(range(3)))])
    with vendor(ACCEPTING) as swetrix:
        project = Swetrix(pid="aUn1quEid-33", endpoint=swetrix.url)
        with relay(queue, project) as found:
            assert steps(found)
            assert account(server) == {"accepted": 8, "skipped": 3}


@pytest.fixture
def claims_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries of a relay that died are claimed at the next step."""
    monkeypatch.setattr(stream_source, "CLAIM_SECONDS", 0.0)
    monkeypatch.setattr(stream_source, "CLAIM_EVERY_SECONDS", 0.0)


def died_while_reading(server: RedisServer, group: str, times: int = 1) -> None:
    """Let relays read all that waits, and end before they acknowledge it."""
    server.client.xreadgroup(group, "dead", {KEY: ">"})
    for _ in range(times - 1):
        server.client.xautoclaim(KEY, group, "dead too", 0)


@pytest.mark.usefixtures("claims_at_once")
def test_what_a_relay_read_before_it_died_goes_to_another(server: RedisServer) -> None:
    queue = queue_at(server)
    with vendor(ACCEPTING) as plausible, relay(queue, destination(plausible)) as found:
        put(queue, pages(range(100)))
        died_while_reading(server, destination(plausible).name)
        assert account(server) == {"pending": 100}
        assert steps(found)
        assert account(server) == {"accepted": 100}
        assert {*urls(plausible).values()} == {1}


@pytest.mark.usefixtures("claims_at_once")
def test_82_an_entry_of_which_three_relays_died_is_given_up(server: RedisServer) -> None:
    queue = queue_at(server)
    with vendor(ACCEPTING) as plausible, relay(queue, destination(plausible)) as found:
        put(queue, pages(range(7)))
        died_while_reading(server, destination(plausible).name, times=3)
        put(queue, pages(range(10, 15)))
        assert steps(found)
        assert account(server) == {"accepted": 5, "dead": 7}
        [(_, note)] = server.client.xrange("footfall:{example}:dead")
        assert (note[b"n"], note[b"group"]) == (b"7", destination(plausible).name.encode())
        assert b"198.51" not in b"".join(note.values())


def test_82_an_entry_that_is_damaged_is_given_up_at_once(server: RedisServer) -> None:
    queue = queue_at(server)
    with vendor(ACCEPTING) as plausible, relay(queue, destination(plausible)) as found:
        put_entry(server, 9, version=1, body=b"damaged")
        put(queue, pages(range(5)))
        assert steps(found)
        assert account(server) == {"accepted": 5, "dead": 9}


def put_entry(server: RedisServer, number: int, *, version: int, body: bytes) -> None:
    """Put an entry as another version of footfall might."""
    keys = (KEY, "footfall:{example}:account")
    server.client.eval(PUT, 2, *keys, version, number, 0, "jz", body, 1000, 600_000)


@pytest.mark.usefixtures("claims_at_once")
def test_86_an_entry_of_a_later_version_waits_for_a_relay_that_knows_it(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = queue_at(server)
    body = Pack.of(b"\n".join(to_json(each).encode() for each in pages(range(3))), 0.0).body
    with vendor(ACCEPTING) as plausible:
        with relay(queue, destination(plausible)) as old:
            put_entry(server, 3, version=2, body=body)
            put(queue, pages(range(10, 15)))
            for _ in range(5):  # each claims it again
                old.step()
            assert wait_until(lambda: not old.lanes[destination(plausible).name].counters().queued)
            old._write_account()
            assert account(server) == {"accepted": 5, "pending": 3}
        monkeypatch.setattr(pack, "VERSION", 2)
        with relay(queue, destination(plausible)) as new:
            assert steps(new)
        assert account(server) == {"accepted": 8}


def test_86_an_entry_that_no_relay_knows_is_given_up_when_it_is_old(server: RedisServer) -> None:
    queue = queue_at(server)
    with vendor(ACCEPTING) as plausible, relay(queue, destination(plausible)) as found:
        put_entry(server, 3, version=2, body=b"")
        found.step()
        assert account(server) == {"pending": 3}
        found._source._max_age = -1.0
        assert wait_until(lambda: [*found._source.purge()] or "pending" not in account(server))
        assert account(server) == {"dead": 3}


@pytest.mark.usefixtures("claims_at_once")
def test_81_pending_entries_that_were_removed_are_in_the_account(server: RedisServer) -> None:
    queue = queue_at(server)
    with vendor(ACCEPTING) as plausible, relay(queue, destination(plausible)) as found:
        put(queue, pages(range(100)))
        died_while_reading(server, destination(plausible).name)
        server.client.xtrim(KEY, maxlen=0, approximate=False)
        put(queue, pages(range(200, 210)))
        assert steps(found)
        assert account(server) == {"accepted": 10, "trimmed": 100}


def test_83_an_acknowledgement_without_an_answer_costs_nothing(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = queue_at(server)
    with vendor(ACCEPTING) as plausible, relay(queue, destination(plausible)) as found:
        put(queue, pages(range(100)))
        acknowledge = found._source._acknowledge

        def broken(*arguments: Any) -> Any:
            acknowledge(*arguments)
            monkeypatch.undo()
            raise redis.ConnectionError("reset")

        monkeypatch.setattr(found._source, "_acknowledge", broken)
        assert found.step() == RETRY_SECONDS
        assert steps(found)
        assert account(server) == {"accepted": 100}
        assert {*urls(plausible).values()} == {1}


def test_84_clocks_that_differ_make_no_event_older(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The web host's clock is an hour behind.
    queue = queue_at(server)
    behind = time.time() - 3600
    clock = SimpleNamespace(time=lambda: behind)
    monkeypatch.setattr("footfall.delivery.redis.transport.time", clock)
    with vendor(ACCEPTING) as plausible, relay(queue, destination(plausible)) as found:
        put(queue, pages(range(3), at=behind - 10))
        put(queue, pages(range(3, 5), at=behind - 400))
        assert steps(found)
        assert account(server) == {"accepted": 3, "expired": 2}
