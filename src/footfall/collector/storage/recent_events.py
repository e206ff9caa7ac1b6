"""The newest events as they came in, in memory: with addresses, and with the response they got.

None of it is ever written; it is gone with the process. The writer thread adds, any thread reads.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from footfall.collector.storage.memory_size import memory_size
from footfall.collector.storage.redaction import is_too_long
from footfall.collector.storage.ring_buffer import RingBuffer
from footfall.collector.wire.messages import IncomingEvent, IngestResponse, ReceivedHit

_KEEP: Final = 1_000
# One takes 5 kB as a rule; a sender may make it longer.
RECENT_BYTES: Final = 6_000_000
"""How many bytes those that count may take in memory, and those that were dropped."""


class RecentEvent(NamedTuple):
    """An event as it came in, the response (None without a request), and what our own middleware
    reported of its hit."""

    event: IncomingEvent
    response: IngestResponse | None = None
    hit: ReceivedHit | None = None


class RecentEvents:
    """The newest thousand events that count, and as many that were dropped, by id.

    So that whoever floods the collector with events that are dropped hides none that counts.
    """

    def __init__(self, max_bytes: int = RECENT_BYTES) -> None:
        self._max_bytes = max_bytes
        self.clear()

    def add(self, events: Iterable[tuple[int, RecentEvent]]) -> None:
        """Add events with their ids, which rise."""
        for event_id, recent in events:
            newest = self._accepted if recent.event.reason is None else self._dropped
            newest.add(event_id, recent)

    def get(self, event_id: int) -> RecentEvent | None:
        """The event, or None once it is only in the file."""
        return self._accepted.get(event_id) or self._dropped.get(event_id)

    def address(self, event_id: int) -> str | None:
        """The address that was taken for the visitor's; None where it is no longer known."""
        return self._accepted.address(event_id) or self._dropped.address(event_id)

    def unwritten(self) -> list[tuple[int, IncomingEvent]]:
        """The events that are here alone, for undeclared domains: oldest first, with their ids."""
        recent = self._dropped.items()
        return [(number, each.event) for number, each in recent if not each.event.is_declared]

    def clear(self) -> None:
        self._accepted = _Newest(self._max_bytes)
        self._dropped = _Newest(self._max_bytes)


class _Newest:
    """The newest thousand; of the addresses all, of the requests as many as fit."""

    def __init__(self, max_bytes: int) -> None:
        self._addresses: OrderedDict[int, str] = OrderedDict()
        self._ring: RingBuffer[RecentEvent] = RingBuffer(max_items=_KEEP, max_bytes=max_bytes)

    def add(self, event_id: int, recent: RecentEvent) -> None:
        self._addresses[event_id] = recent.event.client_ip
        self._ring.put(event_id, *_trimmed(recent))
        if len(self._addresses) > _KEEP:
            self._addresses.popitem(last=False)

    def get(self, event_id: int) -> RecentEvent | None:
        return self._ring.get(event_id)

    def address(self, event_id: int) -> str | None:
        return self._addresses.get(event_id)

    def items(self) -> list[tuple[int, RecentEvent]]:
        return self._ring.items()


def _trimmed(recent: RecentEvent) -> tuple[RecentEvent, int]:
    """The event without a body that is too long to show, and its size in memory."""
    request = recent.event.request
    if is_too_long(request.body):
        request = replace(request, body=b"")
        recent = recent._replace(event=replace(recent.event, request=request))
    return recent, memory_size(recent)
