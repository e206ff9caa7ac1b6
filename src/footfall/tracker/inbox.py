"""What waits for the worker thread: a request appends its record here, and waits for no more.

A record as an adapter leaves it holds the request's headers as they came, since to pick those that
are read takes half as long as all else in a request. So it may do that only until the next poll of
the worker thread, and only while that polls in time and the requests are short. In all other cases
the request packs its record itself: then no cookie is in it, and its bytes count.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeAlias

from footfall.common.atomic import AtomicCounter, ByteBudget
from footfall.request.record import Record, RecordReader
from footfall.tracker.custom_event import CustomEvent
from footfall.tracker.heartbeats import Heartbeat
from footfall.tracker.packed_record import PackedRecord, pack

InboxItem: TypeAlias = Record | CustomEvent | Heartbeat

# Two polls of the worker thread: so late it is behind, or does not get the interpreter.
UNPACKED_SECONDS: Final = 0.1
# What some thousand requests a second leave between two polls.
MAX_UNPACKED: Final = 256
# About what all unpacked records may take, if the longest request of late sent each of them.
UNPACKED_BYTES: Final = 1024 * 1024
# Few browsers send more. Longer requests reduce the number of unpacked records, for a while.
USUAL_CHARS: Final = UNPACKED_BYTES // MAX_UNPACKED
LONG_SECONDS: Final = 60.0
# One unpacked record in so many is measured: to measure each would cost the worker thread a
# fiftieth of its time.
MEASURED: Final = 4
# With more than this in the inbox, a heartbeat must not push out a pageview.
MAX_WAITING_HEARTBEATS: Final = 128


class Inbox:
    """Records in the order in which they came, and whether the worker thread polls by itself.

    Args:
        size: How many may wait; the oldest are dropped.
        max_bytes: The most memory of what waits.
        wake: Called with the time of a record when the worker thread does not poll by itself.
    """

    def __init__(self, size: int, max_bytes: int, wake: Callable[[float], None]) -> None:
        self.wake = wake
        # Until then the worker thread polls, and no request has to wake it.
        self.awake_until = float("-inf")
        self.dropped = AtomicCounter()
        # Older than all of `_records`, and packed.
        self._packed: deque[InboxItem | PackedRecord] = deque()
        self._records: deque[InboxItem | PackedRecord] = deque()
        # Held while records are taken or packed, so that they keep their order.
        self._moving = threading.RLock()
        self._in_hand = 0
        self._unpacked_until = float("-inf")
        self._max_unpacked = 0
        # The longest request of late, and until when that counts; and the longest since a poll.
        self._longest = self._seen = 0
        self._longest_until = float("-inf")
        self._taken_before = self._taken = 0
        self._size = size
        self._budget = ByteBudget(max_bytes - UNPACKED_BYTES)

    # -- in a request --------------------------------------------------------------------------

    def submit(self, record: Record, now: float) -> None:
        """Append `record` at `now` (monotonic clock); when the inbox is full, drop the oldest."""
        records = self._records
        if now < self._unpacked_until and len(records) < self._max_unpacked:
            records.append(record)
        else:
            self._submit_packed(record, now)

    def submit_event(self, event: CustomEvent, now: float) -> None:
        """`submit` what the app tracks, which may be long."""
        self._submit_packed(event, now)

    def submit_heartbeat(self, heartbeat: Heartbeat, now: float) -> None:
        """`submit`, unless more important records wait."""
        if len(self) < min(MAX_WAITING_HEARTBEATS, self._size):
            self._submit_packed(heartbeat, now)

    def withdraw(self, record: Record | None) -> bool:
        """Remove `record` if it still waits; False if it has been taken."""
        if record is None:
            return False
        for records in (self._records, self._packed):
            try:
                for waiting in records:
                    if _is_of(waiting, record):
                        records.remove(waiting)
                        self._release(waiting)
                        return True
            except (RuntimeError, ValueError):  # another thread has changed the deque
                return False
        return False

    def _submit_packed(self, item: InboxItem, now: float) -> None:
        if self._max_unpacked and now >= self._unpacked_until:
            self._max_unpacked = 0
            if self._moving.acquire(blocking=False):
                try:
                    self._pack_waiting()
                finally:
                    self._moving.release()
        self._records.append(self._pack(item))
        # The worker thread sleeps, or was left in the parent of a fork that ran no hook.
        if now >= self.awake_until:
            self.wake(now)

    def _pack(self, item: InboxItem) -> PackedRecord:
        """Pack an item that is about to be appended; what exceeds the bounds is dropped."""
        packed = pack(item)
        self._seen = max(self._seen, packed.chars)
        self._budget.reserve(packed.size)
        while len(self) >= self._size or self._budget.is_exceeded:
            try:
                self._release(self._popleft())
            except IndexError:  # another request, or the worker thread, has emptied the inbox
                break
            self.dropped.bump()
        return packed

    def _popleft(self) -> InboxItem | PackedRecord:
        try:
            return self._packed.popleft()
        except IndexError:
            return self._records.popleft()

    def _release(self, record: InboxItem | PackedRecord) -> None:
        if isinstance(record, PackedRecord):
            self._budget.release(record.size)

    def keep(self, record: InboxItem) -> None:
        """Append `record` without waking the worker thread."""
        self._records.append(record)

    # -- in the thread that processes records --------------------------------------------------

    def take(self) -> InboxItem:
        """Remove the oldest record and return it.

        Raises:
            IndexError: the inbox is empty.
        """
        with self._moving:
            record = self._popleft()
            self._taken += 1
        if isinstance(record, PackedRecord):
            self._budget.release(record.size)
            return record.unpack()
        if isinstance(record, tuple) and not self._taken % MEASURED:
            self._seen = max(self._seen, _chars(record))
        return record

    def settle(self, now: float, *, is_flowing: bool) -> None:
        """Pack what a poll has left, and let the next records wait as they come.

        Where the next two polls will take the rest, since events are flowing, that stays as it is.
        """
        if not is_flowing or len(self._records) > MAX_UNPACKED:
            with self._moving:
                self._pack_waiting()
        seen, self._seen = self._seen, 0
        if seen >= self._longest or now >= self._longest_until:
            self._longest, self._longest_until = max(seen, USUAL_CHARS), now + LONG_SECONDS
        taken, self._taken_before = self._taken - self._taken_before, self._taken
        # About as many as came since the last poll, so that a sudden flood finds room for few.
        self._max_unpacked = min(2 * taken + 2, UNPACKED_BYTES // self._longest)
        self._unpacked_until = now + UNPACKED_SECONDS

    def let_sleep(self) -> None:
        """Have the next record wake the worker thread."""
        self._unpacked_until = self.awake_until = float("-inf")

    def _pack_waiting(self) -> None:
        # A flush in another thread must not find the inbox empty meanwhile.
        self._in_hand = 1
        try:
            for _ in range(len(self._records)):
                record = self._records.popleft()
                try:
                    if not isinstance(record, PackedRecord):
                        # Whoever takes what cannot be packed counts the error.
                        with suppress(Exception):
                            record = self._pack(record)
                finally:  # a signal handler of the app may raise here
                    self._packed.append(record)
        except IndexError:  # another request has dropped the rest
            pass
        finally:
            self._in_hand = 0

    def __len__(self) -> int:
        return len(self._packed) + len(self._records) + self._in_hand

    @property
    def newest(self) -> InboxItem:
        """The record that came last; the inbox must not be empty."""
        record = (self._records or self._packed)[-1]
        return record.unpack() if isinstance(record, PackedRecord) else record

    def counts(self) -> dict[str, int]:
        """How many were `captured`, are `waiting`, and were `dropped_full`."""
        waiting = len(self._packed) + len(self._records)
        dropped = self.dropped.value
        captured = self._taken + waiting + dropped
        return {"captured": captured, "waiting": waiting, "dropped_full": dropped}


def _chars(record: Record) -> int:
    reader: RecordReader = record[0]
    return reader.chars(record)


def _is_of(waiting: InboxItem | PackedRecord, record: Record) -> bool:
    """Whether this is what waits of a record: no two have the same moment of their response."""
    if isinstance(waiting, PackedRecord):
        return bool(waiting.at == record[-1])
    return waiting is record
