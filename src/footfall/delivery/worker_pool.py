"""The threads of a lane: the first comes with an event, more with a backlog that lasts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from footfall.delivery.limits import Limits

# One thread more once the backlog has been above this for so long.
BACKLOG_PER_THREAD: Final = 2
GROW_AFTER_SECONDS: Final = 0.2
# A thread without work leaves; the next event starts another. And where one would have done for so
# long, the others leave: they take turns, so that none is ever idle, each with cold caches.
IDLE_SECONDS: Final = 10.0


class WorkerPool:
    """Daemon threads that all do the same work. Its lane's lock guards all but `start`.

    Args:
        work: What a thread does from its start to its end, given its token; it calls `leave`.
        name: Of the threads.
        limits: Of the lane.
    """

    def __init__(self, work: Callable[[object], None], name: str, limits: Limits) -> None:
        self._work = work
        self._name = name
        self._limits = limits
        # One token for each thread that works here. Not the thread itself: after a late patch by
        # gevent it is told that it is another.
        self._tokens: set[object] = set()
        self._overloaded_since: float | None = None
        self._needed_at = float("-inf")

    def __len__(self) -> int:
        return len(self._tokens)

    def hire(self, backlog: int, busy: int, now: float, *, may_grow: bool) -> object:
        """The token of a thread to start: the first, or one more where the backlog has lasted."""
        if self._tokens and not self._needs_another(backlog, busy, now, may_grow):
            return None
        self._overloaded_since = None
        self.note_need(now)
        newcomer = object()
        self._tokens.add(newcomer)
        return newcomer

    def note_need(self, now: float) -> None:
        """Say that one thread is not enough."""
        self._needed_at = now

    def is_too_large(self, now: float) -> bool:
        """True where one thread has been enough for long."""
        may_shrink = len(self._tokens) > 1 and not self._limits.is_waited_for
        return may_shrink and now - self._needed_at >= IDLE_SECONDS

    def _needs_another(self, backlog: int, busy: int, now: float, may_grow: bool) -> bool:
        active = len(self._tokens)
        may_grow = may_grow and active < self._limits.max_connections
        if self._limits.is_waited_for:
            return may_grow and backlog > active - busy
        if backlog <= BACKLOG_PER_THREAD * active:
            self._overloaded_since = None
            return False
        if self._overloaded_since is None:
            self._overloaded_since = now
        return may_grow and now - self._overloaded_since >= GROW_AFTER_SECONDS

    def start(self, newcomer: object) -> bool:
        """Start the thread that was hired, if one was.

        Call it without the lock: under gevent it is another greenlet's turn within `start`, and a
        lock made before gevent's patch does not know one greenlet from another.

        Returns:
            False where none is to be had: at the limit of the system, or at the end of Python 3.12.
            Then call `leave`; the events stay queued, and the next one hired may be luckier.
        """
        if newcomer is None:
            return True
        thread = threading.Thread(target=self._work, args=(newcomer,), name=self._name, daemon=True)
        try:
            thread.start()
        except (RuntimeError, MemoryError):
            return False
        return True

    def leave(self, token: object) -> None:
        """Say that the thread with this token ends."""
        self._tokens.discard(token)
