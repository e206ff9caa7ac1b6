"""The keys of a queue, and what its scripts leave behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis.crc import key_slot
from redis.exceptions import ResponseError

from footfall.delivery.redis.queue_keys import (
    ACK,
    COUNT,
    JOIN,
    LEAVE,
    READ,
    REGISTER,
    RENEW,
    QueueKeys,
)
from tests.support.redis_server import BOTH_ENGINES, RedisServer, redis_server

KEYS = QueueKeys("example")
GROUP = KEYS.group_account("g")


@pytest.fixture(scope="module", params=BOTH_ENGINES)
def shared_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("engine"), command=request.param) as running:
        yield running


def test_all_keys_of_a_queue_are_on_one_node_of_a_cluster() -> None:
    keys = [KEYS.stream, KEYS.account, KEYS.dead, KEYS.group_account("plausible:example.com")]
    assert len({key_slot(key.encode()) for key in keys}) == 1
    assert key_slot(QueueKeys("other").stream.encode()) != key_slot(KEYS.stream.encode())


def put(server: RedisServer, *numbers: int) -> None:
    for total, number in enumerate(numbers, 1):
        fields = {"n": number, "t": sum(numbers[:total])}
        server.client.xadd(KEYS.stream, fields, id=f"1-{total}")
    server.client.hset(KEYS.account, "produced", sum(numbers))


def test_entries_are_read_until_they_have_enough_events(server: RedisServer) -> None:
    put(server, 5, 5, 5, 1)
    server.client.xgroup_create(KEYS.stream, "g", "0")
    for most, expected in ((6, 2), (1, 1), (9, 1), (9, 0)):
        found = server.client.eval(READ, 1, KEYS.stream, "g", "c", most, 100)
        assert len(found) == expected


def test_an_entry_is_acknowledged_by_one_relay(server: RedisServer) -> None:
    put(server, 5)
    server.client.xgroup_create(KEYS.stream, "g", "0")
    server.client.xreadgroup("g", "one", {KEYS.stream: ">"})
    for consumer, expected in (("one", [1]), ("two", [0])):
        server.client.eval(REGISTER, 1, GROUP, consumer, 0)
        arguments = ("g", f"taken:{consumer}", consumer, "1-1", 5)
        assert server.client.eval(ACK, 2, KEYS.stream, GROUP, *arguments) == expected
    assert server.client.hmget(GROUP, "taken:one", "taken:two") == [b"5", b"0"]


def test_a_relay_whose_account_is_lost_opens_another_first(server: RedisServer) -> None:
    put(server, 5)
    server.client.xgroup_create(KEYS.stream, "g", "0")
    server.client.xreadgroup("g", "c", {KEYS.stream: ">"})
    arguments = (2, KEYS.stream, GROUP, "g", "taken:c", "c", "1-1", 5)
    with pytest.raises(ResponseError, match="UNREGISTERED"):
        server.client.eval(ACK, *arguments)
    assert server.client.eval(COUNT, 1, GROUP, "c", "accepted", 1) == 0
    assert not server.client.exists(GROUP)
    # Three of an account that is lost are in its memory.
    server.client.eval(REGISTER, 1, GROUP, "c", 3)
    assert server.client.eval(ACK, *arguments) == [1]
    assert server.client.hmget(GROUP, "taken:c", "before") == [b"8", b"-3"]


def test_only_its_own_entries_are_renewed(server: RedisServer) -> None:
    put(server, 5, 5)
    server.client.xgroup_create(KEYS.stream, "g", "0")
    server.client.xreadgroup("g", "one", {KEYS.stream: ">"})
    server.client.xclaim(KEYS.stream, "g", "two", 0, ["1-2"], idle=50_000, justid=True)
    assert server.client.eval(RENEW, 1, KEYS.stream, "g", "one", "1-1", "1-2", "9-9") == [1, 0, 0]
    found = server.client.xpending_range(KEYS.stream, "g", "-", "+", 2)
    assert [each["consumer"] for each in found] == [b"one", b"two"]
    assert [each["times_delivered"] for each in found] == [1, 1]


def test_a_group_begins_with_the_oldest_entry(server: RedisServer) -> None:
    put(server, 5, 7)
    server.client.xdel(KEYS.stream, "1-1")
    server.client.eval(JOIN, 3, KEYS.stream, GROUP, KEYS.account, "g")
    assert server.client.hgetall(GROUP) == {b"before": b"5"}
    server.client.delete(KEYS.stream, GROUP)
    server.client.eval(JOIN, 3, KEYS.stream, GROUP, KEYS.account, "g")
    assert server.client.hgetall(GROUP) == {b"before": b"12"}


def test_a_relay_that_leaves_adds_its_counters_to_the_groups(server: RedisServer) -> None:
    server.client.hset(GROUP, mapping={"accepted": 1, "seen:c": 1, "taken:c": 10, "taken:c2": 3})
    server.client.eval(COUNT, 1, GROUP, "c", "accepted", 6, "failed", 1)
    server.client.eval(COUNT, 1, GROUP, "c", "accepted", 7, "failed", 1)
    server.client.eval(LEAVE, 1, GROUP, "c")
    assert server.client.hgetall(GROUP) == {
        b"accepted": b"8",
        b"failed": b"1",
        b"lost": b"2",
        b"taken:c2": b"3",
    }


def test_a_full_server_still_counts(server: RedisServer) -> None:
    put(server, 5)
    server.client.xgroup_create(KEYS.stream, "g", "0")
    server.client.xreadgroup("g", "c", {KEYS.stream: ">"})
    server.client.eval(REGISTER, 1, GROUP, "c", 5)
    server.client.config_set("maxmemory", "1")
    try:
        assert server.client.eval(ACK, 2, KEYS.stream, GROUP, "g", "expired", "", "1-1", 5) == [1]
        assert server.client.eval(COUNT, 1, GROUP, "c", "accepted", 5) == 1
        server.client.eval(LEAVE, 1, GROUP, "c")
    finally:
        server.client.config_set("maxmemory", "0")
    assert server.client.hmget(GROUP, "expired", "accepted") == [b"5", b"5"]
