"""What `footfall relay check` says of a server."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from footfall.relay.server_check import check_server

GOOD = {
    "redis_version": "7.0.15",
    "maxmemory_policy": "noeviction",
    "aof_enabled": 1,
    "used_memory": 1_000_000,
    "maxmemory": 0,
}


def client(info: dict[str, Any], ahead: float = 0.0) -> Any:
    now = time.time() - ahead
    return SimpleNamespace(info=lambda: {**GOOD, **info}, time=lambda: (int(now), 0))


@pytest.mark.parametrize(
    ("info", "text"),
    [
        ({"redis_version": "6.0.9"}, "Redis 6.0.9 is too old"),
        ({"maxmemory_policy": "allkeys-lru"}, "set noeviction"),
        ({"maxmemory_policy": "allkeys-random"}, "deletes the whole queue"),
    ],
)
def test_a_server_that_cannot_hold_a_queue_is_a_fault(info: dict[str, Any], text: str) -> None:
    [found] = [each for each in check_server(client(info)) if each.is_fault]
    assert text in found.text


@pytest.mark.parametrize(
    ("info", "text"),
    [
        ({"maxmemory_policy": "volatile-lru"}, "has an expiry"),
        ({"aof_enabled": 0}, "no appendonly file"),
        ({"maxmemory": 1_100_000}, "little is left"),
    ],
)
def test_what_may_lose_events_is_a_warning(info: dict[str, Any], text: str) -> None:
    [found] = [each for each in check_server(client(info)) if each.is_warning]
    assert text in found.text
    assert not found.is_fault


def test_clocks_that_differ_are_a_warning() -> None:
    [found] = [each for each in check_server(client({}, ahead=60)) if each.is_warning]
    assert "ahead" in found.text


@pytest.mark.parametrize(
    ("info", "version"),
    [
        ({}, "Redis 7.0.15"),
        ({"redis_version": "6.2.0"}, "Redis 6.2.0"),
        ({"redis_version": "7.2.4", "valkey_version": "9.1.2"}, "Valkey 9.1.2"),
        ({"maxmemory": 10_000_000}, "7.0"),
    ],
)
def test_nothing_is_said_against_a_good_one(info: dict[str, Any], version: str) -> None:
    found = check_server(client(info))
    assert version in found[0].text
    assert not any(each.is_warning for each in found)
