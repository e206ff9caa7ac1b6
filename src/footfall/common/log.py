"""Log lines for the site owner: at most one a minute for each kind of trouble.

An outage at 500 requests a second must not become 500 lines a second. The next line of a kind says
how many were suppressed. Log lines never hold a visitor's address.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from footfall.common.printable import escaped

# It has no handler: where an app configures no logging, Python's last resort prints the warnings.
logger: Final = logging.getLogger("footfall")

# Long enough that an outage of an hour fits on one screen.
INTERVAL_SECONDS: Final = 60.0
# Kinds are few and fixed; the bound is for a caller that puts a value into the kind.
MAX_KINDS: Final = 256


class ThrottledLog:
    """Writes to the logger `footfall`, once a minute for each kind. Never raises."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, tuple[float, int]] = {}

    def write(self, level: int, kind: str, message: str) -> bool:
        """Write `message`, or count it as suppressed. True if it was written."""
        now = self._clock()
        last, suppressed = self._seen.get(kind, (float("-inf"), 0))
        if now - last < INTERVAL_SECONDS:
            self._seen[kind] = (last, suppressed + 1)
            return False
        if len(self._seen) >= MAX_KINDS:
            self._seen.clear()
        self._seen[kind] = (now, 0)
        _write(level, message + (f" ({suppressed} more like this)" if suppressed else ""))
        return True

    def warn(self, kind: str, message: str) -> bool:
        return self.write(logging.WARNING, kind, message)

    def warn_once(self, kind: str, message: str) -> bool:
        """Write `message` the first time that this kind is used, and never again."""
        return self.once(logging.WARNING, kind, message)

    def once(self, level: int, kind: str, message: str) -> bool:
        """The same for any level."""
        if kind in self._seen:
            return False
        self._seen[kind] = (float("inf"), 0)
        _write(level, message)
        return True


class SilentLog(ThrottledLog):
    """Writes nothing, for what only looks how something would be handled."""

    def write(self, level: int, kind: str, message: str) -> bool:
        return False

    def once(self, level: int, kind: str, message: str) -> bool:
        return False


def error_location(error: BaseException) -> str:
    """An error's class, file and line, without its text, which may hold a visitor's address."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    if frame is None:
        return type(error).__name__
    return f"{type(error).__name__} in {frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}"


def error(message: str) -> None:
    """Write one line about settings that cannot work, from code that must not raise."""
    _write(logging.ERROR, message)


def warning(message: str) -> None:
    """Write one line about a set-up that defeats itself."""
    _write(logging.WARNING, message)


def warn_no_tracker() -> None:
    """Warn once that an event was tracked in a process without a tracker."""
    _process_log.warn_once(
        "no_tracker",
        "footfall: the event went nowhere, since no app was set up in this process. In a task "
        "worker make a tracker first, and keep it: tracker = footfall.Tracker.from_options({}) "
        "reads FOOTFALL_* variables",
    )


def info(message: str) -> None:
    """Write one line about how the tracker was set up."""
    _write(logging.INFO, message)


def _write(level: int, message: str) -> None:
    try:
        # One line, whatever a vendor or a visitor wrote.
        logger.log(level, escaped(" ".join(message.splitlines())))
    except Exception:  # noqa: BLE001 -- a broken handler of the app must not end a delivery thread
        return


_process_log: Final = ThrottledLog()
