"""The writer thread: it takes what was enqueued, and commits it.

Events that come while it writes share the next commit, so the more come, the less a commit costs
each of them, and the first of a calm moment does not wait. A batch is tried until it is written;
while the file cannot be written, `enqueue` refuses.
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

# What SQLite can never store: a value out of range, half a surrogate pair.
_UNWRITABLE: Final = (sqlite3.ProgrammingError, sqlite3.InterfaceError, ValueError, OverflowError)


class PendingWrite(NamedTuple):
    """The events of one request, with what is kept beside them in memory."""

    events: Sequence[IncomingEvent]
    response: IngestResponse | None = None
    hit: ReceivedHit | None = None


class _Command(NamedTuple):
    """A function to run once everything before it in the queue is written."""

    function: Callable[[], int]
    future: Future[int]


_Item: TypeAlias = "Sequence[PendingWrite] | _Command"


class WriterThread:
    """The thread and its queue. `insert` writes events in one commit and returns their ids."""

    def __init__(
        self,
        path: str,
        insert: Callable[[list[IncomingEvent]], list[int]],
        recent_events: RecentEvents,
        retention: Retention,
    ) -> None:
        self.write_error: str | None = None
        """Why nothing can be written at the moment, or None."""
        # Each is changed by one thread only.
        self.enqueued = 0
        """How many events were enqueued since the start."""
        self.processed = 0
        """How many of them are written, or never can be."""
        self._path = path
        self._insert = insert
        self._recent_events = recent_events
        self._retention = retention
        self._written = 0
        self._listeners: list[Callable[[], None]] = []
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._deadline: float | None = None
        self._is_idle = threading.Event()
        self._thread = threading.Thread(target=self._run, name="footfall-store", daemon=True)
        self._thread.start()

    @property
    def is_closed(self) -> bool:
        return self._deadline is not None

    @property
    def is_running(self) -> bool:
        """Whether the thread still uses the file."""
        return self._thread.is_alive()

    @property
    def unwritten(self) -> int:
        """How many events were enqueued and are not written."""
        return self.enqueued - self._written

    def enqueue(self, requests: Sequence[PendingWrite]) -> bool:
        """Queue the events of some requests. False if the queue or the disk is full."""
        if self.is_closed or self.write_error or self.enqueued - self.processed >= _MAX_QUEUED:
            return False
        self.enqueued += sum(len(each.events) for each in requests)
        self._is_idle.clear()
        self._queue.put(requests)
        return True

    def wait_until_idle(self, timeout_seconds: float) -> None:
        """Return once everything that was enqueued is processed, or when the time is up."""
        self._is_idle.wait(timeout_seconds)

    def submit(self, function: Callable[[], int]) -> Future[int]:
        """Run a function in the thread, after all that was enqueued. The future has its result."""
        command = _Command(function, Future())
        self._queue.put(command)
        return command.future

    def flush(self, timeout_seconds: float) -> bool:
        """Wait until all that was enqueued is written. False if it took longer, or cannot be."""
        if not self.is_running:
            return False
        try:
            self.submit(lambda: 0).result(timeout_seconds)
        except (TimeoutError, sqlite3.Error):
            return False
        return True

    def close(self, timeout_seconds: float) -> None:
        """Write what is queued, for at most that long, and end the thread."""
        self._deadline = time.monotonic() + timeout_seconds
        self.flush(timeout_seconds)
        self._thread.join(timeout_seconds)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener`, in this thread, after each change. Returns what unsubscribes it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def notify(self) -> None:
        """Call the listeners: something was changed."""
        for listener in tuple(self._listeners):
            listener()

    # -- in the thread ------------------------------------------------------------------------

    def _run(self) -> None:
        self._retention.step()
        while not (self.is_closed and self._queue.empty()):
            batch, command = self._next_batch()
            if batch:
                self._write(batch)
            if command:
                _execute(command)
            self._retention.step()

    def _next_batch(self) -> tuple[list[PendingWrite], _Command | None]:
        """The next batch, and the command that follows it, if one does."""
        batch: list[PendingWrite] = []
        try:
            item = self._queue.get(timeout=self._retention.due_in_seconds)
            while not isinstance(item, _Command):
                batch += item
                if len(batch) >= _BATCH:
                    return batch, None
                item = self._queue.get_nowait()
        except queue.Empty:
            return batch, None
        return batch, item

    def _write(self, batch: list[PendingWrite]) -> None:
        """Commit a batch, however often it has to be tried: its senders may have been answered."""
        recent = [
            RecentEvent(event, response, hit) for events, response, hit in batch for event in events
        ]
        events = [each.event for each in recent]
        while (ids := self._try_to_insert(events)) is None:
            if self._deadline is not None and time.monotonic() >= self._deadline:
                return
            time.sleep(_RETRY_SECONDS)
        self._clear_error()
        self._written += len(ids)
        self._retention.count_rows(len(ids))
        # Not strict: of an unwritable batch there are no ids.
        self._recent_events.add(zip(ids, recent, strict=False))
        self.processed += len(events)
        if self.processed >= self.enqueued:
            self._is_idle.set()
        self.notify()

    def _try_to_insert(self, events: list[IncomingEvent]) -> list[int] | None:
        """The ids; empty if the events can never be written, None if they cannot be now."""
        try:
            return self._insert(events)
        except _UNWRITABLE:
            # `wire` lets none through, but other callers might.
            logger.exception("%d events cannot be stored and are lost", len(events))
            return []
        except sqlite3.Error as error:
            self._set_error(error)
        return None

    def _set_error(self, error: sqlite3.Error) -> None:
        if self.write_error is None:
            logger.error("%s cannot be written: %s; events are refused", self._path, error)
        self.write_error = str(error)

    def _clear_error(self) -> None:
        if self.write_error is not None:
            logger.warning("%s can be written again", self._path)
        self.write_error = None


def _execute(command: _Command) -> None:
    try:
        result = command.function()
    except sqlite3.Error as error:
        command.future.set_exception(error)
    else:
        command.future.set_result(result)
