"""Collectors for the tests of Plausible's API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import httpx2
import pytest

from footfall.collector import CollectorServer
from footfall.plausible_api import PlausibleAPI
from tests.collector.api.plausible.support import SITE
from tests.collector.api.plausible.week import CHROME, NOW, WEEK
from tests.collector.support import FIREFOX


@pytest.fixture
def collector() -> Iterator[CollectorServer]:
    """A collector for one test: what is registered is not deleted with the events."""
    with CollectorServer() as running:
        yield running


@pytest.fixture
def http(collector: CollectorServer) -> Iterator[httpx2.Client]:
    """A client of `collector`."""
    with httpx2.Client(base_url=collector.url, headers={"user-agent": FIREFOX}) as client:
        yield client


@pytest.fixture(scope="module")
def shared() -> Iterator[httpx2.Client]:
    """A client of a collector for all tests that leave nothing in it."""
    with CollectorServer() as running, httpx2.Client(base_url=running.url) as client:
        yield client


@pytest.fixture(scope="module")
def week() -> Iterator[CollectorServer]:
    """A collector with the events of `WEEK` and four goals."""
    with CollectorServer() as running:
        for when, who, name, path, props in WEEK:
            moment = datetime.fromisoformat(f"{when}+00:00").timestamp()
            running.store.clock = lambda moment=moment: moment  # type: ignore[misc]
            url = f"https://{SITE}{path}"
            event = {"name": name, "url": url, "domain": SITE, "props": props}
            headers = {"user-agent": CHROME.format(100 + ord(who[0]))}
            httpx2.post(f"{running.url}/api/event", json=event, headers=headers)
            running.store.flush()
        running.store.clock = NOW.timestamp
        with PlausibleAPI(running.url) as api:
            api.goals.find_or_create_event(SITE, "Signup")
            api.goals.find_or_create_event(
                SITE, "Signup", display_name="Pro", custom_props={"plan": "pro"}
            )
            api.goals.find_or_create_page(SITE, "/blog/*")
            # No visitor reached it.
            api.goals.find_or_create_event(SITE, "Cancelled")
        yield running


@pytest.fixture(scope="module")
def api(week: CollectorServer) -> Iterator[PlausibleAPI]:
    """The client of Plausible's API, over `week`."""
    with PlausibleAPI(week.url) as api:
        yield api
