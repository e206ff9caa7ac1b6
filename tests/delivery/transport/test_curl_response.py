"""The response that libcurl is receiving."""

from __future__ import annotations

import math

import pytest

from footfall.delivery.transport import http_common
from footfall.delivery.transport.curl_response import ConnectionEnds, CurlResponse


def still_open(port: int) -> bool:
    return False


def made(*, is_secure: bool = True, ended: int = 0) -> CurlResponse:
    ends = ConnectionEnds(still_open)
    ends.end(ended)
    return CurlResponse(ends, is_secure=is_secure)


def test_the_head_of_the_response_is_the_last_one() -> None:
    incoming = made()
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
    response = made()
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


def test_http_2_is_taken_over_tls_alone() -> None:
    incoming = made()
    assert [incoming.add_header_line(line) for line in (b"HTTP/2 202\r\n", b"\r\n")] == [None, None]
    assert (incoming.is_http2, incoming.response().status) == (True, 202)
    assert made(is_secure=False).add_header_line(b"HTTP/2 202\r\n") == -1


ANSWERS = {"none yet": b"", "HTTP/2": b"HTTP/2 202\r\n", "HTTP/1.1": b"HTTP/1.1 202 OK\r\n"}


@pytest.mark.parametrize(
    ("last", "ended", "result"),
    [("none yet", 4001, 1), ("HTTP/2", 4001, 1), ("HTTP/2", 0, 0), ("HTTP/1.1", 4001, 0)],
    ids=["broken, unknown", "broken", "a refused stream", "an idle connection of HTTP/1.1"],
)
def test_a_request_is_repeated_where_it_surely_was_not_processed(
    last: str, ended: int, result: int
) -> None:
    incoming = made(ended=ended)
    if ANSWERS[last]:
        incoming.add_header_line(ANSWERS[last])
    incoming.reset()
    assert incoming.allow_request("203.0.113.9", "192.0.2.1", 443, 4001) == 0
    assert incoming.allow_request("203.0.113.9", "192.0.2.1", 443, 4002) == result


def test_the_end_of_a_connection_matters_while_it_has_requests() -> None:
    ends = ConnectionEnds(still_open)
    ends.leave(4001)
    ends.end(4001)
    assert ends.alive_at(4001) is None, "libcurl has closed it"
    ends.use(4001)
    ends.end(4001)
    assert ends.alive_at(4001) == -math.inf, "nobody has looked at it before"


def test_a_connection_that_has_ended_was_alive_when_it_was_last_looked_at() -> None:
    ends = ConnectionEnds(lambda port: port == 4003)
    for port in (4001, 4002, 4003):
        ends.use(port)
    ends.looked_at = 10.0
    ends.end(4001)
    assert ends.alive_at(4003) == 10.0, "that nobody has seen yet"
    ends.looked_at = 11.0
    for port in (4001, 4002):
        ends.end(port)
    assert [ends.alive_at(port) for port in (4001, 4002, 4003)] == [10.0, 11.0, 10.0]
    assert ends.alive_at(4004) is None
