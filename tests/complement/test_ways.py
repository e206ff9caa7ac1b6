"""The rule: which pages the server has counted already."""

from __future__ import annotations

import pytest

from footfall.complement.ways import (
    COUNTED_AHEAD,
    NOT_COUNTED,
    OLD_MS,
    WAYS,
    is_counted_by_server,
)
from tests.support.documents import TEXTS

NOW = 1_796_000_000_000.0

# The way, how long before the report the page was stamped and its navigation began, and the result.
ROWS = {
    "a copy from before the navigation": ("cache", 5_000, 3_000, False),
    "a copy from a moment before it": ("cache", 3_001, 3_000, False),
    "a stamp from after the navigation": ("cache", 2_900, 3_000, True),
    "a stamp of the future": ("cache", -1, 3_000, True),
    "a page of the network on a bad line": ("old", 31_000, 1_000, True),
    "a copy of a CDN": ("old", OLD_MS + 1_001, 1_000, False),
    "the back-forward cache": ("bfcache", 100, 1_000, False),
    "a route of a page that came just now": ("route", 100, 1_000, False),
}


@pytest.mark.parametrize(("way", "stamped", "began", "expected"), ROWS.values(), ids=ROWS.keys())
def test_the_server_compares_with_its_own_clock(
    way: str, stamped: float, began: float, expected: bool
) -> None:
    assert is_counted_by_server(way, NOW - stamped, began, NOW) is expected


@pytest.mark.parametrize("way", ["cache", "old"])
def test_a_response_that_was_not_counted_may_be_reported_at_once(way: str) -> None:
    assert not is_counted_by_server(way, NOT_COUNTED, 0, NOW)
    assert is_counted_by_server(way, COUNTED_AHEAD, 0, NOW)


def test_every_way_is_in_the_documents() -> None:
    rows = [f"| {way.name} | {way.counted_by} | {way.sign} |" for way in WAYS]
    assert "\n".join(rows) in TEXTS["docs/complement.md"]


def test_what_the_complement_counts_is_what_is_reported() -> None:
    assert all(bool(way.report) == (way.counted_by == "complement") for way in WAYS)
