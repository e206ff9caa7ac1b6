"""One row of `server.py`: a server process from its start to its end, and what was seen of it."""

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

# Requests a second of the open loop in which answers are timed.
PACE: Final = 400


@dataclass(frozen=True)
class TimelineEntry:
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

    def moment(self) -> TimelineEntry:
        said, delivered, unaccounted = self.account()
        requests = said["requests"] if said else None
        server = self.server
        return TimelineEntry(
            server.cpu_seconds(), server.rss_mb(), requests, delivered, unaccounted
        )

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
        done, seconds = load.full(folder, server.port, plan.full_seconds)
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


def cpu_us(before: TimelineEntry, after: TimelineEntry, answered: int) -> float | None:
    """Microseconds of the server's CPU per request, by its own count where it tells."""
    count = answered
    if before.requests is not None and after.requests is not None:
        count = after.requests - before.requests
    return (after.cpu - before.cpu) / count * 1e6 if count else None


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
