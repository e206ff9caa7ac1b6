"""What the outbox costs for each event: `python benchmarks/outbox.py [--quick]`.

First the file alone, in batches of several sizes. Then whole processes, one, two and four at one
file, with a vendor on loopback in a process of its own: their CPU time from the first `track()` to
the last event delivered, with the outbox and without. It does not include start and imports.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from time import process_time, time

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.vendors import answer, answering, vendor

from footfall.delivery.outbox.sqlite_file import OutboxFile
from footfall.events.json import from_json, to_json
from footfall.model import Event, Visitor

AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"
)
EVENT = Event(
    url="https://example.com/blog/a-page-of-usual-length?utm_source=newsletter",
    referrer="https://news.example.org/",
    visitor=Visitor(client_ip="198.51.100.7", user_agent=AGENT, language="en-GB,en;q=0.9"),
    time=time(),
)

WORKER = """
import sys, time
from footfall.tracker import Tracker

dsn, path, number, agent = sys.argv[1], sys.argv[2] or None, int(sys.argv[3]), sys.argv[4]
options = {"destinations": [dsn], "outbox": path, "shutdown_timeout_seconds": 60}
tracker = Tracker.from_options(options, environ={})
tracker.track("Warm up", url="https://example.com/", visitor={"ip": "198.51.100.7", "ua": "x"})
time.sleep(0.3)
print("ready", flush=True)
sys.stdin.readline()
started = time.process_time()
for each in range(number):
    visitor = {"ip": f"198.51.{each // 250 % 250}.{each % 250 + 1}", "ua": agent, "lang": "en-GB"}
    tracker.track("Order", url="https://example.com/blog/a-page-of-usual-length", visitor=visitor)
    if each % 10 == 9:
        time.sleep(0.01)
tracker.flush()
print(time.process_time() - started)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer events, one round")
    quick = parser.parse_args().quick
    print("| the file alone, µs per event | batch of 1 | of 10 | of 100 |\n|---|---:|---:|---:|")
    number = 1_000 if quick else 10_000
    sizes = (1, 10, 100)
    stages = [stages_of(size, number) for size in sizes]
    for name in stages[0]:
        print(f"| {name} | " + " | ".join(f"{stage[name]:.1f}" for stage in stages) + " |")
    print("\n| whole processes, µs CPU per event | 1 process | 2 | 4 |\n|---|---:|---:|---:|")
    rounds, events = (1, 300) if quick else (5, 4_000)
    columns = [processes(count, events, rounds) for count in (1, 2, 4)]
    for name in columns[0]:
        print(f"| {name} | " + " | ".join(f"{column[name]:.0f}" for column in columns) + " |")


def stages_of(batch: int, number: int) -> dict[str, float]:
    """Microseconds of CPU per event: to JSON and back, into the file, and out of it."""
    with tempfile.TemporaryDirectory() as folder:
        file = OutboxFile(f"{folder}/outbox.db")
        started = process_time()
        lines = [to_json(EVENT) for _ in range(number)]
        written = process_time()
        for start in range(0, number, batch):
            file.store(("a", EVENT.time, line) for line in lines[start : start + batch])
        stored = process_time()
        while rows := file.oldest("a", batch):
            file.delete([row.id for row in rows])
        drained = process_time()
        for line in lines:
            from_json(line)
        read = process_time()
        file.close()
    moments = (started, written, stored, drained, read)
    names = ("written as JSON", "stored", "drained and deleted", "read from JSON")
    spent = (after - before for before, after in pairwise(moments))
    return {name: seconds / number * 1e6 for name, seconds in zip(names, spent, strict=True)}


def processes(count: int, events: int, rounds: int) -> dict[str, float]:
    """Microseconds of CPU per event of `count` processes, without the outbox and with it."""
    in_memory, with_outbox = [], []
    for _ in range(rounds):
        in_memory.append(run(count, events, has_outbox=False))
        with_outbox.append(run(count, events, has_outbox=True))
    over = [after - before for before, after in zip(in_memory, with_outbox, strict=True)]
    return {
        "in memory": statistics.median(in_memory),
        "with an outbox": statistics.median(with_outbox),
        "over memory": statistics.median(over),
    }


def run(count: int, events: int, *, has_outbox: bool) -> float:
    with tempfile.TemporaryDirectory() as folder, vendor(answering(answer())) as server:
        dsn = server.url.replace("http", "collector") + "/example.com"
        path = f"{folder}/outbox.db" if has_outbox else ""
        workers = [
            subprocess.Popen(
                [sys.executable, "-c", WORKER, dsn, path, str(events // count), AGENT],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(count)
        ]
        for worker in workers:
            assert worker.stdout is not None
            worker.stdout.readline()
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("\n")
            worker.stdin.flush()
        spent = [float(worker.communicate(timeout=120)[0]) for worker in workers]
        delivered = len(server.requests) - count
        # What one process writes while the last other one exits stays in the file.
        left = OutboxFile(path).count() if has_outbox else 0
        assert delivered + left >= events // count * count, (
            f"{delivered} of {events} were delivered"
        )
    return sum(spent) / events * 1e6


if __name__ == "__main__":
    main()
