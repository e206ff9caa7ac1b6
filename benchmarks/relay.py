"""How many events a second a relay delivers, and its CPU: `python benchmarks/relay.py`.

`--events` wait in a stream of a real redis-server, in packs of 100, each of a visitor of its own.
The vendor answers each request `--delay` milliseconds after it came, in a process of its own that
does nothing else: one thread with epoll, which takes some 20 µs for a request. The relay runs in
this process. The first column is the rate between the first tenth and the last of what arrived,
the second when the rate of 100 ms has first been nine tenths of that.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.relay.queues import pages, put, queue_at
from tests.support.redis_server import RedisServer, redis_server

from footfall.destinations import destination_from
from footfall.relay.relay import Relay

RESPONDER = """
import re, select, socket, sys, time
from collections import deque

delay = float(sys.argv[1])
listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
listener.setblocking(False)
print(listener.getsockname()[1], flush=True)
poll = select.epoll()
poll.register(listener, select.EPOLLIN)
poll.register(sys.stdin, select.EPOLLIN)
length = re.compile(rb"content-length: ?([0-9]+)", re.I)
open_, partial, due, answered = {}, {}, deque(), 0
OK = b"HTTP/1.1 202 Accepted\\r\\ncontent-length: 2\\r\\n\\r\\nok"
while True:
    wait = max(0.0, due[0][0] - time.monotonic()) if due else -1
    for descriptor, mask in poll.poll(wait):
        if descriptor == listener.fileno():
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            open_[connection.fileno()] = connection
            poll.register(connection, select.EPOLLIN)
        elif descriptor == 0:
            if not sys.stdin.readline():
                sys.exit()
            print(answered, flush=True)
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
                answered += 1
    while due and due[0][0] <= time.monotonic():
        descriptor = due.popleft()[1]
        if descriptor in open_:
            open_[descriptor].send(OK)
            answered += 1
"""

PACK = 100
LOOK_SECONDS = 0.1


class Responder:
    """A running vendor: its port, and how many requests it has answered."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = self._number()

    def _number(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def answered(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._number()


@contextmanager
def responder(delay: float) -> Iterator[Responder]:
    """A vendor that answers each request so many seconds after it came."""
    command = [sys.executable, "-c", RESPONDER, str(delay)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Responder(process)
        finally:
            process.terminate()


def run(server: RedisServer, delay: float, events: int, **options: int) -> str:
    """A row: the rate, when it was reached, and the relay's CPU for each event."""
    server.client.flushall()
    queue = queue_at(server)
    put(queue, pages(range(events)), pack=PACK)
    with responder(delay) as vendor:
        line = f"plausible+http://127.0.0.1:{vendor.port}/example.com"
        found, stop = Relay(queue, [destination_from(line)], **options), threading.Event()
        found.check()
        thread = threading.Thread(target=found.run, args=(stop,))
        used, started = time.process_time() - time.thread_time(), time.monotonic()
        thread.start()
        looks = [(0.0, 0)]
        while looks[-1][1] < events and looks[-1][0] < 60:
            time.sleep(LOOK_SECONDS)
            looks.append((time.monotonic() - started, vendor.answered()))
        used = time.process_time() - time.thread_time() - used
        stop.set()
        thread.join()
        found.close(1.0)
    rate = _rate(looks, events)
    return (
        f"| {delay * 1000:g} ms | {rate:,.0f}/s | {_reached(looks, 0.9 * rate):.1f} s | "
        f"{used / events * 1e6:.0f} µs |"
    )


def _rate(looks: list[tuple[float, int]], events: int) -> float:
    middle = [each for each in looks if 0.1 * events <= each[1] <= 0.9 * events]
    (began, first), (ended, last) = middle[0], middle[-1]
    return (last - first) / (ended - began)


def _reached(looks: list[tuple[float, int]], rate: float) -> float:
    for (before, former), (at, number) in itertools.pairwise(looks):
        if number - former >= rate * (at - before):
            return at
    return looks[-1][0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--delay", type=float, action="append", help="milliseconds")
    parser.add_argument("--connections", type=int)
    options = parser.parse_args()
    logging.disable()
    more = {} if options.connections is None else {"connections": options.connections}
    print("| the vendor answers after | delivered | reached after | CPU for each event |")
    print("|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder, redis_server(Path(folder)) as server:
        for delay in options.delay or [0.0, 50.0]:
            print(run(server, delay / 1000, options.events, **more), flush=True)


if __name__ == "__main__":
    main()
