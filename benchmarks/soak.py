"""Hours of ordinary faults: `python benchmarks/soak.py [--minutes 10] [--rate 200]`.

An app with footfall gets a steady stream of visitors. Its two vendors run in a process of their
own. For one event in a hundred they answer 500, 503 or 429, close without a response, drip, or are
slow. Every few seconds the benchmark samples threads, file descriptors and resident memory. At the
end the counters have to agree with what the vendors counted, to the event.

The exit code is 0 if they do and nothing has grown, 1 otherwise.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support import vendors
from tests.support.vendors import vendor

from footfall.tracker import Tracker
from footfall.wsgi import FootfallMiddleware

FAULT_SHARE = 0.01
SAMPLE_SECONDS = 5.0
# From the second quarter to the last, since pools and caches fill in the first. Each fault may
# start or end threads and connections.
MAX_GROWTH = {"threads": 2.0, "descriptors": 4.0, "megabytes": 5.0}
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

VENDORS = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
from benchmarks.soak import serve
serve(int(sys.argv[1]))
"""


class Sample(NamedTuple):
    """The resources of the process at one moment."""

    threads: int
    descriptors: int
    megabytes: float


def sample() -> Sample:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Sample(
        threading.active_count(),
        sum(1 for _ in Path("/proc/self/fd").iterdir()),
        pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
    )


# -- the vendors -------------------------------------------------------------------------------


def serve(seed: int) -> None:
    """Run two vendors; print their addresses, and once stdin ends how many events they kept."""
    rng = random.Random(seed)
    with vendor(with_faults(rng)) as first, vendor(with_faults(rng)) as second:
        print(first.url, second.url, flush=True)
        sys.stdin.read()
        print(first.kept, second.kept, flush=True)  # type: ignore[attr-defined] # set by `with_faults`


def with_faults(rng: random.Random) -> vendors.Behaviour:
    """A vendor that fails now and then. Its `kept` counts the events that it accepted."""

    def behave(connection: Any, server: Any) -> None:
        while server.read_request(connection):
            server.requests.clear()
            server.kept = getattr(server, "kept", 0)
            if rng.random() >= FAULT_SHARE:
                server.kept += 1
                connection.sendall(vendors.answer())
            elif not FAULTS[rng.randrange(len(FAULTS))](connection):
                return

    return behave


def answering(status: str, extra: str = "") -> Callable[[Any], bool]:
    def fault(connection: Any) -> bool:
        connection.sendall(vendors.answer(status, extra=extra))
        return True

    return fault


def slow(connection: Any) -> bool:
    time.sleep(1.5)
    connection.sendall(vendors.answer("500 Slow"))
    return True


def dripping(connection: Any) -> bool:
    for _ in range(40):
        connection.sendall(b"H")
        time.sleep(0.2)
    return False


FAULTS: tuple[Callable[[Any], bool], ...] = (
    answering("500 Oops"),
    answering("503 Busy"),
    answering("429 Too Many", "Retry-After: 1\r\n"),
    lambda connection: False,
    slow,
    dripping,
)


@contextmanager
def vendor_process() -> Iterator[tuple[list[str], Callable[[], list[int]]]]:
    """The addresses of the vendors, and a function that ends them and returns what they kept."""
    command = [sys.executable, "-c", VENDORS, "1"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        lines = process.stdout

        def end() -> list[int]:
            process.stdin.close()  # type: ignore[union-attr] # asserted above
            return [int(count) for count in lines.readline().split()]

        yield lines.readline().split(), end


# -- the app -----------------------------------------------------------------------------------


def page(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<h1>Hello</h1>"]


def visit(app: Any, number: int) -> None:
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": f"/page/{number % 500}",
        "QUERY_STRING": "",
        "wsgi.url_scheme": "https",
        "REMOTE_ADDR": f"198.51.{number // 250 % 250}.{number % 250 + 1}",
        "HTTP_HOST": "example.com",
        "HTTP_USER_AGENT": BROWSER,
        "HTTP_SEC_FETCH_DEST": "document",
        "HTTP_SEC_FETCH_MODE": "navigate",
    }
    answered: list[str] = []
    body = app(environ, lambda status, headers, exc_info=None: answered.append(status))
    if answered != ["200 OK"] or b"".join(body) != b"<h1>Hello</h1>":
        raise AssertionError(f"the app's answer changed: {answered}")


def soak(app: Any, *, seconds: float, rate: float) -> list[Sample]:
    """Visit `app` at a steady rate; returns a sample of the process for every few seconds."""
    started = time.monotonic()
    samples, visits = [sample()], 0
    while (passed := time.monotonic() - started) < seconds:
        while visits < passed * rate:
            visit(app, visits)
            visits += 1
        if passed > len(samples) * SAMPLE_SECONDS:
            samples.append(sample())
        time.sleep(0.005)
    return samples


def quarters(samples: list[Sample], name: str) -> tuple[float, float]:
    """The medians of the second and of the last quarter of the time."""
    figures = [getattr(each, name) for each in samples]
    size = max(1, len(figures) // 4)
    return statistics.median(figures[size : 2 * size]), statistics.median(figures[-size:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=200.0, help="visits a second")
    arguments = parser.parse_args()
    with vendor_process() as (addresses, end):
        tracker = Tracker.from_options(
            {
                "destinations": [
                    f"plausible+{address}/{site}.example.com"
                    for address, site in zip(addresses, ("one", "two"), strict=True)
                ],
                "timeout_seconds": 3,
                "shutdown_timeout_seconds": 60,
            },
            environ={},
        )
        app = FootfallMiddleware(page, tracker=tracker)
        samples = soak(app, seconds=arguments.minutes * 60, rate=arguments.rate)
        tracker.flush()
        stats, kept = tracker.stats(), end()
    return 0 if report(stats, kept, samples) else 1


ENDS = ("accepted", "dropped_by_vendor", "rejected", "dropped_full", "expired", "failed", "unknown")


def report(stats: dict[str, Any], kept: list[int], samples: list[Sample]) -> bool:
    """Print the results. True if the accounts close and nothing has grown."""
    is_fine = stats["errors"] == 0 and stats["dropped_full"] == 0
    print(f"{stats['captured']:,} visits through {stats['transport']}, {stats['errors']} errors")
    for (name, counts), taken in zip(stats["destinations"].items(), kept, strict=True):
        ends = {end: counts[end] for end in (*ENDS, "lost_at_exit", "queued") if counts[end]}
        is_closed = counts["submitted"] == sum(ends.values()) == stats["captured"]
        is_same = counts["accepted"] == taken
        is_fine = is_fine and is_closed and is_same
        print(f"{name}: {ends}, {counts['retried']} retried; closed: {is_closed}")
        print(f"  the vendor kept {taken:,}, the same as footfall counted: {is_same}")
    print("| | first sample | median of the second quarter | of the last | grown |")
    print("|---|---:|---:|---:|---:|")
    for name, limit in MAX_GROWTH.items():
        first, (second, last) = getattr(samples[0], name), quarters(samples, name)
        is_fine = is_fine and last - second <= limit
        print(f"| {name} | {first:.1f} | {second:.1f} | {last:.1f} | {last - second:+.1f} |")
    return is_fine


if __name__ == "__main__":
    sys.exit(main())
