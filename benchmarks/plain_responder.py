"""A server that does as little as asyncio allows: it reads a request, and answers `ok`.

It prints its port, and ends with SIGTERM. What a collector's exchange takes is compared with it.
"""

from __future__ import annotations

import asyncio
import re

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each request of a connection."""
    while True:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            writer.close()
            return
        length = _LENGTH.search(head)
        await reader.readexactly(int(length[1]) if length else 0)
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok")


async def main() -> None:
    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    async with server:
        print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
