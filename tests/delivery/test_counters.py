"""The counters of a lane: each event is in exactly one of them."""

from __future__ import annotations

from footfall.delivery import Counters
from footfall.delivery.counters import ENDS


def test_counters_that_do_not_balance_are_noticed() -> None:
    assert Counters(submitted=2, taken=1, accepted=1, stored=1, queued=1).in_balance
    assert not Counters(submitted=1).in_balance
    assert not Counters(accepted=1).in_balance


def test_counters_are_in_balance_after_every_way_in_which_an_event_may_end() -> None:
    for end in ENDS:
        counters = Counters()
        counters.add("submitted", 3)
        counters.add(end, 2)
        counters.add(end)
        counters.add("retried")
        assert (counters.in_balance, getattr(counters, end)) == (True, 3)
