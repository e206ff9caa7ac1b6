"""A network backend for httpcore2 in which every wait ends at the exchange's deadline.

A socket's timeout bounds one `recv`; a server that sends one byte at a time, or `100 Continue` for
ever, restarts it with each. This also bounds the response's head and its interim responses, and
knows how long an idle connection may still be used.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import httpcore2

from footfall.delivery.transport import http_common
from footfall.delivery.transport.dns_cache import DNSCache

if TYPE_CHECKING:
    import ssl


class ExchangeDeadline:
    """The running exchange: its deadline, its bounds, the connection that it uses."""

    def __init__(self) -> None:
        self.start(0.0, is_secure=False)

    def start(self, timeout: float, *, is_secure: bool) -> None:
        """Begin the next exchange; `timeout` is in seconds."""
        self._deadline = time.monotonic() + timeout
        self._is_secure = is_secure
        # The connection that the request, or a part of it, was sent on.
        self._stream: Stream | None = None
        self._is_on_used_connection = False
        self.head_left = http_common.MAX_HEAD_BYTES
        self.has_head = False
        self._has_received = False
        self._interims = 0

    def seconds_left(self, timeout: float | None) -> float:
        """Seconds until the deadline, at most `timeout`; negative after it."""
        left = self._deadline - time.monotonic()
        return left if timeout is None else min(timeout, left)

    def note_sent(self, stream: Stream) -> None:
        """Remember that the request is being sent on `stream`."""
        self._stream = stream
        self._is_on_used_connection = stream.has_served
        self._has_received = False

    def note_received(self, chunk: bytes) -> None:
        """Count what came before the end of the head.

        Raises:
            RemoteProtocolError: there are too many interim responses.
        """
        self._has_received |= bool(chunk)
        self.head_left -= len(chunk)
        # Only where the first response is an interim one, further ones are counted.
        if self._interims or chunk.startswith(b"HTTP/1.1 1"):
            self._interims += chunk.count(b"HTTP/1.1 1")
            if self._interims > http_common.MAX_INTERIM_RESPONSES:
                raise httpcore2.RemoteProtocolError("there are too many interim responses")

    def keep_connection_for(self, idle_seconds: float) -> None:
        """Let the connection be used again within `idle_seconds`."""
        if self._stream is not None:
            self._stream.keep_for(idle_seconds)

    @property
    def has_sent(self) -> bool:
        """False if nothing was sent to the vendor. What a proxy gets in clear before TLS is not."""
        return self._stream is not None and (self._stream.is_secure or not self._is_secure)

    @property
    def was_on_stale_connection(self) -> bool:
        """True if no byte came back on a reused connection: the vendor had closed it while idle."""
        return self._is_on_used_connection and not self._has_received


class Stream(httpcore2.NetworkStream):
    """One connection. Writes wait for the first read, so that a request is sent in one piece."""

    def __init__(
        self,
        stream: httpcore2.NetworkStream,
        exchange: ExchangeDeadline,
        *,
        is_secure: bool = False,
    ) -> None:
        self._stream = stream
        self._exchange = exchange
        self._unsent: list[bytes] = []
        self._opened_at = time.monotonic()
        self._usable_until = float("inf")
        self.is_secure = is_secure
        self.has_served = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        exchange = self._exchange
        if self._unsent:
            self._flush()
        left = exchange.seconds_left(timeout)
        if left <= 0:
            raise httpcore2.ReadTimeout
        if exchange.has_head:
            return self._stream.read(max_bytes, left)
        if exchange.head_left <= 0:
            raise httpcore2.RemoteProtocolError("the head of the response is too long")
        chunk = self._stream.read(min(max_bytes, exchange.head_left), left)
        self.has_served = True
        exchange.note_received(chunk)
        return chunk

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._unsent.append(buffer)

    def _flush(self) -> None:
        left = self._exchange.seconds_left(None)
        if left <= 0:
            raise httpcore2.WriteTimeout
        request, self._unsent = b"".join(self._unsent), []
        self._exchange.note_sent(self)
        self._stream.write(request, left)

    def keep_for(self, idle_seconds: float) -> None:
        """Let the connection be used again within `idle_seconds`, unless it is too old by then."""
        oldest = self._opened_at + http_common.MAX_CONNECTION_AGE_SECONDS
        self._usable_until = min(time.monotonic() + idle_seconds, oldest)

    def get_extra_info(self, info: str) -> Any:
        # httpcore2 closes an idle connection that is readable: the server has closed it.
        if info == "is_readable" and time.monotonic() >= self._usable_until:
            return True
        return self._stream.get_extra_info(info)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left = max(self._exchange.seconds_left(timeout), 0.001)
        encrypted = self._stream.start_tls(ssl_context, server_hostname, left)
        return Stream(encrypted, self._exchange, is_secure=True)

    def close(self) -> None:
        self._stream.close()


class Backend(httpcore2.SyncBackend):
    """Opens connections for one exchange at a time: by name, to one address after the other."""

    def __init__(self, exchange: ExchangeDeadline, dns: DNSCache) -> None:
        self._exchange = exchange
        self._dns = dns

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            addresses = self._dns.addresses(host, port)
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        end = time.monotonic() + self._exchange.seconds_left(timeout)
        fault: Exception = httpcore2.ConnectError("the name has no address")
        for number, address in enumerate(addresses):
            share = (end - time.monotonic()) / (len(addresses) - number)
            if share <= 0:
                raise httpcore2.ConnectTimeout("no time is left for the next address")
            try:
                stream = super().connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                fault = error
                continue
            self._dns.prefer(host, port, address)
            return Stream(stream, self._exchange)
        raise fault
