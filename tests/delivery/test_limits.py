"""The bounds of a lane."""

from __future__ import annotations

import pytest

from footfall.delivery import Limits
from footfall.delivery.limits import DEFAULTS


@pytest.mark.parametrize(("max_events", "max_retries"), [(1, 1), (19, 1), (50, 5), (10_000, 1000)])
def test_a_tenth_of_the_events_may_wait_for_another_try(max_events: int, max_retries: int) -> None:
    assert Limits(max_events=max_events).max_retries == max_retries


def test_one_event_cannot_fill_the_queue_by_default() -> None:
    assert DEFAULTS.max_event_bytes * 100 < DEFAULTS.max_bytes
    assert DEFAULTS.busy_events < DEFAULTS.max_events
