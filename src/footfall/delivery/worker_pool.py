"""The threads of a lane: the first starts with an event, more with a backlog that lasts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from footfall.common.background_thread import BackgroundThread
from footfall.delivery.limits import Limits

# One more thread starts once the backlog has been above this for `GROW_AFTER_SECONDS`.
BACKLOG_PER_THREAD: Final = 2
GROW_AFTER_SECONDS: Final = 0.2
# A thread without work ends; the next event starts another. Where one thread would have been enough
# for so long, the others end: they take turns, so that none is ever idle, each with cold caches.
IDLE_SECONDS: Final = 10.0


class WorkerPool:
    """Daemon threads that all do the same work. Its lane's lock guards all but `start`.

    Args:
        work: What a thread does from its start to its end, given its token; it calls `release`.
        name: Of the threads.
        limits: Of the lane.
        end: Lets `work` return once there is nothing to do.
    """

    def __init__(
        self,
        work: Callable[[object], None],
        name: str,
        limits: Limits,
        *,
        end: Callable[[], object],
    ) -> None:
        self._work = work
        self._end = end
        self._name = name
        self._limits = limits
        # A token for each thread. Not the thread itself: after a late patch by gevent,
        # `current_thread` returns another object in the same thread.
        self._tokens: set[object] = set()
        self._overloaded_since: float | None = None
        self._overloaded_at = float("-inf")

    def __len__(self) -> int:
        return len(self._tokens)

    def reserve(self, backlog: int, busy: int, now: float, *, may_grow: bool) -> object:
        """Reserve the place of a thread: the first, or one more where the backlog has lasted.

        Args:
            backlog: How many events could go out now, if there were threads enough.
            busy: How many threads are sending.
            may_grow: False where only the first thread may be added.

        Returns:
            The token to `start` a thread with; None where none is needed.
        """
        if self._tokens and not self._needs_another(backlog, busy, now, may_grow):
            return None
        self._overloaded_since = None
        self.note_overload(now)
        token = object()
        self._tokens.add(token)
        return token

    def note_overload(self, now: float) -> None:
        """Remember that one thread was not enough at `now`."""
        self._overloaded_at = now

    def is_too_large(self, now: float) -> bool:
        """True where one thread has been enough for `IDLE_SECONDS`."""
        may_shrink = len(self._tokens) > 1 and not self._limits.is_waited_for
        return may_shrink and now - self._overloaded_at >= IDLE_SECONDS

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

    def start(self, token: object) -> bool:
        """Start the thread for a reserved token, if there is one.

        Call it without the lock: under gevent another greenlet runs within `start`, and a lock made
        before gevent's patch does not distinguish greenlets.

        Returns:
            False where no thread can be started: at the limit of the system, or at the end of
            Python 3.12. Then call `release`; the events stay queued, and a later start may succeed.
        """
        if token is None:
            return True
        work = partial(self._work, token)
        try:
            BackgroundThread(work, name=self._name, end=self._end).start()
        except (RuntimeError, MemoryError):
            return False
        return True

    def release(self, token: object) -> None:
        """Give up the place of the thread with this token: it ends, or did not start."""
        self._tokens.discard(token)
