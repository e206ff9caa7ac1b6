"""One transport on each HTTP client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from footfall.delivery.transport import CurlTransport, HTTPXTransport
from tests.support.transports import CLIENTS, Client


@pytest.fixture(params=[*CLIENTS.values()], ids=[*CLIENTS])
def client(request: pytest.FixtureRequest) -> Client:
    found: Client = request.param
    return found


@pytest.fixture
def transport(client: Client) -> Iterator[CurlTransport | HTTPXTransport]:
    made = client()
    yield made
    made.close()
