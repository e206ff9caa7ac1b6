"""A ring buffer in memory, bounded by the number of its items and by their bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

T = TypeVar("T")


class RingBuffer(Generic[T]):
    """Items by number, of which the oldest are dropped. Any thread may use it."""

    def __init__(self, *, max_items: int, max_bytes: int) -> None:
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._items: OrderedDict[int, tuple[T, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def put(self, number: int, item: T, size: int) -> None:
        """Add an item of about `size` bytes; numbers rise."""
        with self._lock:
            self._items[number] = (item, size)
            self._bytes += size
            while len(self._items) > self._max_items or self._bytes > self._max_bytes:
                self._bytes -= self._items.popitem(last=False)[1][1]

    def get(self, number: int) -> T | None:
        """The item of that number, or None if it never was there or is gone."""
        with self._lock:
            found = self._items.get(number)
        return found[0] if found else None

    def values(self) -> list[T]:
        """All items, oldest first."""
        with self._lock:
            return [item for item, _ in self._items.values()]

    def items(self) -> list[tuple[int, T]]:
        """All items with their numbers, oldest first."""
        with self._lock:
            return [(number, item) for number, (item, _) in self._items.items()]

    def clear(self) -> None:
        with self._lock:
            self._items.clear()
            self._bytes = 0
