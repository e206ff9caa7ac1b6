"""The transport on libcurl, which takes the least processor time of the HTTP clients.

One handle for each running exchange, kept with its connection: no thread waits for another.
"""

from __future__ import annotations

import os
from importlib import import_module

from footfall.delivery.transport import http_common
from footfall.delivery.transport.curl_handle import CurlHandle
from footfall.delivery.transport.greenlets import is_patched, may_be_greenlet
from footfall.delivery.transport.http_common import MAX_HOSTS
from footfall.delivery.transport.httpx import HTTPXTransport
from footfall.delivery.transport.idle_pool import IdlePool
from footfall.errors import NotSent
from footfall.model import Request, Response


class CurlTransport:
    """libcurl through pycurl, keep-alive, HTTP/1.1. Needs the extra `[curl]`.

    TLS is always verified, against the system's certificates; the proxy variables of the
    environment are honoured, as they are when a connection is first used for a URL. One fault is
    retried here: libcurl itself repeats a request, once, on a new connection where a reused one
    turns out to have been closed before any byte came back.

    Args:
        timeout_seconds: For one whole exchange, however slowly the response comes in.
        connect_timeout_seconds: For connecting alone, DNS and TLS included.
        idle_seconds: A connection that was idle for longer is not used again, unless the server has
            promised in a `Keep-Alive` header to wait for longer.
        under_greenlets: Sends instead once gevent has patched sockets, however late.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float = http_common.TOTAL_TIMEOUT_SECONDS,
        connect_timeout_seconds: float = http_common.CONNECT_TIMEOUT_SECONDS,
        idle_seconds: float = http_common.IDLE_SECONDS,
        under_greenlets: HTTPXTransport | None = None,
    ) -> None:
        self._timeout = timeout_seconds
        self._connect_timeout = min(connect_timeout_seconds, timeout_seconds)
        self._idle = idle_seconds
        self._under_greenlets = under_greenlets
        # By scheme and host: a handle for several hosts would keep connections to all of them.
        self._pools: dict[str, IdlePool[CurlHandle]] = {}
        self._pid = os.getpid()

    def send(self, request: Request) -> Response:
        """Return the vendor's response; see `Transport.send`."""
        if self._under_greenlets is not None and is_patched() and may_be_greenlet():
            return self._under_greenlets.send(request)
        if self._pid != os.getpid():
            # A forked child must not use its parent's connections, not even close them.
            self._pools, self._pid = {}, os.getpid()
        url = request.url
        host = url[: url.find("/", 8)]
        pool = self._pools.get(host) or self._new_pool(host)
        handle = pool.take() or CurlHandle(self._timeout, self._connect_timeout, self._idle)
        try:
            response = handle.exchange(request)
        except NotSent:
            # A handle caches for half a minute that a name has no address; a new one asks again.
            raise
        except Exception:
            pool.put(handle)
            raise
        pool.put(handle)
        return response

    def _new_pool(self, host: str) -> IdlePool[CurlHandle]:
        if len(self._pools) >= MAX_HOSTS:
            self._pools = {}
        return self._pools.setdefault(host, IdlePool())

    def preload(self) -> None:
        """Import now what the first exchange would import; see `transport.preload`."""
        for name in ("ctypes", "urllib.request"):
            import_module(name)
        CurlHandle(self._timeout, self._connect_timeout, self._idle)

    def close(self) -> None:
        """Close the idle connections. The next request opens another."""
        self._pools = {}
        if self._under_greenlets is not None:
            self._under_greenlets.close()

    def __repr__(self) -> str:
        return f"CurlTransport(timeout_seconds={self._timeout:g})"
