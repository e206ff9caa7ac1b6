"""How tests ask whether something waited, on a machine of any speed.

What must not be waited for lasts LONG_SECONDS in such a test, and `no_long_wait` fails only after a
good part of it: a slow or busy machine passes. What a thread waited for, its processor aside, is
measured by `blocked_seconds`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LONG_SECONDS: Final = 120.0
"""How long a test lets last what must not be waited for."""
MAX_SECONDS: Final = 40.0


@contextmanager
def no_long_wait() -> Iterator[None]:
    """Check that what runs inside does not wait for anything that lasts LONG_SECONDS."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < MAX_SECONDS


def blocked_seconds(work: Callable[[], object]) -> float:
    """The seconds that `work` waited for a lock, a socket or a timer in the calling thread.

    Neither running nor waiting for a processor counts, so that other programs change nothing.
    """
    started, had_run = time.perf_counter(), _scheduled_seconds()
    work()
    return time.perf_counter() - started - (_scheduled_seconds() - had_run)


_SCHEDULE: Final = Path("/proc/thread-self/schedstat")


def _scheduled_seconds() -> float:
    """What this thread has run, and waited for a processor where the system says so (Linux)."""
    try:
        ran, waited, _ = _SCHEDULE.read_text().split()
    except OSError:
        return time.thread_time()
    return (int(ran) + int(waited)) / 1e9
