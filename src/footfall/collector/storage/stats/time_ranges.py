"""Days, weeks and months of a time zone, and where they begin.

Instants are whole milliseconds since the epoch, as in the file. Local time is the same number with
the zone's offset added, so that the day is a division, in Python and in SQL. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, NamedTuple, Self, TypeAlias
from zoneinfo import ZoneInfo

Unit: TypeAlias = Literal["minute", "hour", "day", "week", "month"]

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

# The day of the epoch as `date.toordinal` counts it; it was a Thursday.
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()
_MONDAYS_BEFORE_EPOCH: Final = 3


class TimeRange(NamedTuple):
    """From `since` to before `until`, in a time zone."""

    since: int
    until: int
    zone: ZoneInfo

    @classmethod
    def of_days(cls, first: date, last: date, zone: ZoneInfo) -> Self:
        """Whole days, the last one included."""
        return cls(_midnight(first, zone), _midnight(last + timedelta(days=1), zone), zone)

    @classmethod
    def of_instants(cls, since: datetime, until: datetime, zone: ZoneInfo) -> Self:
        """From one instant to before the other."""
        return cls(int(since.timestamp() * 1_000), int(until.timestamp() * 1_000), zone)

    @property
    def first_day(self) -> date:
        return local_date(self.since, self.zone)

    @property
    def last_day(self) -> date:
        """The day of the last instant in the range."""
        return local_date(max(self.until - 1, self.since), self.zone)

    @property
    def days(self) -> int:
        """How many days it touches."""
        return (self.last_day - self.first_day).days + 1

    def until_at_most(self, instant: int) -> Self:
        """The part before an instant."""
        return self._replace(until=max(min(self.until, instant), self.since))


class Offset(NamedTuple):
    """The milliseconds to add to instants before `until` to get local time."""

    until: int
    milliseconds: int


def today(now: float, zone: ZoneInfo) -> date:
    """The date at an instant in seconds since the epoch."""
    return datetime.fromtimestamp(now, zone).date()


def local_seconds(now: float, zone: ZoneInfo) -> float:
    """Local time at an instant, both in seconds."""
    offset = datetime.fromtimestamp(now, zone).utcoffset()
    return now + (offset.total_seconds() if offset else 0.0)


def local_date(instant: int, zone: ZoneInfo) -> date:
    """The date at an instant in milliseconds."""
    return datetime.fromtimestamp(instant / 1_000, zone).date()


def day_number(day: date) -> int:
    """Days since the epoch."""
    return day.toordinal() - _EPOCH_ORDINAL


def day_of_number(number: int) -> date:
    """The date that is so many days after the epoch."""
    return date.fromordinal(number + _EPOCH_ORDINAL)


def offsets(span: TimeRange) -> list[Offset]:
    """The offsets of the zone within a range, in order. Most have one, a year has three."""
    found: list[Offset] = []
    # A zone changes its offset at most once a day.
    for start, end in _steps(span, DAY):
        before, after = _offset(start, span.zone), _offset(end, span.zone)
        if before != after:
            found.append(Offset(_change(start, end, span.zone), before))
    return [*found, Offset(span.until, _offset(span.until, span.zone))]


def labels(span: TimeRange, unit: Unit) -> list[str]:
    """Every minute, hour, day, week or month that the range touches, as rows label them."""
    if span.since >= span.until:
        return []
    if unit in ("minute", "hour"):
        return _short_labels(span, unit)
    first, last = (number_of_day(day_number(day), unit) for day in (span.first_day, span.last_day))
    numbers = range(first, last + 1)
    return [
        label(number, unit, span)
        for number in numbers
        if unit != "month" or 1 <= number % 100 <= 12
    ]


def label(number: int, unit: Unit, span: TimeRange) -> str:
    """The label of a period: `2026-11-21`, `2026-11-21 14:00:00`.

    Weeks begin on Monday; that in which the range begins, with the range.
    """
    if unit == "month":
        return f"{number // 100:04}-{number % 100:02}-01"
    if unit == "week":
        monday = day_of_number(7 * number - _MONDAYS_BEFORE_EPOCH)
        return max(monday, span.first_day).isoformat()
    if unit == "day":
        return day_of_number(number).isoformat()
    seconds = number * (HOUR if unit == "hour" else MINUTE) // 1_000
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:00")


def number_of_day(day: int, unit: Unit) -> int:
    """The number of the day, week or month that contains a day since the epoch."""
    if unit == "day":
        return day
    if unit == "week":
        return (day + _MONDAYS_BEFORE_EPOCH) // 7
    when = day_of_number(day)
    return 100 * when.year + when.month


def _short_labels(span: TimeRange, unit: Unit) -> list[str]:
    size = HOUR if unit == "hour" else MINUTE
    found: dict[str, None] = {}
    # Where clocks are put back an hour comes twice, and has one label.
    for start, end in _steps(span, size):
        for instant in (start, end - 1):
            local = instant + _offset(instant, span.zone)
            found.setdefault(label(local // size, unit, span))
    return list(found)


def _steps(span: TimeRange, size: int) -> Iterator[tuple[int, int]]:
    for start in range(span.since, span.until, size):
        yield start, min(start + size, span.until)


def _midnight(day: date, zone: ZoneInfo) -> int:
    # Where clocks are put forward at midnight, the day begins an hour later.
    at = datetime(day.year, day.month, day.day, tzinfo=zone)
    return int(at.timestamp() * 1_000)


def _offset(instant: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(instant // 1_000, zone).utcoffset()
    return int((offset or timedelta()).total_seconds()) * 1_000


def _change(start: int, end: int, zone: ZoneInfo) -> int:
    """The first instant (to the second) in (start, end] at which the offset is that of the end."""
    after = _offset(end, zone)
    while end - start > 1_000:
        middle = (start + end) // 2
        if _offset(middle, zone) == after:
            end = middle
        else:
            start = middle
    return end // 1_000 * 1_000
