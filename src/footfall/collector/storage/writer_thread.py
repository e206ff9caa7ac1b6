"""The writing thread: it takes what was offered, and commits it.

Events that come while it writes share the next commit, so the more come, the less a commit costs
each of them, and the first of a calm moment waits for nobody. What was taken is written, however
often it has to be tried; while it cannot be, `offer` says no.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final, NamedTuple, TypeAlias

from footfall.collector.storage.recent_events import RecentEvent, RecentEvents
from footfall.collector.storage.retention import Retention
from footfall.collector.wire.messages import IncomingEvent, IngestResponse, ReceivedHit

logger = logging.getLogger("footfall.collector")

# Enough to make the cost of a commit vanish, and few enough that readers of memory wait little.
_BATCH: Final = 500
# Two seconds of the fastest ingest measured; a request of the common size takes 5 kB.
_MAX_QUEUED: Final = 10_000
# After a failed commit. Disks do not get emptied in milliseconds.
_RETRY_SECONDS: Final = 0.25

# What SQLite cannot take at any time: a value out of range, half a surrogate pair.
_HOPELESS: Final = (sqlite3.ProgrammingError, sqlite3.InterfaceError, ValueError, OverflowError)


class PendingWrite(NamedTuple):
    """The events of one request, with what is remembered beside them."""

    arrivals: Sequence[IncomingEvent]
    answer: IngestResponse | None = None
    sighting: ReceivedHit | None = None


class _Command(NamedTuple):
    """Something to do in its turn."""

    do: Callable[[], int]
    done: Future[int]


_Item: TypeAlias = "Sequence[PendingWrite] | _Command"


class WriterThread:
    """The thread and its queue. `insert` writes events in one commit and gives their numbers."""

    def __init__(
        self,
        path: str,
        insert: Callable[[list[IncomingEvent]], list[int]],
        memory: RecentEvents,
        upkeep: Retention,
    ) -> None:
        self.fault: str | None = None
        """Why nothing can be written at the moment; None while all is well."""
        # Each is counted by one thread alone.
        self.offered = 0
        """How many events were queued since the start."""
        self.settled = 0
        """How many of them are written, or never can be."""
        self._path = path
        self._insert = insert
        self._memory = memory
        self._upkeep = upkeep
        self._written = 0
        self._listeners: list[Callable[[], None]] = []
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._give_up_at: float | None = None
        self._is_settled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="footfall-store", daemon=True)
        self._thread.start()

    @property
    def is_closed(self) -> bool:
        return self._give_up_at is not None

    @property
    def is_running(self) -> bool:
        """Whether the thread still has the file."""
        return self._thread.is_alive()

    @property
    def unwritten(self) -> int:
        """How many events were offered and are not written."""
        return self.offered - self._written

    def offer(self, requests: Sequence[PendingWrite]) -> bool:
        """Queue the events of some requests. False if there is no room, or the disk is full."""
        if self.is_closed or self.fault or self.offered - self.settled >= _MAX_QUEUED:
            return False
        self.offered += sum(len(each.arrivals) for each in requests)
        self._is_settled.clear()
        self._queue.put(requests)
        return True

    def settle(self, timeout_seconds: float) -> None:
        """Return once nothing that was offered waits any more, or when the time is up."""
        self._is_settled.wait(timeout_seconds)

    def command(self, do: Callable[[], int]) -> Future[int]:
        """Have something done behind all that was offered; gives what comes of it."""
        command = _Command(do, Future())
        self._queue.put(command)
        return command.done

    def flush(self, timeout_seconds: float) -> bool:
        """Wait until all that was offered is written. False if it took longer, or cannot be."""
        if not self.is_running:
            return False
        try:
            self.command(lambda: 0).result(timeout_seconds)
        except (TimeoutError, sqlite3.Error):
            return False
        return True

    def close(self, timeout_seconds: float) -> None:
        """Write what is queued, for so long."""
        self._give_up_at = time.monotonic() + timeout_seconds
        self.flush(timeout_seconds)
        self._thread.join(timeout_seconds)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener`, in this thread, after each change. Gives a function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self) -> None:
        """Say that something was changed."""
        for listener in tuple(self._listeners):
            listener()

    # -- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        self._upkeep.step()
        while not (self.is_closed and self._queue.empty()):
            offered, command = self._take()
            if offered:
                self._write(offered)
            if command:
                _execute(command)
            self._upkeep.step()

    def _take(self) -> tuple[list[PendingWrite], _Command | None]:
        """The next batch, and the command that follows it, if one does."""
        batch: list[PendingWrite] = []
        try:
            item = self._queue.get(timeout=self._upkeep.due_in_seconds)
            while not isinstance(item, _Command):
                batch += item
                if len(batch) >= _BATCH:
                    return batch, None
                item = self._queue.get_nowait()
        except queue.Empty:
            return batch, None
        return batch, item

    def _write(self, batch: list[PendingWrite]) -> None:
        """Commit a batch, however often it takes: it was answered, so it must not be lost."""
        events = [
            RecentEvent(each, answer, hit) for arrivals, answer, hit in batch for each in arrivals
        ]
        arrivals = [told.arrival for told in events]
        while (numbers := self._try_to_insert(arrivals)) is None:
            if self._give_up_at is not None and time.monotonic() >= self._give_up_at:
                return
            time.sleep(_RETRY_SECONDS)
        self._recover()
        self._written += len(numbers)
        self._upkeep.note(len(numbers))
        # Not strict: none were written of a hopeless batch.
        self._memory.add(zip(numbers, events, strict=False))
        self.settled += len(events)
        if self.settled >= self.offered:
            self._is_settled.set()
        self.tell()

    def _try_to_insert(self, arrivals: list[IncomingEvent]) -> list[int] | None:
        try:
            return self._insert(arrivals)
        except _HOPELESS:
            # The wire lets none through, but other callers might.
            logger.exception("%d events cannot be written, ever", len(arrivals))
            return []
        except sqlite3.Error as error:
            self._report(error)
        return None

    def _report(self, error: sqlite3.Error) -> None:
        if self.fault is None:
            logger.error("%s cannot be written: %s; events are refused", self._path, error)
        self.fault = str(error)

    def _recover(self) -> None:
        if self.fault is not None:
            logger.warning("%s can be written again", self._path)
        self.fault = None


def _execute(command: _Command) -> None:
    try:
        result = command.do()
    except sqlite3.Error as error:
        command.done.set_exception(error)
    else:
        command.done.set_result(result)
