"""Group commit: requests are answered once their events are written, many requests a commit.

So killing the process loses no event that was answered. As long as each iteration of the event loop
brings more requests, they are collected, then offered to the store together and written in one
commit. The wait is a few milliseconds, and the more senders there are, the less of it each one
pays. While the file cannot be written, requests wait for a second at most: their events stay queued
and are written later, and the next events are refused.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from footfall.collector.storage.store import Store
from footfall.collector.storage.writer_thread import PendingWrite

# A commit takes milliseconds, on a busy machine a tenth of a second. Senders time out after 5 s.
_MAX_WAIT_SECONDS: Final = 1.0
# The event loop blocks while the writer thread writes: two Python threads that both have work pass
# the interpreter's lock back and forth, which costs more than the write. Commits take less time
# than this; if one takes longer, the loop runs on.
_BLOCK_SECONDS: Final = 0.005

# It takes the loop some milliseconds to read this many.
_MAX_GROUP: Final = 50

_Result: TypeAlias = "asyncio.Future[bool]"


class _Group(NamedTuple):
    """Requests offered together, answered once the store has processed `offered` events."""

    offered: int
    # On the loop's clock.
    deadline: float
    results: Sequence[_Result]


class GroupCommit:
    """Writes the events of one event loop's requests to a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loop: asyncio.AbstractEventLoop | None = None
        self._requests: list[PendingWrite] = []
        self._results: list[_Result] = []
        # Ordered by `offered`, and so by `deadline`.
        self._groups: deque[_Group] = deque()
        self._is_blocking = False
        self._has_timer = False

    async def write(self, request: PendingWrite) -> bool:
        """Queue a request's events, and return once they are written, or after a second.

        False if the store's queue is full, or its file cannot be written.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._attach(loop)
        if not self._requests:
            loop.call_soon(self._offer, loop, 0)
        result: _Result = loop.create_future()
        self._requests.append(request)
        self._results.append(result)
        return await result

    def _attach(self, loop: asyncio.AbstractEventLoop) -> None:
        def on_written() -> None:
            # A blocked loop answers the requests itself. The loop may end before the store does.
            if not self._is_blocking:
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(self._answer_processed)

        self._loop = loop
        self._requests, self._results = [], []
        self._groups.clear()
        self._has_timer = False
        self._store.subscribe(on_written)

    def _offer(self, loop: asyncio.AbstractEventLoop, seen: int) -> None:
        # As long as each iteration of the loop brings more, wait for another.
        if seen < len(self._requests) < _MAX_GROUP:
            loop.call_soon(self._offer, loop, len(self._requests))
            return
        requests, results = self._requests, self._results
        self._requests, self._results = [], []
        if not self._store.enqueue_all(requests):
            _answer(results, False)
            return
        # Earlier groups that still wait mean a slow disk: then the loop must not block.
        is_first = not self._groups
        self._groups.append(_Group(self._store.enqueued, loop.time() + _MAX_WAIT_SECONDS, results))
        if is_first:
            self._block_loop_briefly()
        if self._groups and not self._has_timer:
            self._answer_expired(loop)

    def _block_loop_briefly(self) -> None:
        self._is_blocking = True
        self._store.wait_until_idle(_BLOCK_SECONDS)
        self._is_blocking = False
        self._answer_processed()

    def _answer_processed(self) -> None:
        processed = self._store.processed
        while self._groups and self._groups[0].offered <= processed:
            _answer(self._groups.popleft().results, True)

    def _answer_expired(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer the groups whose time is up: their events are queued, and written later."""
        while self._groups and self._groups[0].deadline <= loop.time():
            _answer(self._groups.popleft().results, True)
        self._has_timer = bool(self._groups)
        if self._has_timer:
            loop.call_at(self._groups[0].deadline, self._answer_expired, loop)


def _answer(results: Sequence[_Result], is_queued: bool) -> None:
    for result in results:
        # A request that was cancelled in the meantime is done.
        if not result.done():
            result.set_result(is_queued)
