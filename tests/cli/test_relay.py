"""`footfall relay` as a program: it delivers, stops, and shows the account."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from footfall import cli
from tests.relay.conftest import server, shared_server
from tests.relay.queues import (
    account,
    destination,
    line_of,
    pages,
    put,
    queue_at,
    running,
    urls,
)
from tests.support import vendors
from tests.support.redis_server import RedisServer
from tests.support.vendors import unused_port, vendor, wait_until

pytestmark = pytest.mark.server("redis-server")

__all__ = ["server", "shared_server"]

ACCEPTING = vendors.answering(vendors.answer())


def test_it_delivers_until_sigterm_and_counts_everything(
    server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = vendors.slow(0.05, vendors.answer())
    with vendor(slow) as plausible, running(server, "--to", line_of(plausible)) as process:
        put(queue_at(server), pages(range(300)))
        assert wait_until(lambda: len(plausible.requests) > 20)
        name = destination(plausible).name
        process.send_signal(signal.SIGTERM)
        code = process.wait(10)
        found = account(server)
        assert found.keys() <= {"accepted", "waiting", "lost"}
        # On a machine that is slow enough an answer comes too late.
        assert code == int("lost" in found)
        assert {*urls(plausible).values()} == {1}
        assert len(plausible.requests) <= found["accepted"] + found.get("lost", 0)
    assert cli.main(["relay", "status", server.line]) == 0
    assert f"accepted           {found['accepted']:>12,}" in capsys.readouterr().out
    assert cli.main(["relay", "status", server.line, "--json"]) == 0
    [group] = json.loads(capsys.readouterr().out)["groups"]
    assert group["name"] == name
    assert group["accepted"] == found["accepted"]


def test_a_queue_that_nobody_reads_has_a_status(
    server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    put(queue_at(server), pages(range(3)))
    assert cli.main(["relay", "status", server.line]) == 0
    assert capsys.readouterr().out == (
        f"redis:example@127.0.0.1:{server.port}: 3 events were put, 1 entries are kept\n"
        "  no relay has read from it yet\n"
    )


def test_it_refuses_a_server_that_would_delete_the_queue(
    server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["relay", "check", server.line]) == 0
    assert "ok       eviction: noeviction" in capsys.readouterr().out
    server.client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert cli.main(["relay", "check", server.line]) == 1
        assert "fault    eviction: maxmemory-policy is allkeys-lru" in capsys.readouterr().out
        with signals_kept():
            assert cli.main(["relay", server.line, *TO]) == 2
        assert "set noeviction" in capsys.readouterr().err
    finally:
        server.client.config_set("maxmemory-policy", "noeviction")
    assert server.client.keys() == []


def test_what_was_given_up_is_shown(
    server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["relay", "dead", server.line]) == 0
    assert capsys.readouterr().out == "No entry was given up.\n"
    note = {"id": "1-1", "group": "g", "reason": "\x1b[1m", "n": 3, "v": 1, "c": "jz", "bytes": 9}
    encrypted = {**note, "reason": "no key", "c": "jz/2026-11", "b": b"198.51.100.7"}
    server.client.xadd("footfall:{example}:dead", note, id="1764486045999-0")
    server.client.xadd("footfall:{example}:dead", encrypted, id="1764486046000-0")
    for options in ([], ["--show"]):
        assert cli.main(["relay", "dead", server.line, *options]) == 0
        assert capsys.readouterr().out == (
            "2025-11-30T07:00:46Z 3 events for g, put at 1970-01-01T00:00:00Z, kept, "
            "key 2026-11: no key\n"
            "2025-11-30T07:00:45Z 3 events for g, put at 1970-01-01T00:00:00Z, not kept: "
            "\\x1b[1m\n"
        )
    assert cli.main(["relay", "dead", server.line, "--show", "--json"]) == 0
    newest, oldest = json.loads(capsys.readouterr().out)
    assert oldest == {
        "id": "1-1",
        "group": "g",
        "reason": "\x1b[1m",
        "events": 3,
        "put_at": "1970-01-01T00:00:00Z",
        "given_up_at": "2025-11-30T07:00:45Z",
        "version": 1,
        "codec": "jz",
        "key_id": "",
        "bytes": 9,
        "is_kept": False,
    }
    assert (newest["key_id"], newest["is_kept"], "b" in newest) == ("2026-11", True, False)
    assert cli.main(["relay", "dead", server.line, "--replay", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"events": 3, "entries_left": 1}


@contextmanager
def signals_kept() -> Iterator[None]:
    """Give the test process its own handlers back."""
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def test_what_has_a_password_may_be_in_variables(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOOTFALL_QUEUE", server.line)
    monkeypatch.setenv("FOOTFALL_DESTINATIONS", server.line)
    assert cli.main(["relay", "status"]) == 0
    assert capsys.readouterr().out.startswith("redis:example@127.0.0.1")
    with signals_kept():
        assert cli.main(["relay"]) == 2
    assert "to no queue" in capsys.readouterr().err


TO = ("--to", "plausible://plausible.io/example.com")
QUEUE = f"redis://127.0.0.1:{unused_port()}/0?stream=a"


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ((QUEUE,), 2, "--to plausible://"),
        ((QUEUE, "--to", QUEUE), 2, "to no queue"),
        ((QUEUE, *TO, *TO), 2, "twice"),
        ((QUEUE, *TO, "--connections", "0"), 2, "from 1 to 1000"),
        ((QUEUE, *TO, "--health", "9100x"), 2, "write a port"),
        (("plausible://plausible.io/example.com", *TO), 2, "no queue: plausible://"),
        (("state", QUEUE), 2, "one of status, check, dead before"),
        ((), 2, "FOOTFALL_QUEUE"),
        (("status", "redis://h/0"), 2, "name the stream"),
        ((QUEUE, *TO), 1, "refused"),
        (("status", QUEUE), 1, "refused"),
    ],
)
def test_what_cannot_work_is_told(
    arguments: Any, code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with signals_kept():
        assert cli.main(["relay", *arguments]) == code
    assert text in capsys.readouterr().err
