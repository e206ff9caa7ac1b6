"""The chart: coordinates of its lines, bars and labels. No I/O.

The drawing is 1,000 wide and 100 high, and is stretched to the page; its labels are outside of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from footfall.collector.storage.stats.metrics import Number

WIDTH: Final = 1_000
HEIGHT: Final = 100

# As many labels fit below the chart, and below that of a phone.
_LABELS: Final = 8
_FEW_LABELS: Final = 4
# Hours between labels, which then have the same times on each day.
_HOUR_STEPS: Final = (1, 2, 3, 6, 12, 24)
# A top that is far from the largest figure flattens the line.
_MAX_LINES: Final = 5
# Steps between ticks, each times a power of ten.
_STEPS: Final = (1, 2, 2.5, 5, 10)
_WHOLE_STEPS: Final = (1, 2, 5, 10)
# Seconds, minutes and hours are read in steps of their own.
_DURATION_STEPS: Final = (
    *(1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1_800),
    *(3_600, 7_200, 14_400, 21_600, 43_200, 86_400),
)

Scale: TypeAlias = Literal["whole", "decimal", "duration"]
"""Which numbers the ticks may be: whole ones, any, or seconds."""


class Point(NamedTuple):
    """A time's label, its figure and that of the compared period; None where there is none yet."""

    label: str
    now: Number
    before: Number
    # The label below the drawing, where there is little room.
    short: str = ""


class Slot(NamedTuple):
    """The vertical strip of the drawing that belongs to a point."""

    x: float
    width: float
    point: Point


class AxisLabel(NamedTuple):
    """A time's label below the drawing, in the middle of its slot; `x` is in per cent."""

    x: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing. Its paths are SVG path data; `ticks` go from the top to zero."""

    # Through the complete times, and from the last of them to the incomplete one.
    line: str
    incomplete: str
    area: str
    before: str
    ticks: Sequence[float]
    # The y of the grid line of each tick.
    levels: Sequence[float]
    slots: Sequence[Slot]
    # Of some times, evenly spaced, and of fewer for a narrow page.
    labels: Sequence[AxisLabel]
    few_labels: Sequence[AxisLabel]


def draw(
    points: Sequence[Point],
    incomplete: int | None = None,
    scale: Scale = "whole",
    *,
    is_hourly: bool = False,
) -> Chart:
    """The drawing of a series.

    Args:
        points: The series.
        incomplete: The index of the time that is not over yet.
        scale: What the ticks may be.
        is_hourly: Whether the points are hours, from midnight on.
    """
    top, ticks = _ticks(max((_size(each) for each in points), default=0), scale)
    width = WIDTH / max(len(points), 1)
    now = _coordinates([each.now for each in points], width, top)
    before = _coordinates([each.before for each in points], width, top)
    complete = now if incomplete is None else now[:incomplete]
    texts = [each.short or each.label for each in points]
    return Chart(
        line=_line(complete),
        incomplete=_line(now[max(incomplete - 1, 0) :]) if incomplete is not None else "",
        area=_area(now),
        before=_line(before),
        ticks=ticks,
        levels=[_y(tick, top) for tick in ticks],
        slots=[
            Slot(round(index * width, 2), round(width, 2), point)
            for index, point in enumerate(points)
        ],
        labels=_labels(texts, _LABELS, is_hourly=is_hourly),
        few_labels=_labels(texts, _FEW_LABELS, is_hourly=is_hourly),
    )


def _labels(texts: Sequence[str], limit: int, *, is_hourly: bool) -> list[AxisLabel]:
    step = max(math.ceil(len(texts) / limit), 1)
    # What is left over goes to both ends, so that no label sticks out.
    first = (len(texts) - 1) % step // 2
    if is_hourly:
        # Midnight is a round time, beside which the axis has room.
        days = math.ceil(step / _HOUR_STEPS[-1]) * _HOUR_STEPS[-1]
        step, first = next((each for each in _HOUR_STEPS if each >= step), days), 0
    return [
        AxisLabel(round(100 * (index + 0.5) / len(texts), 2), texts[index])
        for index in range(first, len(texts), step)
    ]


def _size(point: Point) -> float:
    return max(point.now or 0, point.before or 0)


def _ticks(largest: float, scale: Scale) -> tuple[float, list[float]]:
    """The top of the axis, a round number not below the largest figure, and all its ticks."""
    step = _step(largest, scale)
    lines = max(math.ceil(round(largest / step, 9)), 1)
    return round(step * lines, 9), [round(step * line, 9) for line in range(lines, -1, -1)]


def _step(largest: float, scale: Scale) -> float:
    """The smallest round step of which few reach the largest figure."""
    least = largest / _MAX_LINES
    if not largest or (scale != "decimal" and least <= 1):
        return 1.0
    if scale == "duration" and least <= _DURATION_STEPS[-1]:
        return next(step for step in _DURATION_STEPS if step >= least)
    power = 10.0 ** math.floor(math.log10(least))
    steps = _WHOLE_STEPS if scale == "whole" and power < 10 else _STEPS
    return next(power * step for step in steps if power * step >= least)


def _coordinates(numbers: Sequence[Number], width: float, top: float) -> list[tuple[float, float]]:
    return [
        (round((index + 0.5) * width, 2), _y(number, top))
        for index, number in enumerate(numbers)
        if number is not None
    ]


def _y(number: float, top: float) -> float:
    return round(HEIGHT * (1 - number / top), 2)


def _line(points: Sequence[tuple[float, float]]) -> str:
    if len(points) == 1:
        # A line of length zero is drawn as a dot.
        points = [points[0], points[0]]
    return " ".join(f"{'L' if index else 'M'}{x:g} {y:g}" for index, (x, y) in enumerate(points))


def _area(points: Sequence[tuple[float, float]]) -> str:
    if not points:
        return ""
    return f"{_line(points)} L{points[-1][0]:g} {HEIGHT} L{points[0][0]:g} {HEIGHT} Z"
