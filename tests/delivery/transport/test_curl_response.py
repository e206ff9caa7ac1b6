"""The response that libcurl is receiving."""

from __future__ import annotations

from footfall.delivery.transport import http_common
from footfall.delivery.transport.curl_response import CurlResponse


def test_the_head_of_the_response_is_the_last_one() -> None:
    incoming = CurlResponse()
    lines = (
        b"HTTP/1.1 100 Continue\r\n",
        b"\r\n",
        b"HTTP/1.1 103 Early Hints\r\n",
        b"Link: a\r\n",
        b"\r\n",
        b"HTTP/1.1 202 Accepted\r\n",
        b"Via: b\r\n",
        b"\r\n",
    )
    for line in lines:
        assert incoming.add_header_line(line) is None
    assert incoming.has_head
    assert (incoming.response().status, incoming.response().headers) == (202, {"via": "b"})


def received(*lines: bytes) -> tuple[CurlResponse, list[int | None]]:
    response = CurlResponse()
    return response, [response.add_header_line(line) for line in lines]


def test_a_third_interim_response_ends_the_exchange() -> None:
    interim = (b"HTTP/1.1 103 Early Hints\r\n", b"\r\n")
    response, results = received(*interim * 3)
    assert results == [None] * 5 + [-1]
    assert (response.has_head, response.fault) == (False, "there are too many interim responses")


def test_a_head_that_is_too_long_ends_the_exchange() -> None:
    line = b"X-Filler: " + b"x" * 1012 + b"\r\n"
    response, results = received(b"HTTP/1.1 202 Accepted\r\n", *[line] * 16)
    assert results == [None] * 16 + [-1]
    assert response.fault == "the head of the response is too long"


def test_a_body_ends_at_its_limit_and_the_next_response_begins_anew() -> None:
    response, _ = received(b"HTTP/1.1 202 Accepted\r\n", b"\n")
    assert response.add_body_chunk(b"x" * (http_common.MAX_BODY_BYTES - 1)) is None
    assert response.add_body_chunk(b"yz") == -1
    assert response.response().body.endswith(b"xy")
    assert len(response.response().body) == http_common.MAX_BODY_BYTES
    response.reset()
    assert (response.has_head, response.fault, response.body) == (False, None, [])
