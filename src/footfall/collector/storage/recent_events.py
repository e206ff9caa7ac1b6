"""What is remembered of the newest events: how they came, with addresses, and what was answered.

Nothing of it is ever written; it is gone with the process. The writing thread adds, any may read.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from footfall.collector.storage.redaction import is_too_long
from footfall.collector.storage.ring_buffer import RingBuffer
from footfall.collector.wire.messages import IncomingEvent, IngestResponse, ReceivedHit

_KEEP: Final = 1_000
# Of their requests, which take 5 kB as a rule; a sender may make them longer.
_KEEP_BYTES: Final = 16_000_000


class RecentEvent(NamedTuple):
    """An event as it arrived, and what else is known of it.

    The answer is None where it came over no wire; the sighting is what our own middleware tells
    beside the event.
    """

    arrival: IncomingEvent
    answer: IngestResponse | None = None
    sighting: ReceivedHit | None = None


class RecentEvents:
    """The newest thousand events by number."""

    def __init__(self) -> None:
        self.addresses: OrderedDict[int, str] = OrderedDict()
        """The addresses that were taken for the visitors', by the number of the event."""
        self._recent: RingBuffer[RecentEvent] = RingBuffer(max_things=_KEEP, max_bytes=_KEEP_BYTES)

    def add(self, events: Iterable[tuple[int, RecentEvent]]) -> None:
        """Remember events by their numbers, which rise."""
        for number, told in events:
            self.addresses[number] = told.arrival.client_ip
            self._recent.put(number, *_remembered(told))
        while len(self.addresses) > _KEEP:
            self.addresses.popitem(last=False)

    def recall(self, number: int) -> RecentEvent | None:
        """What is known of an event; None once it is only in the file."""
        return self._recent.get(number)

    def clear(self) -> None:
        """Forget everything."""
        self.addresses.clear()
        self._recent.clear()


def _remembered(told: RecentEvent) -> tuple[RecentEvent, int]:
    """The event and its size, without a body that nobody will read."""
    received = told.arrival.received
    if is_too_long(received.body):
        received = replace(received, body=b"")
        told = told._replace(arrival=replace(told.arrival, received=received))
    headers = received.headers
    return told, len(received.body) + sum(map(len, headers)) + sum(map(len, headers.values()))
