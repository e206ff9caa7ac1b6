"""`footfall import` in a process of its own that is killed, or interrupted, and run again."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from tests.cli.test_import_log import DOMAIN, FIREFOX, GOOGLEBOT, logged, write

# The process ends itself at the nth call of a function: before a commit, within one, or behind it.
_DRIVER: Final = """
import os, signal, sys
from footfall.access_log import log_import
from footfall.cli import main
from footfall.collector.past_events import PastEvents
from footfall.collector.storage import imports

log_import._LINES_PER_PROGRESS = log_import._LINES_PER_COMMIT = 20
name, number, place, *arguments = sys.argv[1:]
owner, function = {
    "before": (PastEvents, "commit"),
    "within": (imports, "add_events"),
    "behind": (PastEvents, "commit"),
    "line": (PastEvents, "add"),
}[place]
called, wrapped = 0, getattr(owner, function)

def counted(*args, **kwargs):
    global called
    called += 1
    is_last = name and called == int(number)
    if is_last and place != "behind":
        os.kill(os.getpid(), signal.Signals[name])
    found = wrapped(*args, **kwargs)
    if is_last:
        os.kill(os.getpid(), signal.Signals[name])
    return found

setattr(owner, function, counted)
sys.exit(main(["import", *arguments]))
"""
PLACES: Final = ("before", "within", "behind", "line")


def run_until(
    file: Path, log: Path, name: str = "", number: int = 0, place: str = "line"
) -> subprocess.CompletedProcess[str]:
    """The import, which ends with a signal at a call; without a name it runs to its end."""
    arguments = [str(log), "--domain", DOMAIN, "--database", str(file)]
    command = [sys.executable, "-c", _DRIVER, name, str(number), place, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def content(file: Path) -> dict[str, Any]:
    """All that is in a file, less what is random."""
    queries = {
        "events": "SELECT id, received_at, url, user_agent, begins FROM events ORDER BY id",
        "visits": "SELECT started_at, ended_at, pageviews FROM visits ORDER BY 1, 2, 3",
        "visitors": "SELECT count(DISTINCT visitor) FROM events",
        "bots": "SELECT * FROM dropped_counts ORDER BY day, name",
        "logs": "SELECT * FROM imported_logs",
        "ids": "SELECT min(first_id), max(last_id) FROM imported_events",
        "whole": "PRAGMA integrity_check",
    }
    with closing(sqlite3.connect(file)) as connection:
        return {name: connection.execute(query).fetchall() for name, query in queries.items()}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days of thirty visitors, a bot, and the parts of pages."""
    chosen = random.Random(1)
    lines = []
    for number in range(400):
        minutes, visitor = number * 10.5, chosen.randrange(30)
        agent = GOOGLEBOT if visitor == 0 else FIREFOX
        path = chosen.choice(["/", "/pricing", "/blog/", "/app.js"])
        lines.append(logged(minutes, path, ip=f"203.0.113.{visitor + 1}", agent=agent))
    return write(tmp_path_factory.mktemp("logs") / "access.log", lines)


@pytest.fixture(scope="module")
def whole(log: Path) -> Path:
    """The file of an import that nothing has ended."""
    file = log.with_name("whole.sqlite3")
    assert run_until(file, log).returncode == 0
    return file


def test_an_import_that_is_killed_imports_nothing_twice(
    log: Path, whole: Path, tmp_path: Path
) -> None:
    file, chosen = tmp_path / "footfall.sqlite3", random.Random(1)
    for place in chosen.sample(PLACES, len(PLACES)):
        killed = run_until(file, log, "SIGKILL", chosen.randint(2, 4), place)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert run_until(file, log).returncode == 0
    assert content(file) == content(whole)


def test_an_import_that_is_interrupted_says_how_to_go_on(
    log: Path, whole: Path, tmp_path: Path
) -> None:
    file = tmp_path / "footfall.sqlite3"
    interrupted = run_until(file, log, "SIGINT", 3, "within")
    assert interrupted.returncode == 130
    assert interrupted.stderr == "interrupted: run the same again, and it goes on from here\n"
    assert run_until(file, log).returncode == 0
    assert content(file) == content(whole)
