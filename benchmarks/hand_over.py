"""CPU of a web process for an event that goes to a queue: `python benchmarks/hand_over.py`.

Needs redis-server. Each variant is a process of its own with a WSGI app that is called a thousand
times a second, without a server: "nothing" is the app alone, "deciding" drops each event in
`before_send`, "handed over" puts it into a stream, and "delivered" posts it to a vendor on
loopback. `getrusage` tells the CPU of all its threads, from the second second on. The variants take
turns; the table has medians of the differences within a round.

`--before DIR` delivers with another version, too, whose `src` that is.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.relay import LINES, responder
from tests.support.redis_server import redis_server

ROOT = Path(__file__).parent.parent
RATE = 1_000

CHILD = """
import io, itertools, resource, sys, time

kind, line, seconds, rate = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [b"<p>Hello"]


served = app
if kind != "nothing":
    from footfall.wsgi import FootfallMiddleware

    more = {"before_send": lambda event: None} if kind == "deciding" else {}
    served = FootfallMiddleware(app, destinations=[line], trusted_proxies="1", **more)


def call(number):
    environ = {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": f"/articles/{number % 100}",
        "QUERY_STRING": "", "SERVER_NAME": "example.com", "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "example.com",
        "HTTP_X_FORWARDED_FOR": f"81.2.{number // 250 % 250}.{number % 250 + 1}",
        "HTTP_X_FORWARDED_PROTO": "https", "HTTP_ACCEPT": "text/html,*/*;q=0.8",
        "HTTP_ACCEPT_LANGUAGE": "de-DE,de;q=0.9,en;q=0.8",
        "HTTP_SEC_FETCH_DEST": "document", "HTTP_SEC_FETCH_MODE": "navigate",
        "HTTP_USER_AGENT": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
        f"(KHTML, like Gecko) Chrome/{130 + number % 12}.0.0.0 Safari/537.36",
        "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0), "wsgi.multithread": True, "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    body = served(environ, lambda status, headers, error=None: None)
    for _ in body:
        pass
    getattr(body, "close", lambda: None)()


def used():
    found = resource.getrusage(resource.RUSAGE_SELF)
    return found.ru_utime + found.ru_stime


began, first = time.monotonic(), None
for number in itertools.count():
    now = time.monotonic() - began
    if now >= seconds:
        break
    if first is None and now >= 1.0:
        first = number, used()
    if (wait := number / rate - now) > 0:
        time.sleep(wait)
    call(number)
cpu = (used() - first[1]) / (number - first[0])
accepted = -1
if kind != "nothing":
    import footfall

    footfall.flush()
    found = footfall.stats()["destinations"].values()
    accepted = sum(each["accepted"] for each in found)
print(cpu, number, accepted)
"""


def cpu_of(kind: str, line: str, seconds: float, src: Path) -> tuple[float, int, int]:
    """Seconds of CPU for a call; how many calls there were, and how many events were accepted."""
    command = [sys.executable, "-c", CHILD, kind, line, str(seconds), str(RATE)]
    environ = {**os.environ, "PYTHONPATH": str(src)}
    found = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    cpu, calls, accepted = found.stdout.split()
    return float(cpu), int(calls), int(accepted)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--before", type=Path, metavar="DIR", help="`src` of another version")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        redis_server(Path(folder)) as server,
        responder(0.0) as port,
    ):
        here, vendor = ROOT / "src", LINES["plausible"].format(port)
        variants = {
            "nothing": ("nothing", "", here),
            "deciding": ("deciding", vendor, here),
            "handed over": ("sending", server.line, here),
            "delivered": ("sending", vendor, here),
        }
        if options.before is not None:
            variants["delivered before"] = ("sending", vendor, options.before)
        figures: dict[str, list[float]] = {name: [] for name in variants}
        for _ in range(options.rounds):
            for name, (kind, line, src) in variants.items():
                cpu, calls, accepted = cpu_of(kind, line, options.seconds, src)
                figures[name].append(cpu * 1e6)
                print(f"{name}: {cpu * 1e6:.1f} µs, {accepted} of {calls}", file=sys.stderr)
    print("| CPU of an event, µs | over nothing | over deciding |")
    print("|---|---:|---:|")
    for name in [*variants][1:]:
        over = [_over(figures, name, base) for base in ("nothing", "deciding")]
        print(f"| {name} | {over[0]:+.1f} | {over[1]:+.1f} |")


def _over(figures: dict[str, list[float]], name: str, base: str) -> float:
    pairs = zip(figures[name], figures[base], strict=True)
    return statistics.median(own - other for own, other in pairs)


if __name__ == "__main__":
    main()
