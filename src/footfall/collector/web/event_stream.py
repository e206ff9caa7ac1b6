"""Streams of server-sent events: whatever is new in the store.

A stream queries the store when the change notifier wakes it, and once a second in any case, because
other processes may write to the same file. It ends when the notifier is closed, so that the server
can stop while pages are open.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from starlette.concurrency import run_in_threadpool

from footfall.collector.storage.change_notifier import ChangeNotifier
from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import EventSearch

POLL_SECONDS: Final = 1.0
"""The longest delay with which an event of another process is seen."""

# Under load there is a commit every few milliseconds; nobody reads that fast.
_MIN_INTERVAL_SECONDS = 0.2
# Proxies close a connection that is silent for longer; a minute is their usual limit.
_PING_SECONDS = 15.0
MAX_AT_ONCE: Final = 100
"""A reader that falls further behind gets the newest ones."""

_RETRY: Final = "retry: 1000\n\n"
# For a stream that ends: little work for the app, and soon enough for a reader.
_RETRY_LATER: Final = "retry: 2000\n\n"
_PING: Final = ": ping\n\n"

P = TypeVar("P")


class Message(NamedTuple):
    """One server-sent event: its id, after which a reader resumes, and its data, sent as JSON."""

    id: object
    content: Any


Batch: TypeAlias = tuple[P, Sequence[Message]]
"""A reader's new position, and the messages before it."""

ReadNew: TypeAlias = Callable[[P], Batch[P] | None]
"""Reads what follows a position; None where nothing does."""


async def stream(notifier: ChangeNotifier, read_new: ReadNew[P], after: P) -> AsyncIterator[str]:
    """The text of server-sent events for everything that follows the position `after`.

    `read_new` reads the store, so it is called in a thread.
    """
    sent_at = time.monotonic()
    yield _RETRY
    while not notifier.is_closed:
        change = notifier.next_change()
        if batch := await run_in_threadpool(read_new, after):
            after, messages = batch
            sent_at = time.monotonic()
            yield "".join(map(_as_text, messages))
            await asyncio.sleep(_MIN_INTERVAL_SECONDS)
        elif time.monotonic() - sent_at >= _PING_SECONDS:
            sent_at = time.monotonic()
            yield _PING
        await notifier.wait(change, POLL_SECONDS)


def finite_stream(read_new: ReadNew[P], after: P) -> str:
    """What follows the position `after`, as a stream that ends; a browser asks again by itself.

    In the process of an app, an endless one would occupy a worker, and a server that stops would
    wait for it.
    """
    position, messages = read_new(after) or (after, ())
    # Alone, an id moves the browser's position and shows nothing.
    return "".join([_RETRY_LATER, *map(_as_text, messages), f"id: {position}\n\n"])


def new_events(store: Store, domain: str | None) -> ReadNew[int]:
    """A function that reads the events after an id, as `GET /api/v1/events` shows them."""

    def read_new(after: int) -> Batch[int] | None:
        search = EventSearch(domain=domain, after=after, limit=MAX_AT_ONCE)
        entries = store.search(search).events
        messages = [Message(entry.id, entry.as_json()) for entry in entries]
        return (entries[-1].id, messages) if entries else None

    return read_new


def _as_text(message: Message) -> str:
    return f"id: {message.id}\ndata: {json.dumps(message.content)}\n\n"
