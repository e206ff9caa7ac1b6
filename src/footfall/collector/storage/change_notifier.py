"""Wakes the tasks of one event loop when something was written."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from footfall.collector.storage.store import Store

__all__ = ["ChangeNotifier"]


class ChangeNotifier:
    """Wakes all tasks that wait for a change. Used in one event loop only."""

    def __init__(self) -> None:
        self.is_closed = False
        self._change = asyncio.Event()
        self._has_waiters = False

    @contextlib.contextmanager
    def listening(self, store: Store) -> Iterator[None]:
        """Notify whenever the store's writer thread has written, until the block ends."""
        loop = asyncio.get_running_loop()

        def on_write() -> None:
            # Under load there are hundreds of commits a second, and mostly no open page.
            if self._has_waiters:
                # The loop may end before the store does.
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(self.notify)

        unsubscribe = store.subscribe(on_write)
        try:
            yield
        finally:
            unsubscribe()

    def notify(self) -> None:
        """Wake all who wait."""
        self._has_waiters = False
        self._change.set()
        self._change = asyncio.Event()

    def close(self) -> None:
        """Let every stream end, and every wait return."""
        self.is_closed = True
        self.notify()

    def next_change(self) -> asyncio.Event:
        """What to wait for. Taken before the store is read, so that no change is missed."""
        self._has_waiters = True
        return self._change

    async def wait(self, change: asyncio.Event, timeout_seconds: float) -> None:
        """Return at that change, when the notifier is closed, or when the time is up."""
        if not self.is_closed:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(change.wait(), timeout_seconds)
