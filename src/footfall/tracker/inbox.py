"""What waits to be thought about: the only thing a request waits for is an append in here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, TypeAlias

from footfall.capture import Record, Told, lean
from footfall.guards import Tally
from footfall.heartbeats import Beat

Waiting: TypeAlias = Record | Told | Beat

# While the delivery side keeps up, records wait for moments and may be as large as a server lets a
# request be. Where it lags, only what is picked and cut may wait.
ROOMY_INBOX: Final = 256
# With more than this in the inbox, who is still there must not push out a pageview.
MAX_WAITING_BEATS: Final = 128


class Inbox:
    """Records in the order in which they came, and whether somebody will look at them by itself.

    Args:
        size: How many may wait; the oldest go.
        wake: Called with the time of a record that nobody would look at by itself.
    """

    def __init__(self, size: int, wake: Callable[[float], None]) -> None:
        self.captured = Tally()
        self.wake = wake
        # Until then somebody looks, and no request has to wake them.
        self.awake_until = float("-inf")
        self._records: deque[Waiting] = deque(maxlen=size)
        self._taken = 0

    def submit(self, record: Waiting, now: float) -> None:
        """Leave `record` here; `now` is of `footfall.clock`. The oldest goes when full."""
        self.captured.bump()
        records = self._records
        if len(records) >= ROOMY_INBOX:
            record = lean(record)
        records.append(record)
        # Asleep, or gone with the parent of a fork that told nobody: then nobody moves this mark.
        if now >= self.awake_until:
            self.wake(now)

    def beat(self, beat: Beat, now: float) -> None:
        """Leave here that somebody is there, unless there are more important things to do."""
        if len(self._records) < MAX_WAITING_BEATS:
            self.submit(beat, now)

    def keep(self, record: Waiting) -> None:
        """Leave `record` here and wake nobody."""
        self.captured.bump()
        self._records.append(record)

    def take(self) -> Waiting:
        """The oldest record.

        Raises:
            IndexError: there is none.
        """
        record = self._records.popleft()
        self._taken += 1
        return record

    def __len__(self) -> int:
        return len(self._records)

    @property
    def is_full(self) -> bool:
        return len(self._records) == self._records.maxlen

    @property
    def newest(self) -> Waiting:
        """The record left last, which must be there."""
        return self._records[-1]

    def counts(self) -> dict[str, int]:
        """How many were `captured`, are `waiting`, and were `dropped_full`."""
        # In this order, since what is left here in between must not look like a loss.
        captured = self.captured.value
        waiting = len(self._records)
        dropped = max(0, captured - self._taken - waiting)
        return {"captured": captured, "waiting": waiting, "dropped_full": dropped}
