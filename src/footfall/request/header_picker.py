"""Picks the values of the headers that matter from a WSGI environ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

from footfall.common.bounded_cache import BoundedCache

__all__ = ["HeaderPicker"]


class HeaderPicker:
    """Finds which of `names` an environ has, and their values.

    A server writes the keys in the order in which a browser sends its headers. So environs of one
    kind of request have the same keys, mostly those of the request before, and five dozen names
    need not be looked up each time.
    """

    __slots__ = ("_last", "_shapes")

    def __init__(self, names: frozenset[str]) -> None:
        def shape(keys: tuple[str, ...]) -> _Shape:
            found = tuple(names.intersection(keys))
            # For one name `itemgetter` returns no tuple.
            take = itemgetter(*found) if len(found) > 1 else lambda env: [*map(env.get, found)]
            return found, take

        self._shapes: BoundedCache[tuple[str, ...], _Shape] = BoundedCache(shape)
        # In one piece, for a thread may read it while another replaces it.
        self._last: tuple[list[str], _Shape] = [], shape(())

    def pick(self, environ: Mapping[str, Any]) -> tuple[tuple[str, ...], Sequence[Any]]:
        """The names that the environ has, and their values in the same order."""
        # A list is made faster than a tuple, and compared faster than looked up.
        keys = [*environ]
        last, shape = self._last
        if keys != last:
            shape = self._shapes[tuple(keys)]
            self._last = keys, shape
        names, take = shape
        return names, take(environ)


_Shape: TypeAlias = tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Sequence[Any]]]
"""The wanted names among one list of keys, and what takes their values from an environ."""
