"""Several files as one sequence in the order of time, so that a visit across files is one."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from footfall.access_log.log_line import LogLine

_NEVER: Final = [(float("inf"),)]


class PlacedLine(NamedTuple):
    """One line, and where in its file it ends."""

    line: LogLine
    position: int


class LogSource(NamedTuple):
    """A file: when its first line was written, and what opens and reads it."""

    first_time: float
    open: Callable[[], Iterator[PlacedLine]]


def in_time_order(sources: Sequence[LogSource]) -> Iterator[tuple[int, PlacedLine]]:
    """The lines of all sources, each with the index of its source, the earliest first.

    Within a source the order stays as it is. A source is opened when its first line is due, so that
    of a year of rotated files one or two are open at a time.
    """
    waiting = deque(sorted((each.first_time, index) for index, each in enumerate(sources)))
    active: list[tuple[float, int, PlacedLine, Iterator[PlacedLine]]] = []
    while waiting or active:
        while waiting and (not active or waiting[0][0] <= active[0][0]):
            _, index = waiting.popleft()
            lines = sources[index].open()
            if (first := next(lines, None)) is not None:
                heapq.heappush(active, (first.line.time, index, first, lines))
        if not active:
            continue
        _, index, placed, lines = heapq.heappop(active)
        # Most of the time one file is read alone.
        until = min(each[0][0] for each in (waiting, active, _NEVER) if each)
        following: PlacedLine | None = placed
        while following is not None and following.line.time <= until:
            yield index, following
            following = next(lines, None)
        if following is not None:
            heapq.heappush(active, (following.line.time, index, following, lines))
