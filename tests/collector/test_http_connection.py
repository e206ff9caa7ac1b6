"""Slow, half-open and greedy clients of a real server process with few files."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from footfall.collector import Store, http_connection
from footfall.collector.http_connection import MAX_HEAD_BYTES, MAX_PIPELINED
from footfall.collector.web.live_page import LivePage
from footfall.collector.wire import limits
from tests.collector.storage.support import enqueue
from tests.collector.support import (
    FIREFOX,
    PAGEVIEW,
    SECRET_ADDRESS,
    incoming_event,
    running_collector,
)
from tests.support.vendors import wait_until
from tests.support.waiting import LONG_SECONDS, MAX_SECONDS

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads /proc")

DATABASE = "events.sqlite3"
FILES = 128
"""The limit of open files, of which 48 are for connections."""

HALF_HEAD = b"POST /api/event HTTP/1.1\r\nHost: localhost\r\nUser-Agent: x"
HALF_BODY = b"POST /api/event HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{"
CHUNKED = (
    b"POST /api/event HTTP/1.1\r\nHost: localhost\r\nUser-Agent: %s\r\n"
    b"Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n" % FIREFOX.encode()
)
GET = b"GET /api/system/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"

# Each time-out lasts LONG_SECONDS, but the given ones. The event loop's pause after the file
# descriptors ran out, a second, is shorter.
START = """
import asyncio.constants, functools, json, os, resource, sys
asyncio.constants.ACCEPT_RETRY_DELAY = 0.05
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]),) * 2)
others = [os.open(os.devnull, os.O_RDONLY) for _ in range(int(sys.argv[2]))]
from footfall.collector import server
limits = json.loads(sys.argv[3])
server.ConnectionLimits = functools.partial(server.ConnectionLimits, **limits)
from footfall.cli import main
sys.exit(main(["collect", "-p", "0", "--database", sys.argv[4]]))
"""


def address_of(url: str) -> tuple[str, int]:
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    return host, int(port)


class Running(NamedTuple):
    """A collector in a process of its own."""

    process: subprocess.Popen[str]
    url: str

    @property
    def has_connections(self) -> bool:
        number = 0
        for file in Path(f"/proc/{self.process.pid}/fd").iterdir():
            # It may be closed in the meantime.
            with contextlib.suppress(FileNotFoundError):
                number += str(file.readlink()).startswith("socket:")
        # The listening one, and the pair with which other threads wake the event loop.
        return number > 3

    def connect(self, *parts: bytes) -> socket.socket:
        connection = socket.create_connection(address_of(self.url), MAX_SECONDS)
        for part in parts:
            connection.sendall(part)
        return connection

    def post(self) -> int:
        """Post an event on a new connection, as an honest sender does; returns the status."""
        headers = {"user-agent": FIREFOX}
        url = f"{self.url}/api/event"
        return httpx2.post(url, json=PAGEVIEW, headers=headers, timeout=MAX_SECONDS).status_code


@contextlib.contextmanager
def running(tmp_path: Path, other_files: int = 0, **limits: float) -> Iterator[Running]:
    """A collector that has few files; it must end well, with a short log."""
    long = dict.fromkeys(("head_seconds", "body_seconds", "write_seconds"), LONG_SECONDS)
    line = [str(FILES), str(other_files), json.dumps(long | limits), str(tmp_path / DATABASE)]
    log = tmp_path / "log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-c", START, *line], stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found, log.read_text()
            yield Running(process, found[0])
            process.send_signal(signal.SIGTERM)
            assert process.wait(MAX_SECONDS) == 0
        finally:
            process.kill()
    assert len(log.read_text().splitlines()) <= 5, log.read_text()[:2_000]


def answer_of(connection: socket.socket) -> bytes:
    """What arrives until the server closes."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while chunk := connection.recv(65_536):
            received += chunk
    return received


@pytest.mark.long
@pytest.mark.parametrize(
    ("sent", "other_files"),
    [(b"", 0), (HALF_HEAD, 0), (HALF_BODY, 0), (HALF_HEAD, 70)],
    ids=["nothing", "half-head", "half-body", "other-files"],
)
def test_half_open_connections_keep_nobody_out(
    tmp_path: Path, sent: bytes, other_files: int
) -> None:
    with running(tmp_path, other_files) as collector, contextlib.ExitStack() as stack:
        collector.post()
        for number in range(160):
            stack.enter_context(collector.connect(sent))
            if number % 20 == 0:
                assert collector.post() == 202
        assert collector.post() == 202
        stack.close()
        assert wait_until(lambda: not collector.has_connections)


@pytest.mark.long
@pytest.mark.parametrize(
    ("sent", "dripped", "status"),
    [
        (b"", b"", b""),
        (HALF_HEAD, b"", b"408"),
        (HALF_HEAD, b"x", b"408"),
        (HALF_BODY, b"", b"408"),
        (HALF_BODY, b"x", b"408"),
        # A head may begin with empty lines.
        (b"\r\n", b"\r\n", b"408"),
        (GET + b"\r\n", b"\r\n", b"200"),
    ],
)
def test_the_rest_of_a_request_is_awaited_for_some_time(
    tmp_path: Path, sent: bytes, dripped: bytes, status: bytes
) -> None:
    with running(tmp_path, head_seconds=0.3, body_seconds=0.3) as collector:
        with collector.connect(sent) as connection, contextlib.suppress(ConnectionError):
            assert wait_until(lambda: collector.has_connections)
            deadline = time.monotonic() + MAX_SECONDS
            while collector.has_connections and time.monotonic() < deadline:
                connection.sendall(dripped)
                time.sleep(0.05)
            assert answer_of(connection)[9:12] == status
        assert wait_until(lambda: not collector.has_connections, MAX_SECONDS)


def fill(tmp_path: Path) -> None:
    """Write so many long events that no socket's buffers hold a response of all."""
    with contextlib.closing(Store(tmp_path / DATABASE)) as store:
        enqueue(store, [incoming_event(path="/" + 100_000 * "x") for _ in range(100)])


@pytest.mark.long
@pytest.mark.parametrize("path", ["/api/v1/events?limit=100", "/events/stream?after=0"])
def test_a_client_that_does_not_read_loses_its_connection(tmp_path: Path, path: str) -> None:
    fill(tmp_path)
    with running(tmp_path, write_seconds=0.5) as collector:
        assert collector.post() == 202
        with collector.connect(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode()):
            assert wait_until(lambda: collector.has_connections)
            assert wait_until(lambda: not collector.has_connections, MAX_SECONDS)


@pytest.mark.long
def test_a_client_that_reads_slowly_gets_everything(tmp_path: Path) -> None:
    fill(tmp_path)
    request = b"GET /api/v1/events?limit=100 HTTP/1.0\r\nHost: localhost\r\n\r\n"
    # So that its minimum is 48 bytes.
    with running(tmp_path, write_seconds=0.2) as collector, collector.connect(request) as slow:
        received = 0
        while chunk := slow.recv(1_000_000):
            received += len(chunk)
            time.sleep(0.01)
        assert received > 10_000_000


def test_resets_leave_nothing_behind(tmp_path: Path) -> None:
    with running(tmp_path) as collector:
        collector.post()
        for number in range(2_000):
            with collector.connect(GET if number % 2 else HALF_HEAD) as connection:
                # With it, closing sends a reset.
                no_linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
        assert collector.post() == 202
        assert wait_until(lambda: not collector.has_connections)


def test_requests_that_are_no_http_write_one_line(tmp_path: Path) -> None:
    with running(tmp_path) as collector:
        for _ in range(100):
            with collector.connect(b"\x16\x03\x01\x02\x00\x01\r\n\r\n") as connection:
                assert answer_of(connection).startswith(b"HTTP/1.1 400 ")
        assert collector.post() == 202


def test_a_head_without_end_is_refused(http: httpx2.Client) -> None:
    head = b"GET / HTTP/1.1\r\nHost: localhost\r\nX: %s" % (10 * MAX_HEAD_BYTES * b"x")
    with socket.create_connection(address_of(str(http.base_url)), MAX_SECONDS) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(head)
        assert answer_of(connection).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "endless", [b"x: y\r\n" * 1_000, b"x" * 6_000], ids=["trailers", "one-trailer"]
)
def test_trailers_without_end_are_cut_off(tmp_path: Path, endless: bytes) -> None:
    with running(tmp_path) as collector, collector.connect(CHUNKED + b"2\r\n{}\r\n0\r\n") as client:
        with contextlib.suppress(ConnectionError):
            for _ in range(100 * MAX_HEAD_BYTES // len(endless)):
                client.sendall(endless)
        assert answer_of(client) == b""
        assert collector.post() == 202


def test_trailers_are_not_headers(http: httpx2.Client) -> None:
    body = json.dumps(PAGEVIEW).encode()
    trailers = b"x-forwarded-for: 203.0.113.7\r\nx-debug-request: true\r\n\r\n"
    with socket.create_connection(address_of(str(http.base_url)), MAX_SECONDS) as connection:
        connection.sendall(CHUNKED + b"%x\r\n%s\r\n0\r\n%s" % (len(body), body, trailers))
        # Uvicorn 0.34 gives no answer to a client that has closed its half.
        answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 202 "), answer


def test_of_a_head_with_thousands_of_headers_few_are_kept() -> None:
    head = GET.removesuffix(b"\r\n") + b"a:b\r\n" * 10_000
    with running_collector() as (collector, _):
        connections = collector._server._connections._all
        with socket.create_connection(address_of(collector.url), MAX_SECONDS) as client:
            client.sendall(head)
            assert wait_until(
                lambda: any(each._framing_bytes == len(head) for each in connections), MAX_SECONDS
            )
            assert max(len(each.headers or ()) for each in connections) <= limits.HEADERS + 1
            client.sendall(b"\r\n")
            assert client.recv(1_000).startswith(b"HTTP/1.1 431 ")


def test_a_long_body_is_no_long_head(http: httpx2.Client) -> None:
    body = json.dumps({**PAGEVIEW, "props": {"x": MAX_HEAD_BYTES * "x"}})
    for _ in range(2):
        assert http.post("/api/event", content=body).status_code != 431


@pytest.mark.parametrize(
    ("requests", "answers"), [(MAX_PIPELINED, MAX_PIPELINED), (100 * MAX_PIPELINED, 0)]
)
def test_few_requests_are_pipelined(http: httpx2.Client, requests: int, answers: int) -> None:
    with socket.create_connection(address_of(str(http.base_url)), MAX_SECONDS) as connection:
        connection.sendall(
            (requests - 1) * GET + GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        )
        assert answer_of(connection).count(b"HTTP/1.1 200 OK") == answers


UPGRADE = (
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: %s\r\n"
    b"HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"
)


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"TLS/1.0"])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
def test_a_request_that_asks_for_another_protocol_is_served_as_it_is(
    http: httpx2.Client, protocol: bytes, is_chunked: bool
) -> None:
    body = json.dumps({**PAGEVIEW, "name": "Upgrade"}).encode()
    request = CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    if not is_chunked:
        length = b"Content-Length: %d\r\n\r\n" % len(body)
        request = CHUNKED.replace(b"Transfer-Encoding: chunked\r\n\r\n", length) + body
    request = request.replace(b"Content-Type", UPGRADE % protocol + b"Content-Type")
    get = GET.removesuffix(b"\r\n") + UPGRADE % protocol + b"\r\n"
    pipelined = get + request + GET + request
    # In pieces of some size, whole, and byte by byte.
    for size in (40, len(pipelined), 1):
        with socket.create_connection(address_of(str(http.base_url)), MAX_SECONDS) as connection:
            for start in range(0, len(pipelined), size):
                connection.sendall(pipelined[start : start + size])
            connection.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            statuses = re.findall(rb"HTTP/1.1 (\d+)", answer_of(connection))
        assert statuses == [b"200", b"202", b"200", b"202", b"200"]
    assert http.get("/api/v1/events", params={"name": "Upgrade"}).json()["total"] == 6


def test_an_upgrade_behind_too_many_headers_ends_the_connection(http: httpx2.Client) -> None:
    head = GET.removesuffix(b"\r\n") + b"a:b\r\n" * limits.HEADERS + UPGRADE % b"h2c"
    with socket.create_connection(address_of(str(http.base_url)), MAX_SECONDS) as connection:
        connection.sendall(head + b"Content-Length: %d\r\n\r\n%s" % (len(GET), GET))
        with contextlib.suppress(ConnectionError):
            assert answer_of(connection) == b""
    assert http.get("/api/system/health/live").status_code == 200


def test_where_nobody_waits_newcomers_are_told_to_come_back() -> None:
    with (
        running_collector(max_connections=2) as (collector, _),
        ThreadPoolExecutor(2) as pool,
    ):
        busy = "/api/v1/events?wait=1&timeout=60"
        waiting = [pool.submit(httpx2.get, collector.url + busy, timeout=60) for _ in range(2)]
        connections = collector._server._connections
        assert wait_until(lambda: len(connections) == 2 and not connections._waiting)
        with socket.create_connection(address_of(collector.url), MAX_SECONDS) as connection:
            connection.sendall(GET)
            answer = answer_of(connection)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 503 ")
        collector.close()
        assert [each.result().status_code for each in waiting] == [200, 200]


def test_an_address_with_many_connections_loses_one_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Elsewhere, loopback addresses count as one.
    monkeypatch.setattr(http_connection, "sender_of", lambda peer, *, is_page: peer)
    with running_collector(max_connections=8) as (collector, http):
        to, other = address_of(collector.url), ("127.0.0.2", 0)
        with contextlib.ExitStack() as stack:
            honest = http.get("/api/health").extensions["network_stream"]
            for _ in range(20):
                stack.enter_context(socket.create_connection(to, MAX_SECONDS, other))
            assert wait_until(lambda: len(collector._server._connections) == 8)
            # Its connection waits longest of all.
            assert http.get("/api/health").extensions["network_stream"] is honest


def test_an_error_in_a_page_writes_one_line(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(page: LivePage, view: object) -> str:
        raise LookupError(f"of {SECRET_ADDRESS}")

    monkeypatch.setattr(LivePage, "page", fail)
    with running_collector() as (collector, _):
        for _ in range(20):
            assert httpx2.get(f"{collector.url}/live").status_code == 500
    (line,) = [each.getMessage() for each in caplog.records]
    assert "LookupError in " in line
    assert SECRET_ADDRESS not in line
