"""The writer thread: it takes what was enqueued, and commits it.

Events that come while it writes share the next commit, so the more come, the less a commit costs
each of them, and the first of a calm moment does not wait.

The senders of a group of requests wait for an answer, so it is written at once or never: its events
are claimed in the transaction, after another process's lock was waited for; until then `withdraw`
takes them back, and after a failed commit they are refused. While the file cannot be written,
`enqueue` refuses, and the thread tries it four times a second.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final, NamedTuple, TypeAlias

from footfall.collector.storage.database import cause_of
from footfall.collector.storage.recent_events import RecentEvent, RecentEvents
from footfall.collector.storage.retention import Retention
from footfall.collector.wire.messages import IncomingEvent, IngestResponse, ReceivedHit
from footfall.common.background_thread import BackgroundThread

logger = logging.getLogger("footfall.collector")

# Enough to make the cost of a commit vanish, and few enough that readers of memory wait little.
_BATCH: Final = 500
# Two seconds of the fastest ingest measured; a request of the common size takes 5 kB.
_MAX_QUEUED: Final = 10_000
# After a failed commit. Disks do not get emptied in milliseconds.
_RETRY_SECONDS: Final = 0.25

# Of SQLite's errors those about a value, which it can never store. All others are the file's.
_UNWRITABLE: Final = (sqlite3.ProgrammingError, sqlite3.InterfaceError)


class PendingWrite(NamedTuple):
    """The events of one request, with what is kept beside them in memory."""

    events: Sequence[IncomingEvent]
    response: IngestResponse | None = None
    hit: ReceivedHit | None = None


class WriteGroup:
    """The events of some requests, which are written in one commit, or not at all.

    Args:
        requests: The requests.
    """

    __slots__ = ("is_claimed", "is_written", "requests", "size")

    def __init__(self, requests: Sequence[PendingWrite]) -> None:
        self.requests = requests
        self.size = sum(len(each.events) for each in requests)
        self.is_claimed = False
        self.is_written: bool | None = None
        """Whether they are in the file; None until that is decided, for good."""


class _Command(NamedTuple):
    """A function to run once everything before it in the queue is written."""

    function: Callable[[], int]
    future: Future[int]


_Item: TypeAlias = "WriteGroup | _Command"
# Gives the events to write; called in the transaction.
_Claim: TypeAlias = Callable[[], list[IncomingEvent]]


class WriterThread:
    """The thread and its queue.

    Args:
        path: The file's, for log lines.
        insert: Writes the events that its argument gives, which is called in the transaction, and
            returns their ids.
        check_writable: Raises a `sqlite3.Error` where nothing can be written.
        recent_events: Keeps what was written in memory.
        retention: Has its steps made between two commits.
    """

    def __init__(
        self,
        path: str,
        insert: Callable[[_Claim], list[int]],
        check_writable: Callable[[], None],
        recent_events: RecentEvents,
        retention: Retention,
    ) -> None:
        self.write_error: str | None = None
        """Why nothing can be written at the moment, or None."""
        self.is_closed = False
        # Each is changed by one thread only, the last under the lock.
        self.enqueued = 0
        """How many events were enqueued since the start."""
        self.processed = 0
        """How many of them have left the queue, whether they are written or not."""
        self._written = 0
        self._refused = 0
        self._path = path
        self._insert = insert
        self._check_writable = check_writable
        self._recent_events = recent_events
        self._retention = retention
        self._listeners: list[Callable[[], None]] = []
        self._queue: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._is_idle = threading.Event()
        # Held to decide whether a group is written or withdrawn.
        self._claim_lock = threading.Lock()
        self._thread = BackgroundThread(self._run, name="footfall-store", end=self._end)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the thread still uses the file."""
        return self._thread.is_alive()

    @property
    def unwritten(self) -> int:
        """How many events were enqueued and are neither written nor refused."""
        return self.enqueued - self._written - self._refused

    def enqueue(self, group: WriteGroup) -> bool:
        """Queue a group. False if the queue is full or the file cannot be written."""
        if self.is_closed or self.write_error or self.enqueued - self.processed >= _MAX_QUEUED:
            return False
        self.enqueued += group.size
        self._is_idle.clear()
        self._queue.put(group)
        return True

    def withdraw(self, group: WriteGroup) -> bool:
        """Take a group back. False if it is being written, or is decided already."""
        with self._claim_lock:
            if group.is_claimed or group.is_written is not None:
                return False
            self._refuse(group)
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
        self.is_closed = True
        self.flush(timeout_seconds)
        self._thread.join(timeout_seconds)

    def _end(self) -> None:
        """Let the thread end once the queue is empty, without waiting for it."""
        self.is_closed = True
        self.submit(lambda: 0)

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
        try:
            self._work()
        except Exception:
            logger.exception("%s is no longer written", self._path)
            self.write_error = "the thread that writes ended; see the log"
            self.notify()

    def _work(self) -> None:
        self._retention.step()
        while not (self.is_closed and self._queue.empty()):
            groups, command = self._next_batch()
            if groups:
                self._write(groups)
            elif self.write_error is not None:
                self._try_file()
            if command:
                _execute(command)
            self._retention.step()

    def _next_batch(self) -> tuple[list[WriteGroup], _Command | None]:
        """The next batch, and the command that follows it, if one does."""
        batch: list[WriteGroup] = []
        due = self._retention.due_in_seconds
        number = 0
        try:
            item = self._queue.get(timeout=min(due, _RETRY_SECONDS) if self.write_error else due)
            while not isinstance(item, _Command):
                batch.append(item)
                number += len(item.requests)
                if number >= _BATCH:
                    return batch, None
                item = self._queue.get_nowait()
        except queue.Empty:
            return batch, None
        return batch, item

    def _write(self, batch: list[WriteGroup]) -> None:
        self._commit_or_refuse(batch)
        self.processed += sum(group.size for group in batch)
        if self.processed >= self.enqueued:
            self._is_idle.set()
        self.notify()

    def _commit_or_refuse(self, groups: list[WriteGroup]) -> None:
        """Commit the groups that were not withdrawn, or refuse them."""
        claimed: list[WriteGroup] = []

        def claim() -> list[IncomingEvent]:
            with self._claim_lock:
                for group in groups:
                    if group.is_written is None:
                        group.is_claimed = True
                        claimed.append(group)
            return [event for group in claimed for each in group.requests for event in each.events]

        try:
            ids = self._insert(claim)
        except Exception as error:
            if isinstance(error, sqlite3.Error) and not isinstance(error, _UNWRITABLE):
                self._set_error(error)
            else:
                # `wire` lets no such value through, but other callers might.
                number = sum(group.size for group in claimed)
                logger.exception("%d events cannot be stored and are refused", number)
            self._refuse_undecided(groups)
        else:
            self._add_written(claimed, ids)

    def _add_written(self, groups: list[WriteGroup], ids: list[int]) -> None:
        if not groups:
            # An empty transaction writes nothing, and proves nothing.
            return
        for group in groups:
            group.is_written = True
        self._clear_error()
        self._written += len(ids)
        self._retention.count_rows(len(ids))
        requests = [each for group in groups for each in group.requests]
        recent = [
            RecentEvent(event, response, hit)
            for events, response, hit in requests
            for event in events
        ]
        self._recent_events.add(zip(ids, recent, strict=True))

    def _refuse_undecided(self, groups: list[WriteGroup]) -> None:
        with self._claim_lock:
            for group in groups:
                if group.is_written is None:
                    self._refuse(group)

    def _refuse(self, group: WriteGroup) -> None:
        group.is_written = False
        # A withdrawn one may stay in the queue as long as the file is locked.
        group.requests = ()
        self._refused += group.size

    def _try_file(self) -> None:
        """Clear the error if the file can be written again."""
        try:
            self._check_writable()
        except sqlite3.Error as error:
            self._set_error(error)
        else:
            self._clear_error()

    def _set_error(self, error: sqlite3.Error) -> None:
        if self.write_error is None:
            logger.error(
                "%s cannot be written: %s; until it can, events are refused, to be sent again",
                self._path,
                cause_of(error),
            )
        self.write_error = cause_of(error)

    def _clear_error(self) -> None:
        if self.write_error is not None:
            logger.warning("%s can be written again", self._path)
        self.write_error = None


def _execute(command: _Command) -> None:
    try:
        result = command.function()
    except Exception as error:  # noqa: BLE001 -- it is raised where the command came from
        command.future.set_exception(error)
    else:
        command.future.set_result(result)
