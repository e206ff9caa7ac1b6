"""Responses without end, of a server that means harm or is broken."""

from __future__ import annotations

import gzip
import socket
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from footfall.plausible_api import PlausibleAPI, RateLimitError, ServerError, bounded_exchange
from footfall.plausible_api.bounded_exchange import MAX_BYTES
from tests.plausible_api.support import SITE, Clock, responding
from tests.support.vendors import Behaviour, Vendor, answer, answering, vendor
from tests.support.waiting import LONG_SECONDS, no_long_wait

_ASK: list[Callable[[PlausibleAPI], object]] = [
    lambda api: api.stats.visitors_now(SITE),
    lambda api: api.health(),
    lambda api: api.debug(SITE),
]


def chunked(parts: Callable[[], Iterator[bytes]], extra: str = "") -> Behaviour:
    """A response that goes on for as long as there are parts and a client that reads them."""

    def behave(connection: socket.socket, server: Vendor) -> None:
        server.read_request(connection)
        head = f"HTTP/1.1 200 OK\r\n{extra}Transfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode())
        with suppress(OSError):
            for part in parts():
                connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
                server.bytes_sent += len(part)
            connection.sendall(b"0\r\n\r\n")

    return behave


def endless() -> Iterator[bytes]:
    while True:
        yield b"1" * 65_536


def endless_gzip_of_nothing() -> Iterator[bytes]:
    # Stored blocks without content, which decompress to nothing.
    yield gzip.compress(b"")[:10]
    while True:
        yield b"\x00\x00\x00\xff\xff" * 13_000


def bomb() -> Iterator[bytes]:
    """A gibibyte in one mebibyte of gzip."""
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    piece = b" " * 1_048_576
    for _ in range(1_024):
        if part := packer.compress(piece):
            yield part
    yield packer.flush()


ENDLESS = {
    "a body without end": chunked(endless),
    "gzip without end or content": chunked(endless_gzip_of_nothing, "Content-Encoding: gzip\r\n"),
    "a gzip bomb": chunked(bomb, "Content-Encoding: gzip\r\n"),
}


@pytest.mark.parametrize("ask", _ASK, ids=["stats", "health", "debug"])
@pytest.mark.parametrize("behave", ENDLESS.values(), ids=ENDLESS.keys())
def test_a_response_without_end_is_an_error_within_bounds(
    behave: Behaviour, ask: Callable[[PlausibleAPI], object]
) -> None:
    with vendor(behave) as server, PlausibleAPI(server.url) as api, no_long_wait():
        tracemalloc.start()
        try:
            with pytest.raises(ServerError, match=r"answers with more than 16,777,216 bytes"):
                ask(api)
            # The body, what its growing copies, and a part.
            assert tracemalloc.get_traced_memory()[1] < 4 * MAX_BYTES
        finally:
            tracemalloc.stop()


def test_a_body_that_drips_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_exchange, "_MAX_SECONDS", 0.3)

    def behave(connection: socket.socket, server: Vendor) -> None:
        server.read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        with suppress(OSError):
            while not server.is_closing.wait(0.05):
                connection.sendall(b"1")

    with (
        vendor(behave) as server,
        PlausibleAPI(server.url, timeout_seconds=LONG_SECONDS) as api,
        no_long_wait(),
        pytest.raises(ServerError, match=r"is still answering after 0\.3 s"),
    ):
        api.stats.visitors_now(SITE)


BODIES = {
    "nested too deeply": (b"[" * 100_000 + b"]" * 100_000, "", "not a response of this API"),
    "a number of 5,000 digits": (b"9" * 5_000, "", "not a response of this API"),
    "an encoding that was not asked for": (b"x", "Content-Encoding: br\r\n", "encoding 'br'"),
    "broken gzip": (b"no gzip", "Content-Encoding: gzip\r\n", "broken gzip"),
}


@pytest.mark.parametrize("ask", _ASK[:2], ids=["stats", "health"])
@pytest.mark.parametrize(("body", "extra", "message"), BODIES.values(), ids=BODIES.keys())
def test_a_body_that_cannot_be_read_is_an_error(
    body: bytes, extra: str, message: str, ask: Callable[[PlausibleAPI], object]
) -> None:
    with (
        vendor(answering(answer("200 OK", body, extra))) as server,
        PlausibleAPI(server.url) as api,
        pytest.raises(ServerError, match=message),
    ):
        ask(api)


def test_gzip_is_asked_for_and_read() -> None:
    response = answer("200 OK", gzip.compress(b"17"), "Content-Encoding: gzip\r\n")
    with vendor(answering(response)) as server, PlausibleAPI(server.url) as api:
        assert api.stats.visitors_now(SITE) == 17
    assert b"accept-encoding: gzip\r\n" in server.requests[0].lower()


def test_a_redirect_is_not_followed() -> None:
    with vendor(responding("200 OK", 17)) as other:
        redirect = responding("302 Found", b"", f"Location: {other.url}/\r\n")
        with (
            vendor(redirect) as server,
            PlausibleAPI(server.url) as api,
            pytest.raises(ServerError, match="HTTP 302"),
        ):
            api.health()
        assert other.requests == []


def test_a_wait_of_more_than_an_hour_is_not_waited_for() -> None:
    clock = Clock()
    behave = responding("429 Too Many Requests", b"", f"Retry-After: {10**15}\r\n")
    with (
        vendor(behave) as server,
        PlausibleAPI(server.url, when_limited="wait", clock=clock, sleep=clock.sleep) as api,
        pytest.raises(RateLimitError),
    ):
        api.stats.visitors_now(SITE)
    assert clock.slept == []
