"""A stream of Redis as a destination: its line, what is put there, and what the server says."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.destinations import Only, RedisStream, destination_from, is_local, queue_of
from footfall.errors import ConfigError
from footfall.events.json import from_json
from footfall.model import ACCEPTED, OutcomeKind, Response
from tests.destinations.support import PAGEVIEW, REDIS


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("redis://h:6379/0?stream=a", RedisStream(url="redis://h:6379/0", stream="a")),
        (
            "rediss://u:p@h/1?stream=a&socket_timeout=3&max_age_seconds=60",
            RedisStream(url="rediss://u:p@h/1?socket_timeout=3", stream="a", max_age_seconds=60.0),
        ),
        (
            "unix:///run/redis.sock?stream=a.b-c&db=2&heartbeats=true&max_entries=5",
            RedisStream(
                url="unix:///run/redis.sock?db=2", stream="a.b-c", heartbeats=True, max_entries=5
            ),
        ),
        (
            "redis+sentinel://u:p@h1:26379,h2/mymaster/2?stream=a",
            RedisStream(url="redis+sentinel://u:p@h1:26379,h2/mymaster/2", stream="a"),
        ),
        (
            "rediss+cluster://h1:7000,h2:7001?stream=a",
            RedisStream(url="rediss+cluster://h1:7000,h2:7001", stream="a"),
        ),
    ],
)
def test_a_line_describes_a_stream(line: str, expected: RedisStream) -> None:
    assert destination_from(line) == expected


@pytest.mark.parametrize(
    ("line", "remedy"),
    [
        ("redis://h:6379/0", "name the stream"),
        ("redis://h/0?stream=", "write letters"),
        ("redis://h/0?stream=a{b}", "write letters"),
        ("redis://h/0?stream=a&max_age_seconds=0", "write seconds"),
        ("redis://h/0?stream=a&max_entries=none", "write a whole number"),
        ("redis://h/0?stream=a&heartbeats=perhaps", "write True or False"),
        ("redi://h/0?stream=a", "did you mean redis"),
        ("redis://?stream=a", "write a URL"),
        ("redis+sentinel://h1,h2?stream=a", "SERVICE"),
        ("redis+cluster://h1,h2/1?stream=a", "redis\\+cluster://HOST"),
        ("redis+socket://h1?stream=a", "did you mean redis"),
    ],
)
def test_a_line_that_cannot_work_is_refused(line: str, remedy: str) -> None:
    with pytest.raises(ConfigError, match=remedy):
        destination_from(line)


def test_neither_its_names_nor_its_errors_show_the_password() -> None:
    assert REDIS.name == "redis:example@queue.example:6379"
    assert REDIS.endpoint == "redis://queue.example:6379/0"
    with pytest.raises(ConfigError) as raised:
        destination_from("redis://user:secret@h/0")
    shown = f"{REDIS!r} {REDIS.warnings} {REDIS.request(PAGEVIEW)!r} {raised.value}"
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("line", "number"),
    [
        *[("redis://localhost/0", 0), ("rediss://h/0", 0), ("redis://h/0", 1), ("unix:///s", 0)],
        ("redis+sentinel://u:p@localhost,127.0.0.1:1/name", 0),
        ("redis+cluster://localhost,h", 1),
        ("rediss+cluster://h", 0),
    ],
)
def test_addresses_that_cross_a_network_unencrypted_are_warned_of(line: str, number: int) -> None:
    assert len(RedisStream(url=line, stream="a").warnings) == number


def test_what_is_put_there_does_not_stay_on_this_machine() -> None:
    queue = RedisStream(url="redis://127.0.0.1:6379/0", stream="a")
    assert not is_local(queue)
    assert queue_of(Only(to=queue, events=["pageview"])) is queue


def test_events_go_as_lines() -> None:
    requests = [REDIS.request(PAGEVIEW), REDIS.request(PAGEVIEW)]
    assert [*map(from_json, REDIS.batch_request(requests).body.decode().split("\n"))] == [
        from_json(requests[0].body.decode())
    ] * 2


@pytest.mark.parametrize(
    ("response", "kind", "pauses"),
    [
        (Response(status=503, body=b"OOM command not allowed"), OutcomeKind.RETRY, False),
        (Response(status=401, body=b"invalid password"), OutcomeKind.RETRY, True),
        (Response(status=503, body=b"WRONGTYPE Operation against"), OutcomeKind.RETRY, True),
        (Response(status=500), OutcomeKind.REJECTED, False),
    ],
)
def test_what_the_server_refused_is_put_again(response: Any, kind: Any, pauses: bool) -> None:
    outcome = REDIS.read(response)
    assert (outcome.kind, outcome.pause) == (kind, pauses)
    assert REDIS.read_batch(Response(status=200), 2) == [ACCEPTED, ACCEPTED]
