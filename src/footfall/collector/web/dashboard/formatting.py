"""Texts for numbers and dates. Pure."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, Literal, NamedTuple

from footfall.collector.storage.stats import TimeRange, Unit
from footfall.collector.storage.stats.metrics import Number

UNKNOWN: Final = "–"
"""The text of a figure that does not exist."""

_THOUSAND: Final = 1_000
_MILLION: Final = 1_000_000


class Change(NamedTuple):
    """How a figure changed: a short text, one for screen readers, and whether that is good."""

    text: str
    words: str
    rating: Literal["good", "bad", "same"]


def format_figure(metric: str, number: Number) -> str:
    """A figure in full, such as `12,345`, `42%`, `3m 05s`."""
    if number is None:
        return UNKNOWN
    if metric in ("bounce_rate", "scroll_depth"):
        return f"{number}%"
    # Figures of one column have the same number of decimals.
    if metric in ("percentage", "conversion_rate", "group_conversion_rate"):
        return f"{number:.1f}%"
    if metric == "views_per_visit":
        return f"{number:.2f}"
    if metric in ("visit_duration", "time_on_page"):
        return _duration(int(number))
    return f"{number:,}"


def format_tick(metric: str, number: float) -> str:
    """A figure for the axis of the chart, such as `12k`, `1.5M`."""
    if metric in ("bounce_rate", "visit_duration"):
        return format_figure(metric, round(number))
    if metric == "conversion_rate":
        return f"{number:g}%"
    if number >= _MILLION:
        return f"{number / _MILLION:g}M"
    if number >= _THOUSAND:
        return f"{number / _THOUSAND:g}k"
    return f"{number:g}"


def format_change(metric: str, now: Number, before: Number) -> Change | None:
    """How a figure changed; None where there is nothing to compare."""
    if now is None or not before:
        return None
    decimals = {"bounce_rate": 0, "conversion_rate": 1}.get(metric)
    is_rate = decimals is not None
    difference = round(now - before, decimals) if is_rate else round(100 * (now - before) / before)
    if not difference:
        return Change("same", f"as {_BEFORE}", "same")
    arrow, word = ("↑", "up") if difference > 0 else ("↓", "down")
    # A higher bounce rate is worse.
    is_good = (difference > 0) != (metric == "bounce_rate")
    size = f"{abs(difference):,}"
    short = f"{arrow} {size}{' pt' if is_rate else '%'}"
    words = f"{word} {size}{' points' if is_rate else '%'} on {_BEFORE}"
    return Change(short, words, "good" if is_good else "bad")


def format_time(label: str, unit: Unit, *, has_day: bool = False) -> str:
    """A time of the chart: `14:00`, `Sat 21 Nov`, `week of 16 Nov`, `Nov 2026`.

    With `has_day` an hour is one of several days: `Sat 21 Nov 14:00`.
    """
    if unit in ("hour", "minute") and not has_day:
        return label[11:16]
    day = date.fromisoformat(label[:10])
    if unit in ("hour", "minute"):
        return f"{day:%a} {day.day} {day:%b} {label[11:16]}"
    if unit == "day":
        return f"{day:%a} {day.day} {day:%b}"
    return f"week of {day.day} {day:%b}" if unit == "week" else f"{day:%b %Y}"


def format_axis(label: str, unit: Unit, *, has_day: bool = False) -> str:
    """A time below the chart, where several must fit: `14:00`, `Sat 14:00`, `21 Nov`, `Nov 2026`.

    With `has_day` an hour is one of several days, a week at most.
    """
    if unit == "month":
        return format_time(label, unit)
    day = date.fromisoformat(label[:10])
    if unit in ("hour", "minute"):
        return f"{day:%a} {label[11:16]}" if has_day else label[11:16]
    return f"{day.day} {day:%b}"


def format_range(span: TimeRange) -> str:
    """The days of a range: `Sat 21 Nov 2026`, `15 – 21 Nov 2026`."""
    first, last = span.first_day, span.last_day
    if first == last:
        return format_day(first)
    head = f"{first.day}"
    if (first.year, first.month) != (last.year, last.month):
        head += f" {first:%b}"
    if first.year != last.year:
        head += f" {first.year}"
    return f"{head} – {last.day} {last:%b %Y}"


def format_day(day: date) -> str:
    """A day: `Sat 21 Nov 2026`."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def day_of(instant: int, span: TimeRange) -> date:
    """The day of an instant (milliseconds) in the time zone of a range."""
    return datetime.fromtimestamp(instant / 1_000, span.zone).date()


_BEFORE: Final = "the period before"


def _duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes:02}m"
    return f"{minutes}m {rest:02}s" if minutes else f"{rest}s"
