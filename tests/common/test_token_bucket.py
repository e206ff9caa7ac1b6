"""How many tokens there are."""

from __future__ import annotations

from footfall.common.token_bucket import TokenBucket


def test_time_fills_it_up_to_its_burst() -> None:
    bucket = TokenBucket(per_second=2.0, burst=5.0)
    asked = [(0.0, 3), (0.0, 9), (0.4, 1), (0.5, 1), (100.0, 9)]
    assert [bucket.take(number, now) for now, number in asked] == [3, 2, 0, 1, 5]


def test_a_clock_that_goes_back_gives_nothing() -> None:
    bucket = TokenBucket(per_second=1.0, burst=2.0)
    assert [bucket.take(2, now) for now in (10.0, 5.0, 6.0, 6.5)] == [2, 0, 1, 0]


def test_tokens_that_are_put_back_are_there_again() -> None:
    bucket = TokenBucket(per_second=0.0001, burst=2.0)
    assert bucket.take(1, 0.0) == 1
    bucket.put_back(1)
    bucket.put_back(1)
    assert bucket.take(9, 0.0) == 2
