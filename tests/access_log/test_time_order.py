"""Several files as one sequence in the order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from footfall.access_log.log_line import LogLine, target_of
from footfall.access_log.time_order import LogSource, PlacedLine, in_time_order


def a_line(time: float) -> PlacedLine:
    target = target_of("/")
    return PlacedLine(LogLine(time, "", "GET", target, 200, None, "https", "a.test", {}), 0)


def source(times: Sequence[float], opened: list[Sequence[float]]) -> LogSource:
    def lines() -> Iterator[PlacedLine]:
        opened.append(times)
        yield from map(a_line, times)

    return LogSource(times[0] if times else 0.0, lines)


def test_files_of_several_servers_are_read_as_one() -> None:
    sources = [source([1, 4, 9], []), source([2, 3, 10], []), source([], []), source([20], [])]
    found = [(index, placed.line.time) for index, placed in in_time_order(sources)]
    assert found == [(0, 1), (1, 2), (1, 3), (0, 4), (0, 9), (1, 10), (3, 20)]


def test_rotated_files_are_read_from_the_oldest_on_whatever_their_order() -> None:
    sources = [source([7, 8], []), source([4, 5], []), source([1, 2], [])]
    assert [placed.line.time for _, placed in in_time_order(sources)] == [1, 2, 4, 5, 7, 8]


def test_a_file_is_opened_when_it_is_due() -> None:
    opened: list[Sequence[float]] = []
    lines = in_time_order([source([5, 6], opened), source([1, 2], opened)])
    next(lines)
    assert opened == [[1, 2]]
    assert [placed.line.time for _, placed in lines] == [2, 5, 6]


def test_the_order_within_a_file_stays() -> None:
    assert [p.line.time for _, p in in_time_order([source([3, 2, 5, 4], [])])] == [3, 2, 5, 4]
