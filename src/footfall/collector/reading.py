"""Where the pages read the file: in a thread, so that no event loop waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool

__all__ = ["read_in_thread"]

P = ParamSpec("P")
T = TypeVar("T")


async def read_in_thread(read: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `read` returns, called in a thread; in this one where no event loop runs in it.

    As part of an app, the pages are made in the thread of a request, and never wait.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return read(*args, **kwargs)
    return await run_in_threadpool(read, *args, **kwargs)
