"""What requests of an app cost while Redis has a fault: `python benchmarks/queue_faults.py`.

A WSGI app with the middleware, whose destination is a queue, gets `--rate` requests a second, each
of a visitor of its own, from one thread and without a web server. Each round measures every fault
beside the healthy server, so that other load affects all; the ratio is the median over the rounds.
What became of the events is that of the tracker's own counters, which add up to all of them.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.faults import Site
from tests.support.redis_server import STREAM, RedisServer, redis_server

from footfall.tracker import Tracker

HEALTHY = "healthy"


@contextmanager
def healthy(server: RedisServer) -> Iterator[None]:
    yield


@contextmanager
def gone(server: RedisServer) -> Iterator[None]:
    server.kill()
    yield
    server.start()


@contextmanager
def hanging(server: RedisServer) -> Iterator[None]:
    server.pause()
    yield
    server.go_on()


@contextmanager
def full(server: RedisServer) -> Iterator[None]:
    server.client.config_set("maxmemory", "1")
    yield
    server.client.config_set("maxmemory", "0")


@contextmanager
def replica(server: RedisServer) -> Iterator[None]:
    server.client.replicaof("127.0.0.1", "1")
    yield
    server.client.replicaof("NO", "ONE")


FAULTS: Mapping[str, Callable[[RedisServer], AbstractContextManager[None]]] = {
    HEALTHY: healthy,
    "gone": gone,
    "hanging": hanging,
    "full": full,
    "a replica": replica,
}


def durations(site: Site, rate: int, seconds: float) -> list[float]:
    """Microseconds of each request."""
    found, started = [], time.perf_counter()
    for number in range(round(rate * seconds)):
        time.sleep(max(0.0, started + number / rate - time.perf_counter()))
        began = time.perf_counter()
        site.visit(f"/{number}", visitor=f"198.51.{number // 250 % 250}.{number % 250 + 1}")
        found.append((time.perf_counter() - began) * 1e6)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    logging.disable()
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in FAULTS}
    ends: dict[str, Counter[str]] = {name: Counter() for name in FAULTS}
    with tempfile.TemporaryDirectory() as folder, redis_server(Path(folder)) as server:
        line = f"redis://127.0.0.1:{server.port}/0?stream={STREAM}"
        for _ in range(options.rounds):
            for name, fault in FAULTS.items():
                tracker = Tracker.from_options({"destinations": [line]}, environ={})
                site = Site(tracker)
                durations(site, options.rate, 0.5)
                with fault(server):
                    found = durations(site, options.rate, options.seconds)
                    site.tracker.process_all()
                    ends[name].update(site.counts())
                figures[name].append(
                    (statistics.median(found), statistics.quantiles(found, n=100)[-1])
                )
                tracker.close(0.0)
    print("| Redis | median µs | p99 µs | p99 × healthy | what became of the events |")
    print("|---|---:|---:|---:|---|")
    for name, values in figures.items():
        ratio = statistics.median(
            slow / reference
            for (_, slow), (_, reference) in zip(values, figures[HEALTHY], strict=True)
        )
        middle, slow = (statistics.median(each) for each in zip(*values, strict=True))
        print(f"| {name} | {middle:.0f} | {slow:.0f} | {ratio:.2f} | {dict(ends[name])} |")


if __name__ == "__main__":
    main()
