"""The live list: a stream of server-sent events, and the pulse that moves it.

A stream looks for new events when the writing thread says so, and once a second in any case, for
other processes write to the same file. It ends when the pulse does, so that the server can stop
while pages are open.
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
"""Other processes are heard with this delay."""

# Under load there is a commit every few milliseconds; eyes do not read that fast.
_CALM_SECONDS = 0.2
# Longer silence makes proxies hang up; a minute is the usual limit.
_PING_SECONDS = 15.0
MAX_AT_ONCE: Final = 100
"""Who falls further behind sees the newest."""

_RETRY: Final = "retry: 1000\n\n"
_PING: Final = ": ping\n\n"


P = TypeVar("P")


class Message(NamedTuple):
    """One server-sent event: where to go on after it, and what is told, as JSON."""

    id: object
    content: Any


Found: TypeAlias = tuple[P, Sequence[Message]]
Look: TypeAlias = Callable[[P], Found[P] | None]


async def stream(pulse: ChangeNotifier, look: Look[P], after: P) -> AsyncIterator[str]:
    """Server-sent events for what `look` finds behind a position, from `after` on.

    `look` reads the store, so it is called in a thread.
    """
    spoke_at = time.monotonic()
    yield _RETRY
    while not pulse.is_closed:
        beat = pulse.next_beat()
        if found := await run_in_threadpool(look, after):
            after, messages = found
            spoke_at = time.monotonic()
            yield "".join(map(_as_text, messages))
            await asyncio.sleep(_CALM_SECONDS)
        elif time.monotonic() - spoke_at >= _PING_SECONDS:
            spoke_at = time.monotonic()
            yield _PING
        await pulse.wait(beat, POLL_SECONDS)


def events_after(store: Store, domain: str | None) -> Look[int]:
    """How to look for the events that follow one, as `GET /api/v1/events` shows them."""

    def look(after: int) -> Found[int] | None:
        search = EventSearch(domain=domain, after=after, limit=MAX_AT_ONCE)
        entries = store.search(search).entries
        messages = [Message(entry.id, entry.as_json()) for entry in entries]
        return (entries[-1].id, messages) if entries else None

    return look


def _as_text(message: Message) -> str:
    return f"id: {message.id}\ndata: {json.dumps(message.content)}\n\n"
