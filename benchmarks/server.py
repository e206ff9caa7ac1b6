"""What footfall costs behind a real server: `python benchmarks/server.py [--quick]`.

uvicorn with a raw ASGI app and gunicorn (gthread) with a raw WSGI app, one worker on one core; the
visitors and the endpoint share the other one. Each row is a server process of its own: a full load
with `wrk`, then an open loop at 400 requests a second, then SIGTERM. Rows take turns, round by
round. A second table has the CPU of an event at 500 and 1,000 requests a second.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parent))

from serving import load
from serving.apps import ASGI, WSGI
from serving.processes import STOP_SECONDS, Endpoint, Server, cores, endpoint, serving

from footfall.dispatch.counts import ENDS

ROWS: Final = {"uvicorn": tuple(ASGI), "gunicorn": tuple(WSGI)}
NEEDS: Final = {
    "footfall, curl": "pycurl",
    "footfall, httpx": "httpx2",
    "flask, bare": "flask",
    "peer: asgi-matomo": "asgi_matomo",
    "peer: flask-matomo2 on flask": "flask_matomo2",
}
FAILING: Final = ("refusing", "hanging", "200 ms", "1 s")
PACE: Final = 400


def tells(row: str) -> bool:
    return row.startswith(("footfall", "peer"))


def is_installed(row: str) -> bool:
    return row not in NEEDS or importlib.util.find_spec(NEEDS[row]) is not None


@dataclass(frozen=True)
class Plan:
    """How much is measured: 8 minutes of it, or one."""

    kinds: tuple[str, ...]
    rounds: int = 3
    # Of them, those in which the endpoint fails, too.
    failing_rounds: int = 1
    failing: tuple[str, ...] = FAILING
    full_seconds: int = 2
    paced_seconds: float = 1.2
    rates: tuple[int, ...] = (500, 1000)
    is_quick: bool = False

    def cells(self, kind: str, turn: int) -> list[tuple[str, str]]:
        rows = [row for row in ROWS[kind] if is_installed(row)]
        healthy = [(row, "healthy") for row in rows]
        if turn >= self.failing_rounds:
            return healthy
        own = [row for row in rows if tells(row) and not self.is_left_out(row)]
        return healthy + [(row, mode) for mode in self.failing for row in own]

    def seconds_of(self, mode: str) -> int:
        return self.full_seconds if mode == "healthy" else 1

    def paced_rows(self, kind: str) -> list[str]:
        wanted = ("no-op", *filter(tells, ROWS[kind]))
        return [row for row in wanted if is_installed(row) and not self.is_left_out(row)]

    def is_left_out(self, row: str) -> bool:
        return self.is_quick and tells(row) and "curl" not in row


QUICK: Final = {
    "rounds": 1,
    "failing": ("hanging",),
    "full_seconds": 1,
    "paced_seconds": 0.4,
    "rates": (500,),
    "is_quick": True,
}


# -- one server process ------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """What can be seen of a server at one time."""

    cpu: float
    rss: float
    requests: int | None
    delivered: int
    # Requests of which footfall tells neither that they were delivered nor what else became of
    # them; None for rows without accounts.
    unaccounted: int | None


@dataclass(frozen=True)
class Cell:
    """One row, with the endpoint in one mode, in one round."""

    rate: float
    cpu_us: float | None
    p50: float | None
    p99: float | None
    unanswered: int
    rss_mb: float
    requests: int | None
    delivered: int
    unaccounted: int | None
    stop_seconds: float | None


@dataclass
class Bench:
    """One server, seen together with the endpoint that it tells."""

    server: Server
    endpoint: Endpoint
    mode: str
    answered_before: int

    def delivered(self) -> int:
        return self.endpoint.answered(self.mode) - self.answered_before

    def settle(self) -> None:
        """Until nothing has been delivered for a while; where the endpoint fails, that while."""
        until, seen = monotonic() + (6.0 if self.mode == "healthy" else 0.4), -1
        while seen != (seen := self.delivered()) and monotonic() < until:
            time.sleep(0.2)

    def moment(self) -> Moment:
        said, delivered, unaccounted = self.account()
        requests = said["requests"] if said else None
        server = self.server
        return Moment(server.cpu_seconds(), server.rss_mb(), requests, delivered, unaccounted)

    def account(self) -> tuple[Any, int, int | None]:
        """Both sides' counts. They are read one after the other, so what is under way is not."""
        until = monotonic() + 2.0
        while True:
            said, delivered = self.server.stats(), self.delivered()
            if not said or not said["footfall"]:
                return said, delivered, None
            unaccounted = said["requests"] - delivered - undelivered(said["footfall"])
            if not unaccounted or monotonic() > until:
                return said, delivered, unaccounted
            time.sleep(0.01)

    def warm(self) -> None:
        load.paced(self.server.port, per_second=PACE, count=100)


def undelivered(stats: dict[str, Any]) -> int:
    """What footfall says it has not delivered: waiting, lost, or no pageview; each counted once."""
    lane = next(iter(stats["destinations"].values()))
    inbox = stats["waiting"] + stats["dropped_full"]
    no_pageview = stats["captured"] - inbox - lane["submitted"]
    return int(inbox + no_pageview + sum(lane[name] for name in ENDS if name != "accepted"))


def measured(kind: str, row: str, mode: str, place: Endpoint, folder: Path, plan: Plan) -> Cell:
    address = f"http://127.0.0.1:{place.ports[mode]}"
    answered = place.answered(mode)
    with serving(kind, row, address, folder) as server:
        bench = Bench(server, place, mode, answered)
        bench.warm()
        before = bench.moment()
        done, seconds = load.full(folder, server.port, plan.seconds_of(mode))
        bench.settle()
        loaded = bench.moment()
        count = int(PACE * plan.paced_seconds)
        paced = load.paced(server.port, per_second=PACE, count=count)
        bench.settle()
        after = bench.moment()
        return Cell(
            rate=done / seconds,
            cpu_us=cpu_us(before, loaded, done),
            p50=paced.percentile(50),
            p99=paced.percentile(99),
            unanswered=paced.unanswered,
            rss_mb=after.rss - before.rss,
            requests=after.requests,
            delivered=after.delivered,
            unaccounted=after.unaccounted,
            stop_seconds=server.stop(),
        )


def cpu_us(before: Moment, after: Moment, answered: int) -> float | None:
    """Microseconds of the server's CPU per request, by its own count where it tells."""
    count = answered
    if before.requests is not None and after.requests is not None:
        count = after.requests - before.requests
    return (after.cpu - before.cpu) / count * 1e6 if count else None


# -- rounds and tables -------------------------------------------------------------------------

Figures = dict[tuple[str, str], list[Cell]]


def rounds_of(kind: str, place: Endpoint, folder: Path, plan: Plan) -> Figures:
    figures: Figures = {}
    for turn in range(plan.rounds):
        for row, mode in plan.cells(kind, turn):
            cell = measured(kind, row, mode, place, folder, plan)
            figures.setdefault((row, mode), []).append(cell)
    return figures


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
    tells_nobody = not tells(row)
    columns = [
        row,
        "-" if tells_nobody else mode,
        middle((cell.rate for cell in cells), ",.0f"),
        middle((cell.cpu_us for cell in cells), ".1f"),
        middle(over_noop(cells, noop), ".2f"),
        middle((cell.p50 for cell in cells), ".2f"),
        middle((cell.p99 for cell in cells), ".2f"),
        f"{max(cell.unanswered for cell in cells)}",
        middle((cell.rss_mb for cell in cells), "+.1f"),
        "-" if tells_nobody else delivered(cells),
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


# -- CPU of an event ---------------------------------------------------------------------------


def cpu_at_rates(
    kind: str, row: str, place: Endpoint, folder: Path, plan: Plan
) -> list[tuple[float | None, float]]:
    """For each rate the CPU µs of a request, and the events delivered for it."""
    address = f"http://127.0.0.1:{place.ports['healthy']}"
    found = []
    with serving(kind, row, address, folder) as server:
        bench = Bench(server, place, "healthy", place.answered("healthy"))
        bench.warm()
        bench.settle()
        for rate in plan.rates:
            before = bench.moment()
            count = int(rate * plan.paced_seconds)
            load.paced(server.port, per_second=rate, count=count)
            bench.settle()
            after = bench.moment()
            share = (after.delivered - before.delivered) / count
            found.append((cpu_us(before, after, count), share))
    return found


def paced_table(kind: str, place: Endpoint, folder: Path, plan: Plan) -> str:
    rows = plan.paced_rows(kind)
    turns = [
        {row: cpu_at_rates(kind, row, place, folder, plan) for row in rows}
        for _ in range(plan.rounds)
    ]
    titles = "".join(f" {rate:,}/s | delivered |" for rate in plan.rates)
    lines = [f"| {kind}, CPU µs per event |{titles}", "|---|" + "---:|" * 2 * len(plan.rates)]
    for row in rows:
        cells = [paced_cell(row, number, turns) for number in range(len(plan.rates))]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join([*lines, *missing(kind, columns=1 + 2 * len(plan.rates))])


def paced_cell(row: str, number: int, turns: list[dict[str, Any]]) -> str:
    if row == "no-op":
        spent = middle((turn[row][number][0] for turn in turns), ".0f")
        return f"({spent} a request) | -"
    over = [
        turn[row][number][0] - turn["no-op"][number][0] for turn in turns if turn[row][number][0]
    ]
    share = middle((turn[row][number][1] * 100 for turn in turns), ".0f")
    return f"{middle(over, '+.0f')} | {share} %"


# -- the program -------------------------------------------------------------------------------


def plan_of(arguments: list[str] | None = None) -> Plan:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short round, under a minute")
    parser.add_argument("--only", choices=tuple(ROWS), help="one of the servers")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--failing-rounds", type=int, help="of them with a failing endpoint, too")
    given = parser.parse_args(arguments)
    chosen: dict[str, Any] = dict(QUICK) if given.quick else {}
    chosen |= {"rounds": given.rounds} if given.rounds else {}
    if given.failing_rounds is not None:
        chosen["failing_rounds"] = given.failing_rounds
    return Plan((given.only,) if given.only else tuple(ROWS), **chosen)


def main() -> None:
    plan = plan_of()
    if shutil.which("wrk") is None:
        sys.exit("server.py needs wrk for its load: apt install wrk")
    os.sched_setaffinity(0, {cores()[1]})
    with endpoint() as place, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        load.write_script(folder)
        for kind in plan.kinds:
            figures = rounds_of(kind, place, folder, plan)
            print(served_table(kind, figures), end="\n\n", flush=True)
        for kind in plan.kinds[:1] if plan.is_quick else plan.kinds:
            print(paced_table(kind, place, folder, plan), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
