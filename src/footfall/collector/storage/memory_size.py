"""How much memory a value takes, with all that it holds."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import fields, is_dataclass
from functools import cache
from operator import attrgetter
from sys import getsizeof
from typing import Any, Final, cast

__all__ = ["memory_size"]

_LEAVES: Final = frozenset({str, bytes, int, float, bool, type(None)})


def memory_size(value: object) -> int:
    """The bytes of a tuple, dict or dataclass and of the texts and numbers in it.

    A text takes 1 to 4 bytes a character, so that its length says little. What two of them share
    is counted twice.
    """
    size = getsizeof(value)
    waiting: list[Any] = [value]
    while waiting:
        holder = waiting.pop()
        kind: Any = type(holder)
        parts = _parts_of(kind)(holder)
        size += sum(map(getsizeof, parts))
        waiting += [part for part in parts if type(part) not in _LEAVES]
    return size


@cache
def _parts_of(kind: Any) -> Callable[[Any], Collection[object]]:
    """Reads what a value of this type holds."""
    if issubclass(kind, tuple):
        return lambda value: cast("tuple[object, ...]", value)
    if issubclass(kind, dict):
        return lambda value: (*value, *value.values())
    if is_dataclass(kind):
        return attrgetter(*(field.name for field in fields(kind)))
    return lambda value: ()
