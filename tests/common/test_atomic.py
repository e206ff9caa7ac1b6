"""Counters and byte budgets lose nothing between threads, and know their limit."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from footfall.common.atomic import AtomicCounter, ByteBudget

KILOBYTE = 1024


def run_in_threads(work: Callable[[], None], count: int = 4) -> None:
    """Run `work` in some threads that begin at once, and wait for them."""
    start = threading.Barrier(count)

    def begin() -> None:
        start.wait()
        work()

    threads = [threading.Thread(target=begin) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_counter_says_how_often_it_was_bumped() -> None:
    counter = AtomicCounter()
    assert counter.value == 0
    counter.bump()
    counter.bump()
    assert (counter.value, counter.value) == (2, 2)


def test_a_counter_loses_nothing_between_threads() -> None:
    counter = AtomicCounter()

    def bump() -> None:
        for _ in range(5000):
            counter.bump()

    run_in_threads(bump)
    assert counter.value == 20_000


@pytest.mark.parametrize(
    ("sizes", "is_exceeded"),
    [
        pytest.param([], False, id="nothing"),
        pytest.param([KILOBYTE], False, id="exactly the limit"),
        pytest.param([KILOBYTE, 1], True, id="one byte more"),
        pytest.param([1] * 8, False, id="as many units as there are"),
        pytest.param([1] * 9, True, id="one started unit more"),
    ],
)
def test_a_budget_is_exceeded_by_a_unit_more_than_its_limit(
    sizes: list[int], is_exceeded: bool
) -> None:
    budget = ByteBudget(KILOBYTE)
    for size in sizes:
        budget.reserve(size)
    assert budget.is_exceeded is is_exceeded


def test_a_budget_gives_back_what_was_reserved() -> None:
    budget = ByteBudget(KILOBYTE)
    budget.reserve(700)
    budget.reserve(1)
    assert budget.reserved == 7 * 128
    budget.release(700)
    assert budget.reserved == 128
    budget.release(1)
    assert budget.reserved == 0


def test_a_budget_loses_nothing_between_threads() -> None:
    budget = ByteBudget(1024 * KILOBYTE)

    def reserve_and_release() -> None:
        for size in range(2000):
            budget.reserve(size)
            budget.release(size)

    run_in_threads(reserve_and_release)
    assert budget.reserved == 0
