"""The deadline of an exchange in the httpx2 transport."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpcore2
import pytest

from footfall.delivery.transport import dns_cache, httpcore_deadline
from tests.delivery.vendor_behaviours import ACCEPTED
from tests.support import vendors
from tests.support.vendors import vendor


def test_20_nothing_is_written_once_the_time_is_over() -> None:
    written: list[bytes] = []
    exchange = httpcore_deadline.ExchangeDeadline()
    exchange.start(0.0, is_secure=False)
    system: Any = SimpleNamespace(write=lambda request, left: written.append(request))
    stream = httpcore_deadline.Stream(system, exchange)
    stream.write(b"POST / HTTP/1.1")
    with pytest.raises(httpcore2.TimeoutException):
        stream.read(1)
    assert (written, exchange.has_sent) == ([], False)


def test_20_no_connection_is_begun_once_the_time_is_over() -> None:
    exchange = httpcore_deadline.ExchangeDeadline()
    exchange.start(0.0, is_secure=False)
    with vendor(vendors.answering(ACCEPTED)) as server:
        backend = httpcore_deadline.Backend(exchange, dns_cache.DNSCache())
        with pytest.raises(httpcore2.ConnectTimeout):
            backend.connect_tcp("127.0.0.1", server.port, 1.0)
        assert server.connections == 0
