"""Counts the requests of one API key within an hour, and waits or raises at the limit.

The server counts as well, including other programs that use the same key. Counting here, too,
keeps a loop from sending requests that the server would refuse.
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
"""What happens to a request above the limit."""

REQUESTS_PER_HOUR: Final = 600
"""Plausible's limit for a key, unless it raised it on request (docs: Stats API, read 2026-11)."""

HOUR_SECONDS: Final = 3_600.0


class RateLimit:
    """At most so many requests within any hour. Threads can share it.

    Args:
        requests: The number of requests within an hour, at least 1.
        when_limited: `"raise"` a `RateLimitError`, or `"wait"` until a request is allowed.
        clock: Returns seconds, never fewer than before.
        sleep: Called with the seconds to wait.

    Raises:
        ConfigError: With a fault for each argument that cannot work.
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
        # The times of the newest requests. Once it is full, the oldest has to become an hour old.
        self._times: deque[float] = deque(maxlen=requests)
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"RateLimit(<{len(self._times)} of {self._times.maxlen}>, {self._when_limited!r})"

    def take(self) -> None:
        """Count one request, after waiting until it is allowed.

        Raises:
            RateLimitError: The limit is reached, and `when_limited` is `"raise"`.
        """
        while (seconds := self._try_to_take()) > 0:
            self.pause(
                RateLimitError(
                    f"{self._times.maxlen} requests were made within an hour; the next is allowed "
                    f"in {seconds:.0f} s. Ask less often, or wait with when_limited='wait'",
                    retry_after=seconds,
                )
            )

    def pause(self, limited: RateLimitError) -> None:
        """Wait as long as the error says.

        Raises:
            RateLimitError: The same error, if `when_limited` is `"raise"`, it names no time, or it
                names more than the hour after which the count begins anew.
        """
        seconds = limited.retry_after
        if self._when_limited == "raise" or seconds is None or seconds > HOUR_SECONDS:
            raise limited
        self._sleep(seconds)

    def _try_to_take(self) -> float:
        """Count one request and return 0, or return the seconds until one is allowed."""
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
