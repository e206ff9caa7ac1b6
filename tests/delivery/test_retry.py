"""When an event is tried again, and how long that waits."""

from __future__ import annotations

import pytest

from footfall.delivery import Item
from footfall.delivery.retry import may_retry, wait_seconds
from footfall.model import Outcome, OutcomeKind
from tests.delivery.lanes import event


def item_after(tries: int) -> Item:
    item = Item.of(event(), 0.0)
    item.tries = tries
    return item


@pytest.mark.parametrize(
    ("tries", "outcome", "may"),
    [
        (1, Outcome(kind=OutcomeKind.RETRY), True),
        (3, Outcome(kind=OutcomeKind.RETRY), True),
        (4, Outcome(kind=OutcomeKind.RETRY), False),
        (2, Outcome(kind=OutcomeKind.RETRY, max_tries=2), False),
        (1, Outcome(kind=OutcomeKind.UNKNOWN), False),
        (1, Outcome(kind=OutcomeKind.REJECTED), False),
    ],
)
def test_another_try_is_allowed_while_the_vendor_processed_nothing_and_tries_are_left(
    tries: int, outcome: Outcome, may: bool
) -> None:
    assert may_retry(item_after(tries), outcome, max_tries=4) is may


@pytest.mark.parametrize(
    ("tries", "retry_after", "seconds"),
    [(1, None, 0.25), (2, None, 0.5), (4, None, 2.0), (9, None, 8.0), (1, 5.0, 5.0)],
)
def test_the_longest_wait_doubles_with_each_try_and_retry_after_is_kept(
    tries: int, retry_after: float | None, seconds: float
) -> None:
    outcome = Outcome(kind=OutcomeKind.RETRY, retry_after=retry_after)
    assert wait_seconds(item_after(tries), outcome, lambda low, high: high) == seconds


def test_the_wait_has_a_limit_however_often_an_event_was_tried() -> None:
    item = Item.of(event(), 0.0)
    item.tries = 1_100
    outcome = Outcome(kind=OutcomeKind.RETRY)
    assert wait_seconds(item, outcome, lambda low, high: high) == 8.0
