"""What one POST costs with each transport: `python benchmarks/transports.py [--quick]`.

CPU of this process, all its threads, for one event in one POST over plain HTTP on loopback to a
server in another process. The rows are the two transports, three HTTP clients alone as references,
and a lane from its queue to its counters, with twenty events at a time, as at a thousand a second.
A second table has events a second by number of connections, to a server that answers after 50 ms.
"""

from __future__ import annotations

import argparse
import http.client
import logging
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import httpx2
import pycurl
from paired import Loop, measure, table

from footfall.delivery import Lane, Limits
from footfall.delivery.transport import CurlTransport, HTTPXTransport, Transport, http_common
from footfall.delivery.transport.curl_multi import CurlMulti
from footfall.destinations import Plausible
from footfall.model import Event, Visitor

AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Safari/537.36"
)
# Answers as Plausible's server does, after the seconds in its argument.
SERVER = """
import asyncio, sys

ANSWER = (
    b"HTTP/1.1 202 Accepted\\r\\naccess-control-allow-origin: *\\r\\n"
    b"cache-control: must-revalidate, max-age=0, private\\r\\ncontent-length: 2\\r\\n"
    b"content-type: text/plain; charset=utf-8\\r\\ndate: Sat, 21 Nov 2026 10:00:00 GMT\\r\\n"
    b"server: Cowboy\\r\\nx-request-id: F0123456789\\r\\n\\r\\nok"
)
seconds = float(sys.argv[1])


class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.received = transport, b""

    def data_received(self, chunk):
        self.received += chunk
        head, end, body = self.received.partition(b"\\r\\n\\r\\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\\r\\n")[0]
        if end and len(body) >= int(length):
            self.received = b""
            if seconds:
                asyncio.get_running_loop().call_later(seconds, self.transport.write, ANSWER)
            else:
                self.transport.write(ANSWER)


async def main():
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
"""


@contextmanager
def running_server(seconds: float = 0.0) -> Iterator[int]:
    """The port of a server in a process of its own."""
    command = [sys.executable, "-c", SERVER, str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def destination(port: int) -> Plausible:
    return Plausible(domain="example.com", endpoint=f"http://127.0.0.1:{port}/api/event")


def event(number: int) -> Event:
    visitor = Visitor(
        client_ip=f"198.51.{number // 250 % 250}.{number % 250 + 1}", user_agent=AGENT
    )
    return Event(
        url=f"https://example.com/blog/{number}?utm_source=newsletter",
        referrer="https://news.example.org/item",
        visitor=visitor,
        time=time.time(),
    )


def cpu(call: Any) -> Loop:
    """CPU seconds of the calls, those of every thread and of the kernel included."""

    def loop(times: int) -> float:
        started = process_time()
        for number in range(times):
            call(number)
        return process_time() - started

    return loop


def by_transport(transport: Transport, target: Plausible) -> Any:
    requests = [target.request(event(number)) for number in range(100)]
    return lambda number: transport.send(requests[number % 100])


def by_http_client(port: int, target: Plausible) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    requests = [target.request(event(number)) for number in range(100)]

    def send(number: int) -> None:
        request = requests[number % 100]
        connection.request("POST", "/api/event", request.body, dict(request.headers))
        connection.getresponse().read()

    return send


def by_httpx2(target: Plausible) -> Any:
    client = httpx2.Client()
    requests = [target.request(event(number)) for number in range(100)]

    def send(number: int) -> None:
        request = requests[number % 100]
        client.post(request.url, content=request.body, headers=dict(request.headers))

    return send


def by_pycurl(target: Plausible) -> Any:
    """libcurl alone: what a transport costs above this is footfall's own."""
    handle = pycurl.Curl()
    for option, value in (
        (pycurl.URL, target.endpoint),
        (pycurl.POST, 1),
        (pycurl.HEADERFUNCTION, lambda line: None),
        (pycurl.WRITEFUNCTION, lambda chunk: None),
    ):
        handle.setopt(option, value)
    requests = [target.request(event(number)) for number in range(100)]
    ready = [(http_common.header_lines(request.headers), request.body) for request in requests]

    def send(number: int) -> None:
        lines, body = ready[number % 100]
        handle.setopt(pycurl.HTTPHEADER, lines)
        handle.setopt(pycurl.POSTFIELDS, body)
        handle.perform()

    return send


def by_lane(target: Plausible, transport: Transport) -> Any:
    """Every twentieth call offers twenty events and delivers them, in the calling thread."""
    lane = Lane(target, transport)
    lane._call_threads = lambda: None  # type: ignore[method-assign]  # this is the thread
    multi = CurlMulti()
    multi.allow_connections(lane.max_connections)

    def deliver(number: int) -> None:
        if number % 20:
            return
        lane.offer(*map(event, range(number, number + 20)))
        while not lane.is_empty:
            while lane.start(multi):
                pass
            multi.run(1.0)

    return deliver


def per_post(*, calls: int, rounds: int) -> str:
    with running_server() as port:
        target = destination(port)
        rows = {
            "http.client": cpu(by_http_client(port, target)),
            "httpx2.Client": cpu(by_httpx2(target)),
            "pycurl": cpu(by_pycurl(target)),
            "HTTPXTransport": cpu(by_transport(HTTPXTransport(), target)),
            "CurlTransport": cpu(by_transport(CurlTransport(), target)),
            "a lane, CurlTransport": cpu(by_lane(target, CurlTransport())),
        }
        figures = measure(rows, calls=calls, rounds=rounds)
    lines = table("one POST", figures, base="http.client", unit="CPU µs").splitlines()
    rates = [round(1e6 / statistics.median(values), -2) for values in figures.values()]
    tails = [" events per CPU s |", "---:|", *(f" {rate:,.0f} |" for rate in rates)]
    return "\n".join(line + tail for line, tail in zip(lines, tails, strict=True))


def throughput(transport: Transport, connections: int, seconds: float) -> float:
    """Events a second through a lane, while more wait than it can send."""
    with running_server(0.05) as port:
        limits = Limits(max_connections=connections, max_age_seconds=600)
        lane = Lane(destination(port), transport, limits)
        for number in range(int(30 * connections * (seconds + 3))):
            lane.offer(event(number))
        time.sleep(1.0)
        before, started = lane.counters().accepted, time.monotonic()
        time.sleep(seconds)
        rate = (lane.counters().accepted - before) / (time.monotonic() - started)
        lane.drain(time.monotonic())
        return rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the calls")
    quick = parser.parse_args().quick
    # The events that are left in a lane at the end are lost on purpose.
    logging.disable()
    calls, rounds = (200, 7) if quick else (2_000, 11)
    print(per_post(calls=calls, rounds=rounds), end="\n\n")

    counts, seconds = ((1, 8), 1.0) if quick else ((1, 2, 4, 8), 4.0)
    print("| connections, at 50 ms | " + " | ".join(map(str, counts)) + " |")
    print("|---|" + "---:|" * len(counts))
    for kind in (CurlTransport, HTTPXTransport):
        rates = [throughput(kind(), count, seconds) for count in counts]
        print(f"| {kind.__name__}, events/s | " + " | ".join(f"{r:.0f}" for r in rates) + " |")


if __name__ == "__main__":
    main()
