"""The endpoint of `server.py`, in a process of its own: one port for each mode.

`python endpoint.py` prints its ports as JSON. It answers a POST as Plausible does, at once, later,
or never; `GET /count` returns how many POSTs this port has answered.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

# Seconds until the response; None is never.
MODES: Final[dict[str, float | None]] = {
    "healthy": 0.0,
    "hanging": None,
    "200 ms": 0.2,
    "1 s": 1.0,
}


def answer(status: str, body: str) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\ncache-control: must-revalidate, max-age=0, private\r\n"
        f"content-length: {len(body)}\r\ncontent-type: text/plain; charset=utf-8\r\n"
        f"server: Cowboy\r\nx-request-id: F0123456789\r\n\r\n{body}"
    ).encode()


ACCEPTED: Final = answer("202 Accepted", "ok")


class Port:
    """The state that the connections to one port share."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self.answered = 0


class Connection(asyncio.Protocol):
    def __init__(self, port: Port) -> None:
        self.port = port
        self.received = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, chunk: bytes) -> None:
        self.received += chunk
        head, end, body = self.received.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if not end or len(body) < int(length or 0):
            return
        self.received = b""
        if head.startswith(b"GET /count"):
            self.transport.write(answer("200 OK", str(self.port.answered)))
        elif self.port.seconds:
            asyncio.get_running_loop().call_later(self.port.seconds, self.accept)
        elif self.port.seconds is not None:
            self.accept()

    def accept(self) -> None:
        # A response to a closed connection is not counted.
        if not self.transport.is_closing():
            self.transport.write(ACCEPTED)
            self.port.answered += 1


async def main() -> None:
    loop = asyncio.get_running_loop()
    numbers = {}
    for mode, seconds in MODES.items():
        port = Port(seconds)
        server = await loop.create_server(
            lambda port=port: Connection(port), "127.0.0.1", 0, backlog=1024
        )
        numbers[mode] = server.sockets[0].getsockname()[1]
    print(json.dumps(numbers), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
