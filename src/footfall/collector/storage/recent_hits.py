"""The hits that were reported and do not count: the newest thousand, in memory only."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from footfall.collector.storage.memory_size import memory_size
from footfall.collector.storage.ring_buffer import RingBuffer
from footfall.collector.wire.messages import ReceivedHit

_KEEP: Final = 1_000
# A common one takes 2 kB.
_KEEP_BYTES: Final = 8_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HitSearch:
    """Which hits to read; None matches every value."""

    domain: str | None = None
    path: str | None = None
    reason: str | None = None
    # Only those with a greater id.
    after: int = 0

    def matches(self, hit: ReceivedHit) -> bool:
        return (
            hit.id > self.after
            and self.domain in (None, hit.domain)
            and self.path in (None, hit.path)
            and self.reason in (None, hit.reason)
        )


def time_ids() -> Iterator[int]:
    """Microseconds since the epoch, as ids of which no two processes give the same.

    A page that was made in one process, and asks another for what is newer, gets that.
    """
    newest = 0
    while True:
        newest = max(newest + 1, time.time_ns() // 1_000)
        yield newest


class RecentHits:
    """The newest hits that do not count, by id. Any thread may use it.

    Args:
        ids: Gives the ids, which rise; None for 1, 2, 3. With `time_ids` one thread may add.
    """

    def __init__(self, ids: Iterator[int] | None = None) -> None:
        self._ring: RingBuffer[ReceivedHit] = RingBuffer(max_items=_KEEP, max_bytes=_KEEP_BYTES)
        self._ids = itertools.count(1) if ids is None else ids
        self.on_change: Callable[[], None] = lambda: None
        """Called after a hit was added, in the thread that added it."""

    def add(self, hit: ReceivedHit) -> None:
        """Give a hit its id and keep it."""
        hit_id = next(self._ids)
        self._ring.put(hit_id, replace(hit, id=hit_id), memory_size(hit))
        self.on_change()

    def get(self, hit_id: int) -> ReceivedHit | None:
        """The hit with that id, or None if it is no longer kept."""
        return self._ring.get(hit_id)

    def search(self, wanted: HitSearch = HitSearch()) -> list[ReceivedHit]:
        """Those that match, oldest first."""
        return [hit for hit in self._ring.values() if wanted.matches(hit)]

    def clear(self) -> None:
        """Forget all hits; ids go on."""
        self._ring.clear()
