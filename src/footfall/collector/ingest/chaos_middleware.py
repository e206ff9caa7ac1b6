"""ASGI middleware that makes POSTs to the ingest endpoints fail on purpose.

Pages, API and health probes work as usual, so that the effect can be watched. No middleware around
it may replace `send`: only the server's own can reach the connection that `reset` breaks.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from footfall.collector.ingest.chaos import Chaos, ChaosFault
from footfall.collector.ingest.endpoints import is_ingest, is_swetrix, read_body, send_response
from footfall.collector.storage.change_notifier import ChangeNotifier
from footfall.collector.wire import limits, plausible, swetrix
from footfall.collector.wire.messages import IngestResponse, json_response

# How often a hanging request checks whether the server stops.
_POLL_SECONDS: Final = 0.2
_DROPPED = plausible.dropped_response(1)
# With it, closing discards what was not sent, and the other end gets a RST at once.
_NO_LINGER: Final = struct.pack("ii", 1, 0)


class ChaosMiddleware:
    """ASGI middleware that makes requests of event senders fail.

    `reset` breaks uvicorn's connection; others answer 500. Closing `notifier` ends what hangs.
    """

    def __init__(self, app: ASGIApp, chaos: Chaos, notifier: ChangeNotifier) -> None:
        self._app = app
        self._notifier = notifier
        self._choose_fault = chaos.chooser()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_event = scope["type"] == "http" and scope["method"] == "POST" and is_ingest(scope)
        fault = self._choose_fault() if is_event else None
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self._app(scope, receive, send)
        elif fault.kind == "hang":
            await self._hang(receive, send)
        elif fault.kind == "reset":
            await _reset(receive, send)
        # The whole body is read, or its sender might not read the answer.
        elif await read_body(receive, limits.PLAUSIBLE_BODY) is not None:
            await send_response(send, _response(fault, scope))

    async def _hang(self, receive: Receive, send: Send) -> None:
        """Send no answer until the sender disconnects or the server stops."""
        disconnected = asyncio.ensure_future(_wait_for_disconnect(receive))
        while not disconnected.done() and not self._notifier.is_closed:
            await asyncio.wait({disconnected}, timeout=_POLL_SECONDS)
        if not disconnected.done():
            disconnected.cancel()
            await _reset(receive, send)


def _response(fault: ChaosFault, scope: Scope) -> IngestResponse:
    if fault.kind == "drop":
        return swetrix.DROPPED if is_swetrix(scope) else _DROPPED
    return json_response(fault.status, {"error": "chaos"})


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _reset(receive: Receive, send: Send) -> None:
    # `send` is a method of the request cycle, which has the transport, in both uvicorn protocols.
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
    # If the app returned at once, the server would complain that it sent no response.
    await _wait_for_disconnect(receive)
