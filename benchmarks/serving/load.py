"""The load of `server.py`: `wrk` for a full load, and an open loop at a fixed rate.

Every request is a browser's page view from one of 4,096 visitors behind a proxy on loopback, so
that keeping each visitor's events in order does not delay other visitors' events.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from request_path import BROWSER

VISITORS: Final = 4096
CONNECTIONS: Final = 32
# At most so many requests wait for a response; further ones are not sent.
MAX_WAITING: Final = 256
# Requests without a response so long after the last request are counted as unanswered.
GRACE_SECONDS: Final = 1.0


def request(number: int) -> bytes:
    visitor = number % VISITORS
    address = f"81.2.{visitor // 200 + 1}.{visitor % 200 + 1}"
    lines = [f"{name}: {value}\r\n" for name, value in BROWSER.items()]
    head = f"GET /blog/{number % 50}?utm_source=x HTTP/1.1\r\n"
    return f"{head}{''.join(lines)}x-forwarded-for: {address}\r\n\r\n".encode()


# -- full load ---------------------------------------------------------------------------------

SCRIPT = """
local requests, next_one = {}, 0
function init(args)
  for line in io.lines(args[1]) do
    requests[#requests + 1] = (line:gsub("\\t", "\\r\\n"))
  end
end
function request()
  next_one = next_one % #requests + 1
  return requests[next_one]
end
function done(summary)
  print("RESULT " .. summary.requests .. " " .. summary.duration)
end
"""


def write_script(folder: Path) -> None:
    (folder / "page_views.lua").write_text(SCRIPT)
    lines = (request(number).decode().replace("\r\n", "\t") for number in range(VISITORS))
    (folder / "page_views.txt").write_text("\n".join(lines))


def full_load(folder: Path, port: int, seconds: int) -> tuple[int, float]:
    """Requests answered, and the seconds they took, with 32 connections that are never idle."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s"]
    command += ["-s", str(folder / "page_views.lua"), f"http://127.0.0.1:{port}/"]
    command += ["--", str(folder / "page_views.txt")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 30, check=True)
    answered, microseconds = done.stdout.rpartition("RESULT ")[2].split()
    return int(answered), int(microseconds) / 1e6


# -- a fixed rate ------------------------------------------------------------------------------


@dataclass
class Paced:
    """The response times of an open loop."""

    sent: int
    milliseconds: list[float] = field(default_factory=list)

    @property
    def unanswered(self) -> int:
        return self.sent - len(self.milliseconds)

    def percentile(self, percent: int) -> float | None:
        if len(self.milliseconds) < 2:
            return None
        return statistics.quantiles(self.milliseconds, n=100, method="inclusive")[percent - 1]


class Browser(asyncio.Protocol):
    """A connection with one request at a time; it is in `idle` between two requests."""

    def __init__(self, loop: OpenLoop, number: int) -> None:
        self.loop, self.first, self.started = loop, number, perf_counter()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.send(self.first, self.started)

    def send(self, number: int, started: float) -> None:
        self.started, self.received = started, b""
        self.transport.write(request(number))

    def data_received(self, chunk: bytes) -> None:
        self.received += chunk
        head, end, body = self.received.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if end and len(body) >= int(length or 0):
            self.loop.answered(self, is_page=head.startswith(b"HTTP/1.1 200"))

    def connection_lost(self, error: Exception | None) -> None:
        if self in self.loop.idle:
            self.loop.idle.remove(self)


class OpenLoop:
    """Sends requests at fixed times, whether or not earlier ones have been answered."""

    def __init__(self, port: int, count: int) -> None:
        self.port, self.result = port, Paced(count)
        self.idle: list[Browser] = []
        self.all: list[Browser] = []
        self.connecting: set[asyncio.Task[Any]] = set()
        self.is_over = asyncio.Event()

    async def run(self, per_second: int) -> Paced:
        started = perf_counter()
        for number in range(self.result.sent):
            ahead = started + number / per_second - perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            self.send(number)
        with suppress(TimeoutError):
            await asyncio.wait_for(self.is_over.wait(), GRACE_SECONDS)
        self.close_all()
        return self.result

    def send(self, number: int) -> None:
        if self.idle:
            self.idle.pop().send(number, perf_counter())
        elif len(self.all) < MAX_WAITING:
            self.connect(number)

    def connect(self, number: int) -> None:
        browser = Browser(self, number)
        self.all.append(browser)
        connection = asyncio.get_running_loop().create_connection(
            lambda: browser, "127.0.0.1", self.port
        )
        task = asyncio.ensure_future(connection)
        self.connecting.add(task)
        task.add_done_callback(self.connecting.discard)

    def answered(self, browser: Browser, *, is_page: bool) -> None:
        self.idle.append(browser)
        if is_page:
            self.result.milliseconds.append((perf_counter() - browser.started) * 1e3)
            if not self.result.unanswered:
                self.is_over.set()

    def close_all(self) -> None:
        for browser in self.all:
            if hasattr(browser, "transport"):
                browser.transport.abort()


def paced_load(port: int, *, per_second: int, count: int) -> Paced:
    """Send `count` requests in an open loop, each timed from when it was sent."""
    gc.disable()
    try:
        return asyncio.run(OpenLoop(port, count).run(per_second))
    finally:
        gc.enable()
