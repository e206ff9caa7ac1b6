"""The counters of several trackers as one account."""

from __future__ import annotations

from typing import Any

import footfall
from footfall.testing import MemoryTransport
from footfall.tracker.combined_stats import combined
from tests.support.trackers import tracker_over, visit


def lane(**changes: Any) -> dict[str, Any]:
    calm = {"oldest_age_seconds": 0.0, "trimmed": 0, "is_paused": False, "breaker": "closed"}
    return {"submitted": 3, "accepted": 3, **calm, **changes}


ONE: dict[str, Any] = {
    "transport": "CurlTransport(timeout_seconds=10)",
    "captured": 5,
    "errors": 0,
    "reasons": {"navigation": 3, "bot": 2},
    "destinations": {"plausible:a": lane()},
}
OTHER: dict[str, Any] = {
    "outbox": {"path": "/f.db", "is_in_use": True, "is_drainer": True, "rows": 4, "pending": 1},
    "transport": "CurlTransport(timeout_seconds=10)",
    "captured": 2,
    "errors": 1,
    "reasons": {"navigation": 1, "localhost": 1},
    "destinations": {
        "plausible:a": lane(
            submitted=1, accepted=0, oldest_age_seconds=2.5, is_paused=True, breaker="open"
        ),
        "plausible:b": lane(),
    },
}


def test_the_account_of_one_is_its_own_and_of_none_is_empty() -> None:
    assert combined([ONE]) == ONE
    assert combined([]) == {}


def test_numbers_are_added_and_the_worst_state_is_taken() -> None:
    assert combined([ONE, OTHER]) == {
        "outbox": OTHER["outbox"],
        "transport": "CurlTransport(timeout_seconds=10)",
        "captured": 7,
        "errors": 1,
        "reasons": {"navigation": 4, "bot": 2, "localhost": 1},
        "destinations": {
            "plausible:a": {
                "submitted": 4,
                "accepted": 3,
                "oldest_age_seconds": 2.5,
                "trimmed": 0,
                "is_paused": True,
                "breaker": "open",
            },
            "plausible:b": lane(),
        },
    }


def test_an_outbox_that_two_share_is_one_file() -> None:
    failing = {**OTHER["outbox"], "is_in_use": False, "is_drainer": False}
    assert combined([OTHER, {"outbox": failing}])["outbox"] == {
        "path": "/f.db",
        "is_in_use": False,
        "is_drainer": True,
        "rows": 4,
        "pending": 2,
    }


def test_stats_speaks_of_all_trackers() -> None:
    trackers = [tracker_over(MemoryTransport(), exclude=f"/{number}") for number in range(3)]
    for tracker in trackers:
        visit(tracker)
        tracker.process_all()
    assert footfall.stats()["reasons"] == {"navigation": 3}
    assert footfall.stats()["destinations"]["plausible:example.com"]["submitted"] == 3
