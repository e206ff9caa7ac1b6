"""A collector in a process of its own, and what its clients were answered."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import httpx2

from footfall.collector import CollectorServer
from tests.collector.support import FIREFOX, PAGEVIEW, PID, until
from tests.support.hit_reports import report_body

# How long it waits for a lock of the file: tests keep a lock for as long as they need it.
_START = """
import sys
from footfall.collector.storage import database
database._BUSY_SECONDS = 0.2
from footfall.cli import main
sys.exit(main(sys.argv[1:]))
"""


class Running(NamedTuple):
    """A running collector, and a client of it."""

    process: subprocess.Popen[str]
    http: httpx2.Client
    file: Path

    @property
    def is_writable(self) -> bool:
        return self.http.get("/api/health").status_code == 200


@contextmanager
def collector_process(
    file: Path, *options: str, env: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """`footfall collect` with these options; killed at the end where it still runs."""
    line = [sys.executable, "-c", _START, "collect", "-p", "0", "--database", str(file), *options]
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found
            with httpx2.Client(
                base_url=found[0], headers={"user-agent": FIREFOX}, timeout=30
            ) as http:
                yield Running(process, http, file)
        finally:
            process.kill()


def serve(file: Path, address: Connection) -> None:
    """Run a collector until the process is killed; the main function of a process."""
    with CollectorServer(file) as collector:
        address.send(collector.url)
        threading.Event().wait()


def stop(running: Running) -> tuple[int, str]:
    """Stop it as a service manager does. Returns the exit code, and what it wrote to stderr."""
    running.process.terminate()
    _, errors = running.process.communicate(timeout=60)
    return running.process.returncode, errors


def kill(running: Running) -> None:
    running.process.kill()
    running.process.wait()


def _plausible(path: str) -> tuple[str, dict[str, Any]]:
    return "/api/event", {**PAGEVIEW, "url": f"https://a.test{path}"}


def _swetrix(path: str) -> tuple[str, dict[str, Any]]:
    return "/log", {"pid": PID, "pg": path}


def _swetrix_custom(path: str) -> tuple[str, dict[str, Any]]:
    return "/log/custom", {"pid": PID, "ev": "Signup", "pg": path}


def _report(path: str) -> tuple[str, dict[str, Any]]:
    body = report_body()
    inner = {**PAGEVIEW, "url": f"https://a.test{path}"}
    body["request"]["body"] = httpx2.Request("POST", "http://a.test", json=inner).content.decode()
    return "/api/v1/hits", body


def _batch(path: str) -> tuple[str, list[dict[str, Any]]]:
    visitor = {"user_agent": FIREFOX, "client_ip": "203.0.113.9"}
    return "/api/v1/events/batch", [{**PAGEVIEW, **visitor, "url": f"https://a.test{path}"}]


ENDPOINTS: Mapping[str, Callable[[str], tuple[str, object]]] = {
    "plausible": _plausible,
    "swetrix": _swetrix,
    "swetrix-custom": _swetrix_custom,
    "hits": _report,
    "batch": _batch,
}


def post(running: Running, path: str, endpoint: str = "plausible") -> httpx2.Response:
    """Post an event of a page; its path tells it from others."""
    url, body = ENDPOINTS[endpoint](path)
    return running.http.post(url, json=body)


def is_refused(response: httpx2.Response) -> bool:
    """Whether the event was not stored; checks that a refusal says when to come again."""
    assert response.status_code in (200, 201, 202, 503), response
    is_busy = response.status_code == 503
    assert not is_busy or int(response.headers["retry-after"]) >= 1
    return is_busy


def written(file: Path) -> Counter[str]:
    """How often each path is in a file, which must be whole."""
    with closing(sqlite3.connect(file)) as reader:
        assert reader.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert reader.execute("PRAGMA foreign_key_check").fetchall() == []
        return Counter(path for (path,) in reader.execute("SELECT path FROM events"))


def until_writable(running: Running) -> None:
    """Wait until the collector says that its file can be written."""
    until(lambda: running.is_writable, 30)
