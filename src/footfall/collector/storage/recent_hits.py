"""The hits that were reported and do not count: the newest thousand, in memory alone."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from footfall.collector.storage.ring_buffer import RingBuffer
from footfall.collector.wire.messages import ReceivedHit

_KEEP: Final = 1_000
# A common one takes 2 kB.
_KEEP_BYTES: Final = 8_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HitSearch:
    """Which sightings to read; None lets every value pass."""

    domain: str | None = None
    path: str | None = None
    reason: str | None = None
    # Only those with a greater number.
    after: int = 0

    def fits(self, sighting: ReceivedHit) -> bool:
        """Whether this one is among them."""
        return (
            sighting.number > self.after
            and self.domain in (None, sighting.domain)
            and self.path in (None, sighting.path)
            and self.reason in (None, sighting.reason)
        )


class RecentHits:
    """The book of hits that do not count. Any thread may read it."""

    def __init__(self) -> None:
        self._ring: RingBuffer[ReceivedHit] = RingBuffer(max_things=_KEEP, max_bytes=_KEEP_BYTES)
        self._numbers = itertools.count(1)
        self.on_change: Callable[[], None] = lambda: None
        """Called when a sighting was added, in the thread that did so."""

    def add(self, sighting: ReceivedHit, size: int) -> None:
        """Write down a sighting that came in so many bytes."""
        number = next(self._numbers)
        self._ring.put(number, replace(sighting, number=number), size)
        self.on_change()

    def find(self, number: int) -> ReceivedHit | None:
        """The one with that number, while it is kept."""
        return self._ring.get(number)

    def search(self, wanted: HitSearch = HitSearch()) -> list[ReceivedHit]:
        """Those that fit, oldest first."""
        return [each for each in self._ring.things() if wanted.fits(each)]

    def clear(self) -> None:
        """Forget them; numbers go on."""
        self._ring.clear()
