"""Wakes the open pages of one event loop when something was written."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from footfall.collector.storage.store import Store

__all__ = ["ChangeNotifier"]


class ChangeNotifier:
    """Wakes all who wait when something was written. Of one event loop, except where told."""

    def __init__(self) -> None:
        self.is_closed = False
        self._beat = asyncio.Event()
        self._is_awaited = False

    @contextlib.contextmanager
    def listening(self, store: Store) -> Iterator[None]:
        """Beat whenever the store's thread has written."""
        loop = asyncio.get_running_loop()

        def pass_on() -> None:
            # Under load there are hundreds of commits a second, and mostly nobody who looks.
            if self._is_awaited:
                # The loop may end before the store does.
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(self.beat)

        unsubscribe = store.subscribe(pass_on)
        try:
            yield
        finally:
            unsubscribe()

    def beat(self) -> None:
        self._is_awaited = False
        self._beat.set()
        self._beat = asyncio.Event()

    def close(self) -> None:
        """Let every stream end, and every wait return."""
        self.is_closed = True
        self.beat()

    def next_beat(self) -> asyncio.Event:
        """What to wait for. Taken before one looks, so that no beat falls in between."""
        self._is_awaited = True
        return self._beat

    async def wait(self, beat: asyncio.Event, timeout_seconds: float) -> None:
        """Return at that beat, at the end, or when the time is up."""
        if not self.is_closed:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(beat.wait(), timeout_seconds)
