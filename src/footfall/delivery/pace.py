"""How many exchanges of a lane run, and how many it needs. No lock, no clock, no thread."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

# What waits should be under way within so long.
CATCH_UP_SECONDS: Final = 0.05
# A vendor that has not answered for so long gets no more than so many requests at a time.
SILENT_SECONDS: Final = 1.0
MAX_UNANSWERED: Final = 8
# The fastest of the last ones tells the vendor's time; the others have waited for this process.
_REMEMBERED: Final = 8


class Pace:
    """The exchanges of one lane. Its lane's lock guards it."""

    def __init__(self) -> None:
        self.running = 0
        self._answered_at = -math.inf
        # When the last exchange ended; where none ran, when the next one began.
        self._quiet_since = 0.0
        self._seconds: deque[float] = deque(maxlen=_REMEMBERED)

    def limit(self, max_exchanges: int, now: float) -> int:
        """How many of `max_exchanges` may run now."""
        is_answering = now - self._answered_at < SILENT_SECONDS
        return max_exchanges if is_answering else min(max_exchanges, MAX_UNANSWERED)

    def begin(self, now: float) -> None:
        """Count an exchange that begins."""
        if not self.running:
            self._quiet_since = now
        self.running += 1

    def end(self, now: float, began_at: float, *, is_answered: bool) -> None:
        """Count an exchange that has ended; `is_answered` unless nothing came back in time."""
        self.running -= 1
        self._quiet_since = now
        self._seconds.append(now - began_at)
        if is_answered:
            self._answered_at = now

    def needed(self, backlog: int, now: float) -> int:
        """How many exchanges at a time let a backlog begin within `CATCH_UP_SECONDS`."""
        seconds = min(self._seconds, default=0.0)
        if self.running:
            seconds = max(seconds, now - self._quiet_since)
        return max(1, math.ceil(backlog * seconds / CATCH_UP_SECONDS))
