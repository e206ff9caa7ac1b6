"""Connections that no exchange uses at the moment, for any thread or greenlet to take.

No lock, and nothing that belongs to a thread: gevent may turn threads into greenlets at any time.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from footfall.delivery.transport.http_common import MAX_IDLE_SECONDS

T = TypeVar("T")


class IdlePool(Generic[T]):
    """What was used last is taken first; what was not taken for a minute is dropped."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._idle: deque[tuple[float, T]] = deque()

    def take(self) -> T | None:
        """Something to use alone until it is put back; None where the pool is empty."""
        try:
            return self._idle.pop()[1]
        except IndexError:
            return None

    def put(self, item: T) -> None:
        """Put back what was taken, or something new."""
        now = self._clock()
        self._idle.append((now, item))
        try:
            while self._idle[0][0] < now - MAX_IDLE_SECONDS:
                self._idle.popleft()
        except IndexError:  # another thread has taken the last one meanwhile
            pass
