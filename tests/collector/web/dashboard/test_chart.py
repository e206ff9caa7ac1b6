"""Where the chart's lines and labels go."""

from __future__ import annotations

import pytest

from footfall.collector.web.dashboard.chart import AxisLabel, Point, draw


def test_the_chart_draws_its_points() -> None:
    points = [Point("a", 0, 4), Point("b", 4, None), Point("c", 2, None), Point("d", None, 1)]
    chart = draw(points, incomplete=2)
    assert chart.line == "M125 100 L375 0"
    assert chart.incomplete == "M375 0 L625 50"
    assert chart.area == "M125 100 L375 0 L625 50 L625 100 L125 100 Z"
    assert chart.before == "M125 0 L875 75"
    assert chart.ticks == [4, 3, 2, 1, 0]
    assert chart.levels == [0, 25, 50, 75, 100]
    assert [(slot.x, slot.width) for slot in chart.slots][:2] == [(0, 250), (250, 250)]
    assert chart.labels[0] == AxisLabel(12.5, "a")


def test_the_chart_of_one_point_is_a_dot() -> None:
    chart = draw([Point("a", 3, None)])
    assert chart.line == "M500 0 L500 0"
    assert (chart.incomplete, chart.before) == ("", "")


def test_the_chart_of_nothing_is_empty() -> None:
    chart = draw([])
    assert (chart.line, chart.area, chart.slots, chart.labels) == ("", "", [], [])
    assert chart.ticks == [1, 0]


@pytest.mark.parametrize(
    ("largest", "top", "lines"),
    [
        (1, 1, 1),
        (3, 3, 3),
        (7, 8, 4),
        (11, 12.5, 5),
        (100, 100, 4),
        (101, 125, 5),
        (4_100, 5_000, 5),
    ],
)
def test_the_scale_is_round_and_reaches_the_largest(largest: int, top: float, lines: int) -> None:
    ticks = draw([Point("a", largest, None)]).ticks
    assert ticks[0] >= largest
    assert len(ticks) <= 6
