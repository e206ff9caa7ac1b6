"""Queues whose events are encrypted: what lies in the server, and who delivers it."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator

import pytest

from footfall import cli
from footfall.destinations import destination_from
from footfall.errors import ConfigError
from footfall.relay import stream_source
from footfall.tracker import Tracker
from tests.relay.queues import account, destination, pages, put, queue_at, relay, steps, urls
from tests.support import vendors
from tests.support.redis_server import RedisServer
from tests.support.vendors import unused_port, vendor, wait_until

pytestmark = pytest.mark.server("redis-server")

KEY = "footfall:{example}:stream"
ACCEPTING = vendors.answering(vendors.answer())
OLD, NEW = (f"{name}:{base64.b64encode(name.encode() * 8).decode()}" for name in ("2025", "2026"))


@pytest.fixture(autouse=True)
def claims_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_source, "CLAIM_SECONDS", 0.0)
    monkeypatch.setattr(stream_source, "CLAIM_EVERY_SECONDS", 0.0)


def stored(server: RedisServer) -> Iterator[bytes]:
    """All that the server has, as it would write it to a file."""
    server.client.config_set("rdbcompression", "no")
    for key in server.client.scan_iter():
        yield server.client.dump(key)


def test_no_address_is_in_the_server(server: RedisServer) -> None:
    queue = queue_at(server, keys=NEW)
    put(queue, pages(range(100)), pack=1)
    to = destination_from(f"plausible+http://127.0.0.1:{unused_port()}/example.com")
    with relay(queue, to, connections=2) as found:
        assert wait_until(lambda: found.step() and found.lanes[to.name].is_paused)
        assert found.close(1.0)
    assert account(server) == {"waiting": 100}
    assert server.client.llen(f"footfall:{{example}}:returned:{to.name}") > 0
    everything = b"".join(stored(server))
    assert len(everything) > 10_000
    assert b"198.51" not in everything
    assert b"Mozilla" not in everything


def test_after_a_rotation_what_waits_is_still_read(server: RedisServer) -> None:
    put(queue_at(server, keys=OLD), pages(range(50)))
    put(queue_at(server, keys=NEW), pages(range(50, 100)))
    rotated = queue_at(server, keys=f"{NEW},{OLD}")
    with vendor(ACCEPTING) as plausible, relay(rotated, destination(plausible)) as found:
        assert steps(found)
        assert account(server) == {"accepted": 100}
        assert urls(plausible) == {str(number): 1 for number in range(100)}


def test_86_what_a_relay_has_no_key_for_waits_for_one_that_has(server: RedisServer) -> None:
    put(queue_at(server, keys=NEW), pages(range(7)))
    put(queue_at(server), pages(range(10, 15)))
    with vendor(ACCEPTING) as plausible:
        to = destination(plausible)
        with relay(queue_at(server, keys=OLD), to) as found:
            assert wait_until(lambda: found.step() and len(plausible.requests) == 5)
            assert wait_until(lambda: found.lanes[to.name].is_empty)
        assert account(server) == {"accepted": 5, "pending": 7}
        with relay(queue_at(server, keys=NEW), to) as found:
            assert steps(found)
        assert account(server) == {"accepted": 12}


def test_what_was_returned_waits_for_a_relay_with_the_key(server: RedisServer) -> None:
    queue = queue_at(server, keys=NEW)
    with vendor(ACCEPTING) as plausible:
        to = destination(plausible)
        with relay(queue, to) as found:
            found._source.give_back(to.name, pages(range(250)))
        with relay(queue_at(server), to) as found:
            for _ in range(3):
                found.step()
            assert plausible.requests == []
        with relay(queue, to) as found:
            assert wait_until(lambda: found.step() and len(plausible.requests) == 250)


def test_what_was_given_up_can_be_delivered_again(
    server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = queue_at(server, keys=NEW)
    line = f"{server.line}&keys={NEW}"
    with vendor(ACCEPTING) as plausible:
        to = destination(plausible)
        with relay(queue, to) as found:
            put(queue_at(server), pages(range(20, 23)))
            put(queue, pages(range(7)))
            server.client.xreadgroup(to.name, "dead", {KEY: ">"})
            for _ in range(2):
                server.client.xautoclaim(KEY, to.name, "dead too", 0)
            assert steps(found)
            assert account(server) == {"dead": 10}
        assert b"198.51" not in b"".join(stored(server))
        assert cli.main(["relay", "dead", line, "--replay"]) == 0
        out = capsys.readouterr().out
        assert out.startswith("7 events wait again.\n1 entries cannot be delivered")
        assert account(server) == {"waiting": 7, "dead": 3}
        assert cli.main(["relay", "dead", line, "--replay"]) == 0
        assert capsys.readouterr().out.startswith("0 events wait again.")
        with relay(queue, to) as found:
            assert steps(found)
        assert account(server) == {"accepted": 7, "dead": 3}
        assert urls(plausible) == {str(number): 1 for number in range(7)}


def test_wrong_keys_and_a_missing_library_are_told_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ConfigError, match="openssl rand") as raised:
        destination_from("redis://h?stream=a&keys=2026:c2VjcmV0")
    assert "c2VjcmV0" not in str(raised.value)
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(ConfigError, match=r"footfall\[redis,encryption\]"):
        Tracker.from_options({"destinations": [f"redis://h?stream=a&keys={NEW}"]}, environ={})
