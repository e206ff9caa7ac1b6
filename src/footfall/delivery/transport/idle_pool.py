"""Connections that no exchange uses at the moment, for any thread or greenlet to take.

No lock, and nothing that belongs to a thread: gevent may turn threads into greenlets at any time.
What is dropped is closed here: after an exchange that has failed, its traceback may hold it until
Python looks for cycles.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from footfall.delivery.transport.http_common import MAX_IDLE_SECONDS


class Closeable(Protocol):
    """What can be in a pool."""

    def close(self) -> None:
        """Close the connections."""
        ...


T = TypeVar("T", bound=Closeable)


class IdlePool(Generic[T]):
    """What was used last is taken first; what was not taken for a minute is closed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._idle: deque[tuple[float, T]] = deque()
        self._is_closed = False

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
                self._idle.popleft()[1].close()
        except IndexError:  # another thread has taken the last one meanwhile
            pass
        if self._is_closed:
            self.close()

    def close(self) -> None:
        """Close what is idle, and from now on what is put back."""
        self._is_closed = True
        while (item := self.take()) is not None:
            item.close()
