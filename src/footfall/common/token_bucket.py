"""A token bucket: how many of something may be done, so many a second and a number at once."""

from __future__ import annotations


class TokenBucket:
    """Time fills it, what is done empties it.

    Approximate where threads meet: a few more may be done then. No I/O; the time is an argument, in
    seconds of any clock that never goes back.

    Args:
        per_second: Tokens that it gains in a second.
        burst: The most tokens that it holds, and has in the beginning.
    """

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._tokens = burst
        self._filled_at = float("-inf")

    def take(self, number: int, now: float) -> int:
        """Take so many tokens, or all that there are; returns how many were taken."""
        taken = min(number, self.available(now))
        self._tokens -= taken
        return taken

    def available(self, now: float) -> int:
        """How many tokens there are."""
        passed = max(0.0, now - self._filled_at)
        self._filled_at = now
        self._tokens = min(self._burst, self._tokens + passed * self._per_second)
        return int(self._tokens)

    def put_back(self, number: int) -> None:
        """Put tokens back that were taken for nothing."""
        self._tokens = min(self._burst, self._tokens + number)
