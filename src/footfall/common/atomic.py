"""Numbers that any thread may change without a lock: each change is one operation of CPython.

`number += 1` would be two operations, and two threads that change it at once would lose one.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Final

__all__ = ["AtomicCounter", "ByteBudget"]


class AtomicCounter:
    """A counter that any thread may bump without a lock and without losing a count."""

    __slots__ = ("_ticks", "bump")

    def __init__(self) -> None:
        self._ticks = itertools.count()
        self.bump: Callable[[], int] = self._ticks.__next__

    @property
    def value(self) -> int:
        # Every other public way to read a count consumes a tick; its repr is `count(N)`.
        return int(repr(self._ticks)[6:-1])


class ByteBudget:
    """How much memory is in use, and whether that is more than `max_bytes`.

    Any thread may reserve and release at any time: both are one operation of the interpreter on an
    array that holds one element for each started 128 bytes.
    """

    __slots__ = ("_limit", "_units")

    def __init__(self, max_bytes: int) -> None:
        self._limit = max_bytes // _UNIT
        self._units = bytearray()

    def reserve(self, size: int) -> None:
        """Add `size` bytes to what is in use, even beyond the limit."""
        self._units.extend(bytes(_units_of(size)))

    def release(self, size: int) -> None:
        """Subtract what was reserved with the same `size`."""
        del self._units[: _units_of(size)]

    @property
    def reserved(self) -> int:
        """How many bytes are in use, rounded up to whole units of 128."""
        return len(self._units) * _UNIT

    @property
    def is_exceeded(self) -> bool:
        return len(self._units) > self._limit


# A record takes half a kilobyte to two.
_UNIT: Final = 128


def _units_of(size: int) -> int:
    return -(-size // _UNIT)
