"""What was thought about one hit, for a destination that shows it: the collector's inspector.

Never for a vendor: a report tells of hits that do not count, too, and of everybody on the way to
the visitor's address.
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
    """Everything that was thought about one hit, or about one event that the app told.

    `event` is what is sent to a vendor. Where nothing is, `is_tracked` is False and it is what
    would have been sent, scrubbed by the same rules. The repr hides what the parts hide.
    """

    event: Event
    is_tracked: bool
    # The decision's, unless something before or after the decision kept the event back.
    reason: str
    # None where the app told the event outside a request.
    hit: Hit | None = None
    # None where `should_track` or the event itself left nothing to decide.
    decision: Decision | None = None
    # None where the app itself named the visitor.
    trace: Trace | None = None
    # Seconds since the epoch; when the response started is the event's own time.
    decided_at: float = 0.0

    def __repr__(self) -> str:
        fate = "tracked" if self.is_tracked else "not tracked"
        return f"Report({self.event.name!r}, {self.event.url!r}, {fate}: {self.reason})"
