"""Reading the JSON of an answer: what has to be there is, or the server is at fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from footfall.plausible_api.errors import ServerError


def items(found: Any, key: str) -> Sequence[Any]:
    """The list under a key of the answer, or the answer itself where that is one."""
    listed = found.get(key) if isinstance(found, dict) else found
    if not isinstance(listed, list):
        raise ServerError(f"the answer has no list {key!r}; check base_url")
    return listed


def count(found: Any) -> int:
    """An answer that is one whole number."""
    if not isinstance(found, int):
        raise ServerError("the answer is no number; check base_url")
    return found


def text(found: Any, key: str) -> str:
    """A text that has to be there; ids come as numbers, too."""
    value = fields(found).get(key)
    if not isinstance(value, str | int):
        raise ServerError(f"the answer has no {key!r}; check base_url")
    return str(value)


def optional_text(found: Any, key: str) -> str | None:
    """A text that may be missing."""
    value = fields(found).get(key)
    return value if isinstance(value, str) else None


def integer(found: Any, key: str) -> int:
    """A whole number that has to be there."""
    value = text(found, key)
    try:
        return int(value)
    except ValueError:
        raise ServerError(f"the answer's {key!r} is no number; check base_url") from None


def fields(found: Any) -> Mapping[str, Any]:
    """The fields of an object, which the answer has to be."""
    if not isinstance(found, dict):
        raise ServerError("the answer has no fields where it should; check base_url")
    return found


def object_at(found: Any, key: str) -> Mapping[str, Any]:
    """The object under a key; empty where there is none."""
    value = fields(found).get(key)
    return MappingProxyType(value if isinstance(value, dict) else {})


def named(names: Sequence[str], row: Any, key: str) -> Mapping[str, Any]:
    """The list under a key, by the names that were asked for."""
    values = items(row, key)
    if len(values) != len(names):
        raise ServerError(f"the answer has {len(values)} {key} where {len(names)} were asked for")
    return MappingProxyType(dict(zip(names, values, strict=True)))
