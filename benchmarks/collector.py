"""The collector under load: `python benchmarks/collector.py [--quick] [--events N]`.

It runs in the environment that the README's command makes, and refuses another one:

    python3 -m venv .venv && .venv/bin/pip install ".[collector]"

The benchmark fills a file with a month of a site's events, and `footfall collect` serves it in a
process of its own, bound to one core. It requests the dashboard of a day, of a month, and of a
month with a filter. Then it takes three turns; in each, one connection exchanges requests with the
collector and with a plain responder by turns, and 8 to 32 connections post events from the other
core, each as soon as the last one was answered; then fewer connections post batches of events.
At last the middleware's delivery sends reports of hits, one a request and in batches.
`--quick` fills a tenth; `--database FILE` uses a filled file, or fills it.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from heapq import heappop, heappush
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import environment
import httpx2

from footfall.collector.storage import write_sql
from footfall.collector.storage.database import Database
from footfall.collector.storage.stats import rollups
from footfall.collector.wire.messages import IncomingEvent, IncomingRequest
from footfall.delivery import Lane
from footfall.delivery.transport import CurlTransport, HTTPXTransport
from footfall.destinations import Collector
from footfall.events.hit_report import HitReport
from footfall.model import Event, Hit, Visitor
from footfall.rules.pageview import decide

EVENTS = 1_000_000
QUICK_EVENTS = 100_000
DAYS = 30
CONNECTIONS = (8, 16, 32)
BATCHES = (100, 500)
BATCH_CONNECTIONS = (1, 4)
REPORTS = 3_000
ROUNDS = 15
TURNS = 3
EXCHANGES = 2_000

BROWSERS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
)
SOURCES = (
    *(None,) * 8,
    *("google.com",) * 6,
    "news.ycombinator.com",
    "t.co",
    "chatgpt.com",
    *(f"site-{number}.example" for number in range(40)),
)
COUNTRIES = ("DE", "US", "FR", "GB", "NL", "IN", "BR", "JP")
PAGES = tuple(f"/page-{number}" for number in range(300))
WEIGHTS = tuple(1 / (number + 1) for number in range(300))


LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)

EVENT = {
    "name": "pageview",
    "url": "https://example.com/page?utm_source=newsletter",
    "domain": "example.com",
    "referrer": "https://news.example.org/item",
}


# -- a month of a site -------------------------------------------------------------------------


class Step(NamedTuple):
    """The next pageview of a running visit."""

    at: float
    visit: int
    left: int
    source: str | None
    browser: str
    country: str
    visitor: int


def month(number: int) -> Iterator[IncomingEvent]:
    """Events in the order of their time, three pageviews a visit, until now."""
    rng = random.Random(1)
    end = time.time()
    at, visit = end - DAYS * 86_400, 0
    pause = DAYS * 86_400 / (number / 3)
    running: list[Step] = []
    while at < end:
        running_visit = Step(
            at,
            visit,
            rng.randrange(1, 6),
            rng.choice(SOURCES),
            rng.choice(BROWSERS),
            rng.choice(COUNTRIES),
            rng.randrange(200_000),
        )
        heappush(running, running_visit)
        at += rng.expovariate(1 / pause)
        visit += 1
        while running and running[0].at < min(at, end):
            step = heappop(running)
            yield event_of(step, rng)
            if step.left > 1:
                rest = step._replace(at=step.at + rng.uniform(5, 400), left=step.left - 1)
                heappush(running, rest)


def event_of(step: Step, rng: random.Random) -> IncomingEvent:
    path = rng.choices(PAGES, WEIGHTS)[0]
    name = "Signup" if rng.random() < 0.01 else "pageview"
    headers = {"host": "stats.example", "user-agent": step.browser, "cf-ipcountry": step.country}
    return IncomingEvent(
        vendor="plausible",
        domain="example.com",
        name=name,
        url=f"https://example.com{path}",
        hostname="example.com",
        path=path,
        referrer=f"https://{step.source}/thread" if step.source else None,
        source=step.source,
        props={"plan": rng.choice(("pro", "free"))} if name == "Signup" else {},
        user_agent=step.browser,
        visitor=f"{step.visitor:08x}{int(step.at // 86_400):08x}",
        session=f"{step.visit * 2_654_435_761 % 2**64:016x}",
        request=IncomingRequest(headers=headers, peer="127.0.0.1", body=b"{}", at=step.at),
    )


def fill(path: Path, number: int) -> tuple[float, float]:
    """Fill a file; returns the seconds for writing, and for closing a day."""
    with closing(Database(path)) as database:
        started, batch = time.perf_counter(), []
        for event in month(number):
            batch.append(event)
            if len(batch) == 5_000:
                write(database, batch)
        write(database, batch)
        written = time.perf_counter() - started
        started, days = time.perf_counter(), 0
        while day := rollups.next_to_close(database.writer, ZoneInfo("UTC"), time.time()):
            with database.writing() as connection:
                rollups.close(connection, day)
            days += 1
        return written, (time.perf_counter() - started) / max(days, 1)


def write(database: Database, batch: list[IncomingEvent]) -> None:
    with database.writing() as connection:
        write_sql.insert(connection, batch)
        while write_sql.purge_requests(connection):
            pass
    batch.clear()


# -- the server --------------------------------------------------------------------------------


@contextmanager
def running(*arguments: str) -> Iterator[tuple[str, int]]:
    """A server in a process of its own, on one core: the address that it prints, and its pid."""
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            match = re.search(r"http://\S+", process.stdout.readline())
            assert match is not None
            bind_to_cores(process.pid)
            yield match[0], process.pid
        finally:
            process.terminate()
            process.wait()


def bind_to_cores(pid: int) -> None:
    """Bind a server to one core, and this process to the others."""
    cores = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else set()
    if len(cores) < 2:
        return
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {max(cores)})
    os.sched_setaffinity(0, cores - {max(cores)})


def resident_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    match = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(match[1]) / 1_024 if match else float("nan")


def cpu_seconds(pid: int) -> float:
    """What the process has used of the core; a busy machine changes it little."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def request_text(method: str, host: str, path: str, headers: Mapping[str, str], body: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join([*lines, "", ""]) + body).encode()


# -- exchanges ---------------------------------------------------------------------------------


Exchange = Callable[[], float]
"""Sends a request on a kept connection and reads its response; returns the seconds."""


def socket_exchange(url: str, method: str, path: str, body: str) -> Exchange:
    """With a bare socket: next to nothing of the time is the client's."""
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname, parts.port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = request_text(method, parts.netloc, path, HEADERS, body)

    def exchange() -> float:
        started = time.perf_counter()
        connection.sendall(request)
        received = b""
        while not is_whole(received):
            received += connection.recv(65_536)
        took = time.perf_counter() - started
        assert received.startswith((b"HTTP/1.1 202 ", b"HTTP/1.1 200 ")), received
        return took

    return exchange


def is_whole(response: bytes) -> bool:
    head, end, body = response.partition(b"\r\n\r\n")
    length = LENGTH.search(head)
    return bool(end) and length is not None and len(body) == int(length[1])


def client_exchange(url: str, method: str, path: str, body: str) -> Exchange:
    """With the standard library's client, which takes its part of the time."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)

    def exchange() -> float:
        started = time.perf_counter()
        connection.request(method, path, body or None, HEADERS)
        response = connection.getresponse()
        response.read()
        took = time.perf_counter() - started
        assert response.status in (200, 202), response.status
        return took

    return exchange


def transport_exchange(url: str, method: str, path: str, body: str) -> Exchange:
    """With the client of the middleware's transport, as an app sends its events."""
    client = httpx2.Client(base_url=url, trust_env=False)

    def exchange() -> float:
        started = time.perf_counter()
        response = client.request(method, path, content=body or None, headers=HEADERS)
        took = time.perf_counter() - started
        assert response.status_code in (200, 202), response.status_code
        return took

    return exchange


HEADERS = {"Content-Type": "application/json", "User-Agent": BROWSERS[0]}
CLIENTS = {
    "a bare socket": socket_exchange,
    "http.client": client_exchange,
    "httpx2": transport_exchange,
}


def exchange_pairs(ours: Exchange, plain: Exchange, number: int) -> list[tuple[float, float]]:
    """Seconds of exchanges with the collector and with the plain responder, by turns."""
    for _ in range(number // 10):
        ours()
        plain()
    return [(ours(), plain()) for _ in range(number)]


# -- ingest ------------------------------------------------------------------------------------


def single_requests(host: str) -> list[bytes]:
    """Posts of one event each, from visitors with three pages each."""
    texts = []
    for each in range(6_000):
        headers = {
            "Content-Type": "application/json",
            "User-Agent": BROWSERS[each % len(BROWSERS)],
            "X-Forwarded-For": f"203.0.{each // 3 % 200}.{each % 250}",
        }
        texts.append(
            request_text("POST", host, "/api/event", headers, json.dumps(event_number(each)))
        )
    return texts


def batch_requests(host: str, size: int) -> list[bytes]:
    """Posts of that many of the same events each."""
    lines = [
        json.dumps(
            event_number(each)
            | {
                "user_agent": BROWSERS[each % len(BROWSERS)],
                "client_ip": f"203.0.{each // 3 % 200}.{each % 250}",
            }
        )
        for each in range(6_000)
    ]
    bodies = ["\n".join(lines[start : start + size]) for start in range(0, 6_000, size)]
    headers = {"Content-Type": "application/x-ndjson"}
    return [request_text("POST", host, "/api/v1/events/batch", headers, body) for body in bodies]


def event_number(number: int) -> dict[str, str]:
    return EVENT | {"url": EVENT["url"].replace("page", f"page-{number % 50}")}


async def post(host: str, port: int, texts: list[bytes], until: float) -> list[float]:
    """Post one after the other on one connection; returns the seconds of each."""
    reader, writer = await asyncio.open_connection(host, port)
    durations, number = [], 0
    while time.perf_counter() < until:
        started = time.perf_counter()
        writer.write(texts[number % len(texts)])
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith((b"HTTP/1.1 202 ", b"HTTP/1.1 200 ")), head
        length = LENGTH.search(head)
        assert length is not None
        await reader.readexactly(int(length[1]))
        durations.append(time.perf_counter() - started)
        number += 1
    writer.close()
    return durations


async def ingest(url: str, texts: list[bytes], connections: int, seconds: float) -> list[float]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    until = time.perf_counter() + seconds
    posts = [
        post(parts.hostname, parts.port, texts[each::connections], until)
        for each in range(connections)
    ]
    durations = await asyncio.gather(*posts)
    return [each for part in durations for each in part]


# -- the dashboard -----------------------------------------------------------------------------


def first_byte(url: str) -> float:
    """Seconds until the first byte of a response."""
    started = time.perf_counter()
    with urlopen(url, timeout=60) as response:
        response.read(1)
        return time.perf_counter() - started


DASHBOARD_PAGES = {
    "a day": "/?period=yesterday",
    "today": "/?period=today",
    "30 days": "/?period=30d",
    "30 days, one source": "/?period=30d&source=Google",
    "30 days, one page": "/?period=30d&page=/page-7",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the events, fewer rounds")
    parser.add_argument("--events", type=int, help=f"how many are stored ({EVENTS:,})")
    parser.add_argument("--database", type=Path, help="a file to fill, or a filled one")
    parser.add_argument("--turns", type=int, default=TURNS, help=f"of which medians are ({TURNS})")
    parser.add_argument(
        "--any-environment", action="store_true", help="run in another environment, and say so"
    )
    options = parser.parse_args()
    report_environment(options.any_environment)
    number = options.events or (QUICK_EVENTS if options.quick else EVENTS)
    with tempfile.TemporaryDirectory() as folder:
        path = options.database or Path(folder) / "events.sqlite3"
        if not path.exists():
            report_filling(path, number)
        measure(path, options.turns, is_quick=options.quick)


def report_environment(is_any: bool) -> None:
    """Print what it runs on; end where that is not what users have."""
    print(environment.description())
    for fault in environment.faults("collector"):
        print(f"NOT AS USERS HAVE IT: {fault}")
        if not is_any:
            sys.exit('run it in a venv with `pip install ".[collector]"`, or --any-environment')
    print(flush=True)


def report_filling(path: Path, number: int) -> None:
    """Fill a file, and print how long it took."""
    written, closing_a_day = fill(path, number)
    size = path.stat().st_size / 1e6
    print(f"{number:,} events: {number / written:,.0f} written a second, {size:,.0f} MB, ", end="")
    print(f"a day closed in {closing_a_day * 1e3:,.0f} ms\n", flush=True)


def measure(path: Path, turns: int, *, is_quick: bool) -> None:
    """Print all tables."""
    responder = str(Path(__file__).with_name("plain_responder.py"))
    command = ["-m", "footfall", "collect", "--port", "0", "--database", str(path)]
    with running(*command) as (url, pid), running(responder) as (plain, _):
        print(f"resident at the start: {resident_megabytes(pid):.0f} MB\n")
        measure_dashboard(url, pid, 5 if is_quick else ROUNDS)
        measure_exchanges(url, plain, turns, EXCHANGES // 10 if is_quick else EXCHANGES)
        measure_ingest(url, pid, turns, 3 if is_quick else 5)
        measure_sender(url, pid, turns)


def measure_dashboard(url: str, pid: int, rounds: int) -> None:
    """The table of the dashboard."""
    print("| dashboard | first byte, ms | CPU, ms |\n|---|---:|---:|")
    for name, page in DASHBOARD_PAGES.items():
        # Three are enough where a page takes seconds.
        repeats = 3 if first_byte(url + page) > 2 else rounds
        before = cpu_seconds(pid)
        times = [first_byte(url + page) for _ in range(repeats)]
        used = (cpu_seconds(pid) - before) / repeats
        print(f"| {name} | {statistics.median(times) * 1e3:,.0f} | {used * 1e3:,.0f} |", flush=True)
    print(f"\nresident at most: {resident_megabytes(pid):.0f} MB\n")


def measure_exchanges(url: str, plain: str, turns: int, number: int) -> None:
    """The table of single exchanges."""
    body = json.dumps(EVENT)
    print("| one connection | ms, median | plain responder, ms | × plain |\n|---|---:|---:|---:|")
    for name, connect in CLIENTS.items():
        for method, path, sent in (("POST", "/api/event", body), ("GET", "/api/health", "")):
            medians = []
            for _ in range(turns):
                ours, other = (connect(each, method, path, sent) for each in (url, plain))
                pairs = exchange_pairs(ours, other, number)
                medians.append([statistics.median(each) for each in zip(*pairs, strict=True)])
            times = [
                spread([each * 1e3 for each in one], "{:.2f}") for one in zip(*medians, strict=True)
            ]
            ratio = spread([our / other for our, other in medians], "{:.1f}")
            print(f"| {method} {path}, {name} | {' | '.join(times)} | {ratio} |", flush=True)
    print(flush=True)


def measure_ingest(url: str, pid: int, turns: int, seconds: float) -> None:
    """The table of ingest: events one by one, then in batches."""
    host = urlsplit(url).netloc
    print("| events a request | connections | events/s | per CPU second | median, ms | p99, ms |")
    print("|---:|---:|---:|---:|---:|---:|")
    single = single_requests(host)
    for connections in CONNECTIONS:
        print_ingest(url, pid, single, 1, connections, turns, seconds)
    for size in BATCHES:
        batches = batch_requests(host, size)
        for connections in BATCH_CONNECTIONS:
            print_ingest(url, pid, batches, size, connections, turns, seconds)
    print(f"\nresident at most: {resident_megabytes(pid):.0f} MB\n")


def print_ingest(
    url: str,
    pid: int,
    texts: list[bytes],
    size: int,
    connections: int,
    turns: int,
    seconds: float,
) -> None:
    """A row of the table, for requests of `size` events each."""
    rates, per_cpu, medians, p99s = [], [], [], []
    for _ in range(turns):
        before = cpu_seconds(pid)
        durations = sorted(asyncio.run(ingest(url, texts, connections, seconds)))
        events = len(durations) * size
        rates.append(events / seconds)
        per_cpu.append(events / (cpu_seconds(pid) - before))
        medians.append(durations[len(durations) // 2] * 1e3)
        p99s.append(durations[len(durations) * 99 // 100] * 1e3)
    cells = [spread(rates, "{:,.0f}"), spread(per_cpu, "{:,.0f}")]
    cells += [spread(medians, "{:.1f}"), spread(p99s, "{:.1f}")]
    print(f"| {size} | {connections} | {' | '.join(cells)} |", flush=True)


# -- the middleware's delivery -----------------------------------------------------------------


class OneByOne:
    """The collector as a destination that knows no batches."""

    def __init__(self, to: Collector) -> None:
        self.name, self.endpoint, self.watches = to.name, to.endpoint, to.watches
        self.request, self.report, self.read = to.request, to.report, to.read


def measure_sender(url: str, pid: int, turns: int) -> None:
    """The table of the middleware's delivery to a collector: the CPU time of both ends."""
    print("| reports of hits | transport | sender's CPU, µs | collector's CPU, µs |")
    print("|---|---|---:|---:|")
    to = Collector(domain="example.com", endpoint=url)
    transports = {"httpx2": HTTPXTransport(), "curl": CurlTransport()}
    if find_spec("pycurl") is None:
        del transports["curl"]
    for name, transport in transports.items():
        for title, destination in (("one a request", OneByOne(to)), ("in batches", to)):
            rows = [sender_figures(Lane(destination, transport), pid) for _ in range(turns)]
            ours, theirs = (spread(each, "{:,.0f}") for each in zip(*rows, strict=True))
            print(f"| {title} | {name} | {ours} | {theirs} |", flush=True)
        transport.close()
    print()


def sender_figures(lane: Lane, pid: int) -> tuple[float, float]:
    """Microseconds of CPU for each report: of this process, and of the collector."""
    reports = [report_of(each) for each in range(REPORTS)]
    before, ours = cpu_seconds(pid), time.process_time()
    for first in range(0, REPORTS, 100):
        # As the inbox is emptied on a busy site.
        lane.offer_hits(*reports[first : first + 100])
        while not lane.has_capacity:
            time.sleep(0.001)
    assert lane.drain(time.monotonic() + 60)
    ours, used = time.process_time() - ours, cpu_seconds(pid) - before
    assert lane.counters().accepted == REPORTS, lane.counters()
    return ours / REPORTS * 1e6, used / REPORTS * 1e6


def report_of(number: int) -> HitReport:
    """What the middleware reports of a pageview behind a proxy."""
    headers = {"sec-fetch-dest": "document", "sec-fetch-mode": "navigate", "accept": "text/html"}
    hit = Hit(path=f"/page-{number % 50}", headers=headers, peer="10.0.0.1", time=time.time())
    visitor = Visitor(
        client_ip=f"203.0.{number // 3 % 200}.{number % 250}", user_agent=BROWSERS[number % 3]
    )
    event = Event(url=f"https://example.com{hit.path}", visitor=visitor, time=hit.time)
    decision = decide(hit)
    return HitReport(
        event=event, is_tracked=True, reason=decision.reason, hit=hit, decision=decision
    )


def spread(values: Sequence[float], form: str) -> str:
    """The median, and the lowest and highest value."""
    lowest, median, highest = (
        form.format(each) for each in (min(values), statistics.median(values), max(values))
    )
    return median if lowest == highest else f"{median} ({lowest} to {highest})"


if __name__ == "__main__":
    main()
