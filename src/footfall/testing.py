"""For tests of your own app: see the events, send nothing.

    from footfall.testing import capture

    def test_signup_is_tracked(client):
        with capture() as outbox:
            client.post("/signup")
        assert [event.name for event in outbox] == ["Signup"]

With pytest the fixture `footfall_outbox` does the same for a whole test.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import overload

from footfall.lifecycle import settle
from footfall.model import Event
from footfall.tracker import OUTBOXES
from footfall.transport import MemoryTransport

__all__ = ["MemoryTransport", "Outbox", "capture"]


class Outbox(Sequence[Event]):
    """The events so far, oldest first. Looking at it waits until every hit has been judged."""

    def __init__(self, events: list[Event]) -> None:
        self._events = events

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        settle()
        return self._events[index]

    def __len__(self) -> int:
        settle()
        return len(self._events)

    def clear(self) -> None:
        settle()
        self._events.clear()

    def __repr__(self) -> str:
        return f"Outbox({[(event.name, event.url) for event in self]})"


@contextmanager
def capture() -> Iterator[Outbox]:
    """Send nothing for a while; the events of every tracker of this process are in the outbox."""
    settle()
    events: list[Event] = []
    OUTBOXES.append(events)
    try:
        yield Outbox(events)
    finally:
        settle()
        # By identity: two outboxes with the same events are equal.
        OUTBOXES[:] = [each for each in OUTBOXES if each is not events]
