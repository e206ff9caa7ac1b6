"""How an option is declared: one field of `Config` is all that has to be written.

    max_queue: int = option(10_000, "events that may wait", low=1, high=1_000_000)

Its kind follows from the type, and decides how a value is checked and an environment variable read.
The text goes into the table of options in the manual.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, field, fields
from math import inf
from types import NoneType, UnionType
from typing import (
    Any,
    Final,
    Literal,
    NamedTuple,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

Kind: TypeAlias = Literal["switch", "number", "whole number", "choice", "function", "other"]

_T = TypeVar("_T")
_KINDS: Final[dict[object, Kind]] = {
    bool: "switch",
    float: "number",
    int: "whole number",
    Callable: "function",
    Literal: "choice",
}


class Option(NamedTuple):
    """One option, as `Config` declares it."""

    name: str
    kind: Kind
    is_optional: bool
    """Whether None is a value of it."""
    choices: tuple[object, ...]
    low: float
    high: float
    is_validated: bool
    default: object
    text: str
    shown_default: str | None
    is_secret: bool
    """Whether its value may hold a secret."""


def option(
    default: _T,
    text: str,
    *,
    shown_default: str | None = None,
    low: float = -inf,
    high: float = inf,
    choices: tuple[object, ...] = (),
    is_validated: bool = True,
    is_secret: bool = False,
) -> _T:
    """Declare an option, as a field of a dataclass.

    Args:
        default: Its value where nothing is given.
        text: What it does, for the table of options, in Markdown.
        shown_default: The table's second column, where that is not the default itself.
        low: The lowest value of a number.
        high: The highest.
        choices: The values there are, where the type allows more.
        is_validated: False where whoever compiles the option checks its values.
        is_secret: True keeps the value out of the `repr`.
    """
    metadata = {
        "low": low,
        "high": high,
        "choices": choices,
        "is_validated": is_validated,
        "text": text,
        "shown_default": shown_default,
    }
    return field(default=default, repr=not is_secret, metadata=metadata)


def declared_options(config: type) -> dict[str, Option]:
    """The options that a dataclass declares, by name and in order."""
    hints = get_type_hints(config)
    declared = (each for each in fields(config) if each.init)
    return {each.name: _option(each, hints[each.name]) for each in declared}


def _option(declared: Field[Any], hint: object) -> Option:
    is_union = get_origin(hint) in (Union, UnionType)
    members = get_args(hint) if is_union else (hint,)
    types = [each for each in members if each is not NoneType]
    kind = _KINDS.get(get_origin(types[0]) or types[0], "other") if len(types) == 1 else "other"
    details = dict(declared.metadata)
    if details["choices"]:
        kind = "choice"
    elif kind == "choice":
        details["choices"] = get_args(types[0])
    is_optional = len(types) < len(members)
    return Option(
        declared.name,
        kind,
        is_optional,
        default=declared.default,
        is_secret=not declared.repr,
        **details,
    )
