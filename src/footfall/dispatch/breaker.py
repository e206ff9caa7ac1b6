"""A vendor's health: when it is left alone, and when it is asked again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from footfall.model import Outcome, Verdict

# A vendor that fails so often in a row is left alone for a while, then tried with one event.
FAILURES: Final = 5
BASE_SECONDS: Final = 2.0
CAP_SECONDS: Final = 30.0
# An answer such as "payment required" meets every event alike until somebody acts.
PAUSE_BASE_SECONDS: Final = 60.0
PAUSE_CAP_SECONDS: Final = 600.0


@dataclass(slots=True)
class Breaker:
    """Leaves a failing vendor alone: closed, open until a moment, then one event as a probe.

    Args:
        jitter: Called with two bounds, returns a number between them.
    """

    jitter: Callable[[float, float], float]
    failures: int = 0
    rounds: int = 0
    open_until: float = 0.0
    is_open: bool = False
    is_probing: bool = False

    def lets_pass(self, now: float) -> bool:
        return not self.is_open or (now >= self.open_until and not self.is_probing)

    def judge(self, outcome: Outcome, now: float) -> None:
        """Learn from one answer."""
        if outcome.pause:
            self.open_for(now, min(PAUSE_CAP_SECONDS, PAUSE_BASE_SECONDS * 2**self.rounds))
        elif outcome.verdict in (Verdict.RETRY, Verdict.UNKNOWN):
            self.failures += 1
            # Several threads fail at once where a vendor dies; one opening is enough for them all.
            if self.is_probing or (not self.is_open and self.failures >= FAILURES):
                longest = min(CAP_SECONDS, BASE_SECONDS * 2**self.rounds)
                wait = self.jitter(longest / 2, longest)
                self.open_for(now, max(wait, outcome.retry_after or 0.0))
        elif self.failures or self.is_open:
            self.close()

    def open_for(self, now: float, seconds: float) -> None:
        self.is_open, self.is_probing = True, False
        self.open_until = now + seconds
        self.rounds += 1

    def close(self) -> None:
        self.failures = self.rounds = 0
        self.is_open = self.is_probing = False

    def hurry(self) -> None:
        """Let the probe go at once."""
        self.open_until = 0.0

    @property
    def is_hopeless(self) -> bool:
        """After `hurry`: the probe of a dead vendor has failed again."""
        return self.is_open and not self.is_probing and self.open_until > 0.0
