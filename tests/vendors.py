"""Vendors as they should not be: small servers on loopback, each with one fault on the wire."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Behaviour = Callable[[socket.socket, "Vendor"], None]


class Vendor:
    """A listening socket that treats every connection alike; remembers the requests it read."""

    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.requests: list[bytes] = []
        self.connections = 0
        self.is_closing = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

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
        with connection:
            try:
                self._behave(connection, self)
            except OSError:
                return

    def read_request(self, connection: socket.socket) -> bytes:
        """One request, head and body. Empty once the peer has closed."""
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
            body += connection.recv(65536)
        request = head + b"\r\n\r\n" + body
        self.requests.append(request)
        return request

    def close(self) -> None:
        self.is_closing.set()
        self._listener.close()
        for connection in self._open:
            connection.close()


@contextmanager
def vendor(behave: Behaviour) -> Iterator[Vendor]:
    server = Vendor(behave)
    try:
        yield server
    finally:
        server.close()


def answer(status: str = "202 Accepted", body: bytes = b"ok", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


def answering(response: bytes) -> Behaviour:
    """Keep-alive, the same answer to every request."""

    def behave(connection: socket.socket, server: Vendor) -> None:
        while server.read_request(connection):
            connection.sendall(response)

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


def dripping(connection: socket.socket, server: Vendor) -> None:
    """One byte of the answer every tenth of a second."""
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


def huge_body(connection: socket.socket, server: Vendor) -> None:
    server.read_request(connection)
    connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 200000000\r\n\r\n")
    while not server.is_closing.is_set():
        connection.sendall(b"x" * 65536)


def garbage(connection: socket.socket, server: Vendor) -> None:
    server.read_request(connection)
    connection.sendall(b"\x00\xff not HTTP at all\r\n\r\n")


def closing_unanswered(connection: socket.socket, server: Vendor) -> None:
    """Reads the request and closes."""
    server.read_request(connection)


def closing_after_each(connection: socket.socket, server: Vendor) -> None:
    """Answers once, says nothing of it, and closes."""
    server.read_request(connection)
    connection.sendall(answer())


def closing_second(connection: socket.socket, server: Vendor) -> None:
    """Answers the first request of a connection and closes upon the second, unanswered."""
    server.read_request(connection)
    connection.sendall(answer())
    server.read_request(connection)


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], object], seconds: float = 10.0) -> bool:
    """Poll until `condition` holds; False if it did not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.005)
    return bool(condition())
