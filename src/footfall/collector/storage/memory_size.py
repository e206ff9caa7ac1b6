"""How much memory a value takes, with all that it holds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, is_dataclass
from functools import cache
from operator import attrgetter
from sys import getsizeof
from typing import Any, Final

__all__ = ["memory_size"]

_LEAVES: Final = frozenset({str, bytes, int, float, bool, type(None)})


def memory_size(value: object) -> int:
    """The bytes of a tuple, dict or dataclass and of the texts and numbers in it.

    A text takes 1 to 4 bytes a character, so that its length says little. What two of them share
    is counted twice.
    """
    parts = _parts(value)
    size = getsizeof(value) + sum(map(getsizeof, parts))
    for part in parts:
        if type(part) not in _LEAVES:
            # Its own bytes are in the sum.
            size += memory_size(part) - getsizeof(part)
    return size


def _parts(value: object) -> Collection[object]:
    if isinstance(value, tuple):
        return value
    if isinstance(value, dict):
        return (*value, *value.values())
    if is_dataclass(value) and not isinstance(value, type):
        members: tuple[object, ...] = _members_of(value.__class__)(value)
        return members
    return ()


@cache
def _members_of(kind: Any) -> attrgetter[Any]:
    return attrgetter(*(field.name for field in fields(kind)))
