"""Faulty vendors: small servers on loopback, each with one fault on the wire."""

from __future__ import annotations

import itertools
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final

from footfall.model import Response

Behaviour = Callable[[socket.socket, "Vendor"], None]
Respond = Callable[[str, Mapping[str, str], bytes], Response]


class Vendor:
    """A listening socket with one behaviour for every connection; keeps the requests it read.

    Args:
        behave: Called with each connection, in a thread of its own.
        tls: Where given, connections are encrypted.
    """

    def __init__(
        self,
        behave: Behaviour,
        *,
        address: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._behave = behave
        self._tls = tls
        self._listener = socket.create_server((address, port))
        self._open: list[socket.socket] = []
        self.requests: list[bytes] = []
        self.connections = 0
        self.bytes_sent = 0
        self.is_closing = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            with connection:
                self._behave(connection, self)
        except OSError:  # the client has closed it, or does not trust the certificate
            connection.close()

    def read_request(self, connection: socket.socket) -> bytes:
        """One request, head and body. Empty once the client has closed."""
        received = b""
        while b"\r\n\r\n" not in received:
            chunk = connection.recv(65536)
            if not chunk:
                return b""
            received += chunk
        head, _, body = received.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        while len(body) < length:
            chunk = connection.recv(65536)
            if not chunk:
                return b""
            body += chunk
        request = head + b"\r\n\r\n" + body
        self.requests.append(request)
        return request

    def close(self) -> None:
        self.is_closing.set()
        self._listener.close()
        for connection in self._open:
            connection.close()


@contextmanager
def vendor(behave: Behaviour, **options: Any) -> Iterator[Vendor]:
    server = Vendor(behave, **options)
    try:
        yield server
    finally:
        server.close()


def answer(status: str = "202 Accepted", body: bytes = b"ok", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


def answering(response: bytes) -> Behaviour:
    """Keep-alive, and the same response to every request."""

    def behave(connection: socket.socket, server: Vendor) -> None:
        while server.read_request(connection):
            connection.sendall(response)

    return behave


def responding(respond: Respond) -> Behaviour:
    """Keep-alive, and the response that a function makes of path, headers and body."""

    def behave(connection: socket.socket, server: Vendor) -> None:
        while request := server.read_request(connection):
            head, _, body = request.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            pairs = (line.partition(":") for line in lines)
            headers = {name.lower(): value.strip() for name, _, value in pairs}
            response = respond(first.split(" ")[1], headers, body)
            extra = "".join(f"{name}: {value}\r\n" for name, value in response.headers.items())
            connection.sendall(answer(f"{response.status} x", response.body, extra))

    return behave


def slow(seconds: float, response: bytes) -> Behaviour:
    def behave(connection: socket.socket, server: Vendor) -> None:
        while server.read_request(connection):
            server.is_closing.wait(seconds)
            connection.sendall(response)

    return behave


def hanging(connection: socket.socket, server: Vendor) -> None:
    """Reads the request and never answers."""
    server.read_request(connection)
    server.is_closing.wait(30)


def deaf(connection: socket.socket, server: Vendor) -> None:
    """Accepts the connection, and neither reads nor answers."""
    server.is_closing.wait(30)


def dripping(connection: socket.socket, server: Vendor) -> None:
    """One byte of the response every tenth of a second."""
    server.read_request(connection)
    for byte in answer(extra="X-Filler: " + "x" * 200 + "\r\n"):
        connection.sendall(bytes([byte]))
        if server.is_closing.wait(0.1):
            return


def continuing(connection: socket.socket, server: Vendor) -> None:
    """`100 Continue` for ever."""
    server.read_request(connection)
    while not server.is_closing.wait(0.02):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def huge_head(connection: socket.socket, server: Vendor) -> None:
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 202 Accepted\r\n")
    while not server.is_closing.is_set():
        connection.sendall(b"X-Filler: " + b"x" * 60_000 + b"\r\n")
        server.bytes_sent += 60_000


def long_head(kilobytes: int) -> Behaviour:
    """A head of so many lines of a kilobyte each, correctly ended."""

    def behave(connection: socket.socket, server: Vendor) -> None:
        server.read_request(connection)
        lines = (b"X-Filler-%d: " % number + b"x" * 1000 for number in range(kilobytes))
        head = b"\r\n".join([b"HTTP/1.1 202 Accepted", *lines, b"Content-Length: 0"])
        connection.sendall(head + b"\r\n\r\n")

    return behave


def huge_body(connection: socket.socket, server: Vendor) -> None:
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 200000000\r\n\r\n")
    while not server.is_closing.is_set():
        connection.sendall(b"x" * 65536)
        server.bytes_sent += 65536


def garbage(connection: socket.socket, server: Vendor) -> None:
    server.read_request(connection)
    connection.sendall(b"\x00\xff not HTTP at all\r\n\r\n")


def closing_unanswered(connection: socket.socket, server: Vendor) -> None:
    """Reads the request and closes."""
    server.read_request(connection)


def closing_after_each(connection: socket.socket, server: Vendor) -> None:
    """Answers once and closes, without a `Connection: close`."""
    server.read_request(connection)
    connection.sendall(answer())


def closing_second(connection: socket.socket, server: Vendor) -> None:
    """Answers the first request of a connection and closes upon the second, unanswered."""
    server.read_request(connection)
    connection.sendall(answer())
    server.read_request(connection)


def closing_at_once(connection: socket.socket, server: Vendor) -> None:
    """Closes before anything was sent."""


def plain_http(connection: socket.socket, server: Vendor) -> None:
    """Answers a TLS handshake as nginx does on the wrong port."""
    connection.recv(65536)
    connection.sendall(answer("400 Bad Request", b"The plain HTTP request was sent to HTTPS port"))


def tunnel(connection: socket.socket, server: Vendor) -> None:
    """A proxy that makes a tunnel to any address."""
    wanted = server.read_request(connection).split(b" ")[1].decode()
    host, _, port = wanted.rpartition(":")
    with socket.create_connection((host, int(port))) as upstream:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=_pour, args=(upstream, connection), daemon=True).start()
        _pour(connection, upstream)


def _pour(source: socket.socket, drain: socket.socket) -> None:
    try:
        while chunk := source.recv(65536):
            drain.sendall(chunk)
        drain.shutdown(socket.SHUT_WR)
    except OSError:
        return


def resetting(connection: socket.socket, server: Vendor) -> None:
    """Resets the connection in the middle of the request."""
    connection.recv(1)
    reset(connection)


def resetting_second(connection: socket.socket, server: Vendor) -> None:
    """Answers the first request of a connection and resets upon the second."""
    server.read_request(connection)
    connection.sendall(answer())
    server.read_request(connection)
    reset(connection)


def resetting_answer(connection: socket.socket, server: Vendor) -> None:
    """Resets the connection in the middle of the response's head."""
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-")
    # A reset discards what the client has not read yet.
    server.is_closing.wait(0.1)
    reset(connection)


def breaking_off(connection: socket.socket, server: Vendor) -> None:
    """Closes in the middle of the response's head."""
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-")


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextmanager
def blackhole(address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A port where every new connection hangs, as behind a firewall that drops its packets."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(family))
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen(0)
        number: int = listener.getsockname()[1]
        # Once its backlog is full the kernel drops further connections.
        for _ in range(4):
            filler = stack.enter_context(socket.socket(family))
            filler.setblocking(False)
            filler.connect_ex((address, number))
        yield number


@contextmanager
def nothing() -> Iterator[None]:
    """No fault at all."""
    yield


# Below those that the kernel assigns (32768 and up): no program that asks for any free port gets
# one of these between this check and its use in a test. Test processes begin at different numbers.
_ports: Final = (10_000 + number % 20_000 for number in itertools.count(os.getpid() * 997))


def unused_port() -> int:
    """A port on which nothing listens."""
    for port in _ports:
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("unreachable: the ports never end")


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> bool:
    """Poll until `condition` holds; False if it did not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.005)
    return bool(condition())
