"""How many events one process delivers to a vendor that is far away: `python benchmarks/reach.py`.

The vendor answers each request after `--delay` milliseconds, in a process of its own. It speaks
HTTP/1.1 without TLS, or HTTP/2 and HTTP/1.1 over TLS with nginx in front of it (which has to be
installed), as configured by default: 128 streams and 1,000 requests for each connection. A tracker
gets `--rate` pageviews a second for `--seconds`, each of a visitor of its own, from one thread and
without a web server. Then 10,000 events wait while the vendor refuses connections, and the time is
taken from its return until it has them all.

Beside them is what one POST costs with a single handle of libcurl and nothing else.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import trustme
from benchmarks.transports import AGENT, by_pycurl, cpu, destination
from tests.support.vendors import unused_port, wait_until

from footfall.model import Visitor
from footfall.tracker import Tracker

# Prints how many requests it has answered, for each line that it reads.
VENDOR = """
import asyncio, sys

seconds, port = float(sys.argv[1]), int(sys.argv[2])
answered = 0


class Vendor(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.received = transport, b""

    def data_received(self, chunk):
        self.received += chunk
        head, end, body = self.received.partition(b"\\r\\n\\r\\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\\r\\n")[0]
        if end and len(body) >= int(length or 0):
            self.received = b""
            asyncio.get_running_loop().call_later(seconds, self.answer)

    def answer(self):
        global answered
        answered += 1
        self.transport.write(b"HTTP/1.1 202 Accepted\\r\\ncontent-length: 2\\r\\n\\r\\nok")


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Vendor, "127.0.0.1", port, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop.add_reader(sys.stdin, lambda: (sys.stdin.readline(), print(answered, flush=True)))
    await server.serve_forever()


asyncio.run(main())
"""

# Events offered a second.
PLAIN_RATES = {"curl": 350, "httpx": 300}
TLS_RATES = {"curl": 1_500, "httpx": 300}

NGINX = """
{user} daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream vendor {{ server {vendor}; keepalive 1024; keepalive_requests 10000000; }}
  server {{
    listen 127.0.0.1:{port} ssl{h2_listen}; {h2_on}
    ssl_certificate {folder}/chain.pem; ssl_certificate_key {folder}/key.pem;
    proxy_http_version 1.1; proxy_set_header Connection "";
    location / {{ proxy_pass http://vendor; }}
    # Where the vendor names it in X-Accel-Redirect, its response is a reset.
    location /reset {{ internal; return 444; }}
  }}
}}
"""


class Vendor:
    """A running vendor: its base URL, and how many requests it has answered."""

    def __init__(self, url: str, process: subprocess.Popen[str]) -> None:
        self.url = url
        self._process = process

    def answered(self) -> int:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        return int(process.stdout.readline())


@contextmanager
def running_vendor(delay: float, port: int = 0) -> Iterator[Vendor]:
    """A vendor without TLS."""
    command = [sys.executable, "-c", VENDOR, str(delay), str(port)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield Vendor(f"http://127.0.0.1:{int(process.stdout.readline())}", process)
        finally:
            process.terminate()


@contextmanager
def certificates() -> Iterator[Path]:
    """A folder with a certificate for loopback and its key; this process trusts its authority."""
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority.cert_pem.write_to_path(str(folder / "authority.pem"))
        (folder / "chain.pem").write_bytes(b"".join(each.bytes() for each in leaf.cert_chain_pems))
        leaf.private_key_pem.write_to_path(str(folder / "key.pem"))
        os.environ["SSL_CERT_FILE"] = str(folder / "authority.pem")
        yield folder


@contextmanager
def nginx(folder: Path, upstream: str, port: int) -> Iterator[str]:
    """The URL of an nginx with TLS and HTTP/2 in front of the vendor at `upstream`.

    Args:
        folder: With the certificate. nginx writes its files there, its number into `pid`.
    """
    # `http2 on` since nginx 1.25.1.
    is_new = nginx_version() >= (1, 25, 1)
    config = NGINX.format(
        user="user root;" if os.geteuid() == 0 else "",
        folder=folder,
        vendor=upstream.removeprefix("http://"),
        port=port,
        h2_listen="" if is_new else " http2",
        h2_on="http2 on;" if is_new else "",
    )
    (folder / "nginx.conf").write_text(config)
    with (folder / "out").open("wb") as out:
        command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        assert wait_until((folder / "pid").exists, 10), (folder / "out").read_text()
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def nginx_version() -> tuple[int, ...]:
    done = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True)
    return tuple(int(part) for part in done.stderr.split("/")[1].split()[0].split("."))


def tracker_for(url: str, transport: str) -> Tracker:
    destination_at = url.replace("http", "plausible+http", 1) + "/example.com"
    return Tracker.from_options(
        {"destinations": [destination_at], "transport": transport, "max_age_seconds": 60},
        environ={},
    )


def own_threads() -> int:
    return sum(thread.name.startswith("footfall") for thread in threading.enumerate())


def visitor(number: int) -> Visitor:
    address = f"81.{2 + number // 62500 % 2}.{number // 250 % 250}.{number % 250 + 1}"
    return Visitor(client_ip=address, user_agent=AGENT)


def track(tracker: Tracker, number: int) -> None:
    tracker.track_pageview(url=f"https://example.com/blog/{number}", visitor=visitor(number))


def others_seconds() -> float:
    """CPU seconds of all threads but this one, which stands for the app's."""
    return time.process_time() - time.thread_time()


def offer(url: str, vendor: Vendor, transport: str, rate: int, seconds: float) -> str:
    """A row: what was delivered of what was offered, threads, and their CPU for each event."""
    tracker = tracker_for(url, transport)
    before, threads, number = vendor.answered(), 0, 0
    started, used = time.monotonic(), others_seconds()
    while (now := time.monotonic() - started) < seconds:
        while number < now * rate:
            track(tracker, number)
            number += 1
        threads = max(threads, own_threads())
        time.sleep(0.01)
    elapsed = time.monotonic() - started
    delivered = vendor.answered() - before
    spent = (others_seconds() - used) / max(delivered, 1)
    tracker.close(0.0)
    return (
        f"| {rate:,}/s offered | {delivered / elapsed:,.0f}/s | {delivered / number:.1%} | "
        f"{spent * 1e6:.0f} | {threads} |"
    )


def after_outage(
    folder: Path, delay: float, transport: str, waiting: int = 10_000
) -> tuple[float, float]:
    """Seconds from the return of a vendor over TLS until it is tried, and until it has all events.

    The first is what the circuit breaker waits.
    """
    port = unused_port()
    tracker = tracker_for(f"https://127.0.0.1:{port}", transport)
    for number in range(waiting):
        track(tracker, number)
        if number % 10 == 0:  # of the inbox, 5,000 a second are taken
            time.sleep(0.01)
    with running_vendor(delay) as vendor, nginx(folder, vendor.url, port):
        started = time.monotonic()
        wait_until(lambda: vendor.answered() > 0, 60)
        tried = time.monotonic()
        while vendor.answered() < waiting * 0.99 and time.monotonic() - started < 150:
            time.sleep(0.1)
        ended = time.monotonic()
    tracker.close(0.0)
    return tried - started, ended - tried


def one_post() -> float:
    """CPU microseconds of one POST with one handle of libcurl."""
    with running_vendor(0.0) as vendor:
        port = int(vendor.url.rpartition(":")[2])
        loop = cpu(by_pycurl(destination(port)))
        return statistics.median(loop(1_000) / 1_000 for _ in range(5)) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--transport", choices=["curl", "httpx"], default="curl")
    parser.add_argument("--delay", type=float, default=80.0, help="milliseconds")
    parser.add_argument("--rate", type=int, help="events offered a second; by default a table's")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--only", choices=["plain", "tls", "outage"])
    options = parser.parse_args()
    # What does not arrive is the figure; it need not be logged too.
    logging.disable()
    delay, name = options.delay / 1000, options.transport
    print(f"one POST with one handle of libcurl: {one_post():.0f} µs of CPU\n")
    print("| vendor | offered | delivered | share | CPU µs an event | threads |")
    print("|---|---:|---:|---:|---:|---:|")
    if options.only in (None, "plain"):
        with running_vendor(delay) as vendor:
            rate = options.rate or PLAIN_RATES[name]
            row = offer(vendor.url, vendor, name, rate, options.seconds)
        print(f"| HTTP/1.1 {row}", flush=True)
    with certificates() as folder:
        if options.only in (None, "tls"):
            with running_vendor(delay) as vendor, nginx(folder, vendor.url, unused_port()) as url:
                row = offer(url, vendor, name, options.rate or TLS_RATES[name], options.seconds)
            print(f"| TLS, HTTP/2 offered {row}", flush=True)
        if options.only in (None, "outage"):
            pause, seconds = after_outage(folder, delay, name)
            print(f"\n10,000 events that waited were there {seconds:.1f} s after the first")
            print(f"(which the circuit breaker sent {pause:.1f} s after the vendor's return)")


if __name__ == "__main__":
    main()
