"""Threads for a transport that carries one exchange in each: as many as the backlog needs.

Each lane has its own, but all lanes of a process share the number of those that may idle.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Final, Protocol

from footfall.common import reentrancy
from footfall.common.background_thread import BackgroundThread
from footfall.delivery.visitor_order import Item

# A thread without work ends; the next event starts another.
IDLE_SECONDS: Final = 10.0
# As many as one lane may have by default. A process with many lanes, as a test suite has that makes
# its app for each test, would have a thread for each.
MAX_IDLE_THREADS: Final = 32


class _IdleThreads:
    """The threads of this process that wait for an event. No lock, which a fork could leave held.

    Of two that come at the same moment both may be refused.
    """

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._process_id = os.getpid()
        self._threads: set[threading.Event] = set()

    def add(self, thread: threading.Event) -> bool:
        """Whether a thread may wait; False if enough do."""
        if self._process_id != os.getpid():
            self._reset()  # these were the parent's
        self._threads.add(thread)
        if len(self._threads) <= MAX_IDLE_THREADS:
            return True
        self._threads.discard(thread)
        return False

    def discard(self, thread: threading.Event) -> None:
        """Note that a thread waits no longer."""
        self._threads.discard(thread)


_idle_threads: Final = _IdleThreads()


class PooledSource(Protocol):
    """What the threads empty: a lane."""

    pool: WorkerPool

    def take(self) -> list[Item]:
        """What may be sent now in one request."""
        ...

    def deliver(self, batch: list[Item]) -> None:
        """Send what was taken."""
        ...

    def next_wakeup(self, now: float) -> float:
        """When something may become ready merely because time passes."""
        ...

    def may_end_thread(self, *, is_last: bool, is_idle: bool) -> bool:
        """Whether a thread that found nothing to send may end; `is_idle` for long."""
        ...

    def close(self) -> None:
        """Let the threads end that have nothing to do."""
        ...


class WorkerPool:
    """Daemon threads that take from a lane and send. Its lane's lock guards all but `start`.

    Of the idle ones, that which worked last is called first: the others end after a while.

    Args:
        name: Of the threads.
        lock: Reentrant; the lane's.
        clock: The lane's.
    """

    def __init__(
        self,
        source: PooledSource,
        name: str,
        max_threads: int,
        *,
        lock: threading.RLock,
        clock: Callable[[], float],
    ) -> None:
        self._source = source
        self._name = name
        self._max_threads = max_threads
        self._lock = lock
        self._clock = clock
        self._idle: list[threading.Event] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def reserve(self, active: int) -> int:
        """Call idle threads, so that `active` are at work. How many have to be started for that."""
        missing = active - (self._size - len(self._idle))
        while missing > 0 and self._idle:
            self._idle.pop().set()
            missing -= 1
        missing = max(0, min(missing, self._max_threads - self._size))
        self._size += missing
        return missing

    def wake(self) -> None:
        """Let all idle threads see whether they may end."""
        while self._idle:
            self._idle.pop().set()

    def start(self, number: int) -> None:
        """Start what was reserved, where the system has threads left: else events stay queued.

        Call it without the lock: under gevent another greenlet runs within `start`, and a lock made
        before gevent's patch does not distinguish greenlets.
        """
        for started in range(number):
            try:
                BackgroundThread(self._run, name=self._name, end=self._source.close).start()
            except BaseException as error:
                with self._lock:
                    self._size -= number - started
                # At the limit of the system, at the end of Python 3.12, or where none is allowed.
                if isinstance(error, RuntimeError | MemoryError):
                    return
                raise

    @reentrancy.suppress_tracking
    def _run(self) -> None:
        called = threading.Event()
        try:
            while batch := self._next(called):
                self._source.deliver(batch)
        except BaseException:
            # Killed, as greenlets are, or made to exit: the next event needs another thread.
            with self._lock:
                self._size -= 1
                self._leave_idle(called)
            raise

    def _leave_idle(self, called: threading.Event) -> None:
        _idle_threads.discard(called)
        if called in self._idle:
            self._idle.remove(called)

    def _next(self, called: threading.Event) -> list[Item]:
        """Wait for what may be sent now. Empty where the thread has to end, and is counted out."""
        give_up_at = self._clock() + IDLE_SECONDS
        while self._source.pool is self:  # else a fork's child has a copy of this greenlet
            with self._lock:
                self._leave_idle(called)
                if batch := self._source.take():
                    return batch
                now = self._clock()
                is_idle = now >= give_up_at or not _idle_threads.add(called)
                if self._source.may_end_thread(is_last=self._size == 1, is_idle=is_idle):
                    _idle_threads.discard(called)
                    self._size -= 1
                    break
                called.clear()
                self._idle.append(called)
                seconds = max(give_up_at, now + 1.0)
                seconds = min(seconds, self._source.next_wakeup(now)) - now
            called.wait(seconds)
        return []
