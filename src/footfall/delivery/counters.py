"""What became of every event that was offered to a lane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ENDS: Final = (
    "accepted",
    "dropped_by_vendor",
    "rejected",
    "dropped_full",
    "expired",
    "failed",
    "unknown",
    "lost_at_exit",
    "stored",
    "queued",
)
"""Each event is in exactly one of these; the other counters say more about the same events."""


@dataclass(slots=True, kw_only=True)
class Counters:
    """How many events of one lane ended in which way. All but `queued` only ever grow."""

    submitted: int = 0
    # Read from the outbox, where this process or another had stored it.
    taken: int = 0
    accepted: int = 0
    dropped_by_vendor: int = 0
    rejected: int = 0
    dropped_full: int = 0
    expired: int = 0
    failed: int = 0
    unknown: int = 0
    lost_at_exit: int = 0
    # Written to the outbox, or left in it; the process that reads it again counts it as `taken`.
    stored: int = 0
    queued: int = 0
    # Tries after the first one.
    retried: int = 0

    @property
    def in_balance(self) -> bool:
        """True while every event submitted or taken is in exactly one of the others."""
        ends: int = sum(getattr(self, name) for name in ENDS)
        return self.submitted + self.taken == ends

    def add(self, counter: str, number: int = 1) -> None:
        """Add `number` to the counter of that name."""
        setattr(self, counter, getattr(self, counter) + number)
