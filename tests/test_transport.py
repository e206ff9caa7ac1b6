"""The way out, against servers with faults on a real socket."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from footfall.errors import Ambiguous, NotSent
from footfall.model import Request
from footfall.transport import MAX_BODY_BYTES, HTTPXTransport, MemoryTransport
from tests import vendors
from tests.vendors import vendor


def request_to(url: str, body: bytes = b"{}") -> Request:
    return Request(url=url + "/api/event", headers={"User-Agent": "Mozilla/5.0"}, body=body)


@pytest.fixture
def quick() -> Iterator[HTTPXTransport]:
    transport = HTTPXTransport(timeout_seconds=0.6, connect_timeout_seconds=0.3)
    yield transport
    transport.close()


def test_an_answer_comes_back_with_lower_case_header_names(quick: HTTPXTransport) -> None:
    with vendor(vendors.answering(vendors.answer(extra="X-Plausible-Dropped: 1\r\n"))) as server:
        response = quick.send(request_to(server.url))
    assert (response.status, response.body) == (202, b"ok")
    assert response.headers["x-plausible-dropped"] == "1"


def test_nothing_is_added_to_the_headers_but_host_and_length(quick: HTTPXTransport) -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        quick.send(request_to(server.url, b'{"a":1}'))
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == b'{"a":1}'
    assert [line.partition(b":")[0] for line in head.split(b"\r\n")] == [
        b"POST /api/event HTTP/1.1",
        b"Host",
        b"User-Agent",
        b"Content-Length",
    ]


def test_one_connection_serves_many_requests(quick: HTTPXTransport) -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        for _ in range(20):
            quick.send(request_to(server.url))
        assert (server.connections, len(server.requests)) == (1, 20)


def test_a_closed_port_is_surely_not_sent(quick: HTTPXTransport) -> None:
    with pytest.raises(NotSent):
        quick.send(request_to(f"http://127.0.0.1:{vendors.unused_port()}"))


def test_an_unknown_host_is_surely_not_sent(quick: HTTPXTransport) -> None:
    with pytest.raises(NotSent):
        quick.send(request_to("http://no-such-host.invalid"))


@pytest.mark.parametrize(
    "behave",
    [
        vendors.hanging,
        vendors.dripping,
        vendors.continuing,
        vendors.huge_head,
        vendors.garbage,
        vendors.closing_unanswered,
    ],
    ids=lambda behave: behave.__name__,
)
def test_a_faulty_answer_is_ambiguous_and_in_time(
    quick: HTTPXTransport, behave: vendors.Behaviour
) -> None:
    with vendor(behave) as server:
        started = time.monotonic()
        with pytest.raises(Ambiguous):
            quick.send(request_to(server.url))
        assert time.monotonic() - started < 3.0


def test_of_a_huge_body_only_the_first_part_is_read(quick: HTTPXTransport) -> None:
    with vendor(vendors.huge_body) as server:
        response = quick.send(request_to(server.url))
    assert (response.status, len(response.body)) == (202, MAX_BODY_BYTES)


def test_a_server_that_closes_after_each_answer_loses_nothing(quick: HTTPXTransport) -> None:
    with vendor(vendors.closing_after_each) as server:
        for _ in range(5):
            quick.send(request_to(server.url))
            time.sleep(0.02)
        assert (server.connections, len(server.requests)) == (5, 5)


def test_a_connection_closed_while_idle_is_surely_not_sent(quick: HTTPXTransport) -> None:
    with vendor(vendors.closing_second) as server:
        quick.send(request_to(server.url))
        with pytest.raises(NotSent, match="idle"):
            quick.send(request_to(server.url))


def test_a_redirect_is_not_followed(quick: HTTPXTransport) -> None:
    moved = vendors.answer("307 Temporary Redirect", extra="Location: http://127.0.0.1:1/\r\n")
    with vendor(vendors.answering(moved)) as server:
        assert quick.send(request_to(server.url)).status == 307
        assert len(server.requests) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(quick: HTTPXTransport) -> None:
    with vendor(vendors.garbage) as server, pytest.raises(NotSent):
        quick.send(request_to(server.url.replace("http://", "https://")))


def test_the_environments_proxy_is_used_and_no_proxy_is_heeded(
    quick: HTTPXTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with vendor(vendors.answering(vendors.answer())) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        quick.send(request_to("http://plausible.invalid"))
        assert proxy.requests[0].startswith(b"POST http://plausible.invalid/api/event HTTP/1.1")
        monkeypatch.setenv("no_proxy", "plausible.invalid")
        with pytest.raises(NotSent):
            quick.send(request_to("http://plausible.invalid"))


def test_a_forked_child_opens_its_own_connection(quick: HTTPXTransport) -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        quick.send(request_to(server.url))
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = 0 if quick.send(request_to(server.url)).status == 202 else 1
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        quick.send(request_to(server.url))
        assert (server.connections, len(server.requests)) == (2, 3)


def test_the_memory_transport_keeps_the_newest_requests() -> None:
    memory = MemoryTransport(max_requests=2)
    for number in range(3):
        assert memory.send(request_to("http://x", str(number).encode())).status == 202
    assert [request.body for request in memory.requests] == [b"1", b"2"]
