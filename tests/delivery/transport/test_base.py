"""The interface of a transport."""

from __future__ import annotations

import inspect

import pytest

from footfall.delivery.transport import CurlTransport, HTTPXTransport, MemoryTransport, Transport
from footfall.model import Request, Response


class Own:
    """All that an app has to write."""

    def send(self, request: Request) -> Response:
        return Response(status=204)


TRANSPORTS: list[Transport] = [Own(), CurlTransport(), HTTPXTransport(), MemoryTransport()]


@pytest.mark.parametrize("transport", TRANSPORTS, ids=lambda each: type(each).__name__)
def test_every_transport_has_the_method_of_the_interface(transport: Transport) -> None:
    expected = [*inspect.signature(Transport.send).parameters][1:]
    assert [*inspect.signature(transport.send).parameters] == expected
