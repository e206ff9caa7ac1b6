"""The bounds of whole requests."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

import httpx2
import pytest
from starlette.types import Receive, Scope, Send

from footfall.collector.request_limits import RequestLimits
from footfall.collector.wire import limits
from tests.collector.support import PAGEVIEW, running_collector
from tests.support.vendors import wait_until
from tests.support.waiting import MAX_SECONDS


@pytest.mark.parametrize("path", ["/live", "/api/v1/stats"])
def test_a_long_url_is_refused(http: httpx2.Client, path: str) -> None:
    longest = limits.TARGET_BYTES - len(path) - len("q=")
    assert http.get(f"{path}?q={'x' * longest}").status_code == 200
    assert http.get(f"{path}?q={'x' * (longest + 1)}").status_code == 414


@pytest.mark.parametrize(
    "headers",
    [{"x-long": "x" * limits.HEADER_BYTES}, {f"x-{number}": "x" for number in range(101)}],
)
def test_long_headers_are_refused(http: httpx2.Client, headers: dict[str, str]) -> None:
    for path in ("/api/event", "/log", "/api/v1/hits"):
        assert http.post(path, json=PAGEVIEW, headers=headers).status_code == 431
    assert http.get("/live", headers=headers).status_code == 431


class Gate:
    """An app that reads a whole body, and answers once it may."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.read = asyncio.Semaphore(0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        self.read.release()
        await self.opened.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})


async def status_of(app: RequestLimits, size: int) -> int:
    """The status of a request whose body comes in two chunks."""
    chunks = [b"x" * (size // 2)] * 2
    found = 0

    async def receive() -> dict[str, Any]:
        chunk = chunks.pop()
        return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

    async def send(message: Any) -> None:
        nonlocal found
        found = message.get("status", found)

    scope = {"type": "http", "path": "/", "query_string": b"", "headers": []}
    await app(scope, receive, send)
    return found


def test_the_bodies_of_all_requests_together_are_bounded() -> None:
    async def statuses() -> list[int]:
        gate = Gate()
        app = RequestLimits(gate, max_bytes=100, small_bytes=0)
        first = [asyncio.create_task(status_of(app, 50)) for _ in range(2)]
        for _ in first:
            await gate.read.acquire()
        refused = await status_of(app, 2)
        gate.opened.set()
        answered = await asyncio.gather(*first)
        # What they took is free again, and so is what the refused one took.
        return [refused, *answered, await status_of(app, 100), await status_of(app, 102)]

    assert asyncio.run(statuses()) == [503, 200, 200, 200, 503]


def test_those_who_hold_long_bodies_keep_no_short_one_out() -> None:
    async def statuses() -> list[int]:
        gate = Gate()
        app = RequestLimits(gate, max_bytes=100, small_bytes=10)
        # They may even have a little more than there is, which only long ones notice.
        holding = [asyncio.create_task(status_of(app, 60)) for _ in range(2)]
        for _ in holding:
            await gate.read.acquire()
        short = [asyncio.create_task(status_of(app, size)) for size in (0, 2, 10)]
        for _ in short:
            await asyncio.wait_for(gate.read.acquire(), MAX_SECONDS)
        refused = await status_of(app, 12)
        gate.opened.set()
        return [refused, *await asyncio.gather(*holding, *short)]

    assert asyncio.run(statuses()) == [503, 200, 200, 200, 200, 200]


def test_half_sent_long_bodies_keep_no_event_out() -> None:
    size = limits.PLAUSIBLE_BODY - 1
    head = f"POST /api/event HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size + 1}\r\n\r\n"
    with running_collector() as (collector, http), contextlib.ExitStack() as stack:
        app: Any = collector._server.config.app
        bounded = app.middleware_stack._app.app
        assert isinstance(bounded, RequestLimits)
        for _ in range(limits.BODIES_IN_FLIGHT // size):
            address = (http.base_url.host, http.base_url.port or 0)
            connection = stack.enter_context(socket.create_connection(address, MAX_SECONDS))
            connection.sendall(head.encode() + size * b"x")
        assert wait_until(lambda: bounded._left < size, MAX_SECONDS)
        assert http.post("/api/event", json=PAGEVIEW).status_code == 202
