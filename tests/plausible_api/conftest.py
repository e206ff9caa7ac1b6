"""A client of a running collector."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from footfall.collector import CollectorServer
from footfall.plausible_api import PlausibleAPI


@pytest.fixture
def api(collector: CollectorServer) -> Iterator[PlausibleAPI]:
    with PlausibleAPI(collector.url) as api:
        yield api
