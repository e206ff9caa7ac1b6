"""What waits for the worker thread: a request appends its record here, and waits for no more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, TypeAlias

from footfall.common.atomic import AtomicCounter, ByteBudget
from footfall.request.record import Record
from footfall.tracker.custom_event import CustomEvent
from footfall.tracker.heartbeats import Heartbeat
from footfall.tracker.packed_record import PackedRecord, pack

InboxItem: TypeAlias = Record | CustomEvent | Heartbeat

# While the worker thread keeps up, records wait for moments and may be as large as a server lets a
# request be. Beyond so many they are trimmed and packed.
MAX_UNPACKED: Final = 256
# With more than this in the inbox, a heartbeat must not push out a pageview.
MAX_WAITING_HEARTBEATS: Final = 128


class Inbox:
    """Records in the order in which they came, and whether the worker thread polls by itself.

    Args:
        size: How many may wait; the oldest are dropped.
        max_bytes: The most memory of packed records, which all but the first `MAX_UNPACKED` are.
        wake: Called with the time of a record when the worker thread does not poll by itself.
    """

    def __init__(self, size: int, max_bytes: int, wake: Callable[[float], None]) -> None:
        self.wake = wake
        # Until then the worker thread polls, and no request has to wake it.
        self.awake_until = float("-inf")
        self.dropped = AtomicCounter()
        self._records: deque[InboxItem | PackedRecord] = deque()
        self._max_unpacked = min(MAX_UNPACKED, size)
        self._size = size
        self._budget = ByteBudget(max_bytes)
        self._taken = 0

    def submit(self, record: InboxItem, now: float) -> None:
        """Append `record` at `now` (monotonic clock); when the inbox is full, drop the oldest."""
        records = self._records
        if len(records) < self._max_unpacked:
            records.append(record)
        else:
            self._submit_packed(record)
        # The worker thread sleeps, or was left in the parent of a fork that ran no hook.
        if now >= self.awake_until:
            self.wake(now)

    def withdraw(self, record: Record | None) -> bool:
        """Remove `record` if it still waits as it came, neither taken nor packed; else False."""
        try:
            # No two records are equal: each has the moment of its response.
            self._records.remove(record)  # type: ignore[arg-type]  # None is never among them
        except (ValueError, IndexError):  # the second where another thread changed the deque
            return False
        return True

    def _submit_packed(self, record: InboxItem) -> None:
        packed = pack(record)
        self._budget.reserve(packed.size)
        while len(self._records) >= self._size or self._budget.is_exceeded:
            try:
                self._release(self._records.popleft())
            except IndexError:  # another request, or the worker thread, has emptied the inbox
                break
            self.dropped.bump()
        self._records.append(packed)

    def _release(self, record: InboxItem | PackedRecord) -> None:
        if isinstance(record, PackedRecord):
            self._budget.release(record.size)

    def submit_heartbeat(self, heartbeat: Heartbeat, now: float) -> None:
        """`submit`, unless more important records wait."""
        if len(self._records) < min(MAX_WAITING_HEARTBEATS, self._max_unpacked):
            self.submit(heartbeat, now)

    def keep(self, record: InboxItem) -> None:
        """Append `record` without waking the worker thread."""
        self._records.append(record)

    def take(self) -> InboxItem:
        """Remove the oldest record and return it.

        Raises:
            IndexError: the inbox is empty.
        """
        record = self._records.popleft()
        self._taken += 1
        self._release(record)
        return _unpacked(record)

    def __len__(self) -> int:
        return len(self._records)

    @property
    def newest(self) -> InboxItem:
        """The record that came last; the inbox must not be empty."""
        return _unpacked(self._records[-1])

    def counts(self) -> dict[str, int]:
        """How many were `captured`, are `waiting`, and were `dropped_full`."""
        waiting, dropped = len(self._records), self.dropped.value
        captured = self._taken + waiting + dropped
        return {"captured": captured, "waiting": waiting, "dropped_full": dropped}


def _unpacked(record: InboxItem | PackedRecord) -> InboxItem:
    return record.unpack() if isinstance(record, PackedRecord) else record
