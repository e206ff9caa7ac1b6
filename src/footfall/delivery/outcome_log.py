"""The log lines about the vendor of one lane, at most one a minute of each kind."""

from __future__ import annotations

import logging

from footfall.common.log import ThrottledLog
from footfall.delivery.circuit_breaker import Change
from footfall.model import Outcome, OutcomeKind


class OutcomeLog:
    """Writes what the site owner should know of one destination.

    Call it without the lane's lock: a log handler may read the lane's counters.

    Args:
        log: Of the process.
        name: Of the destination.
    """

    def __init__(self, log: ThrottledLog, name: str) -> None:
        self._log = log
        self._name = name

    def warn(self, kind: str, text: str) -> None:
        """Write a warning."""
        self._log.warn(f"{kind}:{self._name}", f"footfall: {self._name}: {text}")

    def note_once(self, kind: str, text: str) -> None:
        """Write a line that asks for nothing, once in the life of the process."""
        self._log.once(logging.INFO, f"{kind}:{self._name}", f"footfall: {self._name}: {text}")

    def record(self, outcome: Outcome, change: Change) -> None:
        """Write what an outcome says, and what it changed about the circuit breaker."""
        if outcome.kind is not OutcomeKind.ACCEPTED and not outcome.is_expected:
            text = outcome.detail or outcome.kind
            if outcome.log_key:
                kind = f"{outcome.kind}:{outcome.log_key}:{self._name}"
                self._log.warn_once(kind, f"footfall: {self._name}: {text}")
            else:
                self.warn(outcome.kind, text)
        if change == "opened" and not outcome.pause:
            self.warn("open", "paused after these failures; in a while one event will try it again")
        elif change == "closed":
            text = f"footfall: {self._name}: answers again"
            self._log.write(logging.INFO, f"closed:{self._name}", text)
