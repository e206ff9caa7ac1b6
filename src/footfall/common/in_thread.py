"""Work that an event loop waits for while it goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

__all__ = ["in_thread"]


async def in_thread(work: Callable[[], object]) -> None:
    """Run `work` in a new thread; on another loop than asyncio's, such as trio's, in this one.

    Not in an executor: views that hang may occupy all of its threads, and the end of the process
    would wait for them, however often its owner presses Ctrl-C.
    """
    import asyncio

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        work()
        return
    is_done = asyncio.Event()

    def run() -> None:
        try:
            work()
        finally:
            with suppress(RuntimeError):  # the loop is closed, so nothing waits
                loop.call_soon_threadsafe(is_done.set)

    try:
        threading.Thread(target=run, name="footfall deliver", daemon=True).start()
    except RuntimeError:  # the system has no thread left
        work()
        return
    await is_done.wait()
