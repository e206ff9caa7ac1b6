"""A collector that runs for all tests of a module, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from footfall.collector import CollectorServer
from tests.collector.support import FIREFOX


@pytest.fixture(scope="module")
def running() -> Iterator[CollectorServer]:
    """A collector that holds whatever earlier tests of the module left in it."""
    with CollectorServer() as running:
        yield running


@pytest.fixture(scope="module")
def client(running: CollectorServer) -> Iterator[httpx2.Client]:
    """A client of `running`."""
    with httpx2.Client(base_url=running.url, headers={"user-agent": FIREFOX}) as client:
        yield client


@pytest.fixture
def http(client: httpx2.Client) -> httpx2.Client:
    """A client of a running collector that holds nothing."""
    client.delete("/api/v1/events").raise_for_status()
    return client


@pytest.fixture
def collector(http: httpx2.Client, running: CollectorServer) -> CollectorServer:
    """The collector that `http` is a client of."""
    return running
