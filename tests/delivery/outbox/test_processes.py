"""Several processes with one outbox. Numbers are those of tests/FAULTS.md; kills are real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from footfall.delivery.drainer import WINDOW
from tests.delivery.outbox.files import ACCEPTING, dsn_of, fill, rows_in, urls
from tests.support import vendors
from tests.support.faults import watched_site
from tests.support.vendors import vendor, wait_until

CHILD = """
import sys, time
from footfall.tracker import Tracker

path, dsn, mode, name, number, age = sys.argv[1:]
tracker = Tracker.from_options(
    {
        "destinations": [dsn],
        "outbox": path or None,
        "outbox_mode": mode,
        "max_age_seconds": float(age),
        "track_localhost": True,
        "shutdown_timeout_seconds": 10,
    },
    environ={},
)
for each in range(int(number)):
    tracker.track(
        "Tracked",
        url=f"https://example.com/{name}-{each}",
        visitor={"ip": f"198.51.100.{each % 250 + 1}", "ua": "Mozilla/5.0 (X11; Linux x86_64)"},
    )
    time.sleep(0.002)
print("tracked", flush=True)
sys.stdin.readline()
tracker.flush()
account = [*tracker.stats()["destinations"].values()][0]
print({key: value for key, value in account.items() if value}, flush=True)
"""


@contextmanager
def process(*args: object) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, *map(str, args)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    with child:
        try:
            yield child
        finally:
            child.kill()


def end(child: subprocess.Popen[str]) -> str:
    """Let a process finish. Its output, with its counters."""
    output, _ = child.communicate("\n", timeout=30)
    return output


@pytest.mark.long
@pytest.mark.parametrize("mode", ["at_most_once", "at_least_once"])
def test_30_a_killed_leader_is_replaced_and_no_row_of_the_others_is_lost(
    path: str, mode: str
) -> None:
    with vendor(vendors.slow(0.005, vendors.answer())) as server:
        args = (dsn_of(server), mode)
        with process(path, *args, "victim", 5000, 60) as victim:
            assert wait_until(lambda: len(server.requests) > 20)
            with (
                process(path, *args, "b", 400, 60) as second,
                process(path, *args, "c", 400, 60) as third,
            ):
                assert wait_until(lambda: any(url.startswith("c-") for url in urls(server)))
                victim.send_signal(signal.SIGKILL)
                victim.wait()
                for child in (second, third):
                    assert child.stdout is not None
                    assert child.stdout.readline() == "tracked\n"
                assert wait_until(lambda: rows_in(path) == 0)
                end(second)
                end(third)
        found = urls(server)
    stored = {f"{name}-{number}" for name in "bc" for number in range(400)}
    missing = stored - set(found)
    twice = [url for url, times in found.items() if times > 1]
    if mode == "at_most_once":
        assert twice == []
        assert len(missing) <= WINDOW
    else:
        assert missing == set()
        assert len(twice) <= WINDOW
    assert max(found.values()) <= 2


def test_the_next_leader_takes_over(path: str) -> None:
    with vendor(ACCEPTING) as server:
        args = (dsn_of(server), "at_most_once")
        with process(path, *args, "a", 1, 600) as first:
            assert wait_until(lambda: len(server.requests) == 1)
            with process(path, *args, "b", 2000, 600):
                # What the second one writes, the first one sends.
                assert wait_until(lambda: any(url.startswith("b-") for url in urls(server)))
                first.kill()
                first.wait()
                before = len(server.requests)
                assert wait_until(lambda: len(server.requests) > before + 1)


def test_72_after_a_freeze_nothing_stale_is_sent(path: str) -> None:
    with vendor(ACCEPTING) as server:
        with process(path, dsn_of(server), "at_most_once", "a", 5000, 1) as child:
            assert wait_until(lambda: len(server.requests) > 5)
            child.send_signal(signal.SIGSTOP)
            before = len(server.requests)
            fill(path, 50, destination=f"plausible:example.com@{server.url[7:]}", at=time.time())
            time.sleep(1.5)  # the freeze
            child.send_signal(signal.SIGCONT)
            assert wait_until(lambda: len(server.requests) > before + 20)
            sent = urls(server)
        assert not any(url.isdigit() for url in sent), "rows that grew old in the freeze"


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_opens_the_file_anew(path: str) -> None:
    with vendor(ACCEPTING) as server, watched_site(dsn_of(server), outbox=path) as site:
        site.visit("/before")
        assert wait_until(lambda: site.counts().get("accepted") == 1)
        inherited = site.tracker._dispatcher.outbox._source  # type: ignore[union-attr]
        assert inherited is not None
        child = os.fork()
        if child == 0:
            status = 1
            try:
                site.visit("/child")
                is_stored = wait_until(lambda: site.counts().get("stored") == 1, 5)
                outbox = site.tracker._dispatcher.outbox
                assert outbox is not None
                is_own = outbox._source is not None and outbox._source is not inherited
                # The parent still holds the lock.
                status = 0 if is_stored and is_own and not outbox._leader_lock.is_held else 1
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        site.visit("/after")
        assert wait_until(lambda: len(urls(server)) == 3)
        assert urls(server) == Counter(["before", "child", "after"])
