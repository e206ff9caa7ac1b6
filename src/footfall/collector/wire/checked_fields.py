"""The fields of a JSON object that our own middleware or a script posts, checked for their types.

Every function raises `ValueError` with the field's full name and what it must be. Texts are cut to
the limits of `limits.py`. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any, Final, TypeVar

from footfall.collector.wire import limits

T = TypeVar("T")

_TYPE_NAMES: Final = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a whole number",
}


def checked(expected: type[T], value: object, name: str) -> T:
    """The value, if it is of a type; a bool is no int."""
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        raise ValueError(f"{name} must be {_TYPE_NAMES[expected]}")
    return value


def text(values: Mapping[str, Any], parent: str, name: str) -> str:
    """A text of the object `parent`, whose name is empty for the outermost."""
    return checked(str, values.get(name), f"{parent}.{name}".lstrip("."))[: limits.REPORT_TEXT]


def text_or_none(values: Mapping[str, Any], parent: str, name: str) -> str | None:
    """A text, or None where it is null or missing."""
    return None if values.get(name) is None else text(values, parent, name)


def headers(values: Mapping[str, Any], parent: str, name: str) -> dict[str, str]:
    """An object of texts, by their names in lower case."""
    full_name = f"{parent}.{name}".lstrip(".")
    found = checked(dict, values.get(name), full_name)
    texts = {key: checked(str, each, full_name) for key, each in found.items()}
    return {
        key[: limits.REPORT_TEXT].lower(): each[: limits.HEADER_VALUE]
        for key, each in islice(texts.items(), limits.HEADERS)
    }


def number(values: Mapping[str, Any], parent: str, name: str) -> float:
    """A number; a bool is none."""
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{parent}.{name} must be a number")
    return float(value)


def row(value: object, width: int, name: str, *, nullable: int | None = None) -> list[Any]:
    """The texts of one row; at the index `nullable` there may be None."""
    found = checked(list, value, name)
    if len(found) != width:
        raise ValueError(f"each of {name} must have {width} values")
    return [
        None
        if each is None and index == nullable
        else checked(str, each, name)[: limits.REPORT_TEXT]
        for index, each in enumerate(found)
    ]
