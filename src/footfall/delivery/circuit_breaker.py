"""The circuit breaker of a lane: when a failing vendor is spared, and when it is tried again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from footfall.model import Outcome, OutcomeKind

# After so many failures in a row nothing is sent for a while; then one event is tried.
FAILURES: Final = 5
# Each of these has held a connection for seconds.
TIMEOUTS: Final = 3
BASE_SECONDS: Final = 2.0
CAP_SECONDS: Final = 30.0
# A response such as "payment required" meets every event alike until the site owner acts.
PAUSE_BASE_SECONDS: Final = 60.0
PAUSE_CAP_SECONDS: Final = 600.0
# Both caps are reached by then. A power of two beyond 1,023 is larger than any float.
_MAX_DOUBLINGS: Final = 10
# One refusal does not open the breaker of a vendor that has answered well: a firewall in front of
# the vendor reads what a visitor wrote, and no visitor must be able to silence all the others.
REFUSALS: Final = 3

_FAILURES: Final = frozenset({OutcomeKind.RETRY, OutcomeKind.UNKNOWN})

State: TypeAlias = Literal["closed", "probing", "open"]
STATES: Final[tuple[State, ...]] = ("closed", "probing", "open")
"""From the best to the worst."""

Change: TypeAlias = Literal["opened", "closed"] | None


@dataclass(slots=True)
class CircuitBreaker:
    """Closed; or open until a moment, and then half open: one event goes out as a probe.

    Args:
        jitter: Called with two bounds, returns a number between them.
    """

    jitter: Callable[[float, float], float]
    failures: int = 0
    timeouts: int = 0
    times_opened: int = 0
    open_until: float = 0.0
    is_open: bool = False
    is_probing: bool = False
    has_answered: bool = False

    @property
    def state(self) -> State:
        """`open` sends nothing, `probing` waits for the outcome of one event."""
        if not self.is_open:
            return "closed"
        return "probing" if self.is_probing else "open"

    def allows(self, now: float) -> bool:
        """True if an event may be sent at `now`."""
        return not self.is_open or (now >= self.open_until and not self.is_probing)

    def record(self, outcome: Outcome, now: float) -> Change:
        """Take note of one outcome.

        Returns:
            Whether that opened or closed the breaker; None if neither.
        """
        if not outcome.pause and outcome.kind not in _FAILURES:
            self.has_answered = True
            return self.close() if self.failures or self.is_open else None
        self.failures += 1
        self.timeouts += outcome.timed_out
        # Several threads fail at once where a vendor dies; only the first one opens the breaker.
        if self.is_open and not self.is_probing:
            return None
        if self.is_probing or self._should_open(outcome):
            return self.open_for(now, self._seconds(outcome))
        return None

    def _should_open(self, outcome: Outcome) -> bool:
        return (
            (outcome.pause and (self.failures >= REFUSALS or not self.has_answered))
            or outcome.rest
            or bool(outcome.retry_after)
            or self.failures >= FAILURES
            or self.timeouts >= TIMEOUTS
        )

    def _seconds(self, outcome: Outcome) -> float:
        factor: int = 2 ** min(self.times_opened, _MAX_DOUBLINGS)
        if outcome.pause:
            return min(PAUSE_CAP_SECONDS, PAUSE_BASE_SECONDS * factor)
        longest = min(CAP_SECONDS, BASE_SECONDS * factor)
        return max(self.jitter(longest / 2, longest), outcome.retry_after or 0.0)

    def open_for(self, now: float, seconds: float) -> Change:
        """Open the breaker until `now + seconds`."""
        change: Change = None if self.is_open else "opened"
        self.is_open, self.is_probing = True, False
        self.open_until = now + seconds
        self.times_opened += 1
        return change

    def close(self) -> Change:
        """Close the breaker and forget all failures."""
        change: Change = "closed" if self.is_open else None
        self.failures = self.timeouts = self.times_opened = 0
        self.is_open = self.is_probing = False
        return change

    def expedite(self) -> None:
        """Allow the probe at once."""
        self.open_until = 0.0

    @property
    def has_failed_again(self) -> bool:
        """After `expedite`: True once the probe has failed, so that waiting is pointless."""
        return self.is_open and not self.is_probing and self.open_until > 0.0
