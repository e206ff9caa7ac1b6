"""What was decided about one hit and why, for the collector's inspector.

A report is never sent to a vendor: it also covers hits that do not count, and holds every address
on the way to the visitor's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from footfall.client_ip import Trace
    from footfall.model import Decision, Event, Hit

__all__ = ["HitReport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HitReport:
    """All that was decided about one hit, or about one custom event.

    `event` is the one that is sent to vendors. Where none is, `is_tracked` is False and it is the
    one that would have been sent, scrubbed by the same rules. The repr hides addresses.
    """

    event: Event
    is_tracked: bool
    # The decision's, unless a step before or after the decision dropped the event.
    reason: str
    # None where the app tracked the event outside a request.
    hit: Hit | None = None
    # None where `should_track` or the event itself made a decision needless.
    decision: Decision | None = None
    # None where the app passed the visitor.
    trace: Trace | None = None
    # Seconds since the epoch; when the response started is the event's own time.
    decided_at: float = 0.0

    def __repr__(self) -> str:
        status = "tracked" if self.is_tracked else "not tracked"
        return f"HitReport({self.event.name!r}, {self.event.url!r}, {status}: {self.reason})"
