"""Answers wait until their events are written, so that a kill loses nothing that was answered.

What comes while each turn of the event loop brings more is handed over together and shares a
commit, so the wait is a few milliseconds, and the more senders there are, the less of it falls to
each. While the file cannot be written, nobody waits for long: what is queued is written later, and
the next events are refused.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from footfall.collector.storage.store import Store
from footfall.collector.storage.writer_thread import PendingWrite

# A commit takes milliseconds, on a busy machine a tenth of a second. Senders give up after five.
_PATIENCE_SECONDS: Final = 1.0
# The loop stands by while the writing thread writes: two threads of Python that both have work pass
# the interpreter's lock to and fro, which costs more than the writing. Commits take less; when one
# takes longer, the loop goes on.
_STAND_BY_SECONDS: Final = 0.005

# Some milliseconds of reading them.
_MAX_TOGETHER: Final = 50

_Taken: TypeAlias = "asyncio.Future[bool]"


class _Group(NamedTuple):
    """Requests that were handed over together, which wait until so many events are settled."""

    offered: int
    # On the loop's clock.
    until: float
    taken: Sequence[_Taken]


class GroupCommit:
    """The way of one event loop's events to a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loop: asyncio.AbstractEventLoop | None = None
        self._requests: list[PendingWrite] = []
        self._taken: list[_Taken] = []
        # In the order of both their numbers and their times.
        self._groups: deque[_Group] = deque()
        self._stands_by = False
        self._is_watching = False

    async def take(self, request: PendingWrite) -> bool:
        """Have events written, and return once they are, or after a second.

        False if there is no room, or the disk is full.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._listen(loop)
        if not self._requests:
            loop.call_soon(self._hand_over, loop, 0)
        taken: _Taken = loop.create_future()
        self._requests.append(request)
        self._taken.append(taken)
        return await taken

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        def pass_on() -> None:
            # Who stands by will see for himself. The loop may end before the store does.
            if not self._stands_by:
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(self._release)

        self._loop = loop
        self._requests, self._taken = [], []
        self._groups.clear()
        self._is_watching = False
        self._store.subscribe(pass_on)

    def _hand_over(self, loop: asyncio.AbstractEventLoop, seen: int) -> None:
        # As long as each turn of the loop brings more, they may share the commit.
        if seen < len(self._requests) < _MAX_TOGETHER:
            loop.call_soon(self._hand_over, loop, len(self._requests))
            return
        requests, taken = self._requests, self._taken
        self._requests, self._taken = [], []
        if not self._store.offer_all(requests):
            _tell(taken, False)
            return
        # While those before wait for a slow disk, the loop has better things to do.
        is_calm = not self._groups
        self._groups.append(_Group(self._store.offered, loop.time() + _PATIENCE_SECONDS, taken))
        if is_calm:
            self._stand_by()
        if self._groups and not self._is_watching:
            self._watch(loop)

    def _stand_by(self) -> None:
        self._stands_by = True
        self._store.settle(_STAND_BY_SECONDS)
        self._stands_by = False
        self._release()

    def _release(self) -> None:
        settled = self._store.settled
        while self._groups and self._groups[0].offered <= settled:
            _tell(self._groups.popleft().taken, True)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer those whose time is up: their events are queued, and written when that is over."""
        while self._groups and self._groups[0].until <= loop.time():
            _tell(self._groups.popleft().taken, True)
        self._is_watching = bool(self._groups)
        if self._is_watching:
            loop.call_at(self._groups[0].until, self._watch, loop)


def _tell(waiting: Sequence[_Taken], is_taken: bool) -> None:
    for each in waiting:
        # Unless its request was cancelled meanwhile.
        if not each.done():
            each.set_result(is_taken)
