"""The newest things that came, in memory: bounded by their number and by their bytes.

What is not written to the file lives here: addresses and the way to them. Gone with the process.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class RingBuffer(Generic[T]):
    """Things by number, of which the oldest go. Any thread may use it."""

    def __init__(self, *, max_things: int, max_bytes: int) -> None:
        self._max_things = max_things
        self._max_bytes = max_bytes
        self._things: OrderedDict[int, tuple[T, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def put(self, number: int, thing: T, size: int) -> None:
        """Keep a thing of about so many bytes; numbers rise."""
        with self._lock:
            self._things[number] = (thing, size)
            self._bytes += size
            while len(self._things) > self._max_things or self._bytes > self._max_bytes:
                self._bytes -= self._things.popitem(last=False)[1][1]

    def get(self, number: int) -> T | None:
        """The thing of that number, or None where it was none or is gone."""
        with self._lock:
            found = self._things.get(number)
        return found[0] if found else None

    def things(self) -> list[T]:
        """All that is kept, oldest first."""
        with self._lock:
            return [thing for thing, _ in self._things.values()]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._things.clear()
            self._bytes = 0
