"""The words for time of both versions of the Stats API, as ranges in a time zone.

Where Plausible leaves room: days are counted up to and with the one that is asked for, which is
today unless said, and so are months. Pure; today is an argument.
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

# Up to here a chart shows hours, and then days, unless told.
_DAYS_IN_HOURS: Final = 1
_DAYS_IN_DAYS: Final = 92


def named(name: str, day: date, zone: ZoneInfo, oldest: date) -> TimeRange:
    """The range of a word, relative to a day; `all` begins with the oldest that is known.

    Raises:
        ValueError: There is no such word.
    """
    return TimeRange.of_days(min(_first(name, day, oldest), day), day, zone)


def calendar_month(day: date, zone: ZoneInfo) -> TimeRange:
    """The whole month of a day."""
    return TimeRange.of_days(day.replace(day=1), _months_later(day, 1) - timedelta(days=1), zone)


def between(ends: Sequence[Any], zone: ZoneInfo) -> TimeRange:
    """From one ISO 8601 date or time to another, which both belong to it.

    Raises:
        ValueError: They are no dates or times, or none that can be counted.
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


def before(span: TimeRange) -> TimeRange:
    """The range of as many days that ends where this one begins."""
    last = span.first_day - timedelta(days=1)
    return TimeRange.of_days(last - timedelta(days=span.days - 1), last, span.zone)


def unit_of(span: TimeRange) -> Unit:
    """How finely a chart of the range is cut."""
    if span.days <= _DAYS_IN_HOURS:
        return "hour"
    return "day" if span.days <= _DAYS_IN_DAYS else "month"


def _first(name: str, day: date, oldest: date) -> date:
    if name in ("month", "day", "year", "all"):
        firsts = {"month": day.replace(day=1), "day": day, "year": day.replace(month=1, day=1)}
        return firsts.get(name, oldest)
    length = _LENGTH.fullmatch(name)
    if length is None or not 0 < int(length[1]) < _MAX_DAYS // (31 if length[2] == "mo" else 1):
        raise ValueError(f"there is no such period; choose from {_NAMES}, or two dates")
    number = int(length[1])
    if length[2] == "mo":
        return _months_later(day, 1 - number)
    return day - timedelta(days=number - 1)


def _months_later(day: date, months: int) -> date:
    """The first of the month so many months later."""
    number = 12 * day.year + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def _time(text: str, zone: ZoneInfo) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
