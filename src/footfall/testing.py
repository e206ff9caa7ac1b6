"""For tests of your own app: see the events, send nothing.

    from footfall.testing import capture

    def test_signup_is_tracked(client):
        with capture() as outbox:
            client.post("/signup")
        assert [event.name for event in outbox] == ["Signup"]

With pytest the fixture `footfall_outbox` does the same for a whole test. A framework's test client
sends less than a browser; what it leaves out is filled in, see `footfall.tracker.test_mode`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, overload

from footfall.client_ip.misconfiguration import NO_CLIENT_IP_REMEDY
from footfall.delivery.transport import MemoryTransport
from footfall.model import Event
from footfall.tracker.process_hooks import process_all, trackers
from footfall.tracker.test_mode import SINKS

__all__ = ["MemoryTransport", "Outbox", "capture"]

_NONE = (
    "none; no app with footfall got a request, or it is off (`enabled`), or it has no destination, "
    "and any will do, since nothing is sent"
)
# Of the reasons that drop every request of a test, and not only those that it is about.
_REMEDIES: Final = {
    "localhost": (
        "For a server on this machine, as pytest-django's `live_server`, set "
        "`track_localhost=True`, or FOOTFALL_TRACK_LOCALHOST=1 where the app leaves the option out."
    ),
    "no_client_ip": NO_CLIENT_IP_REMEDY,
}


class Outbox(Sequence[Event]):
    """The events so far, oldest first. Reading it waits until every hit has been decided.

    Its repr, which a failing assertion shows, has also the reasons why requests did not count, and
    of an empty one what to set where they hide every page.
    """

    def __init__(self, events: list[Event]) -> None:
        self._events = events
        self._before = _reasons()

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        process_all()
        return self._events[index]

    def __len__(self) -> int:
        process_all()
        return len(self._events)

    def clear(self) -> None:
        """Forget the events and the reasons so far."""
        process_all()
        self._events.clear()
        self._before = _reasons()

    def __repr__(self) -> str:
        events = [(event.name, event.url) for event in self]
        reasons = _reasons() - self._before
        if events and reasons.total() <= len(events):
            return f"Outbox({events})"
        seen = ", ".join(f"{number} {reason}" for reason, number in sorted(reasons.items()))
        remedies = [_REMEDIES[reason] for reason in sorted(reasons) if reason in _REMEDIES]
        text = ". ".join([seen or _NONE, *remedies]) if not events else seen
        return f"Outbox({events}, reasons: {text.rstrip('.')})"


def _reasons() -> Counter[str]:
    """How often each reason was given so far in this process."""
    found: Counter[str] = Counter()
    for tracker in trackers():
        found.update(tracker.stats()["reasons"])
    return found


@contextmanager
def capture() -> Iterator[Outbox]:
    """Send nothing inside the `with` block.

    Yields:
        The outbox, with the events of every tracker of this process; it keeps them afterwards.
    """
    process_all()
    events: list[Event] = []
    SINKS.append(events)
    try:
        yield Outbox(events)
    finally:
        process_all()
        # By identity: two outboxes with the same events are equal.
        SINKS[:] = [each for each in SINKS if each is not events]
