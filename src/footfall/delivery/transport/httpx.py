"""The door through httpx2: pure Python, cooperative under gevent, always there.

Stands on the connections of httpcore2 and not on httpx2's client, for three reasons: the client
adds headers of its own, writes a log line for every request, and has no deadline for a whole
exchange. One connection for each exchange that runs, kept for the next: nobody waits.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from footfall.delivery.transport import http_common
from footfall.delivery.transport.dns_cache import DNSCache
from footfall.delivery.transport.idle_pool import IdlePool
from footfall.errors import Ambiguous, NotSent, TimedOut
from footfall.model import Request, Response

if TYPE_CHECKING:
    from footfall.delivery.transport.httpcore_connections import Connections, Route


class HTTPXTransport:
    """httpx2's connections, keep-alive, HTTP/1.1.

    TLS is always verified, against the system's certificates; the proxy variables of the
    environment are honoured, as they are when a connection first meets a URL.

    Args:
        timeout_seconds: For one whole exchange, however slowly the answer drips.
        connect_timeout_seconds: For the connection alone. A name's addresses share it.
        idle_seconds: A connection that was idle for longer is not used again, unless the peer has
            promised in a `Keep-Alive` header to wait for longer.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float = http_common.TOTAL_TIMEOUT_SECONDS,
        connect_timeout_seconds: float = http_common.CONNECT_TIMEOUT_SECONDS,
        idle_seconds: float = http_common.IDLE_SECONDS,
    ) -> None:
        self._timeout = timeout_seconds
        self._idle = idle_seconds
        connect_timeout = min(connect_timeout_seconds, timeout_seconds)
        self._extensions = {"timeout": {"connect": connect_timeout, "pool": connect_timeout}}
        self._names = DNSCache()
        self._shelf: IdlePool[Connections] = IdlePool()
        self._owner = os.getpid()

    def send(self, request: Request) -> Response:
        """Return the vendor's answer; see `Transport.send`."""
        if self._owner != os.getpid():
            # A forked child must not touch its parent's connections, not even to close them.
            self._names, self._shelf, self._owner = DNSCache(), IdlePool(), os.getpid()
        shelf = self._shelf
        mine = shelf.take() or self._connections()
        try:
            route = mine.route_to(request.url)
            mine.exchange.begin(self._timeout, is_secure=route.is_secure)
            return self._carry(request, route, mine)
        except Exception as error:
            meaning = self._meaning(error, mine)
            if meaning is None:
                raise
            raise meaning from error
        finally:
            shelf.put(mine)

    def _connections(self) -> Connections:
        from footfall.delivery.transport.httpcore_connections import Connections

        return Connections(self._names)

    def _carry(self, request: Request, route: Route, mine: Connections) -> Response:
        import httpcore2

        lines = http_common.header_lines(request.headers)
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
        try:
            if not mine.exchange.has_sent:
                # It came along with the answer before it, and nobody has asked for it.
                raise httpcore2.RemoteProtocolError("an answer was there before its request")
            mine.exchange.is_headed = True
            headers = http_common.headers_of([b"%b:%b" % pair for pair in answer.headers])
            mine.exchange.keep_connection_for(http_common.idle_seconds(headers, self._idle))
            body = _first_bytes(answer.iter_stream(), http_common.MAX_BODY_BYTES)
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
            return TimedOut(f"no answer within {self._timeout:g} s")
        if exchange.was_on_a_stale_connection:
            return NotSent("the vendor had closed the idle connection")
        return Ambiguous(sentence)

    def prepare(self) -> None:
        """Import now what the first exchange would import; see `transport.prepare`."""
        for name in ("urllib.request", "encodings.idna"):  # the latter by getaddrinfo
            import_module(name)
        connections = import_module("footfall.delivery.transport.httpcore_connections")
        connections.tls_context()

    def close(self) -> None:
        """Close the idle connections. The next request opens another."""
        self._shelf = IdlePool()

    def __repr__(self) -> str:
        return f"HTTPXTransport(timeout_seconds={self._timeout:g})"


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
