"""A tracker that sends to the collector, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from footfall.collector import CollectorServer
from footfall.config import Config
from footfall.destinations import Collector
from footfall.tracker import Tracker
from tests.conftest import program
from tests.e2e.chromium import Chromium


@pytest.fixture
def tracker(collector: CollectorServer) -> Tracker:
    """A tracker whose destination is the collector."""
    destination = Collector(domain="app.test", endpoint=collector.url)
    return Tracker(Config(destinations=[destination]), environ={})


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """The browser; the test needs the mark `server("chromium")`."""
    path = program("chromium")
    assert path is not None, "mark the test with server('chromium')"
    with closing(Chromium(path)) as chromium:
        yield chromium
