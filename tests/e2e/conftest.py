"""One collector and one browser for the whole session."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any, Final

import httpx2
import pytest

from tests.conftest import program
from tests.e2e.chromium import Chromium

_NUMBERS: Final = count(1)


class CollectedEvents:
    """The events that the collector has for one domain, which no other test uses."""

    def __init__(self, collector_url: str) -> None:
        self.domain = f"site-{next(_NUMBERS)}.test"
        self.dsn = f"collector://{collector_url.removeprefix('http://')}/{self.domain}"
        self._url = f"{collector_url}/api/v1/events"

    def events(self) -> list[dict[str, Any]]:
        """All events so far, oldest first. Complete once the server has stopped."""
        response = httpx2.get(self._url, params={"domain": self.domain})
        events: list[dict[str, Any]] = response.raise_for_status().json()["events"]
        return events

    def wait_for(self, number: int) -> list[dict[str, Any]]:
        """The events once there are `number` of them, else those there are after ten seconds."""
        query = {"domain": self.domain, "wait": str(number), "timeout": "10"}
        response = httpx2.get(self._url, params=query, timeout=15)
        events: list[dict[str, Any]] = response.raise_for_status().json()["events"]
        return events


@pytest.fixture(scope="session")
def collector_url() -> Iterator[str]:
    from footfall.collector import CollectorServer

    with CollectorServer() as server:
        yield server.url


@pytest.fixture
def collected(collector_url: str) -> CollectedEvents:
    return CollectedEvents(collector_url)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    path = program("chromium")
    assert path is not None, "mark the test with server('chromium')"
    browser = Chromium(path)
    yield browser
    browser.close()


def select_fields(events: list[dict[str, Any]], *fields: str) -> list[dict[str, Any]]:
    """Reduce each event to these fields, for a comparison."""
    return [{field: event[field] for field in fields} for event in events]


__all__ = ["CollectedEvents", "select_fields"]
