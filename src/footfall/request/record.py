"""The record that a request leaves in the inbox, and how a Hit is made of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, AnyStr, Final, NamedTuple, TypeAlias

from footfall.model import Headers, Hit
from footfall.rules import url

__all__ = [
    "MARK_KEY",
    "MAX_PATH_CHARS",
    "MAX_QUERY_CHARS",
    "PLAIN_FROM",
    "Record",
    "RecordReader",
    "chars_of_props",
    "cut_header",
    "decoded_headers",
    "hit_of",
    "joined_headers",
    "plain_props",
]

Record: TypeAlias = tuple[Any, ...]
"""One hit in the inbox: its reader, and the values of which that makes a Hit later.

    (reader, names, notes, mark, *plain)

`names` are those of the picked headers. `notes` and `mark` are as the app and a layer around it set
them. The rest is plain: text, numbers, and tuples of them.
"""
PLAIN_FROM: Final = 4
"""The index of the first plain value of a record."""

MARK_KEY: Final = "footfall"
"""The key of the environ or scope under which any layer may set a mark, without importing us:

    environ["footfall"] = {"ignore": True}
    environ["footfall"] = {"props": {"plan": "pro"}, "path": "/products/:id"}
    environ["footfall"] = {"screen_width": 1280, "time_zone": "Europe/Berlin"}
"""

# What the rules read, and one more, by which they see that a path is cut; an attacker's 64 KiB must
# not wait in memory ten thousand times.
MAX_PATH_CHARS: Final = url.MAX_PATH + 1
MAX_QUERY_CHARS: Final = url.MAX_QUERY
# Rules read the start of a header, 2,000 characters at most; the client IP is at the end of a list,
# of which the resolver reads that much.
_MAX_START_CHARS: Final = 2048
_MAX_END_CHARS: Final = 4096
# A prop's name or value takes so much memory beside its text.
_CHARS_OF_ITEM: Final = 64
_MAX_DEPTH: Final = 3


class RecordReader(NamedTuple):
    """How the records of one kind of adapter are read; it is the first value of each of them."""

    hit: Callable[[Record, float], Hit]
    """See `hit_of`."""
    trimmed: Callable[[Record], Record]
    """The record without what no Hit needs, every text cut: for a long wait."""
    chars: Callable[[Record], int]
    """About how much text of the request the record keeps in memory."""


def hit_of(record: Record, offset: float) -> Hit:
    """The Hit of a record; `offset` is the wall clock minus the monotonic clock, in seconds."""
    reader: RecordReader = record[0]
    return reader.hit(record, offset)


def cut_header(value: AnyStr) -> AnyStr:
    """The parts of a long header that anything reads: its start, and its end."""
    if len(value) <= _MAX_START_CHARS + _MAX_END_CHARS:
        return value
    return value[:_MAX_START_CHARS] + value[-_MAX_END_CHARS:]


def chars_of_props(props: object) -> int:
    """About how much text the app's props keep in memory."""
    if not isinstance(props, Mapping):
        return 0
    return sum(_CHARS_OF_ITEM + _chars_in(each) for pair in props.items() for each in pair)


def _chars_in(value: object, depth: int = 0) -> int:
    if isinstance(value, str | bytes):
        return len(value)
    # No vendor accepts these, but they wait until one refuses them. They may contain themselves.
    if isinstance(value, Mapping):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset) and depth < _MAX_DEPTH:
        return sum(_CHARS_OF_ITEM + _chars_in(each, depth + 1) for each in value)
    return sys.getsizeof(value)


def joined_headers(pairs: Iterable[tuple[str, str]]) -> Headers:
    """Header values by lower-case name; those of one name joined with a comma."""
    headers: dict[str, str] = {}
    for raw_name, value in pairs:
        name = raw_name.lower()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def decoded_headers(pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
    """`joined_headers` of names and values in bytes."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


_PLAIN_TYPES: Final = (str, int, float, Decimal, Mapping, list, tuple, set, frozenset, type(None))


def plain_props(props: Mapping[str, Any]) -> dict[str, Any]:
    """The props with identifiers, dates, lazy translations and other objects as text.

    Called within the request: a translation depends on the request's language, and an object may
    change. Never raises; a value that cannot be made text is None, which no vendor is sent.
    """
    return {str(name): _plain(value) for name, value in props.items()}


def _plain(value: Any) -> Any:
    try:
        # A lazy object is evaluated here, and that may fail.
        return value if isinstance(value, _PLAIN_TYPES) else str(value)
    except Exception:  # noqa: BLE001 -- the app's own object
        return None
