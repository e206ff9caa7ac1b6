"""`footfall tail` in a terminal and in a pipe."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from footfall.cli import main
from footfall.collector import CollectorServer
from tests.collector.support import post
from tests.support.terminal import Terminal
from tests.support.vendors import answer, answering, unused_port, vendor
from tests.support.waiting import MAX_SECONDS

TAIL = [sys.executable, "-m", "footfall", "tail"]


def test_a_terminal_shows_what_was_there_and_what_comes_until_ctrl_c(
    collector: CollectorServer, tmp_path: Path
) -> None:
    destination = f"collector://{collector.url.removeprefix('http://')}/a.test"
    variables = {"FOOTFALL_DESTINATIONS": destination, "TERM": "xterm", "NO_COLOR": None}
    with httpx2.Client(base_url=collector.url) as http:
        for page in ("first", "second"):
            post(http, url=f"https://a.test/{page}")
        with Terminal([*TAIL, "-n", "1"], folder=tmp_path, variables=variables) as terminal:
            terminal.read_until("/second")
            post(http, url="https://a.test/third")
            terminal.read_until("/third")
            terminal.type("\x03")
            assert terminal.wait() == 0
    assert "/first" not in terminal.text
    assert "Traceback" not in terminal.text
    assert terminal.raw.count("\x1b[32m") == 2


def test_a_pipe_gets_an_object_on_each_line_until_its_reader_ends(
    collector: CollectorServer,
) -> None:
    with httpx2.Client(base_url=collector.url) as http:
        post(http, url="https://a.test/first")
        with subprocess.Popen(
            [*TAIL, collector.url, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as tail:
            assert tail.stdout is not None
            assert tail.stderr is not None
            entry = json.loads(tail.stdout.readline())
            tail.stdout.close()
            post(http, url="https://a.test/second")
            assert tail.wait(MAX_SECONDS) == 0
            assert tail.stderr.read() == b""
    assert (entry["version"], entry["counted"], entry["path"]) == (1, True, "/first")


def test_nobody_who_answers_is_said_with_what_to_start(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tail", f"http://127.0.0.1:{unused_port()}"]) == 2
    assert "Start one: footfall collect" in capsys.readouterr().err
    assert main(["tail", "what is this"]) == 2
    with vendor(answering(answer("200 OK", b"<html>"))) as server:
        assert main(["tail", server.url]) == 2


def test_a_collector_that_refuses_is_said_with_the_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLLECTOR_TOKEN", raising=False)
    monkeypatch.delenv("FOOTFALL_COLLECTOR_TOKEN", raising=False)
    with CollectorServer(token="secret") as collector:
        assert main(["tail", collector.url]) == 1
        assert "set FOOTFALL_COLLECTOR_TOKEN" in capsys.readouterr().err
    with vendor(answering(answer("404 Not Found"))) as server:
        assert main(["tail", server.url]) == 1
        assert "answers 404" in capsys.readouterr().err
