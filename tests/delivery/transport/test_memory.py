"""The transport that sends nothing."""

from __future__ import annotations

from footfall.delivery.transport import MemoryTransport
from tests.delivery.transport.requests import request_to


def test_the_memory_transport_keeps_the_newest_requests() -> None:
    memory = MemoryTransport(max_requests=2)
    for number in range(3):
        assert memory.send(request_to("http://x", str(number).encode())).status == 202
    assert [request.body for request in memory.requests] == [b"1", b"2"]
    assert repr(memory) == "MemoryTransport(<2 requests>)"
