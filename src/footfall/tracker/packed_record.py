"""A record that may wait for long, in little memory: one bytes object.

A record as the adapters leave it is some forty objects, and as large as a server lets a request be.
Ten thousand of them may wait for a vendor that is down.
"""

from __future__ import annotations

import marshal
from dataclasses import replace
from typing import Any, Final, NamedTuple

from footfall.request.record import PLAIN_FROM, Record, RecordReader
from footfall.tracker.custom_event import CustomEvent

# The memory of a packed record beside its text: the object, its notes. Measured: 150 to 200 bytes.
OVERHEAD_BYTES: Final = 192


class PackedRecord(NamedTuple):
    """A record, or a custom event, whose request is text and numbers in one bytes object."""

    # The first values of the record, which are not plain.
    start: Record
    plain: bytes
    event: CustomEvent | None

    @property
    def size(self) -> int:
        """The bytes of memory that it takes, about."""
        return len(self.plain) + OVERHEAD_BYTES

    def unpack(self) -> Record | CustomEvent:
        """What was packed, less what was cut off."""
        # This process wrote it, below.
        record = (*self.start, *marshal.loads(self.plain)) if self.plain else None  # noqa: S302
        if self.event is not None:
            return replace(self.event, record=record)
        return record or ()


def pack(item: Record | CustomEvent) -> PackedRecord:
    """`item` without what no Hit needs, and every text cut."""
    if isinstance(item, CustomEvent):
        return _pack(item.record, replace(item, record=None))
    return _pack(item, None)


def _pack(record: Record | None, event: CustomEvent | None) -> PackedRecord:
    if record is None:
        return PackedRecord((), b"", event)
    reader: RecordReader = record[0]
    trimmed = reader.trimmed(record)
    return PackedRecord(trimmed[:PLAIN_FROM], _dumped(trimmed[PLAIN_FROM:]), event)


def _dumped(values: Record) -> bytes:
    try:
        return marshal.dumps(values)
    except ValueError:
        return marshal.dumps(_plain(values))


def _plain(value: Any) -> Any:
    """`value` in Python's own types, where a server or an app has set a subclass or other type."""
    if isinstance(value, tuple | list):
        return tuple(map(_plain, value))
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        return int(value)
    return str(value) if isinstance(value, str) else None
