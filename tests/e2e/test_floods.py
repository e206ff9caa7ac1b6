"""The memory of real servers while clients send the longest requests that they take."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.servers import (
    APPS,
    Server,
    ServerSpec,
    daphne,
    gunicorn,
    hypercorn,
    running,
    uvicorn,
    waitress,
)

pytestmark = pytest.mark.long

MEGABYTE = 1024 * 1024
REQUESTS = 60
# Of each server the longest headers that it takes; httptools has no limit.
SERVERS: dict[str, tuple[ServerSpec, int, int]] = {
    "uvicorn with httptools": (
        uvicorn("stalled:asgi", "--http", "httptools", folder=APPS),
        2_000_000,
        60_000,
    ),
    "uvicorn with h11": (
        uvicorn("stalled:asgi", "--http", "h11", folder=APPS),
        60_000,
        20_000,
    ),
    "hypercorn": (hypercorn("stalled:asgi", folder=APPS), 12_000, 4_000),
    "daphne": (daphne("stalled:asgi", folder=APPS), 12_000, 4_000),
    "gunicorn": (gunicorn("stalled:wsgi", folder=APPS), 8_000, 8_000),
    "waitress": (waitress("stalled:wsgi", folder=APPS), 200_000, 60_000),
}


def floods(longest: int, read: int) -> Iterator[str]:
    """Header lines of the longest requests: of names that nobody reads, and of some that are."""
    yield f"X-Unknown: {'x' * longest}\r\n"
    yield f"Cookie: {'x' * longest}\r\n"
    for name in ("User-Agent", "Referer", "X-Forwarded-For"):
        yield f"{name}: {'x' * read}\r\n"
    yield "".join(
        f"{name}: {'x' * (read // 3)}\r\n" for name in ("User-Agent", "Referer", "X-Forwarded-For")
    )


@pytest.mark.parametrize("worker", ["polls", "stalls"])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.server(*spec.programs))
        for name, (spec, *_) in SERVERS.items()
    ],
)
def test_the_longest_requests_do_not_add_up(name: str, worker: str, tmp_path: Path) -> None:
    spec, longest, read = SERVERS[name]
    environ = {"FOOTFALL_DESTINATIONS": "plausible+http://127.0.0.1:9/example.com"}
    if worker == "stalls":
        environ["WORKER_STALLS"] = "1"
    with running(spec, tmp_path, **environ) as server:
        for number in range(REQUESTS):
            request(server, f"/{number}", "User-Agent: Mozilla/5.0 Firefox/140.0\r\n")
        # What the server itself keeps after such requests.
        for lines in floods(longest, read):
            for _ in range(5):
                request(server, "/excluded/page", lines)
        before = server.resident_bytes()
        for lines in floods(longest, read):
            for number in range(REQUESTS):
                request(server, f"/{number}", lines)
        assert (server.resident_bytes() - before) / MEGABYTE <= 10


def request(server: Server, path: str, lines: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n{lines}\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(head.encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
