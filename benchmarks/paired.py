"""Paired timing: every round measures each row in turn, so that other load affects all rows."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter

Loop = Callable[[int], float]
"""Runs a call a given number of times and returns the seconds that took."""


def timed(call: Callable[[], object]) -> Loop:
    def loop(times: int) -> float:
        started = perf_counter()
        for _ in range(times):
            call()
        return perf_counter() - started

    return loop


def measure(rows: Mapping[str, Loop], *, calls: int, rounds: int) -> dict[str, list[float]]:
    """Microseconds per call of each row, a figure for each round."""
    figures: dict[str, list[float]] = {name: [] for name in rows}
    for loop in rows.values():
        loop(calls // 10 + 1)
    for _ in range(rounds):
        for name, loop in rows.items():
            gc.collect()
            gc.disable()
            figures[name].append(loop(calls) / calls * 1e6)
            gc.enable()
    return figures


def table(
    title: str, figures: Mapping[str, Sequence[float]], *, base: str, unit: str = "µs"
) -> str:
    """A Markdown table: median, median of the paired differences and ratios to `base`."""
    lines = [
        f"| {title} | median {unit} | over {base} | × {base} |",
        "|---|---:|---:|---:|",
    ]
    for name, values in figures.items():
        pairs = list(zip(values, figures[base], strict=True))
        over = statistics.median(value - reference for value, reference in pairs)
        ratio = statistics.median(value / reference for value, reference in pairs)
        lines.append(f"| {name} | {statistics.median(values):.2f} | {over:+.2f} | {ratio:.2f} |")
    return "\n".join(lines)
