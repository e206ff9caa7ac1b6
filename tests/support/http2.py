"""A vendor that speaks HTTP/2 over TLS, and does what its script says.

    certificate = trustme.CA().issue_cert("127.0.0.1")
    with http2_vendor(answering(after=0.05), certificate=certificate) as server:
        ...  # send to server.url
        assert [each.body for each in server.requests] == [...]

The first connection follows the first script, the second the second, and all further ones the last.
Scripts with faults are in `tests.support.http2_faults`. Each connection has a thread, which alone
touches its socket and its protocol; a test acts on one through `HTTP2Connection.run`.
"""

from __future__ import annotations

import heapq
import itertools
import queue
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

import trustme
from h2.config import H2Configuration
from h2.connection import ConnectionState, H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
)
from h2.exceptions import ProtocolError, StreamClosedError
from h2.settings import SettingCodes
from hyperframe.frame import GoAwayFrame

from tests.support import vendors

# Of an endless flood no more waits to be written.
_MAX_WAITING_BYTES: Final = 16_384
_ROUND_TRIP_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """A request, or its head alone.

    Args:
        connection: The number of the connection, from 0.
        stream: The number of the stream; 0 over HTTP/1.1.
    """

    connection: int
    stream: int
    headers: Mapping[str, str]
    body: bytes = b""


Action: TypeAlias = Callable[["HTTP2Connection"], object]
RequestAction: TypeAlias = Callable[["HTTP2Connection", ReceivedRequest], object]


def _nothing(*_: object) -> None: ...


def _answer(connection: HTTP2Connection, request: ReceivedRequest) -> None:
    connection.answer(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a connection does. The functions run in its thread and must not wait.

    Args:
        on_start: Called once TLS is there, and the settings are written.
        on_head: Called for the head of each request.
        on_request: Called for each whole request.
        settings: Sent at the start, beside the defaults of h2 (100 streams).
        is_mute: Nothing is ever written, not even the settings and their acknowledgement.
        opens_window: Whether the client may send more once it has sent what the settings allow.
        alpn: The protocols that the server offers. A client that gets HTTP/1.1, or none, is
            answered with 202.
        handshake_after: Seconds until the server answers the client's TLS handshake.
    """

    on_start: Action = _nothing
    on_head: RequestAction = _nothing
    on_request: RequestAction = _answer
    settings: Mapping[SettingCodes, int] = field(default_factory=dict)
    is_mute: bool = False
    opens_window: bool = True
    alpn: Sequence[str] = ("h2", "http/1.1")
    handshake_after: float = 0.0


def answering(
    status: int = 202,
    body: bytes = b"ok",
    *,
    after: float = 0.0,
    headers: Sequence[tuple[str, str]] = (),
    max_streams: int | None = None,
) -> Script:
    """Every request gets this answer, `after` seconds, each stream for itself."""

    def answer(connection: HTTP2Connection, request: ReceivedRequest) -> None:
        connection.answer(request, status, body, after=after, headers=headers)

    settings = {} if max_streams is None else {SettingCodes.MAX_CONCURRENT_STREAMS: max_streams}
    return Script(on_request=answer, settings=settings)


class HTTP2Vendor:
    """The listening socket, and what was seen on all its connections.

    Args:
        scripts: Of the first connection, the second and so on; the last one is of all others, too.
            May be replaced meanwhile, with effect on open connections.

    Attributes:
        heads: Of all requests whose head was read.
        requests: Those that were read to their end.
        answered: Those of them whose final answer was written.
        resets: Connection, stream and error code of each stream that a client has reset.
        violations: What clients did against the protocol.
        protocols: What was negotiated on each connection whose TLS handshake was completed.
        connections: Those that speak HTTP/2, open or not.
    """

    def __init__(self, *scripts: Script, certificate: trustme.LeafCert, port: int = 0) -> None:
        self.scripts: Sequence[Script] = scripts or (Script(),)
        self._certificate = certificate
        self._contexts: dict[tuple[str, ...], ssl.SSLContext] = {}
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self._open: list[socket.socket] = []
        self.heads: list[ReceivedRequest] = []
        self.requests: list[ReceivedRequest] = []
        self.answered: list[ReceivedRequest] = []
        self.resets: list[tuple[int, int, int]] = []
        self.violations: list[str] = []
        self.protocols: list[str | None] = []
        self.connections: list[HTTP2Connection] = []
        self.bytes_sent = 0
        self.is_closing = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def script(self, number: int) -> Script:
        """That of the connection with this number."""
        scripts = self.scripts
        return scripts[min(number, len(scripts) - 1)]

    def _accept(self) -> None:
        for number in itertools.count():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, plain: socket.socket, number: int) -> None:
        with plain, suppress(OSError):  # the client has closed it, or does not trust it
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            script = self.script(number)
            context = self._context(tuple(script.alpn))
            self.is_closing.wait(script.handshake_after)
            with context.wrap_socket(plain, server_side=True) as connection:
                self._open.append(connection)
                self.protocols.append(connection.selected_alpn_protocol())
                if connection.selected_alpn_protocol() == "h2":
                    HTTP2Connection(self, number, connection).serve()
                else:
                    self._serve_http1(connection, number)

    def _context(self, alpn: tuple[str, ...]) -> ssl.SSLContext:
        if alpn not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._certificate.configure_cert(context)
            if alpn:
                context.set_alpn_protocols([*alpn])
            self._contexts[alpn] = context
        return self._contexts[alpn]

    def _serve_http1(self, connection: ssl.SSLSocket, number: int) -> None:
        with connection.makefile("rb") as reader:
            while reader.readline():
                lines = iter(lambda: reader.readline().rstrip(b"\r\n").decode(), "")
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in lines)
                }
                head = ReceivedRequest(connection=number, stream=0, headers=headers)
                self.heads.append(head)
                request = replace(head, body=reader.read(int(headers.get("content-length", "0"))))
                self.requests.append(request)
                connection.sendall(vendors.answer())
                self.answered.append(request)

    def close(self) -> None:
        self.is_closing.set()
        # A thread that waits in accept() holds the port until it is woken.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for http2 in [*self.connections]:
            http2.wake()
        for connection in [*self._open]:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def http2_vendor(
    *scripts: Script, certificate: trustme.LeafCert, port: int = 0
) -> Iterator[HTTP2Vendor]:
    """A running `HTTP2Vendor`, with the same arguments."""
    server = HTTP2Vendor(*scripts, certificate=certificate, port=port)
    try:
        yield server
    finally:
        server.close()


class HTTP2Connection:
    """One connection of the server: its socket, its protocol, and what it is about to do.

    Attributes:
        h2: The state of the protocol. What it wants to send is written after each call.
        waiting: Whole requests that were not answered yet, in their order.
        is_reading: Set it to False, and what the client sends stays unread.
    """

    def __init__(self, server: HTTP2Vendor, number: int, connection: ssl.SSLSocket) -> None:
        self.server = server
        self.number = number
        self._socket = connection
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.is_reading = True
        self.is_open = True
        self._is_slow = False
        self.waiting: list[ReceivedRequest] = []
        self._heads: dict[int, ReceivedRequest] = {}
        self._bodies: dict[int, bytearray] = {}
        self._output = bytearray()
        self._flood: Iterator[bytes] | None = None
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._tasks: queue.SimpleQueue[tuple[Action, queue.SimpleQueue[bool]]]
        self._tasks = queue.SimpleQueue()
        self._waker, self._wake_up = socket.socketpair()
        server.connections.append(self)

    @property
    def script(self) -> Script:
        return self.server.script(self.number)

    @property
    def has_client_left(self) -> bool:
        """Whether the client has sent GOAWAY, as it does where it closes; h2 then sends nothing."""
        return self.h2.state_machine.state is ConnectionState.CLOSED

    # -- for tests, from any thread -------------------------------------------------------------

    def run(self, action: Action) -> None:
        """Call `action` with this connection in its thread, and wait until it was called.

        Raises:
            AssertionError: the connection is closed.
        """
        was_called: queue.SimpleQueue[bool] = queue.SimpleQueue()
        assert self.is_open, "the connection is closed"
        self._tasks.put((action, was_called))
        self.wake()
        assert was_called.get(timeout=10), "the connection is closed"

    def wake(self) -> None:
        with suppress(OSError):
            self._waker.send(b".")

    # -- for scripts, in the thread of the connection ------------------------------------------

    def answer(
        self,
        request: ReceivedRequest,
        status: int = 202,
        body: bytes = b"ok",
        *,
        after: float = 0.0,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Answer `request` after so many seconds, unless the client has reset it by then."""

        def send() -> None:
            if self.has_client_left:
                return
            with suppress(StreamClosedError):
                head = [(":status", str(status)), ("content-length", str(len(body))), *headers]
                self.h2.send_headers(request.stream, head, end_stream=not body)
                if body:
                    self.h2.send_data(request.stream, body, end_stream=True)
                self.has_answered(request)

        self.later(after, send)

    def has_answered(self, request: ReceivedRequest) -> None:
        """Note that the final answer to `request` was written."""
        self.server.answered.append(request)
        if request in self.waiting:
            self.waiting.remove(request)

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Call `action` in so many seconds, if the connection is open by then."""
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._count), action))

    def reset_stream(self, stream: int, error: ErrorCodes) -> None:
        """RST_STREAM."""
        if self.has_client_left:
            return
        with suppress(StreamClosedError):
            self.h2.reset_stream(stream, error)

    def goaway(self, last_stream: int, error: ErrorCodes = ErrorCodes.NO_ERROR) -> None:
        """GOAWAY. h2 does not hear of it, so that lower streams can still be answered."""
        self.write(GoAwayFrame(0, last_stream, int(error)).serialize())

    def write(self, data: bytes) -> None:
        """Write these bytes as they are, after all that was to be written before."""
        self._output += self.h2.data_to_send() + data

    def flood(self, chunks: Iterator[bytes]) -> None:
        """Write these chunks, as fast as the client takes them. An empty one means: not now."""
        self._flood = chunks

    def slow_down(self, seconds: float) -> None:
        """From now on write one byte every so many seconds."""

        def write_one() -> None:
            self._collect_output()
            if self._output:
                self._send(1)
            self.later(seconds, write_one)

        self._write()
        self._is_slow = True
        self.later(seconds, write_one)

    def close(self, *, notifies: bool = True) -> None:
        """End the connection (FIN) once all is written, with or without TLS's `close_notify`."""
        self._collect_output()
        self._socket.settimeout(1)
        with suppress(OSError):
            self._socket.sendall(self._output)
            if notifies:
                # Without waiting for the client's own.
                self._socket.settimeout(0)
                self._socket.unwrap()
        with suppress(OSError):
            # What is unread would turn the end into a reset.
            self._socket.shutdown(socket.SHUT_WR)
        self.is_open = False

    def reset(self) -> None:
        """Reset the connection (RST)."""
        vendors.reset(self._socket)
        self.is_open = False

    # -- the thread ------------------------------------------------------------------------------

    def serve(self) -> None:
        """Run until the connection or the server ends."""
        try:
            self._socket.setblocking(False)
            self.h2.initiate_connection()
            # h2 holds the client to these once it has acknowledged them, and not before.
            if self.script.settings:
                self.h2.update_settings(dict[int, int](self.script.settings.items()))
            self.script.on_start(self)
            while self.is_open and not self.server.is_closing.is_set():
                self._wait()
                self._run_due()
                if self.is_reading:
                    self._read()
                self._write()
        except ProtocolError as error:
            self.server.violations.append(f"{type(error).__name__}: {error}")
            self.close()
        finally:
            self.is_open = False
            self._finish_tasks()
            self._linger()
            self._waker.close()
            self._wake_up.close()

    def _wait(self) -> None:
        self._collect_output()
        timeout = self._due[0][0] - time.monotonic() if self._due else 60.0
        if self._flood is not None and not self._output:
            timeout = min(timeout, 0.005)
        if self.is_reading and self._socket.pending():
            timeout = 0.0
        readers = [self._wake_up, *([self._socket] if self.is_reading else [])]
        writers = [self._socket] if self._output and not self._is_slow else []
        ready, _, _ = select.select(readers, writers, [], max(0.0, timeout))
        if self._wake_up in ready:
            self._wake_up.recv(4096)

    def _run_due(self) -> None:
        while self.is_open and not self._tasks.empty():
            action, was_called = self._tasks.get()
            action(self)
            was_called.put(True)
        while self.is_open and self._due and self._due[0][0] <= time.monotonic():
            heapq.heappop(self._due)[2]()

    def _finish_tasks(self) -> None:
        while not self._tasks.empty():
            self._tasks.get()[1].put(False)

    def _linger(self) -> None:
        """Wait for the client's end: to close with unread bytes would reset the connection."""
        with suppress(OSError):
            self._socket.settimeout(60)
            while self._socket.recv(65536):
                pass

    def _read(self) -> None:
        if not self.is_open:
            return
        try:
            received = self._socket.recv(65536)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        if not received:
            # At a distance the client sees the server's end a round trip after its own.
            self.server.is_closing.wait(_ROUND_TRIP_SECONDS)
            self.is_open = False
            return
        for event in self.h2.receive_data(received):
            self._handle(event)

    def _handle(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            head = ReceivedRequest(
                connection=self.number,
                stream=event.stream_id or 0,
                headers={str(name): str(value) for name, value in event.headers or ()},
            )
            self._heads[head.stream], self._bodies[head.stream] = head, bytearray()
            self.server.heads.append(head)
            if self.is_open:
                self.script.on_head(self, head)
        elif isinstance(event, DataReceived):
            self._bodies[event.stream_id or 0] += event.data or b""
            if self.script.opens_window and self.is_open and event.flow_controlled_length:
                with suppress(StreamClosedError):
                    self.h2.acknowledge_received_data(
                        event.flow_controlled_length, event.stream_id or 0
                    )
        elif isinstance(event, StreamEnded):
            stream = event.stream_id or 0
            request = replace(self._heads.pop(stream), body=bytes(self._bodies.pop(stream)))
            self.server.requests.append(request)
            self.waiting.append(request)
            if self.is_open:
                self.script.on_request(self, request)
        elif isinstance(event, StreamReset):
            stream = event.stream_id or 0
            self.server.resets.append((self.number, stream, int(event.error_code or 0)))
            self.waiting = [each for each in self.waiting if each.stream != stream]

    def _collect_output(self) -> None:
        self._output += self.h2.data_to_send()
        if self.script.is_mute:
            self._output.clear()
        while self._flood is not None and len(self._output) < _MAX_WAITING_BYTES:
            chunk = next(self._flood, None)
            if chunk is None:
                self._flood = None
            if not chunk:
                return
            self._output += chunk

    def _write(self) -> None:
        self._collect_output()
        while self._output and self.is_open and not self._is_slow:
            if not self._send(16_384):
                return

    def _send(self, size: int) -> int:
        """Write so many of the waiting bytes. Returns how many the kernel took."""
        try:
            sent = self._socket.send(self._output[:size])
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        self.server.bytes_sent += sent
        del self._output[:sent]
        return sent
