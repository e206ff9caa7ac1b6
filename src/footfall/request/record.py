"""The record that a request leaves in the inbox, and how a Hit is made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeAlias

from footfall.events.details import Details
from footfall.model import Hit, Revenue, Visitor

__all__ = [
    "KEPT",
    "MAX_HEADER",
    "MAX_TEXT",
    "CustomEvent",
    "Record",
    "RecordReader",
    "hit_of",
    "plain_props",
]

Record: TypeAlias = tuple[Any, ...]
"""One hit in the inbox: its Form, and the values from which that makes a Hit later.

    (form, names, said, mark, *plain)

Names are those of the headers that matter; what an app said and what a layer marked is as they
left it; and the rest is plain: text, numbers, and tuples of them.
"""
KEPT: Final = 4
"""Where the plain values of a record begin."""

# Longer than any page's address; an attacker's 64 KiB must not wait in memory ten thousand times.
MAX_TEXT: Final = 4096
MAX_HEADER: Final = 2048


class RecordReader(NamedTuple):
    """How the records of one kind of door are read; the first value of each of them."""

    hit: Callable[[Record, float], Hit]
    """The Hit that a record stands for, with what the wall clock is ahead of the monotonic one."""
    lean: Callable[[Record], Record]
    """The record with nothing in it that is not needed, and every text cut: for a long wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomEvent:
    """One event in the inbox, as the app told it; `record` is the request it happened in."""

    name: str
    props: Mapping[str, Any]
    details: Details
    revenue: Revenue | None
    interactive: bool
    url: str | None
    referrer: str | None
    visitor: Visitor | None
    record: Record | None
    at: float


def hit_of(record: Record, offset: float) -> Hit:
    """The Hit that a record stands for; made on the delivery side.

    `offset` is what the wall clock was ahead of the monotonic one, that the record was stamped by.
    """
    form: RecordReader = record[0]
    return form.hit(record, offset)


_ENDURING: Final = (str, int, float, Decimal, Mapping, list, tuple, set, frozenset, type(None))


def plain_props(props: Mapping[str, Any]) -> dict[str, Any]:
    """The props with identifiers, dates, lazy translations and their kind as text.

    Done where the app speaks: a translation depends on the request's language, and an object may
    change. Never raises; a value whose text cannot be had is None, and no vendor takes that.
    """
    return {str(name): _plain(value) for name, value in props.items()}


def _plain(value: Any) -> Any:
    try:
        # A lazy object finds out what it is here, and that may fail.
        return value if isinstance(value, _ENDURING) else str(value)
    except Exception:  # noqa: BLE001 -- the app's own object
        return None
