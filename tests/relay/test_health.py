"""Health and figures over HTTP."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from footfall.delivery import Lane
from footfall.destinations import Plausible
from footfall.relay.health import HealthServer, metrics
from footfall.relay.status import ENDS, GroupStatus, QueueStatus
from footfall.testing import MemoryTransport

GROUP = GroupStatus(
    name='plausible:"a"',
    produced=9,
    ends={**dict.fromkeys(ENDS, 0), "accepted": 5},
    repeated=0,
    in_flight=1,
    pending=0,
    waiting=3,
    trimmed=0,
    age_seconds=1.5,
    consumers=[],
)
STATUS = QueueStatus(stream="shop", produced=9, entries=1, dead_entries=0, groups=[GROUP])


class Relayed:
    """What the server asks; a test changes it."""

    def __init__(self) -> None:
        self.is_healthy = True
        self.error: Exception | None = None

    def read(self) -> QueueStatus:
        if self.error is not None:
            raise self.error
        return STATUS


@pytest.fixture
def relayed() -> Relayed:
    return Relayed()


@pytest.fixture
def url(relayed: Relayed) -> Iterator[str]:
    lane = Lane(Plausible(domain="a.test"), MemoryTransport())
    server = HealthServer(
        ("127.0.0.1", 0),
        lambda: relayed.is_healthy,
        relayed.read,
        lambda: {lane.name: lane.stats()},
    )
    yield f"http://127.0.0.1:{server.port}"
    server.close()


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_health_is_that_of_the_relay(url: str, relayed: Relayed) -> None:
    assert get(f"{url}/health") == (200, '{"status": "ok"}')
    relayed.is_healthy = False
    assert get(f"{url}/health")[0] == 503
    assert get(f"{url}/other")[0] == 404


def test_metrics_are_the_account(url: str, relayed: Relayed) -> None:
    status, text = get(f"{url}/metrics")
    assert status == 200
    lines = text.splitlines()
    assert 'footfall_queue_produced_total{stream="shop"} 9' in lines
    labels = 'stream="shop",destination="plausible:\\"a\\""'
    assert f'footfall_queue_events{{{labels},state="waiting"}} 3' in lines
    assert f"footfall_queue_oldest_age_seconds{{{labels}}} 1.5" in lines
    assert 'footfall_delivery_seconds_count{destination="plausible:a.test"} 0' in lines
    relayed.error = ConnectionError("gone")
    assert get(f"{url}/metrics") == (503, "ConnectionError")


def test_every_state_has_its_metric() -> None:
    assert len(list(metrics(STATUS))[1].samples) == len(GROUP.numbers)
