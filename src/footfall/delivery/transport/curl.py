"""The transport on libcurl, which takes the least processor time of the HTTP clients."""

from __future__ import annotations

import os
from importlib import import_module

from footfall.delivery.transport import http_common
from footfall.delivery.transport.curl_handle import CurlOptions
from footfall.delivery.transport.curl_multi import CurlMulti, OnEnd
from footfall.delivery.transport.greenlets import is_patched, may_be_greenlet
from footfall.delivery.transport.httpx import HTTPXTransport
from footfall.delivery.transport.idle_pool import IdlePool
from footfall.model import Request, Response


class CurlTransport:
    """libcurl through pycurl: HTTP/2 over TLS where the server speaks it, else keep-alive HTTP/1.1.

    Needs the extra `[curl]`. TLS is always verified, against the system's certificates; the proxy
    variables of the environment are honoured, as they are when a connection is first used for a
    URL. One fault is retried here: libcurl itself repeats a request on a new connection where the
    server has refused its HTTP/2 stream, or had closed the reused HTTP/1.1 connection before any
    byte came back.

    Args:
        timeout_seconds: For one whole exchange, however slowly the response comes in.
        connect_timeout_seconds: For connecting alone, DNS and TLS included.
        idle_seconds: A connection that was idle for longer is not used again, unless the server has
            promised in a `Keep-Alive` header to wait for longer.
        under_greenlets: Sends instead once gevent or eventlet has patched sockets or threads,
            however late.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float = http_common.TOTAL_TIMEOUT_SECONDS,
        connect_timeout_seconds: float = http_common.CONNECT_TIMEOUT_SECONDS,
        idle_seconds: float = http_common.IDLE_SECONDS,
        under_greenlets: HTTPXTransport | None = None,
    ) -> None:
        connect_timeout = min(connect_timeout_seconds, timeout_seconds)
        self._options = CurlOptions(timeout_seconds, connect_timeout, idle_seconds)
        self._under_greenlets = under_greenlets
        # The one of the last `start`; the others are those of `send`.
        self._shared: CurlMulti | None = None
        self._idle: IdlePool[CurlMulti] = IdlePool()
        self._pid = os.getpid()

    def start(self, multi: CurlMulti, request: Request, on_end: OnEnd) -> None:
        """Begin an exchange among others; see `CurlMulti.start`."""
        self._shared = multi
        multi.start(request, self._options, on_end)

    def send(self, request: Request) -> Response:
        """Return the vendor's response; see `Transport.send`."""
        if self._under_greenlets is not None and is_patched() and may_be_greenlet():
            return self._under_greenlets.send(request)
        if self._pid != os.getpid():
            # A forked child must not use its parent's connections, not even close them.
            self._idle, self._pid = IdlePool(), os.getpid()
        idle = self._idle
        multi = idle.take() or CurlMulti()
        ended: list[Response | Exception] = []
        multi.start(request, self._options, lambda result, _: ended.append(result))
        while not ended:
            multi.run(self._options.timeout)
        idle.put(multi)
        if isinstance(ended[0], Exception):
            raise ended[0]
        return ended[0]

    def preload(self) -> None:
        """Import now what the first exchange would import; see `transport.preload`."""
        for name in ("ctypes", "urllib.request", "select"):
            import_module(name)
        CurlMulti()

    def close(self) -> None:
        """Use none of the connections again. The next request opens another."""
        idle, self._idle = self._idle, IdlePool()
        if self._pid == os.getpid():
            idle.close()
        if self._shared is not None:
            self._shared.is_stale = True
        if self._under_greenlets is not None:
            self._under_greenlets.close()

    def __repr__(self) -> str:
        return f"CurlTransport(timeout_seconds={self._options.timeout:g})"
