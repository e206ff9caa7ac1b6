"""The clock for ages: it never goes back, and counts the time that the machine sleeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial


def _choose_clock() -> Callable[[], float]:
    clock_id = getattr(time, "CLOCK_BOOTTIME", None)
    if clock_id is None:
        return time.monotonic
    try:
        time.clock_gettime(clock_id)
    except OSError:  # a sandbox that has fewer clocks than its kernel
        return time.monotonic
    return partial(time.clock_gettime, clock_id)


monotonic: Callable[[], float] = _choose_clock()
"""Seconds, including those of a suspended machine where the system counts them (Linux).

`time.monotonic` stands still in a suspended laptop or a frozen container, and an event that waited
there for an hour would be sent as a new one.
"""
