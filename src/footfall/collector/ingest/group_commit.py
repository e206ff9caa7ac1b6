"""Group commit: requests are answered once their events are written, many requests a commit.

So killing the process loses no event that was accepted. As long as each iteration of the event loop
brings more requests, they are collected, then offered to the store together and written in one
commit. The wait is a few milliseconds, and the more senders there are, the less of it each one
pays. Events that are not being written after a second are withdrawn, and those of a failed commit
are not tried again: their senders are refused and try again themselves, so they are written once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from footfall.collector.storage.store import Store
from footfall.collector.storage.writer_thread import PendingWrite, WriteGroup

# A commit takes milliseconds, on a busy machine a tenth of a second. Senders time out after 5 s.
_MAX_WAIT_SECONDS: Final = 1.0
# The event loop blocks while the writer thread writes: two Python threads that both have work pass
# the interpreter's lock back and forth, which costs more than the write. Commits take less time
# than this; if one takes longer, the loop runs on.
_BLOCK_SECONDS: Final = 0.005

# It takes the loop some milliseconds to read this many.
_MAX_GROUP: Final = 50

_Result: TypeAlias = "asyncio.Future[bool]"


class _Offer(NamedTuple):
    """Requests that were offered together, and what their senders wait for: one each, or less."""

    group: WriteGroup
    results: Sequence[_Result]


class GroupCommit:
    """Writes the events of one event loop's requests to a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loop: asyncio.AbstractEventLoop | None = None
        self._requests: list[PendingWrite] = []
        self._results: list[_Result] = []
        self._offers: list[_Offer] = []
        self._is_blocking = False

    async def write(self, *requests: PendingWrite) -> bool:
        """Write the events of some requests in one commit; return once they are in the file.

        Returns:
            False if they are not, and never will be: another process locked the file for a second,
            the disk is full, or too many events wait.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._attach(loop)
        if not self._requests:
            loop.call_soon(self._offer, loop, 0)
        result: _Result = loop.create_future()
        self._requests += requests
        self._results.append(result)
        return await result

    def _attach(self, loop: asyncio.AbstractEventLoop) -> None:
        def on_written() -> None:
            # A blocked loop answers the requests itself. The loop may end before the store does.
            if not self._is_blocking:
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(self._answer_decided)

        self._loop = loop
        self._requests, self._results = [], []
        self._offers.clear()
        self._store.subscribe(on_written)

    def _offer(self, loop: asyncio.AbstractEventLoop, seen: int) -> None:
        # As long as each iteration of the loop brings more, wait for another.
        if seen < len(self._requests) < _MAX_GROUP:
            loop.call_soon(self._offer, loop, len(self._requests))
            return
        requests, results = self._requests, self._results
        self._requests, self._results = [], []
        group = WriteGroup(requests)
        if not self._store.enqueue(group):
            _answer(results, False)
            return
        # Earlier groups that still wait mean a slow disk: then the loop must not block.
        is_first = not self._offers
        self._offers.append(_Offer(group, results))
        if is_first:
            self._block_loop_briefly()
        if group.is_written is None:
            loop.call_later(_MAX_WAIT_SECONDS, self._withdraw, group)

    def _block_loop_briefly(self) -> None:
        self._is_blocking = True
        self._store.wait_until_idle(_BLOCK_SECONDS)
        self._is_blocking = False
        self._answer_decided()

    def _withdraw(self, group: WriteGroup) -> None:
        # What is being written waits for its commit, however long that takes.
        if self._store.withdraw(group):
            self._answer_decided()

    def _answer_decided(self) -> None:
        offers, self._offers = self._offers, []
        for offer in offers:
            if offer.group.is_written is None:
                self._offers.append(offer)
            else:
                _answer(offer.results, offer.group.is_written)


def _answer(results: Sequence[_Result], is_written: bool) -> None:
    for result in results:
        # A request that was cancelled in the meantime is done.
        if not result.done():
            result.set_result(is_written)
