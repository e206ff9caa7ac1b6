"""The client of redis-py for a queue, and the errors at the start where there can be none."""

from __future__ import annotations

import sys

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
    ],
)
def test_a_line_that_redis_py_refuses_is_told_at_the_start(line: str, remedy: str) -> None:
    with pytest.raises(ConfigError, match=remedy):
        Tracker.from_options({"destinations": [line]}, environ={})


def test_without_redis_py_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigError, match=r"footfall\[redis\]"):
        connect(RedisStream(url="redis://h/0", stream="a"))


def test_a_wait_is_bounded_unless_the_line_says_otherwise() -> None:
    for line, seconds in (("redis://h/0", 1.0), ("redis://h/0?socket_timeout=3", 3.0)):
        client = connect(RedisStream(url=line, stream="a"))
        assert client.get_connection_kwargs()["socket_timeout"] == seconds
