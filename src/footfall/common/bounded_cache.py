"""A cache for what every request needs and costs more to compute than to look up.

It is bounded in entries and in text, whatever visitors send. It has no lock: two threads that
compute the same value at once store the same value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Generic, TypeVar

__all__ = ["MAX_ENTRIES", "MAX_KEY_CHARS", "BoundedCache"]

K = TypeVar("K")
V = TypeVar("V")

# More than an app has content types, or its visitors kinds of browser.
MAX_ENTRIES: Final = 128
# The keys of an environ have about 700 characters; one client's headers must not fill the memory.
MAX_KEY_CHARS: Final = 2048


class BoundedCache(Generic[K, V]):
    """The results of a pure function of text or of a tuple of texts: `cache[argument]`.

    An argument of more than `MAX_KEY_CHARS` characters is computed each time. At `MAX_ENTRIES` the
    cache is emptied, so that no client can keep the ordinary entries out.

    Attributes:
        known: The results so far. A request looks there first: a plain dict is read in a sixth of
            the instructions that CPython needs for a subclass of one.
    """

    __slots__ = ("_compute", "known")

    def __init__(self, compute: Callable[[K], V]) -> None:
        self._compute = compute
        self.known: dict[K, V] = {}

    def __getitem__(self, key: K) -> V:
        try:
            return self.known[key]
        except KeyError:
            pass  # outside, so that what `compute` raises has no other exception as its context
        value = self._compute(key)
        if _chars_in(key) <= MAX_KEY_CHARS:
            if len(self.known) >= MAX_ENTRIES:
                self.known.clear()
            self.known[key] = value
        return value


def _chars_in(key: object) -> float:
    """How many characters a key keeps in memory; infinite unless it is text, or texts."""
    if type(key) is tuple:
        return sum(map(_chars_in, key))
    return len(key) if type(key) in (str, bytes) else math.inf  # type: ignore[arg-type]  # has a length
