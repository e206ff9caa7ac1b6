"""The response that libcurl is receiving, bounded while it comes in. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from footfall.delivery.transport import http_common
from footfall.model import Response

_END: Final = b"\r\n"
# Some small servers end their lines like this, and libcurl accepts it.
_ENDS: Final = frozenset({_END, b"\n"})
# Longer than a request waits for a new connection.
_REMEMBERED: Final = 64


class ConnectionEnds:
    """Which connections the server has ended under requests, by our ports, and when.

    Args:
        is_at_end: Whether a connection that is still there has ended, and nobody has seen it yet.
    """

    def __init__(self, is_at_end: Callable[[int], bool]) -> None:
        self._is_at_end = is_at_end
        # Dicts for their order: of many, the oldest are forgotten.
        self._ended: dict[int, float] = {}
        self._unused: dict[int, None] = {}
        self.looked_at = -math.inf
        """When all connections in use were last looked at. Ends found since then came later."""

    def use(self, port: int) -> None:
        """A request begins on this connection."""
        self._unused.pop(port, None)

    def leave(self, port: int) -> None:
        """This connection has no request: it is idle, or libcurl is about to close it."""
        self._unused[port] = None
        if len(self._unused) > _REMEMBERED:
            del self._unused[next(iter(self._unused))]

    def end(self, port: int) -> None:
        """The server has ended this connection."""
        if port not in self._unused and port not in self._ended:
            self._ended[port] = self.looked_at
            if len(self._ended) > _REMEMBERED:
                del self._ended[next(iter(self._ended))]

    def alive_at(self, port: int) -> float | None:
        """When a connection that has ended under requests was alive; None if it has not ended.

        A request that got no answer on it may have been processed, unless it was refused before.
        """
        if self._is_at_end(port):
            self.end(port)
        return self._ended.get(port)


class CurlResponse:
    """Collects one response: libcurl calls it with each header line and each chunk of the body.

    Has no reference to the handle, so that no cycle keeps an unused handle alive.

    Args:
        is_secure: Whether it comes over TLS, where alone HTTP/2 is spoken.
        ends: Of all connections.
    """

    __slots__ = (
        "_ends",
        "_is_secure",
        "_may_be_http2",
        "_port",
        "alive_at",
        "body",
        "body_left",
        "has_head",
        "head",
        "head_left",
        "interims",
        "is_http2",
        "requests",
    )

    def __init__(self, ends: ConnectionEnds, *, is_secure: bool) -> None:
        self._is_secure = is_secure
        self._ends = ends
        self.is_http2 = False
        # Until an answer shows that it is not.
        self._may_be_http2 = is_secure
        self.reset()

    def reset(self) -> None:
        """Begin the next response."""
        self.head: list[bytes] = []
        self.body: list[bytes] = []
        self.head_left = http_common.MAX_HEAD_BYTES
        self.body_left = http_common.MAX_BODY_BYTES
        self.has_head = False
        """True once the head of the final response is there: its status is what matters most."""
        self.interims = 0
        self.requests = 0
        self.alive_at: float | None = None
        """When the request's first connection was alive, where that may have ended under it."""
        self._port = 0

    def allow_request(self, address: str, own_address: str, port: int, own_port: int) -> int:
        """Called just before a request is sent, with the connection. 1 ends the exchange.

        libcurl repeats a request by itself where no byte has come back on a connection that was
        used before. In HTTP/1.1 the server had closed that while it was idle. In HTTP/2 it has
        refused the stream; or the connection broke, and it may have processed the request.
        """
        self.requests += 1
        if self.was_refused:
            self.alive_at = self._ends.alive_at(self._port)
        self._port = own_port
        self._ends.use(own_port)
        return int(self.alive_at is not None)

    @property
    def was_refused(self) -> bool:
        """Whether libcurl had to repeat the request over HTTP/2."""
        return self._may_be_http2 and self.requests > 1

    def add_header_line(self, line: bytes) -> int | None:
        """Keep one header line. -1 ends the exchange."""
        head = self.head
        if not head:
            self.is_http2 = line.startswith(b"HTTP/2")
            if self.is_http2 and not self._is_secure:
                return -1
            self._may_be_http2 = self.is_http2
        if line in _ENDS:
            return self._end_head()
        head.append(line)
        self.head_left -= len(line)
        return -1 if self.head_left < 0 else None

    def _end_head(self) -> int | None:
        """At the end of a head: -1 where more interim responses came than are allowed."""
        if self.head and not self.has_head and _status(self.head[0]).startswith(b"1"):
            self.head = []
            self.interims += 1
            return -1 if self.interims > http_common.MAX_INTERIM_RESPONSES else None
        self.has_head = True
        self.head.append(_END)
        return None

    def add_body_chunk(self, chunk: bytes) -> int | None:
        """Keep one chunk. -1 ends the exchange."""
        self.body.append(chunk)
        self.body_left -= len(chunk)
        return -1 if self.body_left <= 0 else None

    @property
    def fault(self) -> str | None:
        """Why a response was cut off within its head; None if it was not."""
        if self.interims > http_common.MAX_INTERIM_RESPONSES:
            return "there are too many interim responses"
        if self.head_left < 0:
            return "the head of the response is too long"
        return None

    def response(self) -> Response:
        """The response, with as much of its body as came."""
        head, body = self.head, self.body
        whole = body[0] if len(body) == 1 else b"".join(body)
        return Response(
            status=int(_status(head[0])),
            headers=http_common.parse_headers(head[1 : head.index(_END)]),
            body=whole[: http_common.MAX_BODY_BYTES],
        )


def _status(line: bytes) -> bytes:
    return line.split(maxsplit=2)[1]
