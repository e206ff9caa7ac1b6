"""The clock that ages are measured with: it never goes back, and knows when the machine slept."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial


def _never_asleep() -> Callable[[], float]:
    clock_id = getattr(time, "CLOCK_BOOTTIME", None)
    if clock_id is None:
        return time.monotonic
    try:
        time.clock_gettime(clock_id)
    except OSError:  # a sandbox that knows fewer clocks than its kernel
        return time.monotonic
    return partial(time.clock_gettime, clock_id)


monotonic: Callable[[], float] = _never_asleep()
"""Seconds that also pass while the machine sleeps, where the system counts these (Linux).

`time.monotonic` stands still in a suspended laptop or a frozen container, and an event that waited
there for an hour would go out as a new one.
"""
