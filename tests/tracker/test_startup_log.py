"""What is logged when a tracker is made."""

from __future__ import annotations

import logging

import pytest

from footfall.config import Config
from footfall.tracker import Tracker
from tests.support.trackers import visit


def test_an_inactive_tracker_logs_that_once_and_counts_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, logger="footfall"):
        tracker = Tracker(Config(), environ={})
        visit(tracker)
        tracker.track("Anything")
    assert [r.message for r in caplog.records if r.name == "footfall"] == [
        "footfall counts nothing: no destination is configured"
    ]
    assert tracker.stats()["captured"] == 0
