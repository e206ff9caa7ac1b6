"""What waits to be thought about: the only thing a request waits for is an append in here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, TypeAlias

from footfall.common.atomic import AtomicCounter, ByteBudget
from footfall.request.record import CustomEvent, Record
from footfall.tracker.heartbeats import Heartbeat
from footfall.tracker.packed_record import PackedRecord, pack

InboxItem: TypeAlias = Record | CustomEvent | Heartbeat

# While the delivery side keeps up, records wait for moments and may be as large as a server lets a
# request be. Where it lags, only what is picked, cut and packed may wait.
ROOMY_INBOX: Final = 256
# With more than this in the inbox, who is still there must not push out a pageview.
MAX_WAITING_BEATS: Final = 128


class Inbox:
    """Records in the order in which they came, and whether somebody will look at them by itself.

    Args:
        size: How many may wait; the oldest go.
        max_bytes: How much memory they may take; the oldest go. The first `ROOMY_INBOX` are not
            weighed.
        wake: Called with the time of a record that nobody would look at by itself.
    """

    def __init__(self, size: int, max_bytes: int, wake: Callable[[float], None]) -> None:
        self.wake = wake
        # Until then somebody looks, and no request has to wake them.
        self.awake_until = float("-inf")
        self.dropped = AtomicCounter()
        self._records: deque[InboxItem | PackedRecord] = deque()
        self._roomy = min(ROOMY_INBOX, size)
        self._size = size
        self._budget = ByteBudget(max_bytes)
        self._taken = 0

    def submit(self, record: InboxItem, now: float) -> None:
        """Leave `record` here; `now` is of `footfall.common.clock`. The oldest goes when full."""
        records = self._records
        if len(records) < self._roomy:
            records.append(record)
        else:
            self._squeeze_in(record)
        # Asleep, or gone with the parent of a fork that told nobody: then nobody moves this mark.
        if now >= self.awake_until:
            self.wake(now)

    def _squeeze_in(self, record: InboxItem) -> None:
        packed = pack(record)
        self._budget.reserve(packed.weight)
        while len(self._records) >= self._size or self._budget.is_exceeded:
            try:
                self._lift_off(self._records.popleft())
            except IndexError:  # another request, or the delivery side, has made the room
                break
            self.dropped.bump()
        self._records.append(packed)

    def _lift_off(self, record: InboxItem | PackedRecord) -> None:
        if isinstance(record, PackedRecord):
            self._budget.release(record.weight)

    def beat(self, beat: Heartbeat, now: float) -> None:
        """Leave here that somebody is there, unless there are more important things to do."""
        if len(self._records) < min(MAX_WAITING_BEATS, self._roomy):
            self.submit(beat, now)

    def keep(self, record: InboxItem) -> None:
        """Leave `record` here and wake nobody."""
        self._records.append(record)

    def take(self) -> InboxItem:
        """The oldest record.

        Raises:
            IndexError: there is none.
        """
        record = self._records.popleft()
        self._taken += 1
        self._lift_off(record)
        return _opened(record)

    def __len__(self) -> int:
        return len(self._records)

    @property
    def newest(self) -> InboxItem:
        """The record left last, which must be there."""
        return _opened(self._records[-1])

    def counts(self) -> dict[str, int]:
        """How many were `captured`, are `waiting`, and were `dropped_full`."""
        waiting, dropped = len(self._records), self.dropped.value
        captured = self._taken + waiting + dropped
        return {"captured": captured, "waiting": waiting, "dropped_full": dropped}


def _opened(record: InboxItem | PackedRecord) -> InboxItem:
    return record.opened() if isinstance(record, PackedRecord) else record
