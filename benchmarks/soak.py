"""Hours of ordinary faults: `python benchmarks/soak.py [--minutes 10] [--rate 200] [--tls]`.

An app with footfall gets a steady stream of visitors. Its two vendors (`--vendors 1` for one) run
in a process of their own. For one event in a hundred they answer 500, 503 or 429, close or reset
without a response, drip, or are slow. With `--tls` nginx (which has to be installed) is in front of
each: it speaks HTTP/2 and HTTP/1.1 as configured by default, ends each connection after 1,000
requests, and is reloaded every 20 seconds, or its worker killed with what is in flight.

Every few seconds the benchmark samples threads, file descriptors and resident memory. At the end
the counters have to agree with what the vendors counted, to the event, and no vendor may have
counted an event twice. Where a connection breaks with an answer on its way, the vendor has counted
an event of which footfall knows nothing: there may be as many of these as are `unknown`.

The exit code is 0 if all that is so, no event was lost for want of time, and nothing has grown; 1
otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import gc
import logging
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.reach import certificates, nginx
from tests.support.vendors import unused_port, wait_until

from footfall.tracker import Tracker
from footfall.wsgi import FootfallMiddleware

FAULT_SHARE = 0.01
SAMPLE_SECONDS = 5.0
# Between two disturbances of nginx; every third one kills its worker.
DISTURBANCE_SECONDS = 20.0
# From the second quarter to the last, since pools and caches fill in the first. Each fault may
# start or end threads and connections.
MAX_GROWTH = {"threads": 2.0, "descriptors": 4.0, "megabytes": 5.0}
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SITES = ("one", "two")

VENDORS = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
from benchmarks.soak import serve
serve(int(sys.argv[1]), float(sys.argv[2]), is_behind_nginx=sys.argv[3] == "True")
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


class Account(NamedTuple):
    """What a vendor counted: all events, and those of them that it had counted before."""

    kept: int
    twice: int


class Vendor:
    """What one vendor counted, and whether its next request has a fault."""

    def __init__(self, rng: random.Random, delay: float, *, is_behind_nginx: bool) -> None:
        self.delay = delay
        self.is_behind_nginx = is_behind_nginx
        self._rng = rng
        self._visitors: set[bytes] = set()
        self.kept = 0

    def fault(self) -> Callable[[Connection], None] | None:
        return self._rng.choice(FAULTS) if self._rng.random() < FAULT_SHARE else None

    def keep(self, head: bytes) -> None:
        # Each visit is another visitor's.
        self._visitors.add(head.lower().partition(b"x-forwarded-for:")[2].partition(b"\r\n")[0])
        self.kept += 1

    @property
    def account(self) -> Account:
        return Account(self.kept, self.kept - len(self._visitors))


class Connection(asyncio.Protocol):
    """One connection to a vendor."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self._received = b""

    def data_received(self, chunk: bytes) -> None:
        self._received += chunk
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if not end or len(body) < int(length or 0):
            return
        self._received = b""
        fault = self.vendor.fault()
        if fault is None:
            self.vendor.keep(head)
            loop = asyncio.get_running_loop()
            loop.call_later(self.vendor.delay, self.answer, "202 Accepted")
        else:
            fault(self)

    def answer(self, status: str, extra: str = "") -> None:
        text = f"HTTP/1.1 {status}\r\nContent-Length: 2\r\n{extra}\r\nok"
        if not self.transport.is_closing():
            self.transport.write(text.encode())

    def reset(self) -> None:
        if self.vendor.is_behind_nginx:
            self.answer("200 OK", "X-Accel-Redirect: /reset\r\n")
        else:
            self.transport.abort()

    def drip(self, rest: bytes = b"HTTP/1.1 202 Accepted\r\nContent-Length") -> None:
        if not rest:
            self.transport.close()
        elif not self.transport.is_closing():
            self.transport.write(rest[:1])
            asyncio.get_running_loop().call_later(0.2, self.drip, rest[1:])


def answering(status: str, extra: str = "") -> Callable[[Connection], None]:
    return lambda connection: connection.answer(status, extra)


def slow(connection: Connection) -> None:
    asyncio.get_running_loop().call_later(1.5, connection.answer, "500 Slow")


FAULTS: tuple[Callable[[Connection], None], ...] = (
    answering("500 Oops"),
    answering("503 Busy"),
    answering("429 Too Many", "Retry-After: 1\r\n"),
    lambda connection: connection.transport.close(),
    Connection.reset,
    slow,
    Connection.drip,
)


def serve(number: int, delay: float, *, is_behind_nginx: bool) -> None:
    """Run so many vendors; print their ports, and once stdin ends what each has counted.

    Args:
        delay: Seconds until each answer.
    """
    rng = random.Random(1)
    vendors = [Vendor(rng, delay, is_behind_nginx=is_behind_nginx) for _ in range(number)]

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for vendor in vendors:
            connect = functools.partial(Connection, vendor)
            server = await loop.create_server(connect, "127.0.0.1", 0, backlog=1000)
            print(server.sockets[0].getsockname()[1], end=" ", flush=True)
        print(flush=True)
        await loop.run_in_executor(None, sys.stdin.read)

    asyncio.run(run())
    print(*(f"{vendor.account.kept}/{vendor.account.twice}" for vendor in vendors), flush=True)


@contextmanager
def vendor_process(
    number: int, delay: float, *, is_behind_nginx: bool
) -> Iterator[tuple[list[int], Callable[[], list[Account]]]]:
    """The ports of the vendors, and a function that ends them and returns what they counted."""
    command = [sys.executable, "-c", VENDORS, str(number), str(delay), str(is_behind_nginx)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        lines = process.stdout

        def end() -> list[Account]:
            process.stdin.close()  # type: ignore[union-attr] # asserted above
            return [Account(*map(int, each.split("/"))) for each in lines.readline().split()]

        yield [int(port) for port in lines.readline().split()], end


# -- nginx ---------------------------------------------------------------------------------------


def nginx_in_front(stack: ExitStack, ports: list[int]) -> tuple[list[str], list[Path]]:
    """The URLs of an nginx for each vendor, and the files that have the numbers of its processes.

    Both run until `stack` is left.
    """
    certificate = stack.enter_context(certificates())
    urls, pids = [], []
    for port, site in zip(ports, SITES, strict=False):
        folder = certificate / site
        folder.mkdir()
        for name in ("chain.pem", "key.pem"):
            shutil.copy(certificate / name, folder)
        urls.append(stack.enter_context(nginx(folder, f"http://127.0.0.1:{port}", unused_port())))
        pids.append(folder / "pid")
    return urls, pids


def disturb(pid: Path, number: int) -> None:
    """Reload an nginx, or kill its worker; its master starts another one."""
    master = int(pid.read_text())
    if number % 3:
        os.kill(master, signal.SIGHUP)
        return
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    for child in children:
        os.kill(int(child), signal.SIGKILL)


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
        "REMOTE_ADDR": f"81.{number // 62500 % 250 + 2}.{number // 250 % 250}.{number % 250 + 1}",
        "HTTP_HOST": "example.com",
        "HTTP_USER_AGENT": BROWSER,
        "HTTP_SEC_FETCH_DEST": "document",
        "HTTP_SEC_FETCH_MODE": "navigate",
    }
    answered: list[str] = []
    body = app(environ, lambda status, headers, exc_info=None: answered.append(status))
    if answered != ["200 OK"] or b"".join(body) != b"<h1>Hello</h1>":
        raise AssertionError(f"the app's answer changed: {answered}")


def soak(app: Any, pids: list[Path], *, seconds: float, rate: float) -> list[Sample]:
    """Visit `app` at a steady rate; returns a sample of the process for every few seconds."""
    started = time.monotonic()
    samples, visits, disturbances = [sample()], 0, 0
    while (passed := time.monotonic() - started) < seconds:
        while visits < passed * rate:
            visit(app, visits)
            visits += 1
        if passed > len(samples) * SAMPLE_SECONDS:
            samples.append(sample())
        if pids and passed > (disturbances + 1) * DISTURBANCE_SECONDS:
            disturbances += 1
            disturb(pids[disturbances % len(pids)], disturbances)
        time.sleep(0.005)
    return samples


def waiting(tracker: Tracker) -> int:
    """How many events and hits of a tracker have not ended."""
    stats = tracker.stats()
    counts: list[int] = [each["queued"] for each in stats["destinations"].values()]
    return sum(counts, start=stats["waiting"])


def quarters(samples: list[Sample], name: str) -> tuple[float, float]:
    """The medians of the second and of the last quarter of the time."""
    figures = [getattr(each, name) for each in samples]
    size = max(1, len(figures) // 4)
    return statistics.median(figures[size : 2 * size]), statistics.median(figures[-size:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=200.0, help="visits a second")
    parser.add_argument("--vendors", type=int, choices=[1, 2], default=2)
    parser.add_argument("--delay", type=float, default=0.0, help="milliseconds until an answer")
    parser.add_argument("--tls", action="store_true", help="nginx with HTTP/2 in front")
    parser.add_argument("--transport", choices=["auto", "curl", "httpx"], default="auto")
    arguments = parser.parse_args()
    # The faults are meant, and the counters have them all.
    logging.disable()
    with ExitStack() as stack:
        ports, end = stack.enter_context(
            vendor_process(arguments.vendors, arguments.delay / 1000, is_behind_nginx=arguments.tls)
        )
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        pids: list[Path] = []
        if arguments.tls:
            urls, pids = nginx_in_front(stack, ports)
        tracker = Tracker.from_options(
            {
                "destinations": [
                    f"plausible+{url}/{site}.example.com"
                    for url, site in zip(urls, SITES, strict=False)
                ],
                "transport": arguments.transport,
                "timeout_seconds": 3,
                "shutdown_timeout_seconds": 60,
            },
            environ={},
        )
        app = FootfallMiddleware(page, tracker=tracker)
        used = time.process_time()
        samples = soak(app, pids, seconds=arguments.minutes * 60, rate=arguments.rate)
        # `flush` leaves out what waits for a vendor that has asked for a rest.
        wait_until(lambda: not waiting(tracker))
        tracker.flush(60)
        used = time.process_time() - used
        stats, accounts = tracker.stats(), end()
    print(f"{used / stats['captured'] * 1e6:.0f} µs of CPU a visit, its events included")
    return 0 if report(stats, accounts, samples) else 1


ENDS = ("accepted", "dropped_by_vendor", "rejected", "failed", "unknown")
# Ends of events for which there was no time.
LOST = ("dropped_full", "expired", "lost_at_exit", "queued")


def report(stats: dict[str, Any], accounts: list[Account], samples: list[Sample]) -> bool:
    """Print the results. True if the accounts close and nothing has grown."""
    is_fine: bool = stats["errors"] == 0 and stats["dropped_full"] == 0
    print(
        f"{stats['captured']:,} visits through {stats['transport']}, {stats['errors']} errors, "
        f"{stats['dropped_full']:,} dropped before they were looked at"
    )
    for (name, counts), account in zip(stats["destinations"].items(), accounts, strict=True):
        ends = {end: counts[end] for end in (*ENDS, *LOST) if counts[end]}
        looked_at = stats["captured"] - stats["dropped_full"]
        is_closed = counts["submitted"] == sum(ends.values()) == looked_at
        unheard = account.kept - counts["accepted"]
        is_same = 0 <= unheard <= counts["unknown"] and not account.twice
        is_fine = is_fine and is_closed and is_same and not any(map(ends.get, LOST))
        print(f"{name}: {ends}, {counts['retried']} retried; closed: {is_closed}")
        print(
            f"  the vendor kept {account.kept:,}, {account.twice} of them twice, and {unheard} "
            f"whose answer was lost; the same as footfall counted: {is_same}"
        )
    print("| | first sample | median of the second quarter | of the last | grown |")
    print("|---|---:|---:|---:|---:|")
    for name, limit in MAX_GROWTH.items():
        first, (second, last) = getattr(samples[0], name), quarters(samples, name)
        is_fine = is_fine and last - second <= limit
        print(f"| {name} | {first:.1f} | {second:.1f} | {last:.1f} | {last - second:+.1f} |")
    return is_fine


if __name__ == "__main__":
    sys.exit(main())
