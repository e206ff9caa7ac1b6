"""Outbox files for tests, and what a vendor was sent from them."""

from __future__ import annotations

import re
import sqlite3
import time
from collections import Counter

from footfall.delivery.outbox.sqlite_file import OutboxFile
from footfall.errors import NotSent
from footfall.events.json import to_json
from footfall.model import Event, Visitor
from tests.support import vendors
from tests.support.faults import Site
from tests.support.vendors import Vendor, wait_until

ACCEPTING = vendors.answering(vendors.answer())
NAME = "plausible:example.com@127.0.0.1:9"
DEAD = "plausible+http://127.0.0.1:9/example.com"


def dsn_of(server: Vendor, site: str = "example.com") -> str:
    """The DSN of a Plausible destination at `server`."""
    return server.url.replace("http://", "plausible+http://") + f"/{site}"


def made(number: int, at: float) -> Event:
    """A pageview of the page with this number, made at a time in seconds since the epoch."""
    return Event(
        url=f"https://example.com/{number}",
        visitor=Visitor(client_ip=f"198.51.100.{number % 250 + 1}", user_agent="Mozilla/5.0"),
        time=at,
    )


def rows_in(path: str) -> int:
    """How many rows the file has."""
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])
    finally:
        connection.close()


def fill(path: str, number: int, *, destination: str = NAME, at: float | None = None) -> None:
    """Write so many events into the file."""
    file = OutboxFile(path)
    at = time.time() if at is None else at
    file.store((destination, at, to_json(made(each, at))) for each in range(number))
    file.close()


def urls(server: Vendor) -> Counter[str]:
    """How often the vendor got an event of each page."""
    return Counter(re.findall(r'example\.com/([^"]+)"', b"\n".join([*server.requests]).decode()))


def deliver(site: Site, seconds: float = 60.0) -> bool:
    """Wait until nothing is queued and nothing is in the file."""
    outbox = site.tracker._dispatcher.outbox
    assert outbox is not None

    def is_done() -> bool:
        # Within a step of the outbox a row may be out of the file and not yet in its lane.
        with outbox._step_lock:
            counts = site.counts()
            return counts.get("queued", 0) == 0 and rows_in(outbox.stats()["path"]) == 0

    site.tracker.process_all()
    return wait_until(is_done, seconds)


def refusal() -> Exception:
    """What a transport raises where nothing listens."""
    return NotSent("refused")
