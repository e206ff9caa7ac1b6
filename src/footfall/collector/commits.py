"""Answers wait until their events are written, so that a kill loses nothing that was answered.

Events of one moment share a commit, so the wait is a few milliseconds, and the more senders there
are, the less of it falls to each. While the file cannot be written, nobody waits for long: what is
queued is written later, and the next events are refused.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Final

from footfall.collector.store import Store

# A commit takes milliseconds, on a busy machine a tenth of a second. Senders give up after five.
_PATIENCE_SECONDS: Final = 1.0


class Commits:
    """The waits of one event loop for what it offered to a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def wait(self) -> None:
        """Return once all that was offered up to now is written, or after a second."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._listen(loop)
        offered = self._store.offered
        if self._store.settled >= offered:
            return
        # Whoever writes between these lines is heard after them: the loop is busy with us.
        written: asyncio.Future[None] = loop.create_future()
        self._waiting.append((offered, written))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(written, _PATIENCE_SECONDS)

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        def pass_on() -> None:
            # The loop may end before the store does.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._release)

        self._loop = loop
        self._store.subscribe(pass_on)

    def _release(self) -> None:
        while self._waiting and self._waiting[0][0] <= self._store.settled:
            _, written = self._waiting.popleft()
            if not written.done():
                written.set_result(None)
