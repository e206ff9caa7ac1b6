"""The way out of the process: one method, `send`, that carries a Request and returns a Response.

A transport raises `NotSent` when the vendor surely saw nothing, so that the event may be sent
again, and `Ambiguous` when it may have. It never follows a redirect: a visitor's address goes to
the host that the owner wrote down, or nowhere.
"""

from __future__ import annotations

import os
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from footfall.errors import Ambiguous, NotSent, TimedOut
from footfall.model import Request, Response

if TYPE_CHECKING:
    import ssl

    import httpcore2

# The whole exchange, TLS and answer included. Longer than any healthy vendor needs; short enough
# that a hanging one costs an event and not a minute.
TOTAL_TIMEOUT_SECONDS: Final = 5.0
CONNECT_TIMEOUT_SECONDS: Final = 2.0
# Node closes idle connections after 5 s, and one vendor is a Node program.
IDLE_SECONDS: Final = 4.0
# A verdict needs a few hundred bytes; an endless answer must not fill the app's memory.
MAX_HEAD_BYTES: Final = 16 * 1024
MAX_BODY_BYTES: Final = 64 * 1024


class Transport(Protocol):
    """Carries requests. Called from several threads at once; each call is one exchange."""

    def send(self, request: Request) -> Response:
        """Return the vendor's answer.

        Raises:
            NotSent: the vendor surely did not process the request.
            Ambiguous: it may have.
        """
        ...


class MemoryTransport:
    """Sends nothing and remembers the last requests. Every one is answered 202."""

    def __init__(self, max_requests: int = 1000) -> None:
        self.requests: deque[Request] = deque(maxlen=max_requests)

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        return Response(status=202, body=b"ok")

    def __repr__(self) -> str:
        return f"MemoryTransport(<{len(self.requests)} requests>)"


class HTTPXTransport:
    """Pure Python, keep-alive, HTTP/1.1: the default.

    Stands on the connection pool of httpx2 and not on its client, for three reasons: the client
    adds headers of its own, writes a log line for every request, and has no deadline for a whole
    exchange. TLS is always verified, against the system's certificates; the proxy variables of the
    environment are honoured.

    Args:
        timeout_seconds: For one whole exchange, however slowly the answer drips.
        connect_timeout_seconds: For the connection alone.
        max_connections: To one host.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float = TOTAL_TIMEOUT_SECONDS,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
        max_connections: int = 8,
    ) -> None:
        self._timeout = timeout_seconds
        self._connect_timeout = min(connect_timeout_seconds, timeout_seconds)
        self._max_connections = max_connections
        self._exchange = _Exchange()
        self._opening = threading.Lock()
        # One for each host, so that a hanging vendor cannot take the connections of another.
        self._pools: dict[tuple[str, str | None], httpcore2.ConnectionPool] = {}
        self._owner = os.getpid()

    def send(self, request: Request) -> Response:
        import httpcore2

        self._exchange.begin(self._timeout)
        timeouts = {
            "connect": self._connect_timeout,
            "pool": self._connect_timeout,
            "read": self._timeout,
            "write": self._timeout,
        }
        try:
            with self._pool_for(request.url).stream(
                "POST",
                request.url,
                headers=_wire_headers(request),
                content=request.body,
                extensions={"timeout": timeouts},
            ) as answer:
                body = _first_bytes(answer.iter_stream(), MAX_BODY_BYTES)
                return Response(
                    status=answer.status,
                    headers={
                        name.decode("latin-1").lower(): value.decode("latin-1")
                        for name, value in answer.headers
                    },
                    body=body,
                )
        except (
            httpcore2.ConnectError,
            httpcore2.ConnectTimeout,
            httpcore2.PoolTimeout,
            httpcore2.ProxyError,
            httpcore2.UnsupportedProtocol,
            httpcore2.LocalProtocolError,
        ) as error:
            raise NotSent(_sentence(error)) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            if self._exchange.was_on_a_stale_connection:
                raise NotSent("the vendor had closed the idle connection") from error
            raise Ambiguous(_sentence(error)) from error
        except httpcore2.TimeoutException as error:
            raise TimedOut(f"no answer within {self._timeout:g} s") from error

    def prepare(self) -> None:
        """Load now what the first exchange would load on its thread.

        A fork at that moment would leave its child with a module, or a lock in OpenSSL, that is
        held for ever by a thread that the child does not have.
        """
        for name in ("httpcore2", "encodings.idna"):  # the latter by getaddrinfo
            import_module(name)
        _tls()

    def _pool_for(self, url: str) -> httpcore2.ConnectionPool:
        if self._owner != os.getpid():
            # A forked child must not touch its parent's connections, not even to close them.
            self._pools, self._opening, self._owner = {}, threading.Lock(), os.getpid()
        proxy = _proxy_for(url)
        key = (urlsplit(url).netloc, proxy)
        pool = self._pools.get(key)
        if pool is None:
            with self._opening:
                pool = self._pools.get(key) or self._open(proxy)
                self._pools[key] = pool
        return pool

    def _open(self, proxy: str | None) -> httpcore2.ConnectionPool:
        import httpcore2

        options: dict[str, Any] = {
            "ssl_context": _tls(),
            "max_connections": self._max_connections,
            "keepalive_expiry": IDLE_SECONDS,
            "network_backend": _deadline_backend(self._exchange),
        }
        if proxy is not None:
            options["proxy"] = httpcore2.Proxy(proxy)
        return httpcore2.ConnectionPool(**options)

    def close(self) -> None:
        """Close the idle connections. The next request opens another."""
        if self._owner == os.getpid():
            pools, self._pools = self._pools, {}
            for pool in pools.values():
                pool.close()

    def __del__(self) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"HTTPXTransport(timeout_seconds={self._timeout:g})"


class _Exchange(threading.local):
    """The exchange of the running thread: its deadline, its byte budget, its connection."""

    deadline: float = 0.0
    bytes_left: int = 0
    received: int = 0
    on_used_connection: bool = False

    def begin(self, timeout: float) -> None:
        self.deadline = time.monotonic() + timeout
        # One read may overshoot by as much as the pool asks for at a time.
        self.bytes_left = MAX_HEAD_BYTES + 2 * MAX_BODY_BYTES
        self.received = 0
        self.on_used_connection = False

    def seconds_left(self, wish: float | None) -> float:
        left = self.deadline - time.monotonic()
        return left if wish is None else min(wish, left)

    @property
    def was_on_a_stale_connection(self) -> bool:
        """Not one byte came back on a connection that had served before: it was closed idle."""
        return self.on_used_connection and not self.received


def _deadline_backend(exchange: _Exchange) -> httpcore2.NetworkBackend:
    """A network backend whose every wait ends at the exchange's deadline.

    A timeout of a socket bounds one `recv`; a server that drips one byte at a time, or sends
    `100 Continue` for ever, resets it with each.
    """
    import httpcore2

    class Stream(httpcore2.NetworkStream):
        def __init__(self, stream: httpcore2.NetworkStream) -> None:
            self._stream = stream
            self._answered = False

        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            left = exchange.seconds_left(timeout)
            if left <= 0:
                raise httpcore2.ReadTimeout
            chunk = self._stream.read(max_bytes, left)
            exchange.received += len(chunk)
            exchange.bytes_left -= len(chunk)
            self._answered = True
            if exchange.bytes_left < 0:
                raise httpcore2.RemoteProtocolError("the answer is too long")
            return chunk

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            left = exchange.seconds_left(timeout)
            if left <= 0:
                raise httpcore2.WriteTimeout
            exchange.on_used_connection = self._answered
            self._stream.write(buffer, left)

        def close(self) -> None:
            self._stream.close()

        def start_tls(
            self,
            ssl_context: ssl.SSLContext,
            server_hostname: str | None = None,
            timeout: float | None = None,
        ) -> httpcore2.NetworkStream:
            left = max(exchange.seconds_left(timeout), 0.001)
            return Stream(self._stream.start_tls(ssl_context, server_hostname, left))

        def get_extra_info(self, info: str) -> Any:
            return self._stream.get_extra_info(info)

    class Backend(httpcore2.SyncBackend):
        def connect_tcp(self, *args: Any, **options: Any) -> httpcore2.NetworkStream:
            return Stream(super().connect_tcp(*args, **options))

    return Backend()


_tls_context: ssl.SSLContext | None = None


def _tls() -> ssl.SSLContext:
    """One TLS context for the process: making one costs 20 ms. Safe to share across a fork."""
    global _tls_context
    if _tls_context is None:
        import httpx2

        _tls_context = httpx2.create_ssl_context()
    return _tls_context


def _wire_headers(request: Request) -> list[tuple[bytes, bytes]]:
    host = urlsplit(request.url).netloc.encode("ascii")
    return [
        (b"Host", host),
        *(
            (name.encode("ascii"), value.encode("latin-1"))
            for name, value in request.headers.items()
        ),
        (b"Content-Length", str(len(request.body)).encode("ascii")),
    ]


def _first_bytes(chunks: Iterable[bytes], limit: int) -> bytes:
    """The body up to `limit`, or up to where it broke off: the status has said the main thing."""
    import httpcore2

    body = bytearray()
    with suppress(httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException):
        for chunk in chunks:
            body += chunk
            if len(body) >= limit:
                break
    return bytes(body[:limit])


def _proxy_for(url: str) -> str | None:
    """The proxy that the environment names for this URL, `NO_PROXY` honoured; usually None."""
    proxies = urllib.request.getproxies_environment()
    if not proxies:
        return None
    parts = urlsplit(url)
    if parts.hostname and urllib.request.proxy_bypass(parts.hostname):
        return None
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return str(proxy) if proxy else None


def _sentence(error: Exception) -> str:
    return str(error) or type(error).__name__
