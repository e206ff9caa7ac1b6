"""A record that may wait for long, in little memory: one bytes object.

A record as the adapters leave it is some forty objects, and as large as a server lets a request be.
Ten thousand of them may wait for a vendor that is down.
"""

from __future__ import annotations

import marshal
from dataclasses import replace
from typing import Any, Final, NamedTuple

from footfall.request.exchange import chars_of_annotations
from footfall.request.record import PLAIN_FROM, Record, RecordReader
from footfall.tracker.custom_event import CustomEvent
from footfall.tracker.heartbeats import Heartbeat

# The memory of a packed record beside its text: the object, its notes. Measured: 150 to 200 bytes.
OVERHEAD_BYTES: Final = 192


class PackedRecord(NamedTuple):
    """A record, a custom event or a heartbeat, whose request is text and numbers in one object."""

    # The first values of the record, which are not plain.
    start: Record
    plain: bytes
    event: CustomEvent | None
    is_heartbeat: bool
    # When the response began; None for what has no request.
    at: float | None
    # The characters of the request as it came.
    chars: int
    # The bytes of memory that it takes, about.
    size: int

    def unpack(self) -> Record | CustomEvent | Heartbeat:
        """What was packed, less what was cut off."""
        # This process wrote it, below.
        record = (*self.start, *marshal.loads(self.plain)) if self.plain else None  # noqa: S302
        if self.event is not None:
            return replace(self.event, record=record)
        if self.is_heartbeat and record is not None:
            return Heartbeat(record)
        return record or ()


def pack(item: Record | CustomEvent | Heartbeat) -> PackedRecord:
    """`item` without what no Hit needs, and every text cut."""
    if isinstance(item, CustomEvent):
        event, size = replace(item, record=None), OVERHEAD_BYTES + item.chars
        if item.record is None:
            return PackedRecord((), b"", event, is_heartbeat=False, at=None, chars=0, size=size)
        packed = _pack(item.record)
        return packed._replace(event=event, at=None, size=packed.size + size)
    if isinstance(item, Heartbeat):
        return _pack(item.record)._replace(is_heartbeat=True, at=None)
    return _pack(item)


def _pack(record: Record) -> PackedRecord:
    reader: RecordReader = record[0]
    trimmed = reader.trimmed(record)
    start, plain = trimmed[:PLAIN_FROM], _dumped(trimmed[PLAIN_FROM:])
    _, _, notes, mark = start
    size = OVERHEAD_BYTES + len(plain) + chars_of_annotations(notes, mark)
    chars, at = reader.chars(record), record[-1]
    return PackedRecord(start, plain, None, is_heartbeat=False, at=at, chars=chars, size=size)


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
