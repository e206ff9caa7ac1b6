"""What may have to wait for long, in as little memory as it takes: one piece of bytes a record.

A record as the doors leave it is some forty objects, and as large as a server lets a request be.
Ten thousand of them may wait for a vendor that is down.
"""

from __future__ import annotations

import marshal
from dataclasses import replace
from typing import Any, Final, NamedTuple

from footfall.request.record import KEPT, CustomEvent, Record, RecordReader

# What a record takes beside its text: itself, and what its app said. Measured: 150 to 200 bytes.
OVERHEAD_BYTES: Final = 192


class PackedRecord(NamedTuple):
    """A record, or an event that was told, whose request is text and numbers in one piece."""

    kept: Record
    plain: bytes
    told: CustomEvent | None

    @property
    def weight(self) -> int:
        """Bytes of memory, about."""
        return len(self.plain) + OVERHEAD_BYTES

    def opened(self) -> Record | CustomEvent:
        """What was packed, less what was cut off."""
        # Written by this process, below.
        record = (*self.kept, *marshal.loads(self.plain)) if self.plain else None  # noqa: S302
        if self.told is not None:
            return replace(self.told, record=record)
        return record or ()


def pack(waiting: Record | CustomEvent) -> PackedRecord:
    """`waiting` with nothing in it that is not needed, and every text cut."""
    if isinstance(waiting, CustomEvent):
        return _pack(waiting.record, replace(waiting, record=None))
    return _pack(waiting, None)


def _pack(record: Record | None, told: CustomEvent | None) -> PackedRecord:
    if record is None:
        return PackedRecord((), b"", told)
    form: RecordReader = record[0]
    lean = form.lean(record)
    return PackedRecord(lean[:KEPT], _dumped(lean[KEPT:]), told)


def _dumped(values: Record) -> bytes:
    try:
        return marshal.dumps(values)
    except ValueError:
        return marshal.dumps(_plain(values))


def _plain(value: Any) -> Any:
    """`value` of Python's own types, where a server or an app has put some of its own."""
    if isinstance(value, tuple | list):
        return tuple(map(_plain, value))
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        return int(value)
    return str(value) if isinstance(value, str) else None
