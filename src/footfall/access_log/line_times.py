"""The times of access logs, as seconds since the epoch."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

# No server writes them in another language.
_NAMES: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS: Final = {name: number for number, name in enumerate(_NAMES, 1)}

# The year 3000. What is later is in milliseconds, or no time at all.
_END: Final = 32_503_680_000
# The farthest from UTC that clocks have been set.
_MAX_OFFSET_SECONDS: Final = 16 * 3_600


def checked_time(seconds: float) -> float:
    """A time that a server may have logged.

    Raises:
        ValueError: it is none; infinity and what is not a number are none.
    """
    if not 0 <= seconds < _END:
        raise ValueError(f"{seconds} is no time of a log")
    return float(seconds)


# A busy server writes many lines in one second.
@lru_cache(maxsize=256)
def common_time(text: str) -> float:
    """`29/Nov/2026:13:05:07 +0100`, as nginx's `$time_local` and Apache's `%t` write it.

    Raises:
        ValueError: it is no such time.
    """
    hour, minute, second = int(text[12:14]), int(text[15:17]), int(text[18:20])
    if len(text) != 26 or hour > 23 or minute > 59 or second > 60:
        raise ValueError(f"{text!r} is no time such as 29/Nov/2026:13:05:07 +0100")
    return checked_time(_midnight(text[:11], text[20:]) + hour * 3_600 + minute * 60 + second)


@lru_cache(maxsize=64)
def _midnight(day: str, offset: str) -> float:
    """When a day begins, such as `29/Nov/2026`, by an offset, such as ` +0100`."""
    sign = {"+": 1, "-": -1}.get(offset[1], 0)
    seconds = sign * (int(offset[2:4]) * 3_600 + int(offset[4:6]) * 60)
    if not sign or abs(seconds) > _MAX_OFFSET_SECONDS:
        raise ValueError(f"{offset!r} is no offset")
    moment = datetime(int(day[7:]), _MONTHS.get(day[3:6], 0), int(day[:2]), tzinfo=UTC)
    return moment.timestamp() - seconds


@lru_cache(maxsize=256)
def iso_time(text: str) -> float:
    """ISO 8601, as nginx's `$time_iso8601` and Caddy write it; UTC where no zone is given.

    Raises:
        ValueError: it is no such time.
    """
    moment = datetime.fromisoformat(text)
    return checked_time((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
