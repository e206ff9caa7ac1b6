"""One row of `server.py`: a server process from its start to its end, and what was measured."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

from serving import load
from serving.plan import Plan
from serving.processes import Endpoint, Server, serving

from footfall.delivery.counters import ENDS

# Requests a second of the open loop in which responses are timed.
PACED_RATE: Final = 400


@dataclass(frozen=True)
class Snapshot:
    """The state of a server at one time."""

    cpu: float
    rss: float
    requests: int | None
    delivered: int
    # Requests that are neither delivered nor in any other counter of footfall's; None for rows
    # without such counters.
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
    """One server, together with the endpoint of its events."""

    server: Server
    endpoint: Endpoint
    mode: str
    answered_before: int

    def delivered(self) -> int:
        return self.endpoint.answered(self.mode) - self.answered_before

    def wait_until_delivered(self) -> None:
        """Wait until no more events are delivered: at most 6 s, 0.4 s where the endpoint fails."""
        until, seen = monotonic() + (6.0 if self.mode == "healthy" else 0.4), -1
        while seen != (seen := self.delivered()) and monotonic() < until:
            time.sleep(0.2)

    def snapshot(self) -> Snapshot:
        stats, delivered, unaccounted = self.counts()
        requests = stats["requests"] if stats else None
        server = self.server
        return Snapshot(server.cpu_seconds(), server.rss_mb(), requests, delivered, unaccounted)

    def counts(self) -> tuple[Any, int, int | None]:
        """The counts of server and endpoint, read again until no event is between the two."""
        until = monotonic() + 2.0
        while True:
            stats, delivered = self.server.stats(), self.delivered()
            if not stats or not stats["footfall"]:
                return stats, delivered, None
            unaccounted = stats["requests"] - delivered - undelivered(stats["footfall"])
            if not unaccounted or monotonic() > until:
                return stats, delivered, unaccounted
            time.sleep(0.01)

    def warm(self) -> None:
        load.paced_load(self.server.port, per_second=PACED_RATE, count=100)


def undelivered(stats: dict[str, Any]) -> int:
    """What footfall counts as not delivered: waiting, lost, or no pageview; each hit once."""
    lane = next(iter(stats["destinations"].values()))
    inbox = stats["waiting"] + stats["dropped_full"]
    no_pageview = stats["captured"] - inbox - lane["submitted"]
    return int(inbox + no_pageview + sum(lane[name] for name in ENDS if name != "accepted"))


def measure_row(kind: str, row: str, mode: str, target: Endpoint, folder: Path, plan: Plan) -> Cell:
    address = f"http://127.0.0.1:{target.ports[mode]}"
    answered = target.answered(mode)
    with serving(kind, row, address, folder) as server:
        bench = Bench(server, target, mode, answered)
        bench.warm()
        before = bench.snapshot()
        done, seconds = load.full_load(folder, server.port, plan.full_seconds)
        bench.wait_until_delivered()
        loaded = bench.snapshot()
        count = int(PACED_RATE * plan.paced_seconds)
        paced = load.paced_load(server.port, per_second=PACED_RATE, count=count)
        bench.wait_until_delivered()
        after = bench.snapshot()
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


def cpu_us(before: Snapshot, after: Snapshot, answered: int) -> float | None:
    """Microseconds of the server's CPU per request, by the server's own count if it has one."""
    count = answered
    if before.requests is not None and after.requests is not None:
        count = after.requests - before.requests
    return (after.cpu - before.cpu) / count * 1e6 if count else None


def cpu_at_rates(
    kind: str, row: str, target: Endpoint, folder: Path, plan: Plan
) -> list[tuple[float | None, float]]:
    """For each rate the CPU µs of a request, and the share of events that were delivered."""
    address = f"http://127.0.0.1:{target.ports['healthy']}"
    figures = []
    with serving(kind, row, address, folder) as server:
        bench = Bench(server, target, "healthy", target.answered("healthy"))
        bench.warm()
        bench.wait_until_delivered()
        for rate in plan.rates:
            before = bench.snapshot()
            count = int(rate * plan.paced_seconds)
            load.paced_load(server.port, per_second=rate, count=count)
            bench.wait_until_delivered()
            after = bench.snapshot()
            share = (after.delivered - before.delivered) / count
            figures.append((cpu_us(before, after, count), share))
    return figures
