"""The fixture that pytest finds by itself, in a test suite like a user's."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.user_suite import PYTEST

SUITE = """
import footfall
from footfall.tracker import Tracker

TRACKER = Tracker.from_options({"destinations": "plausible://plausible.io/example.com"})

def test_events_are_captured(footfall_outbox):
    TRACKER.track("Paid", url="https://example.com/", visitor={"ip": "203.0.113.9"})
    assert [event.name for event in footfall_outbox] == ["Paid"]

def test_each_test_begins_with_none(footfall_outbox):
    assert list(footfall_outbox) == []
"""


def test_the_fixture_is_found_and_empty_for_each_test(tmp_path: Path) -> None:
    (tmp_path / "test_shop.py").write_text(SUITE)
    done = subprocess.run(
        [*PYTEST, "-q"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_listing_the_fixtures_shows_what_it_gives(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PYTEST, "--fixtures"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "footfall_outbox" in done.stdout
    assert "Every event of the test, oldest first" in done.stdout
