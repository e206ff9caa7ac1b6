"""Chaos at the server's door: befalls POSTs to the wires, and nothing else.

Pages, API and probes stay well, so that one can watch. It stands outside of everything, since a
connection can only be broken where the server's own `send` is at hand.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from footfall.collector.ingest.chaos import Chaos, ChaosFault
from footfall.collector.ingest.endpoints import is_swetrix, is_wire, read_body, send_answer
from footfall.collector.storage.change_notifier import ChangeNotifier
from footfall.collector.wire import plausible, swetrix
from footfall.collector.wire.messages import IngestResponse, json_response

# How soon a hanging request sees that the server wants to stop.
_LOOK_SECONDS: Final = 0.2
# What a body may have at most, so that its sender hears the answer.
_MAX_BODY_BYTES: Final = max(plausible.MAX_BODY_BYTES, swetrix.MAX_BODY_BYTES)
_DROPPED = plausible.dropped_response(1)
# Closing throws away what was not sent, and the other end hears of it at once (RST).
_NO_LINGER: Final = struct.pack("ii", 1, 0)


class ChaosMiddleware:
    """ASGI middleware that upsets the senders of events.

    `reset` breaks the connection where the server is uvicorn; others answer 500.
    """

    def __init__(self, app: ASGIApp, chaos: Chaos, pulse: ChangeNotifier) -> None:
        self._app = app
        self._pulse = pulse
        self._throw = chaos.dice()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_event = scope["type"] == "http" and scope["method"] == "POST" and is_wire(scope)
        trouble = self._throw() if is_event else None
        if trouble is None:
            await self._app(scope, receive, send)
        elif trouble.kind == "slow":
            await asyncio.sleep(trouble.seconds)
            await self._app(scope, receive, send)
        elif trouble.kind == "hang":
            await self._hang(receive, send)
        elif trouble.kind == "reset":
            await _reset(receive, send)
        elif await read_body(receive, _MAX_BODY_BYTES) is not None:
            await send_answer(send, _answer(trouble, scope))

    async def _hang(self, receive: Receive, send: Send) -> None:
        """Say nothing until the sender gives up, or the server wants to stop."""
        gone = asyncio.ensure_future(_gone(receive))
        while not gone.done() and not self._pulse.is_closed:
            await asyncio.wait({gone}, timeout=_LOOK_SECONDS)
        if not gone.done():
            gone.cancel()
            await _reset(receive, send)


def _answer(trouble: ChaosFault, scope: Scope) -> IngestResponse:
    if trouble.kind == "drop":
        return swetrix.DROPPED if is_swetrix(scope) else _DROPPED
    return json_response(trouble.status, {"error": "chaos"})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _reset(receive: Receive, send: Send) -> None:
    # Both protocols of uvicorn hand out a method of the cycle that knows the connection.
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
    # Otherwise the server would miss an answer.
    await _gone(receive)
