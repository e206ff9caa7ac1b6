"""The door through libcurl: the cheapest way out that is somebody else's HTTP client.

One handle for each exchange that runs, kept with its connection for the next: nobody waits.
"""

from __future__ import annotations

import os
from importlib import import_module

from footfall.delivery.transport import http_common
from footfall.delivery.transport.curl_handle import CurlHandle
from footfall.delivery.transport.gevent import is_cooperative, runs_greenlets
from footfall.delivery.transport.http_common import MAX_HOSTS
from footfall.delivery.transport.httpx import HTTPXTransport
from footfall.delivery.transport.idle_pool import IdlePool
from footfall.errors import NotSent
from footfall.model import Request, Response


class CurlTransport:
    """libcurl through pycurl, keep-alive, HTTP/1.1. Needs the extra `[curl]`.

    TLS is always verified, against the system's certificates; the proxy variables of the
    environment are honoured, as they are when a connection first meets a URL. One thing is tried
    again in here: libcurl itself repeats a request, once, on a new connection where a reused one
    turns out to have been closed before any byte came back.

    Args:
        timeout_seconds: For one whole exchange, however slowly the answer drips.
        connect_timeout_seconds: For the connection alone, its name and TLS included.
        idle_seconds: A connection that was idle for longer is not used again, unless the peer has
            promised in a `Keep-Alive` header to wait for longer.
        under_gevent: Sends instead once gevent has taken over sockets, however late.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float = http_common.TOTAL_TIMEOUT_SECONDS,
        connect_timeout_seconds: float = http_common.CONNECT_TIMEOUT_SECONDS,
        idle_seconds: float = http_common.IDLE_SECONDS,
        under_gevent: HTTPXTransport | None = None,
    ) -> None:
        self._timeout = timeout_seconds
        self._connect_timeout = min(connect_timeout_seconds, timeout_seconds)
        self._idle = idle_seconds
        self._under_gevent = under_gevent
        # By scheme and host: a handle that served several would keep connections to all of them.
        self._shelves: dict[str, IdlePool[CurlHandle]] = {}
        self._owner = os.getpid()

    def send(self, request: Request) -> Response:
        """Return the vendor's answer; see `Transport.send`."""
        if self._under_gevent is not None and is_cooperative() and runs_greenlets():
            return self._under_gevent.send(request)
        if self._owner != os.getpid():
            # A forked child must not touch its parent's connections, not even to close them.
            self._shelves, self._owner = {}, os.getpid()
        url = request.url
        host = url[: url.find("/", 8)]
        shelf = self._shelves.get(host) or self._new_shelf(host)
        handle = shelf.take() or CurlHandle(self._timeout, self._connect_timeout, self._idle)
        try:
            response = handle.exchange(request)
        except NotSent:
            # libcurl remembers for half a minute that a name has no address. A new handle asks.
            raise
        except Exception:
            shelf.put(handle)
            raise
        shelf.put(handle)
        return response

    def _new_shelf(self, host: str) -> IdlePool[CurlHandle]:
        if len(self._shelves) >= MAX_HOSTS:
            self._shelves = {}
        return self._shelves.setdefault(host, IdlePool())

    def prepare(self) -> None:
        """Import now what the first exchange would import; see `transport.prepare`."""
        for name in ("ctypes", "urllib.request"):
            import_module(name)
        CurlHandle(self._timeout, self._connect_timeout, self._idle)

    def close(self) -> None:
        """Close the idle connections. The next request opens another."""
        self._shelves = {}
        if self._under_gevent is not None:
            self._under_gevent.close()

    def __repr__(self) -> str:
        return f"CurlTransport(timeout_seconds={self._timeout:g})"
