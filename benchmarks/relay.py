"""How many events a second a relay delivers, and its CPU: `python benchmarks/relay.py`.

`--events` wait in a stream of a real redis-server, in packs of 100, each of a visitor of its own.
The vendor answers each request `--delay` milliseconds after it came, in a process of its own that
does nothing else: one thread with epoll, which takes some 20 µs for a request. The relay runs in
this process. "delivered" is the rate between the first tenth and the last of what was accepted,
"reached after" when the rate of 100 ms has first been nine tenths of that. The CPU of redis-server
is that of its own process, for reading and acknowledging.

With `--relays` so many programs (`footfall relay`) share the stream instead; their start is not
measured.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.relay.queues import put, queue_at, running
from tests.support.redis_server import STREAM, RedisServer, redis_server

from footfall.destinations import destination_from
from footfall.model import Event, Visitor
from footfall.relay.relay import Relay
from footfall.relay.status import read_status

RESPONDER = """
import re, select, socket, sys, time
from collections import deque

delay = float(sys.argv[1])
listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
listener.setblocking(False)
print(listener.getsockname()[1], flush=True)
poll = select.epoll()
poll.register(listener, select.EPOLLIN)
length = re.compile(rb"content-length: ?([0-9]+)", re.I)
open_, partial, due = {}, {}, deque()
OK = b"HTTP/1.1 202 Accepted\\r\\ncontent-length: 2\\r\\n\\r\\nok"
while True:
    wait = max(0.0, due[0][0] - time.monotonic()) if due else -1
    for descriptor, mask in poll.poll(wait):
        if descriptor == listener.fileno():
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            open_[connection.fileno()] = connection
            poll.register(connection, select.EPOLLIN)
        else:
            found = open_[descriptor].recv(1 << 20)
            if not found:
                poll.unregister(descriptor)
                open_.pop(descriptor).close()
                continue
            found = partial.pop(descriptor, b"") + found
            head = found.find(b"\\r\\n\\r\\n")
            if head < 0 or len(found) < head + 4 + int(length.search(found)[1]):
                partial[descriptor] = found
            elif delay:
                due.append((time.monotonic() + delay, descriptor))
            else:
                open_[descriptor].send(OK)
    while due and due[0][0] <= time.monotonic():
        descriptor = due.popleft()[1]
        if descriptor in open_:
            open_[descriptor].send(OK)
"""

LINES = {
    "plausible": "plausible+http://127.0.0.1:{}/example.com",
    "collector": "collector+http://127.0.0.1:{}/example.com",
    "posthog": "posthog+http://phc_key@127.0.0.1:{}",
    "clickhouse": "clickhouse+http://user:sixteen-characters@127.0.0.1:{}/footfall.events",
}

KEY = "footfall:{example}:stream"
PACK = 100
LOOK_SECONDS = 0.1


AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/{}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/{}.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/{}.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
)
FOLDERS = ("blog", "docs", "shop")
REFERRERS = (None, None, None, "https://www.google.com/", "https://news.ycombinator.com/")


def visits(number: int) -> list[Event]:
    """Pageviews as a site has them, each of a visitor of its own."""
    draw, now = random.Random(number), time.time()
    return [
        Event(
            url=f"https://example.com/{draw.choice(FOLDERS)}/{draw.randbytes(6).hex()}",
            referrer=draw.choice(REFERRERS),
            visitor=Visitor(
                client_ip=f"81.{draw.randrange(256)}.{index // 250 % 250}.{index % 250 + 1}",
                user_agent=draw.choice(AGENTS).format(draw.randrange(110, 142)),
                language=draw.choice(("en-US,en;q=0.9", "de", "fr-FR,fr;q=0.8,en;q=0.5")),
            ),
            time=now + index / 1000,
        )
        for index in range(number)
    ]


class Costs(NamedTuple):
    """What was measured, in events, seconds and bytes."""

    rate: float
    reached_after: float
    relay_cpu: float
    redis_put_cpu: float
    redis_take_cpu: float
    memory: float


@contextmanager
def responder(delay: float) -> Iterator[int]:
    """The port of a vendor that answers each request so many seconds after it came."""
    command = [sys.executable, "-c", RESPONDER, str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def redis_cpu(server: RedisServer) -> float:
    """CPU seconds of the server so far."""
    found = server.client.info("cpu")
    return float(found["used_cpu_user"]) + float(found["used_cpu_sys"])


def run(server: RedisServer, to: str, delay: float, events: int, **options: int) -> Costs:
    """Put events, deliver them, and measure both."""
    server.client.flushall()
    queue, began = queue_at(server), redis_cpu(server)
    put(queue, visits(events), pack=PACK)
    put_cpu, memory = redis_cpu(server) - began, server.client.memory_usage(KEY, samples=0)
    with responder(delay) as port:
        destination = destination_from(LINES[to].format(port))
        found, stop = Relay(queue, [destination], **options), threading.Event()
        found.check()
        [lane] = found.lanes.values()
        thread = threading.Thread(target=found.run, args=(stop,))
        began = redis_cpu(server)
        used, started = time.process_time() - time.thread_time(), time.monotonic()
        thread.start()
        looks = [(0.0, 0)]
        while looks[-1][1] < events and looks[-1][0] < 60:
            time.sleep(LOOK_SECONDS)
            looks.append((time.monotonic() - started, lane.counters().accepted))
        used = time.process_time() - time.thread_time() - used
        take_cpu = redis_cpu(server) - began
        stop.set()
        thread.join()
        found.close(1.0)
    rate = _rate(looks, events)
    per_event = (each / events for each in (used, put_cpu, take_cpu, memory))
    return Costs(rate, _reached(looks, 0.9 * rate), *per_event)


def run_programs(
    server: RedisServer, to: str, delay: float, events: int, number: int
) -> tuple[float, float]:
    """Deliver events with several relays: events a second of all, and CPU seconds of an event."""
    server.client.flushall()
    with responder(delay) as port, ExitStack() as stack:
        line = LINES[to].format(port)
        relays = [stack.enter_context(running(server, "--to", line)) for _ in range(number)]
        for each in relays:
            each.send_signal(signal.SIGSTOP)
        put(queue_at(server), visits(events), pack=PACK)
        used, started, taken = sum(map(_cpu, relays)), time.monotonic(), 0
        for each in relays:
            each.send_signal(signal.SIGCONT)
        while taken < events and time.monotonic() - started < 60:
            time.sleep(LOOK_SECONDS)
            taken = _taken(server)
        rate = taken / (time.monotonic() - started)
        return rate, (sum(map(_cpu, relays)) - used) / taken


def _taken(server: RedisServer) -> int:
    """How many events the relays have taken: all but a window of them have ended."""
    groups = read_status(server.client, STREAM).groups
    return sum(each.ends["accepted"] + each.in_flight for each in groups)


def _cpu(process: subprocess.Popen[str]) -> float:
    _, _, text = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")
    user, system = text.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _rate(looks: list[tuple[float, int]], events: int) -> float:
    middle = [each for each in looks if 0.1 * events <= each[1] <= 0.9 * events]
    (began, first), (ended, last) = middle[0], middle[-1]
    return (last - first) / (ended - began) if ended > began else events / looks[-1][0]


def _reached(looks: list[tuple[float, int]], rate: float) -> float:
    for (before, former), (at, number) in itertools.pairwise(looks):
        if number - former >= rate * (at - before):
            return at
    return looks[-1][0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--delay", type=float, action="append", help="milliseconds")
    parser.add_argument("--to", choices=LINES, action="append")
    parser.add_argument("--connections", type=int)
    parser.add_argument("--relays", type=int, help="so many processes instead")
    options = parser.parse_args()
    logging.disable()
    # As `footfall relay` has it.
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    if options.relays:
        with tempfile.TemporaryDirectory() as folder, redis_server(Path(folder)) as server:
            for to, delay in itertools.product(options.to or LINES, options.delay or [0.0, 50.0]):
                found = run_programs(server, to, delay / 1000, options.events, options.relays)
                print(
                    f"{options.relays} relays to {to}, {delay:g} ms: {found[0]:,.0f}/s, "
                    f"{found[1] * 1e6:.0f} µs",
                    flush=True,
                )
        return
    more = {} if options.connections is None else {"connections": options.connections}
    print(
        "| to | it answers after | delivered | reached after | relay, µs | Redis: put, taken, µs |"
    )
    print("|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder, redis_server(Path(folder)) as server:
        for to in options.to or LINES:
            for delay in options.delay or [0.0, 50.0]:
                found = run(server, to, delay / 1000, options.events, **more)
                print(
                    f"| {to} | {delay:g} ms | {found.rate:,.0f}/s | {found.reached_after:.1f} s | "
                    f"{found.relay_cpu * 1e6:.0f} | {found.redis_put_cpu * 1e6:.2f}, "
                    f"{found.redis_take_cpu * 1e6:.2f} |",
                    flush=True,
                )
        print(f"\nAn event that waits takes {found.memory:.0f} bytes in Redis.")


if __name__ == "__main__":
    main()
