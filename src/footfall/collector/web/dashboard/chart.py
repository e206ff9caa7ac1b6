"""The graph: where its lines, marks and words go. Numbers in, places out.

The drawing is 1,000 wide and 100 high and stretched to the room there is; words stand beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from footfall.collector.storage.stats.metrics import Number

WIDTH: Final = 1_000
HEIGHT: Final = 100

# As many words as fit below the graph on a phone, and on a desk.
_MAX_WORDS: Final = 8
_STEPS: Final = (1, 2, 2.5, 5, 10)
_LINES: Final = 4


class Point(NamedTuple):
    """One moment: its words, the figure, and that of the period before. None where none is yet."""

    moment: str
    now: Number
    before: Number


class Slot(NamedTuple):
    """The strip of the drawing that belongs to a point."""

    x: float
    width: float
    point: Point


class Word(NamedTuple):
    """A moment written below the drawing, in the middle of its slot; `x` is in per cent."""

    x: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing. Paths are in SVG's words; `ticks` go from the top to zero."""

    # Over the moments that are complete, and from the last of them to the one that runs.
    line: str
    running: str
    area: str
    before: str
    ticks: Sequence[float]
    # Heights of the lines that belong to the ticks.
    levels: Sequence[float]
    slots: Sequence[Slot]
    # Some of the moments, evenly apart.
    words: Sequence[Word]


def draw(points: Sequence[Point], running: int | None = None) -> Chart:
    """The drawing of a series. `running` is the place of the moment that is not over yet."""
    top, ticks = _scale(max((_size(each) for each in points), default=0))
    width = WIDTH / max(len(points), 1)
    now = _places([each.now for each in points], width, top)
    before = _places([each.before for each in points], width, top)
    whole = now if running is None else now[:running]
    return Chart(
        line=_line(whole),
        running=_line(now[max(running - 1, 0) :]) if running is not None else "",
        area=_area(now),
        before=_line(before),
        ticks=ticks,
        levels=[_height(tick, top) for tick in ticks],
        slots=[
            Slot(round(place * width, 2), round(width, 2), point)
            for place, point in enumerate(points)
        ],
        words=_words([each.moment for each in points]),
    )


def _words(moments: Sequence[str]) -> list[Word]:
    apart = max(math.ceil(len(moments) / _MAX_WORDS), 1)
    # The first one would stick out at the left if it stood below the first point.
    return [
        Word(round(100 * (place + 0.5) / len(moments), 2), moments[place])
        for place in range(apart // 2, len(moments), apart)
    ]


def _size(point: Point) -> float:
    return max(point.now or 0, point.before or 0)


def _scale(largest: float) -> tuple[float, list[float]]:
    """A round number that is not below the largest, and the round numbers below it."""
    step = 1.0
    if largest > _LINES:
        power = 10.0 ** math.floor(math.log10(largest / _LINES))
        step = next(power * each for each in _STEPS if power * each * _LINES >= largest)
    lines = max(math.ceil(largest / step), 1)
    return step * lines, [step * line for line in range(lines, -1, -1)]


def _places(numbers: Sequence[Number], width: float, top: float) -> list[tuple[float, float]]:
    return [
        (round((place + 0.5) * width, 2), _height(number, top))
        for place, number in enumerate(numbers)
        if number is not None
    ]


def _height(number: float, top: float) -> float:
    return round(HEIGHT * (1 - number / top), 2)


def _line(places: Sequence[tuple[float, float]]) -> str:
    if len(places) == 1:
        # A line of no length is a dot.
        places = [places[0], places[0]]
    return " ".join(f"{'L' if index else 'M'}{x:g} {y:g}" for index, (x, y) in enumerate(places))


def _area(places: Sequence[tuple[float, float]]) -> str:
    if not places:
        return ""
    return f"{_line(places)} L{places[-1][0]:g} {HEIGHT} L{places[0][0]:g} {HEIGHT} Z"
