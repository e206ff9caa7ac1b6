"""The tables of `server.py`, in Markdown: medians of rounds, ratios paired within a round."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from serving.bench import Cell
from serving.plan import ROWS, Plan, is_installed, sends_events
from serving.processes import STOP_SECONDS

Figures = dict[tuple[str, str], list[Cell]]
Round = dict[str, list[tuple[float | None, float]]]


def middle(values: Iterable[float | None], form: str) -> str:
    known = [value for value in values if value is not None]
    return format(statistics.median(known), form) if known else "-"


def over_noop(cells: list[Cell], noop: list[Cell]) -> Iterable[float]:
    # Failing rows have fewer rounds, and theirs come first.
    for cell, reference in zip(cells, noop, strict=False):
        if cell.cpu_us and reference.cpu_us:
            yield cell.cpu_us / reference.cpu_us


def delivered(cells: list[Cell]) -> str:
    shares = [cell.delivered / cell.requests * 100 for cell in cells if cell.requests]
    return f"{middle(shares, '.0f')} %" if shares else f"{sum(c.delivered for c in cells):,} events"


def accounted(cells: list[Cell]) -> str:
    """`all`, or the largest number of requests that the counts do not explain."""
    missing = [cell.unaccounted for cell in cells if cell.unaccounted is not None]
    if not missing:
        return "-"
    worst = max(missing, key=abs)
    return f"{worst:+,} off" if worst else "all"


def stopped(cells: list[Cell]) -> str:
    if any(cell.stop_seconds is None for cell in cells):
        return f"killed at {STOP_SECONDS:.0f}"
    return middle((cell.stop_seconds for cell in cells), ".2f")


def line(row: str, mode: str, cells: list[Cell], noop: list[Cell]) -> str:
    sends_nothing = not sends_events(row)
    columns = [
        row,
        "-" if sends_nothing else mode,
        middle((cell.rate for cell in cells), ",.0f"),
        middle((cell.cpu_us for cell in cells), ".1f"),
        middle(over_noop(cells, noop), ".2f"),
        middle((cell.p50 for cell in cells), ".2f"),
        middle((cell.p99 for cell in cells), ".2f"),
        f"{max(cell.unanswered for cell in cells)}",
        middle((cell.rss_mb for cell in cells), "+.1f"),
        "-" if sends_nothing else delivered(cells),
        accounted(cells),
        stopped(cells),
    ]
    return f"| {' | '.join(columns)} |"


def served_table(kind: str, figures: Figures) -> str:
    head = (
        f"| {kind} | endpoint | req/s | CPU µs per request | × no-op | p50 ms | p99 ms | unanswered"
        " | RSS growth, MB | delivered | accounted | stop, s |\n|---|---|" + "---:|" * 10
    )
    noop = figures["no-op", "healthy"]
    lines = [line(row, mode, cells, noop) for (row, mode), cells in figures.items()]
    return "\n".join([head, *lines, *missing(kind, columns=12)])


def missing(kind: str, *, columns: int) -> list[str]:
    rows = [row for row in ROWS[kind] if not is_installed(row)]
    return [f"| {row} | not installed |" + " |" * (columns - 2) for row in rows]


def paced_table(kind: str, rounds: list[Round], plan: Plan) -> str:
    titles = "".join(f" {rate:,}/s | delivered |" for rate in plan.rates)
    lines = [f"| {kind}, CPU µs per event |{titles}", "|---|" + "---:|" * 2 * len(plan.rates)]
    for row in rounds[0]:
        cells = [paced_cell(row, number, rounds) for number in range(len(plan.rates))]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join([*lines, *missing(kind, columns=1 + 2 * len(plan.rates))])


def paced_cell(row: str, number: int, rounds: list[Round]) -> str:
    if row == "no-op":
        spent = middle((each_round[row][number][0] for each_round in rounds), ".0f")
        return f"({spent} a request) | -"
    over = [
        each_round[row][number][0] - each_round["no-op"][number][0]
        for each_round in rounds
        if each_round[row][number][0]
    ]
    share = middle((each_round[row][number][1] * 100 for each_round in rounds), ".0f")
    return f"{middle(over, '+.0f')} | {share} %"
