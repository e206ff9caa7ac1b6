"""HTTP connections that slow and half-open clients cannot hold.

Uvicorn with httptools waits for ever for the rest of a request, and for a client that does not read
its response, and it keeps trailers without end. The connections here end such waits, limit heads
and trailers, and are limited in number: at the limit, the address with the most connections loses
the one that waits longest for its client. What clients do writes at most one log line a minute of
each kind.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import math
from collections import Counter, OrderedDict
from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from footfall.collector.ingest.rate_limit import sender_of
from footfall.collector.wire import limits
from footfall.common.log import ThrottledLog, error_location

# Of a head or of trailers that do not end, as h11 allows; `request_limits.py` refuses a whole head
# of less.
MAX_HEAD_BYTES: Final = 65_536
# A waiting request costs some 5 KB. Browsers and our own sender do not pipeline at all.
MAX_PIPELINED: Final = 16
# The same as Kestrel's MinResponseDataRate (learn.microsoft.com, read 2026-11-29).
_MIN_BYTES_PER_SECOND: Final = 240
# A client that has sent more than was read gets a reset, which discards the response that it has
# not read yet. It has this long to close.
_LINGER_SECONDS: Final = 1.0

# The headers that say where a body ends.
_FRAMING: Final = (b"content-length", b"transfer-encoding")

# Connections become free within milliseconds.
_EXTRA_HEADERS: Final = {HTTPStatus.SERVICE_UNAVAILABLE: b"retry-after: 1\r\n"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """What clients may take of a server.

    Args:
        connections: How many may be open.
        head_seconds: For a request's head, from its first byte or the start of the connection.
        body_seconds: For a request's body, from the end of its head.
        write_seconds: For a client that reads less than 240 bytes a second of a response.
    """

    connections: int
    # A head is one packet or two. Apache allows 20 s, Node 60 s.
    head_seconds: float = 10.0
    # The longest body takes as long at 2 Mbit/s.
    body_seconds: float = 30.0
    # A phone in a tunnel comes back within that time.
    write_seconds: float = 30.0


class _Phase(Enum):
    """What a connection receives."""

    IDLE = auto()
    HEAD = auto()
    BODY = auto()
    REFUSED = auto()


class OpenConnections:
    """The open connections of one server. Used in its event loop only."""

    def __init__(self, limits: ConnectionLimits, log: ThrottledLog) -> None:
        self.limits = limits
        self.logger = _Logger(log)
        self.is_draining = False
        self._drained = asyncio.Event()
        self._log = log
        self._all: set[HTTPConnection] = set()
        # Those that wait for their client, the longest wait first.
        self._waiting: OrderedDict[HTTPConnection, None] = OrderedDict()
        self._numbers: Counter[str | None] = Counter()

    def __len__(self) -> int:
        return len(self._all)

    def add(self, connection: HTTPConnection) -> None:
        """Add a new connection. At the limit, close the longest waiting one, which may be this."""
        self._all.add(connection)
        self._numbers[connection.network] += 1
        self.begin_wait(connection)
        if len(self._all) > self.limits.connections:
            text = f"footfall: {self.limits.connections} connections are open, which is the limit"
            self._log.warn("connections", f"{text}: the longest waiting ones are closed")
            self.close_longest_waiting()

    def remove(self, connection: HTTPConnection) -> None:
        self._all.discard(connection)
        self.end_wait(connection)
        self._numbers[connection.network] -= 1
        if not self._numbers[connection.network]:
            del self._numbers[connection.network]

    def begin_wait(self, connection: HTTPConnection) -> None:
        """Note that from now on a connection waits for its client."""
        self._waiting[connection] = None
        self._waiting.move_to_end(connection)

    def end_wait(self, connection: HTTPConnection) -> None:
        self._waiting.pop(connection, None)
        if self.is_draining and not self._waiting:
            self._drained.set()

    def close_longest_waiting(self) -> None:
        """Close a connection that waits for its client, of the address that has the most."""
        crowded = max(self._numbers, key=self._numbers.__getitem__, default=None)
        of_crowded = (each for each in self._waiting if each.network == crowded)
        found = next(of_crowded, None) or next(iter(self._waiting), None)
        if found:
            self.end_wait(found)
            found.close(HTTPStatus.SERVICE_UNAVAILABLE)

    def end_overdue(self, now: float) -> None:
        """Close the connections whose clients took too long. `now` is the loop's time."""
        for connection in list(self._all):
            connection.end_if_overdue(now)

    async def drain(self, seconds: float) -> None:
        """Answer what clients have sent or are about to send, as the last of each connection.

        A client that sends nothing more within `seconds` is cut off.
        """
        self.is_draining = True
        for connection in self._all:
            connection.end_keep_alive()
        if self._waiting:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._drained.wait(), seconds)
        for connection in list(self._waiting):
            connection.close(HTTPStatus.SERVICE_UNAVAILABLE)

    def abort(self) -> None:
        """Close all connections without another byte."""
        for connection in list(self._all):
            connection.transport.abort()

    def on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log an error of the event loop. Where files are exhausted, free one for a new client."""
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            self.close_longest_waiting()
        # The message of a failed callback shows its arguments, which clients have sent.
        text = (
            f"{error.__class__.__name__}: {error_location(error)}" if error else context["message"]
        )
        self._log.write(logging.ERROR, f"loop {text}", f"footfall: the collector's server: {text}")


class HTTPConnection(HttpToolsProtocol):
    """A connection of uvicorn's that waits for its client within limits."""

    def __init__(self, connections: OpenConnections, **options: Any) -> None:
        super().__init__(**options)
        self.parser = _RequestParser(self)
        # As uvicorn sets it: a request that was sent behind the last one breaks no response.
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.logger = connections.logger
        self.network: str | None = None
        self._connections = connections
        self._limits = connections.limits
        self._phase = _Phase.HEAD
        self._deadline = math.inf
        # Of a head, or since the last byte of a body.
        self._framing_bytes = 0
        # How much the client had to read when its present time began.
        self._unsent: int | None = None
        self._unsent_deadline = math.inf
        # The parser has ended a message with its head, since that asks for an upgrade.
        self._is_resuming = False

    # -- called by the event loop --------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.network = sender_of(self.client[0], is_page=False) if self.client else None
        self._deadline = self.loop.time() + self._limits.head_seconds
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.remove(self)
        super().connection_lost(exc)
        # After a reset, uvicorn leaves it, and it holds this connection for its whole time.
        if self.timeout_keep_alive_task:
            self.timeout_keep_alive_task.cancel()

    def data_received(self, data: bytes) -> None:
        if self._phase is _Phase.REFUSED:
            return
        if self._phase is _Phase.IDLE:
            # Not only in `on_message_begin`: an empty line, which may come first, is no message.
            self._begin_head()
        self._framing_bytes += len(data)
        super().data_received(data)
        if self._framing_bytes > MAX_HEAD_BYTES:
            if self._phase is _Phase.HEAD:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            elif self._phase is _Phase.BODY:
                self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._note_wait()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._unsent = None
        self._note_wait()

    # -- called by the parser and by the response ----------------------------------------------

    def ignored_upgrade(self) -> bytes:
        """A head after which the parser reads the body of the request whose upgrade is ignored.

        Empty where the connection ends.
        """
        if self.transport.is_closing():
            return b""
        framing = [each for each in self.headers if each[0] in _FRAMING]
        return b"POST / HTTP/1.1\r\n%s\r\n" % b"".join(b"%s: %s\r\n" % each for each in framing)

    def on_message_begin(self) -> None:
        if self._is_resuming:
            return
        if self._phase is not _Phase.HEAD:
            self._begin_head()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        # A header takes up to fifty times its bytes: more are left out than tell
        # `request_limits.py` that there are too many. After the body, it is a trailer (RFC 9110,
        # section 6.5.1), which nothing here reads.
        is_read = self._phase is _Phase.HEAD and len(self.headers) <= limits.HEADERS
        if is_read and not self._is_resuming:
            super().on_header(name, value)

    def on_url(self, url: bytes) -> None:
        if not self._is_resuming:
            super().on_url(url)

    def on_headers_complete(self) -> None:
        if self._is_resuming:
            self._is_resuming = False
            return
        # Among headers that were left out may be those that say where the body ends.
        is_endless = self.parser.should_upgrade() and len(self.headers) > limits.HEADERS
        if len(self.pipeline) >= MAX_PIPELINED or is_endless:
            self.transport.abort()
            return
        self._is_resuming = self.parser.should_upgrade()
        super().on_headers_complete()
        self._phase = _Phase.BODY
        self._framing_bytes = 0
        self._deadline = self.loop.time() + self._limits.body_seconds
        if self._connections.is_draining:
            _end_keep_alive(self.cycle)

    def on_body(self, body: bytes) -> None:
        self._framing_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._is_resuming:
            return
        super().on_message_complete()
        self._begin_idle()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._phase is _Phase.IDLE:
            self._begin_idle()

    # -- called by `OpenConnections` -----------------------------------------------------------

    def end_if_overdue(self, now: float) -> None:
        """Close the connection if its client took too long. `now` is the loop's time."""
        if self._is_stalled(now):
            self.transport.abort()
        # Reading is paused while the app is busy, which is no fault of the client's.
        elif now >= self._deadline and self._is_waiting() and not self.flow.read_paused:
            self.close(HTTPStatus.REQUEST_TIMEOUT)

    def end_keep_alive(self) -> None:
        """Let the response that is under way be the last one."""
        if latest := self._latest():
            _end_keep_alive(latest)

    def close(self, status: HTTPStatus) -> None:
        """Close the connection, with this response to a request that has begun."""
        has_begun = (
            self._framing_bytes > 0
            if self._phase is _Phase.HEAD
            else self._phase is _Phase.BODY and not self.cycle.response_started
        )
        if has_begun and not self.flow.write_paused:
            self.transport.write(_response(status))
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    # -- its parts -----------------------------------------------------------------------------

    def _begin_head(self) -> None:
        self._phase = _Phase.HEAD
        self._framing_bytes = 0
        self._deadline = self.loop.time() + self._limits.head_seconds
        self._note_wait()

    def _begin_idle(self) -> None:
        self._phase = _Phase.IDLE
        # Uvicorn's own timer ends with an early response's body, which it discards.
        self._deadline = self.loop.time() + self.timeout_keep_alive
        self._note_wait()

    def _note_wait(self) -> None:
        if self._is_waiting():
            self._connections.begin_wait(self)
        else:
            self._connections.end_wait(self)

    def _is_waiting(self) -> bool:
        """Whether nothing can be done before the client reads or sends something."""
        if self.flow.write_paused:
            return True
        if self._phase is _Phase.BODY:
            return not self.pipeline
        latest = self._latest()
        return latest is None or latest.response_complete

    def _latest(self) -> RequestResponseCycle | None:
        # None before the first request, which uvicorn's type does not say.
        return self.cycle

    def _is_stalled(self, now: float) -> bool:
        """Whether the client reads too little."""
        unsent, seconds = self.transport.get_write_buffer_size(), self._limits.write_seconds
        if unsent == 0:
            self._unsent = None
            return False
        if self._unsent is not None:
            if now < self._unsent_deadline:
                return False
            if self._unsent - unsent < seconds * _MIN_BYTES_PER_SECOND:
                return True
        self._unsent, self._unsent_deadline = unsent, now + seconds
        return False

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer before the whole request is there, and give the client time to read that."""
        if not self._is_waiting() or self.flow.write_paused:
            self.transport.abort()
            return
        self.transport.write(_response(status))
        self.transport.write_eof()
        self._phase = _Phase.REFUSED
        self._deadline = self.loop.time() + _LINGER_SECONDS


def _end_keep_alive(cycle: RequestResponseCycle) -> None:
    cycle.keep_alive = False
    # Uvicorn 0.40 does not tell the client; 0.54 does.
    cycle.default_headers = [*cycle.default_headers, (b"connection", b"close")]


class _RequestParser(httptools.HttpRequestParser):
    """A parser that goes on where a request asks for an upgrade.

    A server may ignore that, as this one does with all (RFC 9110, section 7.8). The parser takes
    what follows the head for the other protocol.
    """

    def __init__(self, connection: HTTPConnection) -> None:
        super().__init__(connection)
        self._connection = connection

    def feed_data(self, data: bytes) -> None:  # type: ignore[override]  # uvicorn has bytes
        while data:
            try:
                super().feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                [length] = upgrade.args
                head = self._connection.ignored_upgrade()
                data = head and head + data[length:]


class _Logger(logging.Logger):
    """Uvicorn's log of one server: a line without a traceback, once a minute of each kind."""

    def __init__(self, log: ThrottledLog) -> None:
        super().__init__("footfall.collector", logging.WARNING)
        self._throttled = log

    def handle(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        where = f" ({error_location(error)})" if error else ""
        text = f"{record.getMessage().strip()}{where}"
        self._throttled.write(record.levelno, text, f"footfall: the collector's server: {text}")


def _response(status: HTTPStatus) -> bytes:
    headers = b"content-length: 0\r\nconnection: close\r\n" + _EXTRA_HEADERS.get(status, b"")
    return b"HTTP/1.1 %d %s\r\n%s\r\n" % (status, status.phrase.encode(), headers)
