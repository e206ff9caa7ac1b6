"""The chart: coordinates of its lines, bars and labels. No I/O.

The drawing is 1,000 wide and 100 high, and is stretched to the page; its labels are outside of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from footfall.collector.storage.stats.metrics import Number

WIDTH: Final = 1_000
HEIGHT: Final = 100

# As many labels fit below the chart, also on a phone.
_MAX_LABELS: Final = 8
_STEPS: Final = (1, 2, 2.5, 5, 10)
_LINES: Final = 4


class Point(NamedTuple):
    """A time's label, its figure and that of the compared period; None where there is none yet."""

    label: str
    now: Number
    before: Number


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
    # Of some times, evenly spaced.
    labels: Sequence[AxisLabel]


def draw(points: Sequence[Point], incomplete: int | None = None) -> Chart:
    """The drawing of a series. `incomplete` is the index of the time that is not over yet."""
    top, ticks = _scale(max((_size(each) for each in points), default=0))
    width = WIDTH / max(len(points), 1)
    now = _coordinates([each.now for each in points], width, top)
    before = _coordinates([each.before for each in points], width, top)
    complete = now if incomplete is None else now[:incomplete]
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
        labels=_labels([each.label for each in points]),
    )


def _labels(texts: Sequence[str]) -> list[AxisLabel]:
    step = max(math.ceil(len(texts) / _MAX_LABELS), 1)
    # A label below the first point would stick out at the left.
    return [
        AxisLabel(round(100 * (index + 0.5) / len(texts), 2), texts[index])
        for index in range(step // 2, len(texts), step)
    ]


def _size(point: Point) -> float:
    return max(point.now or 0, point.before or 0)


def _scale(largest: float) -> tuple[float, list[float]]:
    """The top of the axis, a round number not below the largest figure, and all its ticks."""
    step = 1.0
    if largest > _LINES:
        power = 10.0 ** math.floor(math.log10(largest / _LINES))
        step = next(power * each for each in _STEPS if power * each * _LINES >= largest)
    lines = max(math.ceil(largest / step), 1)
    return step * lines, [step * line for line in range(lines, -1, -1)]


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
