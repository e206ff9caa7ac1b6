"""What is logged when a tracker is made."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from footfall.config import Config
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker
from tests.support.adapters import PLAUSIBLE
from tests.support.trackers import visit


def test_an_inactive_tracker_logs_that_once_and_counts_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, logger="footfall"):
        tracker = Tracker(Config(), environ={})
        visit(tracker)
        tracker.track("Anything")
    logged = [(r.levelname, r.message) for r in caplog.records if r.name == "footfall"]
    assert logged[0] == ("INFO", "footfall counts nothing: no destination is configured")
    # Of the page that did not count.
    assert [level for level, _ in logged[1:]] == ["WARNING"]
    assert tracker.stats()["captured"] == 0


def lines_of(
    caplog: pytest.LogCaptureFixture, environ: dict[str, str], **options: Any
) -> list[str]:
    with caplog.at_level(logging.INFO, logger="footfall"):
        config = Config(destinations=[PLAUSIBLE], transport=MemoryTransport(), **options)
        Tracker(config, environ=environ)
    return [record.message for record in caplog.records if record.name == "footfall"]


def test_the_destinations_and_the_transport_are_named(caplog: pytest.LogCaptureFixture) -> None:
    first, *_ = lines_of(caplog, {})
    assert (
        first == "footfall counts for plausible:example.com through MemoryTransport(<0 requests>)"
    )


def test_a_platform_that_stops_the_process_is_named(caplog: pytest.LogCaptureFixture) -> None:
    assert any("since VERCEL is set by" in line for line in lines_of(caplog, {"VERCEL": "1"}))
    caplog.clear()
    assert not any("VERCEL" in line for line in lines_of(caplog, {}))


def test_a_rule_that_excludes_everything_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    lines_of(caplog, {}, exclude=["/**"])
    assert [record.levelname for record in caplog.records if "/**" in record.message] == ["WARNING"]
