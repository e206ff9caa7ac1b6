"""The periods of both versions of the Stats API, as time ranges in a time zone.

Where they end is as in the tests of Plausible's server (read 2026-11). Pure; today is an argument.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from footfall.collector.storage.stats.time_ranges import TimeRange, Unit

# More than ten years of days.
_MAX_DAYS: Final = 4_000
_LENGTH: Final = re.compile(r"(\d{1,4})(d|mo)", re.ASCII)
_NAMES: Final = "day, 7d, 28d, 30d, 91d, month, 6mo, 12mo, year, all"

# Up to this length a chart shows hours, and then days, by default.
_DAYS_IN_HOURS: Final = 1
_DAYS_IN_DAYS: Final = 92


def named(name: str, day: date, zone: ZoneInfo, oldest: date) -> TimeRange:
    """The range of a period's name on a day; `all` is from `oldest` to that day.

    A number of days ends with the day before, and months and years end with their last day.

    Raises:
        ValueError: There is no such period.
    """
    if name in ("day", "all"):
        return TimeRange.of_days(min(oldest, day) if name == "all" else day, day, zone)
    if name == "year":
        return TimeRange.of_days(day.replace(month=1, day=1), day.replace(month=12, day=31), zone)
    length = _LENGTH.fullmatch("1mo" if name == "month" else name)
    if length is None or not 0 < int(length[1]) < _MAX_DAYS // (31 if length[2] == "mo" else 1):
        raise ValueError(f"there is no such period; choose from {_NAMES}, or two dates")
    number = int(length[1])
    if length[2] == "mo":
        last = _months_later(day, 1) - timedelta(days=1)
        return TimeRange.of_days(_months_later(day, 1 - number), last, zone)
    return TimeRange.of_days(day - timedelta(days=number), day - timedelta(days=1), zone)


def between(ends: Sequence[Any], zone: ZoneInfo) -> TimeRange:
    """The range between two ISO 8601 dates or times, both included.

    Raises:
        ValueError: They are no dates or times, or the range is empty, too long, or before 1970.
    """
    if len(ends) != 2 or not all(isinstance(end, str) for end in ends):
        raise ValueError("a range is two dates or two times, ISO 8601")
    if all("T" in end for end in ends):
        first, last = (_time(end, zone) for end in ends)
        span = TimeRange.of_instants(first, last + timedelta(seconds=1), zone)
    else:
        first_day, last_day = (date.fromisoformat(end) for end in ends)
        span = TimeRange.of_days(first_day, last_day, zone)
    if not span.until - span.since > 0 or span.days > _MAX_DAYS or span.since < 0:
        raise ValueError(f"a range lies after 1970, and has 1 to {_MAX_DAYS} days")
    return span


def previous(span: TimeRange) -> TimeRange:
    """The range of as many days that ends where this one begins."""
    last = span.first_day - timedelta(days=1)
    return TimeRange.of_days(last - timedelta(days=span.days - 1), last, span.zone)


def unit_of(span: TimeRange) -> Unit:
    """The default unit of time of a chart of the range."""
    if span.days <= _DAYS_IN_HOURS:
        return "hour"
    return "day" if span.days <= _DAYS_IN_DAYS else "month"


def _months_later(day: date, months: int) -> date:
    """The first day of the month that is `months` later."""
    number = 12 * day.year + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def _time(text: str, zone: ZoneInfo) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
