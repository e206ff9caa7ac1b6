"""The client of redis-py for a queue, and the errors at the start where there can be none."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from footfall.delivery.redis.client import connect
from footfall.destinations import RedisStream
from footfall.errors import ConfigError
from footfall.tracker import Tracker


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("redis://h/0?stream=a&sock_timeout=1", "did you mean socket_timeout"),
        ("redis://h/0?stream=a&socket_timeout=soon", "socket_timeout"),
        ("redis://h/0?stream=a&max_age=60", "did you mean max_age_seconds"),
        ("redis+sentinel://h/name?stream=a&sock_timeout=1", "did you mean socket_timeout"),
        ("redis+cluster://h?stream=a&db=1", "no database but 0"),
    ],
)
def test_a_line_that_redis_py_refuses_is_told_at_the_start(line: str, remedy: str) -> None:
    with pytest.raises(ConfigError, match=remedy):
        Tracker.from_options({"destinations": [line]}, environ={})


def test_without_redis_py_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigError, match=r"footfall\[redis\]"):
        connect(RedisStream(url="redis://h/0", stream="a"))


def test_behind_sentinel_its_own_login_is_another() -> None:
    line = "rediss+sentinel://u:p@h1,h2:99/name/2?sentinel_password=s&ssl_ca_certs=/ca.pem"
    pool: Any = connect(RedisStream(url=line, stream="a")).connection_pool
    own = pool.connection_kwargs
    assert (own["username"], own["password"], own["db"]) == ("u", "p", 2)
    found = [each.connection_pool.connection_kwargs for each in pool.sentinel_manager.sentinels]
    assert [(each["host"], each["port"], each["password"]) for each in found] == [
        ("h1", 26379, "s"),
        ("h2", 99, "s"),
    ]
    assert {each["ssl_ca_certs"] for each in (own, *found)} == {"/ca.pem"}


def test_a_wait_is_bounded_unless_the_line_says_otherwise() -> None:
    for line, seconds in (("redis://h/0", 1.0), ("redis://h/0?socket_timeout=3", 3.0)):
        client = connect(RedisStream(url=line, stream="a"))
        assert client.get_connection_kwargs()["socket_timeout"] == seconds
