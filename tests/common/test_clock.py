"""The clock counts the time that the machine sleeps, where the system offers it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from footfall.common import clock


def test_the_clock_never_goes_back() -> None:
    readings = [clock.monotonic() for _ in range(1000)]
    assert readings == sorted(readings)


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="CLOCK_BOOTTIME is of Linux")
def test_the_clock_is_the_one_that_counts_sleep() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    between = clock.monotonic()
    assert before <= between <= time.clock_gettime(time.CLOCK_BOOTTIME)


def without(patch: pytest.MonkeyPatch) -> None:
    patch.delattr(time, "CLOCK_BOOTTIME", raising=False)


def forbidden(patch: pytest.MonkeyPatch) -> None:
    def fail(_clock_id: int) -> float:
        raise OSError("not permitted")

    patch.setattr(time, "CLOCK_BOOTTIME", 7, raising=False)
    patch.setattr(time, "clock_gettime", fail)


@pytest.mark.parametrize("system", [without, forbidden])
def test_a_system_without_that_clock_gets_the_monotonic_one(
    monkeypatch: pytest.MonkeyPatch, system: Callable[[pytest.MonkeyPatch], None]
) -> None:
    system(monkeypatch)
    assert clock._choose_clock() is time.monotonic


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="CLOCK_BOOTTIME is of Linux")
def test_52_of_two_clocks_the_one_that_counts_sleep_is_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clocks = {time.CLOCK_BOOTTIME: 7_200.0, time.CLOCK_MONOTONIC: 3_600.0}
    monkeypatch.setattr(time, "clock_gettime", clocks.__getitem__)
    assert clock._choose_clock()() == 7_200.0


def test_ages_count_sleep_where_the_system_does() -> None:
    expected = getattr(time, "CLOCK_BOOTTIME", None)
    if expected is None:
        assert clock.monotonic is time.monotonic
    else:
        before = time.clock_gettime(expected)
        assert before <= clock.monotonic() <= time.clock_gettime(expected)
