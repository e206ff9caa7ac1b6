"""The transport on httpx2."""

from __future__ import annotations

import gc
import os
import sys

import pytest

from footfall.delivery.transport import HTTPXTransport
from footfall.errors import NotSent, TimedOut
from footfall.model import Request
from tests.delivery.transport.requests import request_to
from tests.support import vendors
from tests.support.vendors import vendor, wait_until


def test_a_socks_proxy_without_its_package_is_an_error_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(NotSent, match="pip install socksio"):
        HTTPXTransport().send(Request(url="http://a.example/", headers={}, body=b""))


def test_a_closed_transport_leaves_no_connection_open_after_an_exchange_that_failed() -> None:
    transport, port = HTTPXTransport(), vendors.unused_port()
    request = request_to(f"http://127.0.0.1:{port}")
    with pytest.raises(NotSent):
        transport.send(request)
    with vendor(vendors.answering(vendors.answer()), port=port) as server:
        transport.send(request)
        [connection] = server._open
        gc.disable()
        try:
            transport.close()
            assert wait_until(lambda: connection.fileno() == -1)
        finally:
            gc.enable()


def test_a_header_that_is_not_valid_in_http_is_a_value_error() -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        request = Request(url=server.url, headers={"x name": "1"}, body=b"")
        with pytest.raises(ValueError, match="header"):
            HTTPXTransport().send(request)
        assert server.requests == []


def test_a_vendor_that_is_late_is_reported_with_the_timeout() -> None:
    with vendor(vendors.hanging) as server, pytest.raises(TimedOut, match=r"within 0\.2 s"):
        HTTPXTransport(timeout_seconds=0.2).send(request_to(server.url))


def test_a_fault_of_the_transport_itself_is_not_taken_for_one_of_the_network() -> None:
    with pytest.raises(KeyError):
        HTTPXTransport().send(Request(url=None, headers={}, body=b""))  # type: ignore[arg-type]


def test_a_forked_child_begins_without_connections() -> None:
    with vendor(vendors.answering(vendors.answer())) as server:
        transport = HTTPXTransport()
        transport.send(request_to(server.url))
        inherited = transport._pool
        transport._pid = os.getppid()
        transport.send(request_to(server.url))
        assert transport._pool is not inherited
        assert server.connections == 2
