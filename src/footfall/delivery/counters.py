"""The account of a lane: what became of every event that was offered to it."""

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
"""Each event is in exactly one of these; the other counters tell more about the same events."""


@dataclass(slots=True, kw_only=True)
class Counters:
    """What became of the events of one lane. All but `queued` only ever grow."""

    submitted: int = 0
    # Out of the outbox, where this process or another had stored it.
    taken: int = 0
    accepted: int = 0
    dropped_by_vendor: int = 0
    rejected: int = 0
    dropped_full: int = 0
    expired: int = 0
    failed: int = 0
    unknown: int = 0
    lost_at_exit: int = 0
    # Handed to the outbox, or left in it; whoever takes it out again counts it as `taken`.
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
        """Let `counter` grow."""
        setattr(self, counter, getattr(self, counter) + number)
