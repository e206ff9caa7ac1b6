"""What both HTTP transports do in an exchange, against servers on a real socket.

Their faults are in tests/delivery/test_faults_*.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from footfall.delivery.transport import MAX_BODY_BYTES, http_common
from footfall.errors import NotSent
from footfall.model import Request
from tests.delivery.transport.requests import request_to
from tests.support import vendors
from tests.support.vendors import vendor


def test_a_response_has_lower_case_header_names(transport: Any) -> None:
    with vendor(vendors.answering(vendors.answer(extra="X-Plausible-Dropped: 1\r\n"))) as server:
        response = transport.send(request_to(server.url))
    assert (response.status, response.body) == (202, b"ok")
    assert response.headers["x-plausible-dropped"] == "1"


def test_repeated_headers_of_a_response_are_joined(transport: Any) -> None:
    twice = vendors.answer(extra="Via: a\r\nvia:b\r\n")
    with vendor(vendors.answering(twice)) as server:
        assert transport.send(request_to(server.url)).headers["via"] == "a, b"


def test_only_what_http_needs_and_the_marker_is_added_to_the_headers(transport: Any) -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        transport.send(request_to(server.url, b'{"a":1}'))
        port = server.port
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == b'{"a":1}'
    first, *lines = head.decode().split("\r\n")
    assert first == "POST /api/event HTTP/1.1"
    assert sorted(line.lower() for line in lines) == [
        "content-length: 7",
        "footfall: 1",
        f"host: 127.0.0.1:{port}",
        "user-agent: mozilla/5.0",
    ]


def test_a_header_without_a_value_is_sent_without_one(transport: Any) -> None:
    request = Request(url="", headers={"user-agent": "", "x-a": "1"}, body=b"")
    with vendor(vendors.answering(vendors.answer())) as server:
        transport.send(Request(url=server.url + "/", headers=request.headers, body=b""))
        lines = server.requests[0].decode().lower().split("\r\n")
    assert "user-agent:" in [line.strip() for line in lines]


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0b", "a\x1bb", "a\x7f", "\u20ac"])
def test_a_header_that_http_forbids_is_never_written(transport: Any, value: str) -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        with pytest.raises(ValueError, match=r"header|latin-1"):
            transport.send(Request(url=server.url, headers={"x-name": value}, body=b""))
        assert server.requests == []


def test_one_connection_serves_many_requests_and_addresses(transport: Any) -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        for number in range(20):
            transport.send(request_to(server.url + f"/{number % 2}"))
        assert (server.connections, len(server.requests)) == (1, 20)


def test_many_hosts_are_served_with_few_connections_kept(transport: Any) -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        for number in range(2 * http_common.MAX_HOSTS):
            assert transport.send(request_to(server.url + f"/{number}")).status == 202


def test_closing_closes_the_idle_connections_and_the_next_request_opens_another(
    transport: Any,
) -> None:
    with vendor(vendors.closing_second) as server:
        transport.send(request_to(server.url))
        transport.close()
        assert transport.send(request_to(server.url)).status == 202
        assert server.connections == 2


def test_a_closed_port_and_an_unknown_name_are_surely_not_sent(transport: Any) -> None:
    for url in (f"http://127.0.0.1:{vendors.unused_port()}", "http://no-such-host.invalid"):
        with pytest.raises(NotSent):
            transport.send(request_to(url))


def test_of_a_huge_body_only_the_first_part_is_read(transport: Any) -> None:
    with vendor(vendors.huge_body) as server:
        response = transport.send(request_to(server.url))
    assert (response.status, len(response.body)) == (202, MAX_BODY_BYTES)


def test_a_chunked_response_with_a_trailer_is_read(transport: Any) -> None:
    answer = (
        b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n"
        b"2\r\nok\r\n1\r\n!\r\n0\r\nX-Late: 1\r\n\r\n"
    )
    with vendor(vendors.answering(answer)) as server:
        for _ in range(2):
            response = transport.send(request_to(server.url))
            assert (response.status, response.body) == (202, b"ok!")
        assert server.connections == 1
