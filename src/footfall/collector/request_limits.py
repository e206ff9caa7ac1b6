"""ASGI middleware that bounds what requests may hold, in front of everything that reads them.

The limits are those of `wire/limits.py`. The HTTP server bounds neither headers nor URLs.
"""

from __future__ import annotations

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from footfall.collector.wire import limits

_LONG_TARGET = JSONResponse({"error": f"a URL has at most {limits.TARGET_BYTES} bytes"}, 414)
_LONG_HEAD = JSONResponse(
    {"error": f"at most {limits.HEADERS} headers and {limits.HEADER_BYTES} bytes of them"}, 431
)
_BUSY = JSONResponse({"error": "too many requests at once"}, 503, {"retry-after": "1"})


class RequestLimits:
    """ASGI middleware that refuses long URLs and headers, and too many long bodies at once.

    What a body has above `small_bytes` counts until the request is answered.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_bytes: int = limits.BODIES_IN_FLIGHT,
        small_bytes: int = limits.SMALL_BODY,
    ) -> None:
        self._app = app
        self._left = max_bytes
        self._small_bytes = small_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif refusal := _refusal(scope):
            await refusal(scope, receive, send)
        else:
            await self._run(scope, receive, send)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        free, taken = self._small_bytes, 0

        async def receive_within_limit() -> Message:
            nonlocal free, taken
            message = await receive()
            size = len(message.get("body", b""))
            counted = max(size - free, 0)
            free = max(free - size, 0)
            taken += counted
            self._left -= counted
            if counted and self._left < 0:
                raise _NoRoomError
            return message

        try:
            await self._app(scope, receive_within_limit, send)
        except _NoRoomError:
            await _BUSY(scope, receive, send)
        finally:
            self._left += taken


class _NoRoomError(Exception):
    """The bodies of all requests together have too many bytes."""


def _refusal(scope: Scope) -> JSONResponse | None:
    if len(scope["path"]) + len(scope["query_string"]) > limits.TARGET_BYTES:
        return _LONG_TARGET
    headers = scope["headers"]
    size = sum(len(name) + len(value) for name, value in headers)
    return _LONG_HEAD if len(headers) > limits.HEADERS or size > limits.HEADER_BYTES else None
