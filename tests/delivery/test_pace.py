"""How many exchanges run, and how many are needed."""

from __future__ import annotations

from footfall.delivery.pace import MAX_UNANSWERED, Pace


def test_a_vendor_that_does_not_answer_gets_few_requests_at_a_time() -> None:
    pace = Pace()
    assert pace.limit(32, 0.0) == MAX_UNANSWERED
    pace.begin(0.0)
    pace.end(0.1, 0.0, is_answered=True)
    assert (pace.limit(32, 1.0), pace.limit(3, 1.0)) == (32, 3)
    assert pace.limit(32, 1.2) == MAX_UNANSWERED
    pace.begin(1.2)
    pace.end(6.2, 1.2, is_answered=False)
    assert pace.limit(32, 6.2) == MAX_UNANSWERED, "a timeout is no answer"


def test_the_farther_the_vendor_the_more_exchanges_a_backlog_needs() -> None:
    for seconds, needed in ((0.001, 1), (0.08, 32), (0.4, 160)):
        pace = Pace()
        pace.begin(0.0)
        pace.end(seconds, 0.0, is_answered=True)
        assert pace.needed(20, seconds) == needed


def test_the_fastest_exchange_tells_the_vendor_s_time() -> None:
    pace = Pace()
    for began_at, ended_at in ((0.0, 0.5), (0.0, 0.01), (0.0, 0.7)):
        pace.begin(began_at)
        pace.end(ended_at, began_at, is_answered=True)
    assert pace.needed(20, 0.7) == 4


def test_before_the_first_answer_the_time_that_passes_is_what_is_known() -> None:
    pace = Pace()
    pace.begin(5.0)
    assert [pace.needed(20, now) for now in (5.0, 5.05, 5.5)] == [1, 20, 200]
