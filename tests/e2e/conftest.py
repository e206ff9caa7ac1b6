"""The two ends of every test here: one collector and one browser for the whole session."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any, Final

import httpx2
import pytest

from tests.conftest import program
from tests.e2e.chromium import Chromium

_NUMBERS: Final = count(1)


class EventQueue:
    """What the collector holds for one domain, which no other test uses."""

    def __init__(self, collector_url: str) -> None:
        self.domain = f"site-{next(_NUMBERS)}.test"
        self.dsn = f"collector://{collector_url.removeprefix('http://')}/{self.domain}"
        self._url = f"{collector_url}/api/v1/events"

    def events(self) -> list[dict[str, Any]]:
        """All events so far, oldest first; complete once the server has ended."""
        answer = httpx2.get(self._url, params={"domain": self.domain})
        events: list[dict[str, Any]] = answer.raise_for_status().json()["events"]
        return events

    def wait_for(self, number: int) -> list[dict[str, Any]]:
        """The events once there are so many; what there is after ten seconds."""
        query = {"domain": self.domain, "wait": str(number), "timeout": "10"}
        answer = httpx2.get(self._url, params=query, timeout=15)
        events: list[dict[str, Any]] = answer.raise_for_status().json()["events"]
        return events


@pytest.fixture(scope="session")
def collector_url() -> Iterator[str]:
    from footfall.collector import CollectorServer

    with CollectorServer() as server:
        yield server.url


@pytest.fixture
def ledger(collector_url: str) -> EventQueue:
    return EventQueue(collector_url)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    path = program("chromium")
    assert path is not None, "mark the test with server('chromium')"
    browser = Chromium(path)
    yield browser
    browser.close()


def of(events: list[dict[str, Any]], *fields: str) -> list[dict[str, Any]]:
    """The events with only these fields, to compare."""
    return [{field: event[field] for field in fields} for event in events]


__all__ = ["EventQueue", "of"]
