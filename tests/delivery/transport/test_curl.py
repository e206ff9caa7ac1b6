"""The transport on libcurl."""

from __future__ import annotations

import os
from typing import Any

import pytest

from footfall.delivery.transport import CurlTransport, HTTPXTransport, MemoryTransport, curl
from footfall.model import Request
from tests.delivery.transport.requests import request_to
from tests.support import vendors
from tests.support.vendors import vendor


def test_closing_closes_the_transport_for_gevent_too() -> None:
    pytest.importorskip("pycurl")
    closed: list[bool] = []
    httpx = HTTPXTransport()
    httpx.close = lambda: closed.append(True)  # type: ignore[method-assign]
    CurlTransport(under_greenlets=httpx).close()
    assert closed == [True]


def test_under_greenlets_the_other_transport_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pycurl")
    monkeypatch.setattr(curl, "is_patched", lambda: True)
    monkeypatch.setattr(curl, "may_be_greenlet", lambda: True)
    other: Any = MemoryTransport()
    request = Request(url="http://127.0.0.1:9/", headers={}, body=b"")
    assert CurlTransport(under_greenlets=other).send(request).status == 202
    assert [*other.requests] == [request]


def test_a_forked_child_begins_without_connections() -> None:
    pytest.importorskip("pycurl")
    with vendor(vendors.answering(vendors.answer())) as server:
        transport = CurlTransport()
        transport.send(request_to(server.url))
        inherited = transport._idle
        transport._pid = os.getppid()
        transport.send(request_to(server.url))
        assert transport._idle is not inherited
        assert server.connections == 2
