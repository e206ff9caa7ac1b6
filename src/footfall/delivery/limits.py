"""The bounds of a lane: how much may be queued, for how long, and what sending may cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of a lane."""

    # What the connections can send at a round trip of 180 ms within the life of an event.
    max_events: int = 10_000
    # Enough to keep all connections busy until the inbox is read again, 0.05 s later.
    busy_events: int = 512
    # The same as `max_events`, for an app under attack with the longest URLs and user agents.
    max_bytes: int = 8 * 1024 * 1024
    # A page's event has 1 to 8 KiB. A prop that holds a whole file must not push the others out.
    max_event_bytes: int = 64 * 1024
    # Vendors stamp the time of arrival, so a late event is a wrong event.
    max_age_seconds: float = 60.0
    # Of a vendor that takes an event's own time. Addresses wait in memory no longer than this.
    late_max_age_seconds: float = 3600.0
    # At a round trip of 80 ms they carry 350 events a second over HTTP/1.1, and more than a process
    # makes over HTTP/2. Servers take far more from one client; browsers open six.
    max_connections: int = 32
    # After that many the vendor is down, and the circuit breaker takes over.
    max_tries: int = 4
    # True where requests wait for their events: none may have to wait behind another's.
    is_waited_for: bool = False
    # True where a request carries many events: a refused one lets all of them wait for another try.
    may_all_retry: bool = False

    @property
    def max_retries(self) -> int:
        """How many events may wait for another try: a tenth, so that the others get their turn."""
        return self.max_events if self.may_all_retry else max(1, self.max_events // 10)


DEFAULTS: Final = Limits()
