"""What it costs to write a file in the app: `python benchmarks/site_file.py [--rate 250]`.

gunicorn with four workers serves a page, without footfall and with it in turn (A B A B), at a fixed
rate for each worker. All four write one file. The response times are of an open loop, the CPU is
that of all workers, and at the end the file has to have each page that was answered.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent))

from serving.load import Paced, paced_load
from serving.processes import unused_port

WORKERS = 4
# Each worker opens the file with its first event.
WARM_UP_SECONDS = 5
APP = """
import os
BODY = b"<!doctype html><title>A page</title>"
def application(environ, start_response):
    start_response("200 OK", [("content-type", "text/html"), ("content-length", str(len(BODY)))])
    return [BODY]
if os.environ["LINE"]:
    from footfall.wsgi import FootfallMiddleware
    application = FootfallMiddleware(application, destinations=[os.environ["LINE"]])
"""


class Run(NamedTuple):
    """One server: its response times, and the CPU of a request in microseconds."""

    paced: Paced
    cpu: float
    pages: int


def cpu_seconds(group: int) -> float:
    """The CPU time of all processes of a group, so far."""
    found = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            found += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


def is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def measure(folder: Path, line: str, rate: int, seconds: int) -> Run:
    port = unused_port()
    file = folder / "footfall.sqlite3"
    for each in folder.glob("footfall*"):
        each.unlink()
    (folder / "app.py").write_text(APP)
    options = f"app:application -b 127.0.0.1:{port} -w {WORKERS} -k gthread --threads 4"
    command = [sys.executable, "-m", "gunicorn", *options.split(), "--no-control-socket"]
    environ = {**os.environ, "LINE": line.format(file)}
    with subprocess.Popen(
        command, cwd=folder, env=environ, start_new_session=True, stderr=subprocess.DEVNULL
    ) as process:
        try:
            while not is_listening(port):
                time.sleep(0.05)
            first = paced_load(port, per_second=rate, count=rate * WARM_UP_SECONDS)
            time.sleep(1)
            before = cpu_seconds(process.pid)
            paced = paced_load(port, per_second=rate * WORKERS, count=rate * WORKERS * seconds)
            time.sleep(1)
            cpu = cpu_seconds(process.pid) - before
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)
    pages = 0
    if line:
        with closing(sqlite3.connect(file)) as connection:
            (pages,) = connection.execute("SELECT count(*) FROM events").fetchone()
        pages -= len(first.milliseconds)
    return Run(paced, cpu / len(paced.milliseconds) * 1e6, pages)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=250, help="pages a second of each worker")
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    lines = {
        "no footfall": "",
        "a file, every_hit=off": "sqlite:///{}?every_hit=off",
        "a file": "sqlite:///{}",
    }
    runs: dict[str, list[Run]] = {name: [] for name in lines}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(arguments.rounds):
            for name, line in lines.items():
                found = measure(Path(folder), line, arguments.rate, arguments.seconds)
                runs[name].append(found)
    own = [run.paced.percentile(99) or 0.0 for run in runs["no footfall"]]
    base = statistics.median(run.cpu for run in runs["no footfall"])
    print("| | p50 ms | p99 ms | p99 over its own | CPU us over a page | pages missing |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, found in runs.items():
        p50 = statistics.median(run.paced.percentile(50) or 0.0 for run in found)
        p99 = [run.paced.percentile(99) or 0.0 for run in found]
        ratio = statistics.median(mine / its for mine, its in zip(p99, own, strict=True))
        cpu = statistics.median(run.cpu for run in found) - base
        missing = sum(len(run.paced.milliseconds) - run.pages for run in found)
        shown = missing if name != "no footfall" else "-"
        print(
            f"| {name} | {p50:.2f} | {statistics.median(p99):.2f} | {ratio:.2f} | {cpu:.0f} | "
            f"{shown} |"
        )


if __name__ == "__main__":
    main()
