"""How many requests a key may still make in this hour, by our own count.

The server counts as well, and knows of other programs that use the same key; counting here keeps
a loop from finding out by being refused. What is over is waited for or raised, as the owner likes.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from footfall.errors import ConfigError, Fault
from footfall.plausible_api.errors import RateLimitError

WhenLimited: TypeAlias = Literal["raise", "wait"]
"""What becomes of a request that is one too many."""

REQUESTS_PER_HOUR: Final = 600
"""What Plausible allows a key unless it was asked for more (docs: Stats API, read 2026-11)."""

HOUR_SECONDS: Final = 3_600.0


class RateLimit:
    """At most so many requests within any hour. Safe to share between threads.

    Args:
        requests: How many an hour.
        when_limited: `"raise"` a `RateLimitError`, or `"wait"` until there is room.
        clock: Seconds that only rise.
        sleep: Called with the seconds to wait.

    Raises:
        ConfigError: A limit or a choice that cannot work.
    """

    def __init__(
        self,
        *,
        requests: int = REQUESTS_PER_HOUR,
        when_limited: WhenLimited = "raise",
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        _check(requests, when_limited)
        self._when_limited = when_limited
        self._clock = clock
        self._sleep = sleep
        # The times of the newest requests; full when the oldest is the one that has to age.
        self._times: deque[float] = deque(maxlen=requests)
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"RateLimit(<{len(self._times)} of {self._times.maxlen}>, {self._when_limited!r})"

    def take(self) -> None:
        """Count one request, once there is room for it.

        Raises:
            RateLimitError: There is none, and nobody wants to wait.
        """
        while (seconds := self._try_to_take()) > 0:
            self.pause(
                RateLimitError(
                    f"{self._times.maxlen} requests were made within an hour; there is room again "
                    f"in {seconds:.0f} s. Ask less often, or wait with when_limited='wait'",
                    retry_after=seconds,
                )
            )

    def pause(self, limited: RateLimitError) -> None:
        """Wait as long as the error says.

        Raises:
            RateLimitError: The same, where nobody wants to wait, or knows how long.
        """
        if self._when_limited == "raise" or limited.retry_after is None:
            raise limited
        self._sleep(limited.retry_after)

    def _try_to_take(self) -> float:
        """Take a place and give 0, or give the seconds until there is one."""
        with self._lock:
            now = self._clock()
            if len(self._times) == self._times.maxlen:
                seconds = self._times[0] + HOUR_SECONDS - now
                if seconds > 0:
                    return seconds
            self._times.append(now)
            return 0.0


def _check(requests: int, when_limited: str) -> None:
    faults = []
    if requests < 1:
        faults.append(Fault("requests_per_hour", requests, "allow at least 1"))
    if when_limited not in ("raise", "wait"):
        faults.append(Fault("when_limited", when_limited, "write 'raise' or 'wait'"))
    if faults:
        raise ConfigError(faults)
