"""Reads the parsed JSON of a response; what has to be there and is not is a `ServerError`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from footfall.plausible_api.errors import ServerError


def list_at(parsed: Any, key: str) -> Sequence[Any]:
    """The list under a key of an object, or `parsed` itself where that is a list."""
    value = parsed.get(key) if isinstance(parsed, dict) else parsed
    if not isinstance(value, list):
        raise ServerError(f"the response has no list {key!r}; check base_url")
    return value


def whole_number(parsed: Any) -> int:
    """A response that is one whole number."""
    if not isinstance(parsed, int):
        raise ServerError("the response is no number; check base_url")
    return parsed


def text_at(parsed: Any, key: str) -> str:
    """A required text; a number, as some ids are, becomes text."""
    value = fields_of(parsed).get(key)
    if not isinstance(value, str | int):
        raise ServerError(f"the response has no {key!r}; check base_url")
    return str(value)


def optional_text_at(parsed: Any, key: str) -> str | None:
    """A text, or None where the key is missing or holds something else."""
    value = fields_of(parsed).get(key)
    return value if isinstance(value, str) else None


def integer_at(parsed: Any, key: str) -> int:
    """A required whole number, which may be written as text."""
    value = text_at(parsed, key)
    try:
        return int(value)
    except ValueError:
        raise ServerError(f"the response's {key!r} is no number; check base_url") from None


def fields_of(parsed: Any) -> Mapping[str, Any]:
    """The fields of what has to be an object."""
    if not isinstance(parsed, dict):
        raise ServerError("the response has no fields where it should; check base_url")
    return parsed


def object_at(parsed: Any, key: str) -> Mapping[str, Any]:
    """The object under a key; empty where there is none."""
    value = fields_of(parsed).get(key)
    return MappingProxyType(value if isinstance(value, dict) else {})


def values_by_name(names: Sequence[str], parsed: Any, key: str) -> Mapping[str, Any]:
    """The list under a key as a mapping; `names` are the names that the request listed."""
    values = list_at(parsed, key)
    if len(values) != len(names):
        raise ServerError(f"the response has {len(values)} {key} where {len(names)} were requested")
    return MappingProxyType(dict(zip(names, values, strict=True)))
