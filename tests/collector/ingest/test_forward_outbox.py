"""Forwarding through an outbox: kills, outages, and a file that cannot be used."""

from __future__ import annotations

import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from footfall.collector import CollectorServer, Store
from footfall.collector.ingest.forward import MEMORY_SECONDS, OUTBOX_SECONDS
from footfall.collector.storage import database
from footfall.delivery.drainer import WINDOW
from footfall.delivery.outbox import outbox as outbox_module
from footfall.delivery.outbox import sqlite_file
from footfall.destinations import Destination, destination_from
from footfall.errors import ConfigError
from tests.collector.support import FIREFOX, PAGEVIEW, running_collector
from tests.support import vendors
from tests.support.goatcounter import GoatCounterServer
from tests.support.vendors import Vendor, unused_port, vendor, wait_until
from tests.support.waiting import MAX_SECONDS

ACCEPTING = vendors.answering(vendors.answer())
VISITOR = {"user-agent": FIREFOX, "x-forwarded-for": "203.0.113.9"}


def dsn_at(port: int) -> str:
    return f"plausible+http://127.0.0.1:{port}/vendor.test"


def destination_at(port: int) -> Destination:
    return destination_from(dsn_at(port))


def received(server: Vendor) -> Counter[str]:
    """How often a vendor got each page."""
    found = (re.search(rb'"https://a\.test/([^"]*)"', each) for each in list(server.requests))
    return Counter(each[1].decode() for each in found if each)


def page(number: int) -> dict[str, str]:
    return PAGEVIEW | {"url": f"https://a.test/{number}"}


def forwarded(http: httpx2.Client) -> dict[str, Any]:
    """What a collector says of the events that it forwarded."""
    answer: dict[str, Any] = http.get("/api/v1/forward").json()
    return answer


def counts_of(http: httpx2.Client) -> dict[str, int]:
    """The counters of the one destination that are not 0."""
    [counts] = forwarded(http)["destinations"].values()
    return {name: number for name, number in counts.items() if number}


@contextmanager
def collecting(folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`footfall collect`, which forwards to a port through an outbox, and its URL."""
    start = "import sys; from footfall.cli import main; sys.exit(main(sys.argv[1:]))"
    line = [sys.executable, "-c", start, "collect", "-p", "0"]
    line += ["--database", str(folder / "events.sqlite3"), "--forward", dsn_at(port)]
    line += ["--forward-outbox", str(folder / "outbox.sqlite3")]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        found = re.search(r"http://\S+", running.stdout.readline())
        assert found
        try:
            yield running, found[0]
        finally:
            running.kill()


def test_a_kill_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    answered: list[int] = []

    def load(url: str, first: int) -> None:
        with httpx2.Client(base_url=url, headers=VISITOR) as http, suppress(httpx2.TransportError):
            for number in range(first, first + 10_000):
                if http.post("/api/event", json=page(number)).status_code == 202:
                    answered.append(number)

    was_killed = threading.Event()

    def behave(connection: socket.socket, server: Vendor) -> None:
        """One visitor's events are sent one after the other: twenty a second, until the kill."""
        while server.read_request(connection):
            was_killed.wait(0.05)
            connection.sendall(vendors.answer())

    with vendor(behave) as server:
        with collecting(tmp_path, server.port) as (running, url):
            senders = [
                threading.Thread(target=load, args=(url, first)) for first in (0, 10_000, 20_000)
            ]
            for each in senders:
                each.start()
            assert wait_until(lambda: len(answered) > 150, MAX_SECONDS)
            running.kill()
            for each in senders:
                each.join()
        assert running.returncode == -signal.SIGKILL
        before = received(server)
        assert 0 < len(before) < len(answered), "it was killed in the middle"
        was_killed.set()
        with collecting(tmp_path, server.port):
            wanted = {str(number) for number in answered}
            assert wait_until(lambda: wanted <= received(server).keys(), MAX_SECONDS)
        twice = [each for each, number in received(server).items() if number > 1]
        assert len(twice) <= WINDOW


def test_an_outage_of_an_hour_loses_nothing(tmp_path: Path) -> None:
    port = unused_port()
    with running_collector(forward=[destination_at(port)], forward_outbox=tmp_path / "outbox") as (
        collector,
        http,
    ):
        # These came an hour ago, and the vendor has been down since.
        collector.store.clock = lambda: time.time() - 3_600
        for number in range(20):
            assert http.post("/api/event", json=page(number)).status_code == 202
        assert wait_until(lambda: counts_of(http).get("retried", 0) > 0)
        assert forwarded(http)["outbox"]["path"] == str(tmp_path / "outbox")
        with vendor(ACCEPTING, port=port) as server:
            assert wait_until(lambda: len(received(server)) == 20, MAX_SECONDS)
            assert wait_until(lambda: counts_of(http).get("accepted") == 20)
            assert counts_of(http) | {"submitted": 20, "stored": 20, "taken": 20} == counts_of(http)


@pytest.mark.parametrize("is_kept", [True, False], ids=["in an outbox", "in memory"])
def test_what_waited_too_long_is_not_sent(tmp_path: Path, is_kept: bool) -> None:
    options = {"forward_outbox": tmp_path / "outbox"} if is_kept else {}
    limit = OUTBOX_SECONDS if is_kept else MEMORY_SECONDS
    with (
        vendor(ACCEPTING) as server,
        running_collector(forward=[destination_at(server.port)], **options) as (collector, http),
    ):
        for number, age in enumerate((limit + 60, limit - 30)):
            collector.store.clock = lambda age=age: time.time() - age  # type: ignore[misc]
            assert http.post("/api/event", json=page(number)).status_code == 202
        assert wait_until(lambda: counts_of(http).get("expired") == 1)
        assert wait_until(lambda: received(server) == {"1": 1})


@pytest.mark.parametrize(("is_kept", "age"), [(True, 7200), (False, 1800)])
def test_a_late_event_has_its_own_time_where_the_vendor_takes_one(
    tmp_path: Path, is_kept: bool, age: int
) -> None:
    goatcounter = GoatCounterServer(token="t0ken")
    options = {"forward_outbox": tmp_path / "outbox"} if is_kept else {}
    with vendor(vendors.responding(goatcounter.respond)) as server:
        to = destination_from(f"goatcounter+http://t0ken@127.0.0.1:{server.port}")
        with running_collector(forward=[to], **options) as (collector, http):
            at = time.time() - age
            collector.store.clock = lambda: at
            assert http.post("/api/event", json=page(1)).status_code == 202
            assert wait_until(lambda: bool(goatcounter.kept))
    [event] = goatcounter.kept
    assert event["created_at"].startswith(f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}")


def test_what_a_stopped_collector_has_left_is_sent_by_the_next_at_once(tmp_path: Path) -> None:
    port, outbox = unused_port(), tmp_path / "outbox"
    with running_collector(forward=[destination_at(port)], forward_outbox=outbox) as (_, http):
        for number in range(5):
            http.post("/api/event", json=page(number))
    with (
        vendor(ACCEPTING, port=port) as server,
        CollectorServer(forward=[destination_at(port)], forward_outbox=outbox),
    ):
        assert wait_until(lambda: len(received(server)) == 5)
    assert set(received(server).values()) == {1}


def test_two_vendors_get_all_events_and_one_that_is_down_holds_up_no_other(tmp_path: Path) -> None:
    down = unused_port()
    with vendor(ACCEPTING) as server:
        forward = [destination_at(server.port), destination_at(down)]
        outbox = tmp_path / "outbox"
        with running_collector(forward=forward, forward_outbox=outbox) as (_, http):
            for number in range(5):
                http.post("/api/event", json=page(number))
            assert wait_until(lambda: len(received(server)) == 5)
            with vendor(ACCEPTING, port=down) as other:
                assert wait_until(lambda: len(received(other)) == 5, MAX_SECONDS)


def test_the_collectors_that_an_event_has_passed_are_kept_with_it(tmp_path: Path) -> None:
    port, outbox, passed = unused_port(), tmp_path / "outbox", "0123456789abcdef"
    with running_collector(forward=[destination_at(port)], forward_outbox=outbox) as (_, http):
        http.post("/api/event", json=page(1), headers={"via": f"1.1 footfall-{passed}, 1.1 x"})
    with (
        vendor(ACCEPTING, port=port) as server,
        CollectorServer(forward=[destination_at(port)], forward_outbox=outbox) as collector,
    ):
        assert wait_until(lambda: len(received(server)) == 1)
        name = collector.store.instance
        assert f"via: 1.1 footfall-{passed}, 1.1 footfall-{name}".encode() in server.requests[0]


def test_only_the_owner_may_read_the_outbox(tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"
    with running_collector(forward=[destination_at(unused_port())], forward_outbox=outbox) as (
        _,
        http,
    ):
        http.post("/api/event", json=PAGEVIEW, headers=VISITOR)
        assert b"203.0.113.9" in b"".join(each.read_bytes() for each in tmp_path.iterdir())
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    assert set(modes) == {"outbox", "outbox-wal", "outbox-shm", "outbox.lock"}
    assert set(modes.values()) == {0o600}


# -- a file that cannot be used ---------------------------------------------------------------


def test_while_the_outbox_is_locked_events_are_refused_and_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.05)
    monkeypatch.setattr(outbox_module, "REQUIRED_RETRY_SECONDS", 0.05)
    outbox = tmp_path / "outbox"
    with (
        vendor(ACCEPTING) as server,
        running_collector(forward=[destination_at(server.port)], forward_outbox=outbox) as (
            _,
            http,
        ),
        closing(sqlite3.connect(outbox, isolation_level=None)) as other,
    ):
        assert http.post("/api/event", json=page(0)).status_code == 202
        assert wait_until(lambda: counts_of(http).get("accepted") == 1)
        other.execute("BEGIN IMMEDIATE")
        refused = [http.post("/api/event", json=page(number)) for number in range(1, 4)]
        assert {each.status_code for each in refused} == {503}
        assert refused[0].headers["retry-after"]
        ready = "/api/system/health/ready"
        assert wait_until(lambda: http.get(ready).status_code == 503)
        other.execute("ROLLBACK")
        assert wait_until(lambda: http.post("/api/event", json=page(4)).status_code == 202)
        assert http.get(ready).status_code == 200
        assert wait_until(lambda: "4" in received(server))
        assert received(server).keys() == {"0", "4"}
        # None of them waits in memory: those that were not refused at once are counted.
        counts = counts_of(http)
        assert counts["submitted"] == counts["stored"] + counts.get("failed", 0)


def test_an_event_that_is_not_in_the_collectors_file_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    file = tmp_path / "events.sqlite3"
    with (
        vendor(ACCEPTING) as server,
        running_collector(
            file, forward=[destination_at(server.port)], forward_outbox=tmp_path / "outbox"
        ) as (_, http),
        closing(sqlite3.connect(file, isolation_level=None)) as other,
    ):
        assert http.post("/api/event", json=page(0)).status_code == 202
        other.execute("BEGIN IMMEDIATE")
        assert http.post("/api/event", json=page(1)).status_code == 503
        other.execute("ROLLBACK")
        assert wait_until(lambda: http.post("/api/event", json=page(2)).status_code == 202)
        assert wait_until(lambda: "2" in received(server))
        assert received(server).keys() == {"0", "2"}


def test_a_full_outbox_drops_the_oldest_and_takes_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No row is in memory, so that all may be dropped.
    monkeypatch.setattr("footfall.delivery.drainer.WINDOW", 1)
    monkeypatch.setattr(sqlite_file.OutboxFile.__init__, "__kwdefaults__", {"max_pages": 60})
    with running_collector(
        forward=[destination_at(unused_port())], forward_outbox=tmp_path / "outbox"
    ) as (_, http):
        for number in range(300):
            body = page(number) | {"props": {"text": "x" * 1_000}}
            assert http.post("/api/event", json=body).status_code == 202
        assert counts_of(http)["dropped_full"] > 0
        assert counts_of(http)["submitted"] == 300


def test_an_outbox_that_cannot_work_is_reported_at_the_start(tmp_path: Path) -> None:
    forward = [destination_at(unused_port())]
    database_file, other = tmp_path / "events.sqlite3", tmp_path / "other.sqlite3"
    Store(other).close()
    port = unused_port()
    for outbox, message in (
        (tmp_path / "nowhere" / "outbox", "No such file"),
        (database_file, "is the database, which holds other tables: name a file of its own"),
        (other, "another program's tables"),
    ):
        with pytest.raises(ConfigError, match=message) as caught:
            CollectorServer(database_file, port=port, forward=forward, forward_outbox=outbox)
        assert caught.value.faults[0].option == "forward_outbox"
    with pytest.raises(ConfigError, match="name a destination with forward"):
        CollectorServer(forward_outbox=tmp_path / "outbox")
    # And the port is free again.
    socket.create_server(("127.0.0.1", port)).close()


def test_a_damaged_outbox_is_moved_aside(tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"
    outbox.write_bytes(b"no database" * 1_000)
    with (
        vendor(ACCEPTING) as server,
        running_collector(forward=[destination_at(server.port)], forward_outbox=outbox) as (
            _,
            http,
        ),
    ):
        assert wait_until(lambda: http.post("/api/event", json=page(1)).status_code == 202)
        assert wait_until(lambda: "1" in received(server))
    assert (tmp_path / "outbox.corrupt-1").exists()
