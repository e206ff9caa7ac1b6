"""The complement in front of an ASGI app."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from time import time
from typing import TYPE_CHECKING, Any, TypeAlias

from footfall.common.in_thread import in_thread
from footfall.common.path_prefix import is_below, path_below_root
from footfall.complement.complement_app import MAX_BODY_BYTES, ComplementApp, ComplementResponse
from footfall.complement.mount import MOUNT
from footfall.complement.stamp import HEADER, stamp_of
from footfall.request.exchange import CURRENT, Exchange
from footfall.request.recorder import RequestRecorder

if TYPE_CHECKING:
    from footfall.tracker import Tracker

__all__ = ["AsgiComplement"]

_Scope: TypeAlias = MutableMapping[str, Any]
_Message: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[_Message]]
_Send: TypeAlias = Callable[[_Message], Awaitable[None]]
_App: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]


class AsgiComplement:
    """Answers the requests for the complement, and stamps the pages of all others.

    Args:
        tracker: Of which the config describes a complement.
        path: The complement's.
        counting: The middleware that counts; it gets all other requests.
        exchange_of: Makes the exchange of a request. Never raises.
    """

    def __init__(
        self,
        tracker: Tracker,
        path: str,
        counting: _App,
        exchange_of: Callable[[RequestRecorder, _Scope], Exchange],
    ) -> None:
        self._tracker = tracker
        self._path = path
        self._counting = counting
        self._exchange_of = exchange_of
        self._complement = ComplementApp(tracker)

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        path, root = scope.get("path"), scope.get("root_path", "")
        if root and path:
            path = path_below_root(path, root)
        if path and is_below(path, self._path):
            await self._answer(scope, receive, send, path[len(self._path) :])
            return
        token = MOUNT.set(root.rstrip("/"))
        try:
            await self._counting(scope, receive, self._stamping(send))
        finally:
            MOUNT.reset(token)

    async def _answer(self, scope: _Scope, receive: _Receive, send: _Send, path: str) -> None:
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        method = scope.get("method", "GET")
        if method == "POST" and path in ("", "/"):
            body = await _body(receive)
            exchange = self._exchange_of(self._tracker.recorder, scope)
            exchange.holds_delivery = self._tracker.is_inline
            origin, site = headers.get(b"origin", ""), headers.get(b"sec-fetch-site", "")
            token = CURRENT.set(exchange)
            try:
                self._complement.receive(exchange, origin, site, body)
            finally:
                CURRENT.reset(token)
            if exchange.holds_delivery:
                await in_thread(exchange.release)
        encoding = headers.get(b"accept-encoding", "")
        await _send_response(send, self._complement.respond(method, path, encoding))

    def _stamping(self, send: _Send) -> _Send:
        async def stamping_send(message: _Message) -> None:
            await send(self._stamped(message))

        return stamping_send

    def _stamped(self, message: _Message) -> _Message:
        """The message itself, or one with the stamp where it starts a page. Never raises."""
        exchange = CURRENT.get()
        recorder = self._tracker.recorder
        try:
            if message["type"] != "http.response.start" or exchange is None:
                return message
            if exchange.recorder is not recorder:
                return message
            headers = [*message.get("headers", ())]
            stamp = stamp_of(self._tracker, exchange, message["status"], headers, time())
        except Exception:  # noqa: BLE001 -- whether a message is illegal is the server's to say
            recorder.errors.bump()
            return message
        if stamp is None:
            return message
        pair = (HEADER.lower().encode("ascii"), stamp.encode("ascii"))
        return {**message, "headers": [*headers, pair]}


async def _body(receive: _Receive) -> bytes | None:
    """The body of a report; None for one that is too long, or whose sender is gone."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunk: bytes = message.get("body", b"")
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
        if not message.get("more_body", False):
            return body


async def _send_response(send: _Send, response: ComplementResponse) -> None:
    headers = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in response.headers.items()
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
