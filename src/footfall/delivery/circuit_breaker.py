"""A vendor's health: when it is left alone, and when it is asked again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from footfall.model import Outcome, OutcomeKind

# A vendor that fails so often in a row is left alone for a while, then tried with one event.
FAILURES: Final = 5
# Each of these has held a connection for seconds.
TIMEOUTS: Final = 3
BASE_SECONDS: Final = 2.0
CAP_SECONDS: Final = 30.0
# An answer such as "payment required" meets every event alike until somebody acts.
PAUSE_BASE_SECONDS: Final = 60.0
PAUSE_CAP_SECONDS: Final = 600.0
# A vendor that has answered well is not left alone for one such answer: a firewall in front of it
# reads what a visitor wrote, and nobody must be able to silence the numbers of all others that way.
REFUSALS: Final = 3

_FAILURES: Final = frozenset({OutcomeKind.RETRY, OutcomeKind.UNKNOWN})

Change: TypeAlias = Literal["opened", "closed"] | None


@dataclass(slots=True)
class CircuitBreaker:
    """Leaves a failing vendor alone: closed, open until a moment, then one event as a probe.

    Args:
        jitter: Called with two bounds, returns a number between them.
    """

    jitter: Callable[[float, float], float]
    failures: int = 0
    timeouts: int = 0
    rounds: int = 0
    open_until: float = 0.0
    is_open: bool = False
    is_probing: bool = False
    has_answered: bool = False

    @property
    def state(self) -> Literal["closed", "open", "probing"]:
        if not self.is_open:
            return "closed"
        return "probing" if self.is_probing else "open"

    def lets_pass(self, now: float) -> bool:
        return not self.is_open or (now >= self.open_until and not self.is_probing)

    def judge(self, outcome: Outcome, now: float) -> Change:
        """Learn from one answer. Says what became of the breaker, where something did."""
        if not outcome.pause and outcome.kind not in _FAILURES:
            self.has_answered = True
            return self.close() if self.failures or self.is_open else None
        self.failures += 1
        self.timeouts += outcome.timed_out
        # Several threads fail at once where a vendor dies; one opening is enough for them all.
        if self.is_open and not self.is_probing:
            return None
        if self.is_probing or self._is_enough(outcome):
            return self.open_for(now, self._seconds(outcome))
        return None

    def _is_enough(self, outcome: Outcome) -> bool:
        return (
            (outcome.pause and (self.failures >= REFUSALS or not self.has_answered))
            or outcome.rest
            or bool(outcome.retry_after)
            or self.failures >= FAILURES
            or self.timeouts >= TIMEOUTS
        )

    def _seconds(self, outcome: Outcome) -> float:
        if outcome.pause:
            pause: float = min(PAUSE_CAP_SECONDS, PAUSE_BASE_SECONDS * 2**self.rounds)
            return pause
        longest: float = min(CAP_SECONDS, BASE_SECONDS * 2**self.rounds)
        return max(self.jitter(longest / 2, longest), outcome.retry_after or 0.0)

    def open_for(self, now: float, seconds: float) -> Change:
        change: Change = None if self.is_open else "opened"
        self.is_open, self.is_probing = True, False
        self.open_until = now + seconds
        self.rounds += 1
        return change

    def close(self) -> Change:
        change: Change = "closed" if self.is_open else None
        self.failures = self.timeouts = self.rounds = 0
        self.is_open = self.is_probing = False
        return change

    def hurry(self) -> None:
        """Let the probe go at once."""
        self.open_until = 0.0

    @property
    def is_hopeless(self) -> bool:
        """After `hurry`: the probe of a dead vendor has failed again."""
        return self.is_open and not self.is_probing and self.open_until > 0.0
