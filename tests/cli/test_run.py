"""`footfall run`: an app with a collector beside it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from footfall.cli import main
from tests.support.raw_requests import NAVIGATION
from tests.support.terminal import Terminal, environment
from tests.support.waiting import MAX_SECONDS

RUN = [sys.executable, "-m", "footfall", "run", "--port", "0"]
# Its own settings name a vendor and a file with a dashboard, switched off.
APP = """
import sys
from wsgiref.simple_server import make_server
from footfall.wsgi import FootfallMiddleware

def page(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<h1>Page</h1>"]

app = FootfallMiddleware(
    page,
    destinations="plausible://plausible.io/example.com, sqlite:///own.sqlite3",
    dashboard="/stats",
    enabled=False,
)
with make_server("127.0.0.1", 0, app) as server:
    print(f"serves {server.server_port};", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(7)
"""


def test_a_terminal_shows_one_address_and_what_counts_until_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    command = [*RUN, "--", sys.executable, "app.py"]
    with Terminal(command, folder=tmp_path, variables={"NO_COLOR": "1"}) as terminal:
        port = re.search(r"serves (\d+);", terminal.read_until(";"))
        assert port is not None
        url = f"http://127.0.0.1:{port[1]}"
        headers = {name: value for name, value in NAVIGATION.items() if name != "Host"}
        for path in ("/page", "/robots"):
            agent = {"User-Agent": "Googlebot/2.1"} if path == "/robots" else {}
            with urlopen(Request(url + path, headers=headers | agent)) as response:
                assert response.status == 200
        terminal.read_until("not counted: bot")
        assert "pageview       /page" in terminal.text
        terminal.type("\x03")
        # The command's own.
        assert terminal.wait() == 7
    assert len(re.findall(r"footfall: .*http://127\.0\.0\.1:\d+", terminal.text)) == 1
    assert "Traceback" not in terminal.text
    assert not (tmp_path / "own.sqlite3").exists()


ENDS = {
    "its own code": (["sh", "-c", "exit 3"], 3),
    "a signal": (["sh", "-c", "kill -KILL $$"], 137),
    "no such program": (["no-such-program"], 127),
    "no program at all": ([os.devnull], 126),
    "its options are its own": ([sys.executable, "-c", "import sys; sys.exit(5)"], 5),
}


@pytest.mark.parametrize(("command", "code"), ENDS.values(), ids=ENDS)
def test_the_exit_code_is_that_of_the_command(command: list[str], code: int) -> None:
    assert main(["run", "--port", "0", "--", *command]) == code


def test_without_a_command_it_says_what_to_write(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run"]) == 2
    assert "footfall run -- flask run" in capsys.readouterr().err


def test_a_port_that_is_taken_is_an_error_if_it_was_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from footfall.cli import run
    from footfall.collector import CollectorServer

    with CollectorServer() as other:
        port = int(other.url.rpartition(":")[2])
        assert main(["run", "--port", str(port), "true"]) == 2
        assert f"port={port}" in capsys.readouterr().err
        monkeypatch.setattr(run, "_PORT", port)
        assert main(["run", "true"]) == 0
        assert f":{port}/" not in capsys.readouterr().err


def test_an_app_that_reports_nothing_is_told_what_to_check(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", "--port", "0", "true"]) == 0
    assert "footfall check --app" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGTERM")
def test_a_signal_that_comes_while_the_command_starts_ends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = subprocess.Popen

    def started(*args: Any, **options: Any) -> Any:
        process = start(*args, **options)
        os.kill(os.getpid(), signal.SIGTERM)
        return process

    monkeypatch.setattr(subprocess, "Popen", started)
    assert main(["run", "--port", "0", "sleep", "60"]) == 128 + signal.SIGTERM


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGTERM")
def test_signals_go_to_the_command(tmp_path: Path) -> None:
    script = 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done'
    with subprocess.Popen(
        [*RUN, "--no-feed", "sh", "-c", script],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment({}),
        cwd=tmp_path,
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        running.send_signal(signal.SIGTERM)
        assert running.wait(MAX_SECONDS) == 9
