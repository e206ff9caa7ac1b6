"""`footfall relay` as a program: it delivers, stops, and shows the account."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from footfall import cli
from tests.relay.conftest import server, shared_server
from tests.relay.queues import account, destination, pages, put, queue_at, urls
from tests.support import vendors
from tests.support.redis_server import RedisServer
from tests.support.vendors import unused_port, vendor, wait_until

pytestmark = pytest.mark.server("redis-server")

__all__ = ["server", "shared_server"]

ACCEPTING = vendors.answering(vendors.answer())


@contextmanager
def running(server: RedisServer, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The program; it has joined the queue when the block begins."""
    command = [sys.executable, "-m", "footfall", "relay", server.line, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Delivering from redis:example")
        yield process
    finally:
        process.kill()
        process.communicate()


def line_of(server: vendors.Vendor) -> str:
    return server.url.replace("http://", "plausible+http://") + "/example.com"


def test_it_delivers_until_sigterm_and_loses_nothing(
    server: RedisServer, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = vendors.slow(0.01, vendors.answer())
    with vendor(slow) as plausible, running(server, "--to", line_of(plausible)) as process:
        put(queue_at(server), pages(range(300)))
        assert wait_until(lambda: len(plausible.requests) > 20)
        name = destination(plausible).name
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        found = account(server)
        assert found["accepted"] + found.get("waiting", 0) == 300
        assert found.keys() <= {"accepted", "waiting"}
        assert {*urls(plausible).values()} == {1}
        assert len(plausible.requests) == found["accepted"]
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


TO = ("--to", "plausible://plausible.io/example.com")
QUEUE = f"redis://127.0.0.1:{unused_port()}/0?stream=a"


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ((QUEUE,), 2, "--to plausible://"),
        ((QUEUE, "--to", QUEUE), 2, "to no queue"),
        ((QUEUE, *TO, *TO), 2, "twice"),
        ((QUEUE, *TO, "--connections", "0"), 2, "from 1 to 1000"),
        (("plausible://plausible.io/example.com", *TO), 2, "no queue: plausible://"),
        (("state", QUEUE), 2, "write the queue"),
        (("status", "redis://h/0"), 2, "name the stream"),
        ((QUEUE, *TO), 1, "refused"),
        (("status", QUEUE), 1, "refused"),
    ],
)
def test_what_cannot_work_is_told(
    arguments: Any, code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert cli.main(["relay", *arguments]) == code
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert text in capsys.readouterr().err
