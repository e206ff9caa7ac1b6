"""The door through libcurl: the cheapest way out that is somebody else's HTTP client.

One handle for each thread, kept with its connection: threads share nothing, and wait for nobody.
"""

from __future__ import annotations

import os
import threading

from footfall.errors import NotSent
from footfall.model import Request, Response
from footfall.transport import wire
from footfall.transport.handle import Handle


class CurlTransport:
    """libcurl through pycurl, keep-alive, HTTP/1.1. Needs the extra `[curl]`.

    TLS is always verified, against the system's certificates; the proxy variables of the
    environment are honoured, as they are when a thread first meets a URL. One thing is tried again
    in here: libcurl itself repeats a request, once, on a new connection where a reused one turns
    out to have been closed before any byte came back.

    Args:
        timeout_seconds: For one whole exchange, however slowly the answer drips.
        connect_timeout_seconds: For the connection alone, its name and TLS included.
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
        self._connect_timeout = min(connect_timeout_seconds, timeout_seconds)
        self._idle = idle_seconds
        self._mine = _Mine()
        self._owner = os.getpid()

    def send(self, request: Request) -> Response:
        """Return the vendor's answer; see `Transport.send`."""
        if self._owner != os.getpid():
            # A forked child must not touch its parent's connections, not even to close them.
            self._mine, self._owner = _Mine(), os.getpid()
        mine = self._mine
        handle = mine.handle
        if handle is None:
            handle = mine.handle = Handle(self._timeout, self._connect_timeout, self._idle)
        try:
            return handle.exchange(request)
        except NotSent:
            # libcurl remembers for half a minute that a name has no address. A new handle asks.
            mine.handle = None
            raise

    def close(self) -> None:
        """Close the idle connections. The next request opens another."""
        self._mine = _Mine()

    def __repr__(self) -> str:
        return f"CurlTransport(timeout_seconds={self._timeout:g})"


class _Mine(threading.local):
    """The handle of the running thread. It is freed when the thread ends."""

    handle: Handle | None = None
