"""Programs that track in an interpreter of their own, and what they sent to a vendor."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from footfall.tracker import Tracker
from tests.support.vendors import Vendor
from tests.support.waiting import LONG_SECONDS, no_long_wait

VISITOR = {"ip": "198.51.100.7", "ua": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}


# What every program begins with: a tracker for the vendor named as its first argument.
PRELUDE = """
import atexit, os, signal, sys, threading, time
import footfall
from footfall.tracker import process_hooks
from footfall.tracker import Tracker

def track(name):
    tracker.track(name, url="https://example.com/", visitor={"ip": "198.51.100.7", "ua": name})

def make(**options):
    global tracker
    # The default is two seconds, which a busy machine may need for other things.
    options = {"destinations": sys.argv[1], "shutdown_timeout_seconds": 30, **options}
    tracker = Tracker.from_options(options, environ={})
"""


def dsn(server: Vendor) -> str:
    return server.url.replace("http://", "plausible+http://") + "/example.com"


def names(server: Vendor) -> list[str]:
    """The names of the events that the vendor received, sorted."""
    return sorted(
        request.split(b'"name":"')[1].split(b'"')[0].decode() for request in server.requests
    )


@contextmanager
def program(code: str, server: Vendor, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the prelude and `code` in an interpreter of its own."""
    environ = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PRELUDE + code, dsn(server), *arguments],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str], status: int = 0) -> float:
    """Wait for the end, without a traceback or a long wait; return the seconds that took."""
    started = time.monotonic()
    with no_long_wait():
        out, errors = process.communicate(timeout=LONG_SECONDS)
    assert "Traceback" not in errors + out, errors + out
    assert process.returncode == status, errors + out
    return time.monotonic() - started


def track(tracker: Tracker, name: str, agent: str = "") -> None:
    visitor = {**VISITOR, "ua": agent or name}
    tracker.track(name, url="https://example.com/", visitor=visitor)


def sent_names(transport: Any) -> list[str]:
    return [r.body.split(b'"name":"')[1].split(b'"')[0].decode() for r in transport.requests]
