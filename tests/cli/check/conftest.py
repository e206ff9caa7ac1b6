"""The fixtures of `footfall check`: no keys in the environment, and a collector."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from footfall.cli.check import destination_check
from footfall.collector import CollectorServer
from tests.cli.check.common import SITE


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ("PLAUSIBLE_STATS_KEY", "COLLECTOR_TOKEN", "FOOTFALL_COLLECTOR_TOKEN")
    for name in ("FOOTFALL_DESTINATIONS", *keys):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(destination_check, "_POLL_SECONDS", 0.02)


@pytest.fixture
def collector() -> Iterator[CollectorServer]:
    """A collector that knows one site and one project of Swetrix."""
    with CollectorServer(domains=[SITE, "aUn1quEid-3x"]) as running:
        yield running
