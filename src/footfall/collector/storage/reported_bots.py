"""How many hits of bots the middleware reported, and left out, until that is written."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from footfall.collector.storage.dropped_counts import REPORTED_BOT, DropKey, key_of
from footfall.collector.storage.stats.time_ranges import day_number, local_date
from footfall.collector.wire.messages import ReceivedHit

BOT_REASONS: Final = frozenset({"bot", "no_user_agent"})
"""The reasons of hits that bots make."""

_Days: TypeAlias = Mapping[int, Counter[DropKey]]


class ReportedBots:
    """Collects the numbers, so that many hits take one commit. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._days: dict[int, Counter[DropKey]] = {}
        self._is_awaited = False

    def add(self, hits: Sequence[ReceivedHit], zone: ZoneInfo) -> bool:
        """Count hits of bots. True where nobody comes to `take` the numbers yet."""
        with self._lock:
            for hit in hits:
                day = day_number(local_date(int(hit.received_at * 1_000), zone))
                key = key_of(hit.domain, REPORTED_BOT, hit.user_agent)
                self._days.setdefault(day, Counter())[key] += 1
            was_awaited, self._is_awaited = self._is_awaited, True
            return not was_awaited

    @contextmanager
    def take(self) -> Iterator[_Days]:
        """The numbers by day; they are kept where the block fails."""
        with self._lock:
            days, self._days, self._is_awaited = self._days, {}, False
        try:
            yield days
        except BaseException:
            with self._lock:
                for day, numbers in days.items():
                    self._days.setdefault(day, Counter()).update(numbers)
            raise
