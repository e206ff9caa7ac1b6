"""Real servers whose processes write one file, and are stopped, killed and replaced meanwhile."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

import httpx2
import pytest

from tests.e2e.servers import APPS, ServerSpec, each_server, gunicorn, running
from tests.e2e.test_lifecycle import PAGES, WITH_EXIT_HOOK, once, visit, visit_and_wait
from tests.support.vendors import wait_until

FOUR_WORKERS: Final = gunicorn("lifecycle:wsgi", "--preload", workers=4, folder=APPS)
# In seconds; a process looks for its upkeep every four.
TAKE_OVER: Final = 30


def settings(file: Path) -> dict[str, str]:
    return {"FOOTFALL_DESTINATIONS": f"sqlite:///{file}?domain=site.test"}


def pages(file: Path) -> Counter[str]:
    """How many events the file has of each page; it must be whole."""
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return Counter(quote(row[0]) for row in connection.execute("SELECT path FROM events"))


@each_server(
    WITH_EXIT_HOOK | {"35-gunicorn-preload-four-workers": FOUR_WORKERS},
    always=["31-uvicorn-workers", "35-gunicorn-preload-four-workers", "39-uwsgi"],
)
def test_a_server_that_is_stopped_has_every_page_in_its_file_once(
    spec: ServerSpec, tmp_path: Path
) -> None:
    file = tmp_path / "footfall.sqlite3"
    with running(spec, tmp_path, **settings(file)) as server:
        paths = visit_and_wait(server, range(PAGES))
        server.stop()
    assert pages(file) == once(*paths), server.log


@pytest.mark.long
@pytest.mark.server("gunicorn")
def test_a_worker_that_is_killed_costs_what_it_had_not_written(tmp_path: Path) -> None:
    rounds = 20
    file = tmp_path / "footfall.sqlite3"
    chosen = random.Random(rounds)
    served: list[str] = []
    failed: list[str] = []
    is_over = threading.Event()

    def browse(visitor: int) -> None:
        page = visitor * 100_000
        while not is_over.is_set():
            page += 1
            try:
                served.extend(visit(server, range(page, page + 1)))
            except httpx2.HTTPError as error:
                failed.append(str(error))

    with running(FOUR_WORKERS, tmp_path, **settings(file)) as server:
        visitors = [threading.Thread(target=browse, args=(number,)) for number in range(4)]
        for thread in visitors:
            thread.start()
        for number in range(rounds):
            target = (number + 1) * 60
            assert wait_until(lambda: len(served) >= target)  # noqa: B023
            os.kill(chosen.choice(server.workers()), signal.SIGKILL)
        is_over.set()
        for thread in visitors:
            thread.join()
        server.stop()
    found = pages(file)
    assert max(found.values()) == 1
    # A kill costs what one worker had not written: in a twentieth of a second, and in flight.
    lost = {*served} - found.keys()
    assert len(lost) <= len(served) * rounds / 4
    assert len(failed) <= 5 * rounds, failed


@pytest.mark.long
@pytest.mark.server("gunicorn")
def test_the_upkeep_moves_when_its_process_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "footfall.sqlite3"
    lock = Path(f"{file}.lock")

    def holder() -> int | None:
        """The process that holds the lock, as the kernel lists it."""
        inode = str(lock.stat().st_ino) if lock.exists() else ""
        for line in Path("/proc/locks").read_text().splitlines():
            fields = line.split()
            if "FLOCK" in fields and "->" not in fields and fields[5].endswith(f":{inode}"):
                return int(fields[4])
        return None

    with running(FOUR_WORKERS, tmp_path, **settings(file)) as server:
        visit(server, range(40))
        assert wait_until(lambda: holder() in server.workers(), TAKE_OVER)
        first = holder()
        assert first is not None
        os.kill(first, signal.SIGKILL)
        visit(server, range(40, 80))
        assert wait_until(lambda: holder() not in (first, None), TAKE_OVER)
        server.stop()
    assert max(pages(file).values()) == 1
