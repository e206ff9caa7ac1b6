"""The live list: a stream of server-sent events, and the pulse that moves it.

A stream looks for new events when the writing thread says so, and once a second in any case, for
other processes write to the same file. It ends when the pulse does, so that the server can stop
while pages are open.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from starlette.concurrency import run_in_threadpool

from footfall.collector.entries import Search
from footfall.collector.store import Store

LOOK_SECONDS: Final = 1.0
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


class Pulse:
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


async def stream(pulse: Pulse, look: Look[P], after: P) -> AsyncIterator[str]:
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
        await pulse.wait(beat, LOOK_SECONDS)


def events_after(store: Store, domain: str | None) -> Look[int]:
    """How to look for the events that follow one, as `GET /api/v1/events` shows them."""

    def look(after: int) -> Found[int] | None:
        search = Search(domain=domain, after=after, limit=MAX_AT_ONCE)
        entries = store.search(search).entries
        messages = [Message(entry.id, entry.as_json()) for entry in entries]
        return (entries[-1].id, messages) if entries else None

    return look


def _as_text(message: Message) -> str:
    return f"id: {message.id}\ndata: {json.dumps(message.content)}\n\n"
