"""Odd texts through real servers: the vendor still gets valid requests.

The numbers in the ids are those of `tests/FAULTS.md`.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Final

from tests.e2e.servers import (
    APPS,
    Server,
    ServerSpec,
    each_server,
    granian,
    gunicorn,
    hypercorn,
    running,
    uvicorn,
    uwsgi,
    waitress,
)
from tests.support import vendors
from tests.support.transports import assert_is_sound
from tests.support.vendors import vendor, wait_until

SERVERS: Final = {
    "50-uvicorn": uvicorn("lifecycle:asgi", folder=APPS),
    "50-hypercorn": hypercorn("lifecycle:asgi", folder=APPS),
    "50-granian-asgi": granian("lifecycle:asgi", "asgi", folder=APPS),
    "50-granian-wsgi": granian("lifecycle:wsgi", "wsgi", folder=APPS),
    "50-gunicorn": gunicorn("lifecycle:wsgi", folder=APPS),
    "50-waitress": waitress("lifecycle:wsgi", folder=APPS),
    "50-uwsgi": uwsgi("lifecycle:wsgi", folder=APPS),
}

FIREFOX: Final = b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

TARGETS: Final = (
    b"/%ED%B0%80",
    b"/a%00b",
    b"/a%0D%0AX-Evil:%201%0D%0A%0D%0APOST%20/",
    "/\N{GRINNING FACE}".encode(),
    b"/%F0%9F%98%80",
    b"/%FF%FE?utm_source=%ff%fe&utm_medium=\xff",
    b"/?utm_source=a%0d%0aX-Evil:%201&utm_campaign=%00",
    b"//example.org/%2e%2e/?ref=%5c%22%7d",
    b"/" + b"x" * 5000,
)

AGENTS: Final = (
    FIREFOX + b"x" * 65_536,
    FIREFOX + b"x" * 6_000,
    FIREFOX + b"\xe9\xff",
    FIREFOX + "\N{GRINNING FACE}".encode(),
    FIREFOX + b"\x00",
    FIREFOX + b"\rX-Evil: 1",
    FIREFOX + b"\x0b\x7f\x85",
)


def status_line(server: Server, target: bytes = b"/", agent: bytes = FIREFOX) -> bytes:
    """Send a GET and return the status line of the response; empty where the server hangs up."""
    head = (
        b"GET " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        b"Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nUser-Agent: " + agent + b"\r\n"
    )
    response = b""
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        try:
            connection.sendall(head + b"\r\n")
            while chunk := connection.recv(65536):
                response += chunk
        except ConnectionError:  # the server has closed it early
            pass
    return response.partition(b"\r\n")[0]


@each_server(SERVERS, always=())
def test_no_text_breaks_a_response_or_an_event(spec: ServerSpec, tmp_path: Path) -> None:
    with vendor(vendors.answering(vendors.answer())) as endpoint:
        settings = {"FOOTFALL_DESTINATIONS": f"plausible+{endpoint.url}/site.test"}
        with running(spec, tmp_path, **settings) as server:
            lines = [status_line(server, target=target) for target in TARGETS]
            lines += [status_line(server, agent=agent) for agent in AGENTS]
            assert b" 200" in status_line(server, b"/last")
            assert wait_until(lambda: any(b"/last" in each for each in endpoint.requests))
            server.stop()
    # A server may refuse a request that is not valid HTTP; the app never sees that one.
    assert [line for line in lines if b" 5" in line[:13]] == []
    assert len([line for line in lines if b" 200" in line[:13]]) >= 8
    assert "Traceback" not in server.log
    for request in endpoint.requests:
        assert_is_sound(request, "site.test")
