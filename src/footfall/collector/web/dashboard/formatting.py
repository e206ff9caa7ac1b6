"""Numbers and dates as people say them. Pure."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, Literal, NamedTuple

from footfall.collector.storage.stats import TimeRange, Unit
from footfall.collector.storage.stats.metrics import Number

UNKNOWN: Final = "–"
"""A figure of nothing."""

_THOUSAND: Final = 1_000
_MILLION: Final = 1_000_000


class Change(NamedTuple):
    """How a figure has moved: as text, in words, and whether that is welcome."""

    text: str
    words: str
    mood: Literal["good", "bad", "same"]


def say(metric: str, number: Number) -> str:
    """A figure in full: `12,345`, `42%`, `3m 05s`."""
    if number is None:
        return UNKNOWN
    if metric in ("bounce_rate", "percentage", "conversion_rate"):
        return f"{number:g}%"
    if metric == "visit_duration":
        return _duration(int(number))
    return f"{number:,}"


def say_shortly(metric: str, number: float) -> str:
    """A figure for the side of the graph: `12k`, `1.5M`."""
    if metric in ("bounce_rate", "visit_duration"):
        return say(metric, round(number))
    if number >= _MILLION:
        return f"{number / _MILLION:g}M"
    if number >= _THOUSAND:
        return f"{number / _THOUSAND:g}k"
    return f"{number:g}"


def change(metric: str, now: Number, before: Number) -> Change | None:
    """How a figure has moved; None where there is nothing to compare."""
    if now is None or not before:
        return None
    is_rate = metric == "bounce_rate"
    moved = round(now - before) if is_rate else round(100 * (now - before) / before)
    unit = " points" if is_rate else "%"
    if not moved:
        return Change("same", f"as {_BEFORE}", "same")
    is_welcome = (moved > 0) != is_rate
    arrow, word = ("↑", "up") if moved > 0 else ("↓", "down")
    mood: Literal["good", "bad"] = "good" if is_welcome else "bad"
    size = f"{abs(moved):,}"
    short = f"{arrow} {size}{' pt' if is_rate else '%'}"
    return Change(short, f"{word} {size}{unit} on {_BEFORE}", mood)


def say_moment(label: str, unit: Unit) -> str:
    """A row's time: `14:00`, `Sat 21 Nov`, `week of 16 Nov`, `Nov 2026`."""
    if unit in ("hour", "minute"):
        return label[11:16]
    day = date.fromisoformat(label)
    if unit == "day":
        return f"{day:%a} {day.day} {day:%b}"
    return f"week of {day.day} {day:%b}" if unit == "week" else f"{day:%b %Y}"


def say_range(span: TimeRange) -> str:
    """The days of a range: `Sat 21 Nov 2026`, `15 – 21 Nov 2026`."""
    first, last = span.first_day, span.last_day
    if first == last:
        return f"{first:%a} {first.day} {first:%b %Y}"
    head = f"{first.day}"
    if (first.year, first.month) != (last.year, last.month):
        head += f" {first:%b}"
    if first.year != last.year:
        head += f" {first.year}"
    return f"{head} – {last.day} {last:%b %Y}"


def say_day(instant: int, span: TimeRange) -> str:
    """The date of an instant in a range's time zone, as an address takes it."""
    return datetime.fromtimestamp(instant / 1_000, span.zone).date().isoformat()


_BEFORE: Final = "the period before"


def _duration(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes:02}m"
    return f"{minutes}m {rest:02}s" if minutes else f"{rest}s"
