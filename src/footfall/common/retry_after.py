"""The wait that a server asks for in `Retry-After`, for a client without a clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SECONDS = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
# RFC 9110 section 5.6.7: the only form of a date that senders may generate.
_HTTP_DATE = re.compile(
    r"[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII
)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The value of `Retry-After`, at least 0; None where it is absent or invalid.

    A date is compared with the response's own `Date` header, so this needs no clock. A number that
    is too large for a float is infinite.

    Args:
        headers: The headers of a response by lower-case name.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return max(float(value), 0.0)
    now, then = _http_date(headers.get("date", "")), _http_date(value)
    return max((then - now).total_seconds(), 0.0) if now and then else None


def _http_date(value: str) -> datetime | None:
    match = _HTTP_DATE.fullmatch(value.strip())
    if match is None or match[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = map(int, match.group(1, 3, 4, 5, 6))
    try:
        return datetime(year, _MONTHS.index(match[2]) + 1, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
