"""What differs on Windows, taken from this Python: the middleware and the commands still work.

No `fcntl`, no fork, no unix sockets, few signals, no zone database of the system's, and a console
whose code page is 1252. What no simulation shows is how Windows itself behaves.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from footfall.cli import main
from footfall.cli.terminal import say, say_json
from tests.support.terminal import environment
from tests.support.waiting import MAX_SECONDS

SITECUSTOMIZE = '''
import os, signal, socket, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in {"fcntl", "pwd", "grp", "termios"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

def socketpair(*_):
    """As socket.py makes one on Windows."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        first = socket.create_connection(listener.getsockname())
        return first, listener.accept()[0]

sys.meta_path.insert(0, Missing())
MISSING = {
    os: "fork forkpty register_at_fork getuid geteuid getpgid killpg fchmod chown "
        "sched_getaffinity O_NONBLOCK O_NOFOLLOW O_DIRECTORY O_CLOEXEC",
    signal: "SIGHUP SIGQUIT SIGUSR1 SIGUSR2 SIGALRM SIGKILL pthread_sigmask",
    socket: "AF_UNIX",
}
for module, names in MISSING.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
socket.__all__ = [name for name in socket.__all__ if hasattr(socket, name)]
socket.socketpair = socketpair
'''
MIDDLEWARE = """
import footfall
from footfall.collector import CollectorServer
from footfall.collector.storage.stored_events import EventSearch
from footfall.wsgi import FootfallMiddleware
from tests.support.raw_requests import call_wsgi, navigation

def page(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<h1>Page</h1>"]

with CollectorServer("here.sqlite3", timezone="Europe/Berlin") as collector:
    line = f"collector://{collector.url.removeprefix('http://')}/b.test"
    app = FootfallMiddleware(page, destinations=[line, "sqlite:///own.sqlite3"])
    call_wsgi(app, navigation())
    assert footfall.flush(30), footfall.stats()
    assert collector.store.count(EventSearch()) == 1
    print("counted:", [each["accepted"] for each in footfall.stats()["destinations"].values()])
"""


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "sitecustomize.py").write_text(SITECUSTOMIZE)
    root = str(Path(__file__).parents[1])
    variables = {
        "PYTHONPATH": f"{folder}:{root}",
        "PYTHONTZPATH": "",
        "PYTHONIOENCODING": "cp1252",
        "FOOTFALL_DESTINATIONS": None,
    }
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(variables),
        capture_output=True,
        encoding="cp1252",
        timeout=MAX_SECONDS,
    )


def test_the_middleware_counts_and_the_collector_stores(tmp_path: Path) -> None:
    done = python(tmp_path, "-c", MIDDLEWARE)
    assert done.stdout == "counted: [1, 1]\n", done.stderr


def test_the_demo_counts_as_expected(tmp_path: Path) -> None:
    done = python(tmp_path, "-m", "footfall", "demo", "--once")
    assert done.stdout.endswith("Everything as expected.\n"), done.stderr


def test_a_command_runs_beside_a_collector_that_a_check_reaches(tmp_path: Path) -> None:
    check = [sys.executable, "-m", "footfall", "check", "--json"]
    domain = ["--domain", "日本.test"]
    done = python(tmp_path, "-m", "footfall", "run", "--port", "0", *domain, "--", *check)
    assert done.returncode == 0, done.stderr
    [destination] = json.loads(done.stdout)["destinations"]
    assert destination["name"].startswith("collector:日本.test@")
    assert all(step["ok"] for step in destination["steps"])


def test_a_console_of_code_page_1252_shows_what_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    console = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", write_through=True)
    monkeypatch.setattr(sys, "stdout", console)
    say("café 日")
    say_json({"path": "/café/日"}, indent=None)
    assert (
        console.buffer.getvalue()
        == b"""caf\xe9 \\u65e5
{"path": "/caf\\u00e9/\\u65e5"}
"""
    )


def test_a_command_without_a_console_ends_with_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    # As under pythonw.
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["explain", "GET", "https://example.com/"]) == 0
    assert main(["check"]) == 1
