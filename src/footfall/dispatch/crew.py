"""The threads of a lane: the first comes with an event, more with a backlog that lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

# One thread more once the backlog has been above this for so long.
BACKLOG_PER_THREAD: Final = 2
GROW_AFTER_SECONDS: Final = 0.2
# A thread without work leaves; the next event starts another.
IDLE_SECONDS: Final = 10.0


class Crew:
    """Daemon threads that all do the same work. Its lane's lock guards it.

    Args:
        work: What a thread does from its start to its end; it calls `leave` before it returns.
        name: Of the threads.
        most: So many at a time.
    """

    def __init__(self, work: Callable[[], None], name: str, most: int) -> None:
        self._work = work
        self._name = name
        self._most = most
        self._threads: set[threading.Thread] = set()
        self._overloaded_since: float | None = None

    def __len__(self) -> int:
        return len(self._threads)

    def staff(self, backlog: int, now: float, *, may_grow: bool) -> bool:
        """Start the first thread, or one more where the backlog has lasted.

        Returns:
            False where there is not one thread: none is to be had, at the limit of the system or at
            the end of Python 3.12. The events stay queued, and the next call tries again.
        """
        active = len(self._threads)
        if not active:
            return self._start()
        if backlog <= BACKLOG_PER_THREAD * active:
            self._overloaded_since = None
            return True
        if self._overloaded_since is None:
            self._overloaded_since = now
        has_lasted = now - self._overloaded_since >= GROW_AFTER_SECONDS
        if has_lasted and may_grow and active < self._most:
            self._start()
        return True

    def _start(self) -> bool:
        self._overloaded_since = None
        thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        try:
            thread.start()
        except (RuntimeError, MemoryError):
            return False
        self._threads.add(thread)
        return True

    def leave(self) -> None:
        """Say that the calling thread ends."""
        self._threads.discard(threading.current_thread())
