"""The transport on httpx2: pure Python, works with gevent, always installed.

Uses the connections of httpcore2 and not httpx2's client, for three reasons: the client adds
headers of its own, writes a log line for every request, and has no deadline for a whole exchange.
One connection for each running exchange, kept for the next: no thread waits for another.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from footfall.delivery.transport import http_common
from footfall.delivery.transport.dns_cache import DNSCache
from footfall.delivery.transport.greenlets import call_blocking
from footfall.delivery.transport.idle_pool import IdlePool
from footfall.errors import Ambiguous, NotSent, TimedOut
from footfall.model import Request, Response

if TYPE_CHECKING:
    from footfall.delivery.transport.httpcore_connections import Connections, Route


class HTTPXTransport:
    """httpx2's connections, keep-alive, HTTP/1.1.

    TLS is always verified, against the system's certificates; the proxy variables of the
    environment are honoured, as they are when a connection is first used for a URL.

    Args:
        timeout_seconds: For one whole exchange, however slowly the response comes in.
        connect_timeout_seconds: For connecting alone. A name's addresses share it.
        idle_seconds: A connection that was idle for longer is not used again, unless the server has
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
        self._dns = DNSCache()
        self._pool: IdlePool[Connections] = IdlePool()
        self._pid = os.getpid()

    def send(self, request: Request) -> Response:
        """Return the vendor's response; see `Transport.send`."""
        return call_blocking(self._send, request)

    def _send(self, request: Request) -> Response:
        if self._pid != os.getpid():
            # A forked child must not use its parent's connections, not even close them.
            self._dns, self._pool, self._pid = DNSCache(), IdlePool(), os.getpid()
        pool = self._pool
        connections = pool.take() or self._connections()
        try:
            route = connections.route_to(request.url)
            connections.exchange.start(self._timeout, is_secure=route.is_secure)
            return self._carry(request, route, connections)
        except Exception as error:
            transport_error = self._error_of(error, connections)
            if transport_error is None:
                raise
            raise transport_error from error
        finally:
            pool.put(connections)

    def _connections(self) -> Connections:
        from footfall.delivery.transport.httpcore_connections import Connections

        return Connections(self._dns)

    def _carry(self, request: Request, route: Route, connections: Connections) -> Response:
        import httpcore2

        lines = http_common.header_lines(request.headers)
        core_request = httpcore2.Request(
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
        response = route.origin.connection().handle_request(core_request)
        exchange = connections.exchange
        try:
            if not exchange.has_sent:
                # It came together with the response before it, and belongs to no request.
                raise httpcore2.RemoteProtocolError("a response was there before its request")
            exchange.has_head = True
            headers = http_common.parse_headers([b"%b:%b" % pair for pair in response.headers])
            exchange.keep_connection_for(http_common.idle_seconds(headers, self._idle))
            body = _first_bytes(response.iter_stream(), http_common.MAX_BODY_BYTES)
        finally:
            response.close()
        return Response(status=response.status, headers=headers, body=body)

    def _error_of(self, error: Exception, connections: Connections) -> Exception | None:
        """The error to raise for one of httpcore2's; None to raise that itself."""
        import httpcore2

        exchange, message = connections.exchange, str(error) or type(error).__name__
        if isinstance(error, httpcore2.LocalProtocolError):
            return ValueError("a header is not valid in HTTP")
        if not isinstance(error, _network_errors()):
            return None
        if not exchange.has_sent:
            return NotSent(message)
        if isinstance(error, httpcore2.TimeoutException):
            return TimedOut(f"no response within {self._timeout:g} s")
        if exchange.was_on_stale_connection:
            return NotSent("the vendor had closed the idle connection")
        return Ambiguous(message)

    def preload(self) -> None:
        """Import now what the first exchange would import; see `transport.preload`."""
        for name in ("urllib.request", "encodings.idna"):  # the latter by getaddrinfo
            import_module(name)
        connections = import_module("footfall.delivery.transport.httpcore_connections")
        connections.tls_context()

    def close(self) -> None:
        """Close the idle connections. The next request opens another."""
        pool, self._pool = self._pool, IdlePool()
        if self._pid == os.getpid():
            pool.close()

    def __repr__(self) -> str:
        return f"HTTPXTransport(timeout_seconds={self._timeout:g})"


def _first_bytes(chunks: Iterable[bytes], limit: int) -> bytes:
    """The body up to `limit`, or up to where it broke off: the status is what matters most."""
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
