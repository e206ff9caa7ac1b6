"""The door through httpx2: pure Python, cooperative under gevent, always there.

Stands on the connections of httpcore2 and not on httpx2's client, for three reasons: the client
adds headers of its own, writes a log line for every request, and has no deadline for a whole
exchange. One connection for each thread and host: threads share nothing, and wait for nobody.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from footfall.errors import Ambiguous, NotSent
from footfall.model import Request, Response
from footfall.transport import wire
from footfall.transport.names import Names

if TYPE_CHECKING:
    from footfall.transport.connections import Connections, Route


class HTTPXTransport:
    """httpx2's connections, keep-alive, HTTP/1.1.

    TLS is always verified, against the system's certificates; the proxy variables of the
    environment are honoured, as they are when a thread first meets a URL.

    Args:
        timeout_seconds: For one whole exchange, however slowly the answer drips.
        connect_timeout_seconds: For the connection alone. A name's addresses share it.
        idle_seconds: A connection that was idle for longer is not used again, unless the peer has
            promised in a `Keep-Alive` header to wait for longer.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float = wire.TOTAL_TIMEOUT_SECONDS,
        connect_timeout_seconds: float = wire.CONNECT_TIMEOUT_SECONDS,
        idle_seconds: float = wire.IDLE_SECONDS,
    ) -> None:
        self._timeout = timeout_seconds
        self._idle = idle_seconds
        connect_timeout = min(connect_timeout_seconds, timeout_seconds)
        self._extensions = {"timeout": {"connect": connect_timeout, "pool": connect_timeout}}
        self._names = Names()
        self._mine = _Mine()
        self._owner = os.getpid()

    def send(self, request: Request) -> Response:
        """Return the vendor's answer; see `Transport.send`."""
        mine = self._connections()
        route = mine.route_to(request.url)
        mine.exchange.begin(self._timeout, is_secure=route.is_secure)
        try:
            return self._carry(request, route, mine)
        except Exception as error:
            meaning = self._meaning(error, mine)
            if meaning is None:
                raise
            raise meaning from error

    def _connections(self) -> Connections:
        if self._owner != os.getpid():
            # A forked child must not touch its parent's connections, not even to close them.
            self._names, self._mine, self._owner = Names(), _Mine(), os.getpid()
        mine = self._mine.connections
        if mine is None:
            from footfall.transport.connections import Connections

            mine = self._mine.connections = Connections(self._names)
        return mine

    def _carry(self, request: Request, route: Route, mine: Connections) -> Response:
        import httpcore2

        lines = wire.header_lines(request.headers)
        asked = httpcore2.Request(
            b"POST",
            route.url,
            headers=[
                (b"Host", route.host),
                *((name, value) for name, _, value in (line.partition(b": ") for line in lines)),
                (b"Content-Length", b"%d" % len(request.body)),
            ],
            content=request.body,
            extensions=self._extensions,
        )
        answer = route.peer.connection().handle_request(asked)
        mine.exchange.is_headed = True
        headers = wire.headers_of([b"%b:%b" % pair for pair in answer.headers])
        mine.exchange.keep_connection_for(wire.idle_seconds(headers, self._idle))
        try:
            body = _first_bytes(answer.iter_stream(), wire.MAX_BODY_BYTES)
        finally:
            answer.close()
        return Response(status=answer.status, headers=headers, body=body)

    def _meaning(self, error: Exception, mine: Connections) -> Exception | None:
        import httpcore2

        exchange, sentence = mine.exchange, str(error) or type(error).__name__
        if isinstance(error, httpcore2.LocalProtocolError):
            return ValueError("a header is not one of HTTP's")
        if not isinstance(error, _network_errors()):
            return None
        if not exchange.has_sent:
            return NotSent(sentence)
        if isinstance(error, httpcore2.TimeoutException):
            return Ambiguous(f"no answer within {self._timeout:g} s")
        if exchange.was_on_a_stale_connection:
            return NotSent("the vendor had closed the idle connection")
        return Ambiguous(sentence)

    def close(self) -> None:
        """Close the idle connections. The next request opens another."""
        self._mine = _Mine()

    def __repr__(self) -> str:
        return f"HTTPXTransport(timeout_seconds={self._timeout:g})"


class _Mine(threading.local):
    """The connections of the running thread. They are closed when the thread ends."""

    connections: Connections | None = None


def _first_bytes(chunks: Iterable[bytes], limit: int) -> bytes:
    """The body up to `limit`, or up to where it broke off: the status has said the main thing."""
    body = bytearray()
    with suppress(*_network_errors()):
        for chunk in chunks:
            body += chunk
            if len(body) >= limit:
                break
    return bytes(body[:limit])


def _network_errors() -> tuple[type[Exception], ...]:
    import httpcore2

    return (
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.ProxyError,
        httpcore2.TimeoutException,
        httpcore2.UnsupportedProtocol,
    )
