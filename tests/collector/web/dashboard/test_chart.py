"""Where the chart's lines and labels go."""

from __future__ import annotations

import pytest

from footfall.collector.web.dashboard.chart import AxisLabel, Point, Scale, draw


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
    ("scale", "largest", "ticks"),
    [
        ("whole", 1, [1, 0]),
        ("whole", 3, [3, 2, 1, 0]),
        ("whole", 7, [8, 6, 4, 2, 0]),
        ("whole", 10, [10, 8, 6, 4, 2, 0]),
        ("whole", 11, [15, 10, 5, 0]),
        ("whole", 100, [100, 80, 60, 40, 20, 0]),
        ("whole", 107, [125, 100, 75, 50, 25, 0]),
        ("whole", 4_100, [5_000, 4_000, 3_000, 2_000, 1_000, 0]),
        ("decimal", 0.3, [0.3, 0.2, 0.1, 0]),
        ("decimal", 2.36, [2.5, 2, 1.5, 1, 0.5, 0]),
        ("duration", 4, [4, 3, 2, 1, 0]),
        ("duration", 175, [180, 120, 60, 0]),
        ("duration", 20 * 3_600, [72_000, 57_600, 43_200, 28_800, 14_400, 0]),
    ],
)
def test_the_scale_is_round_and_near_the_largest(
    scale: Scale, largest: float, ticks: list[float]
) -> None:
    assert draw([Point("a", largest, None)], scale=scale).ticks == ticks


@pytest.mark.parametrize(
    ("hours", "many", "few"),
    [
        (24, [0, 3, 6, 9, 12, 15, 18, 21], [0, 6, 12, 18]),
        (25, [0, 6, 12, 18, 24], [0, 12, 24]),
        (48, [0, 6, 12, 18, 24, 30, 36, 42], [0, 12, 24, 36]),
        (72, [0, 12, 24, 36, 48, 60], [0, 24, 48]),
        (168, [0, 24, 48, 72, 96, 120, 144], [0, 48, 96, 144]),
    ],
)
def test_labels_of_hours_are_round(hours: int, many: list[int], few: list[int]) -> None:
    chart = draw([Point(str(hour), 1, None) for hour in range(hours)], is_hourly=True)
    assert [int(label.text) for label in chart.labels] == many
    assert [int(label.text) for label in chart.few_labels] == few


@pytest.mark.parametrize("number", [1, 2, 5, 7, 24, 28, 31, 53, 168, 365])
def test_few_labels_stand_evenly_and_away_from_the_ends(number: int) -> None:
    chart = draw([Point("a", 1, None, "b")] * number)
    for labels, limit in ((chart.labels, 8), (chart.few_labels, 4)):
        places = [label.x for label in labels]
        # Not even half a step lies between the outer labels and the ends.
        assert 1 <= len(places) <= limit
        assert abs(places[0] - (100 - places[-1])) <= 100 / number + 0.1
        assert {label.text for label in labels} == {"b"}
