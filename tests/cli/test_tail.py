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
from tests.cli.site_files import write
from tests.collector.support import post
from tests.support.json_schemas import validate
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
    assert main(["tail", "http://what is this"]) == 2
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


@pytest.mark.parametrize("place", ["sqlite:///site.sqlite3", "site.sqlite3", None])
def test_a_terminal_shows_what_an_app_writes_into_its_file(
    place: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "site.sqlite3"
    write(file, "/first", "/second")
    variables = {"FOOTFALL_DESTINATIONS": "plausible://b.test/a.test, sqlite:///site.sqlite3"}
    command = [*TAIL, "-n", "1", *filter(None, [place])]
    with Terminal(command, folder=tmp_path, variables=variables) as terminal:
        terminal.read_until("/second")
        write(file, "/third")
        terminal.read_until("/third")
        terminal.type("\x03")
        assert terminal.wait() == 0
    assert "/first" not in terminal.text
    assert "Requests that do not count are in no file" in terminal.text
    assert "Traceback" not in terminal.text


def test_a_pipe_gets_what_a_file_gets_that_comes_later(tmp_path: Path) -> None:
    file = tmp_path / "site.sqlite3"
    with subprocess.Popen(
        [*TAIL, str(file), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        text=True,
    ) as tail:
        assert tail.stdout is not None
        assert tail.stderr is not None
        assert tail.stderr.readline() == f"{file} has no events yet; the first one makes it\n"
        write(file, "/first")
        entry = json.loads(tail.stdout.readline())
        tail.stdout.close()
        write(file, "/second")
        assert tail.wait(MAX_SECONDS) == 0
        assert tail.stderr.read() == ""
    validate("tail", entry)
    assert (entry["counted"], entry["path"]) == (True, "/first")


WRONG_PLACES = {
    "plausible://plausible.io/a.test": "is no collector and no file",
    "/nowhere/site.sqlite3": "there is no such file",
    ".": "is a directory",
    __file__: "no database",
    "nothing://here": "begin with plausible",
}


@pytest.mark.parametrize("place", WRONG_PLACES)
def test_what_cannot_be_followed_is_said(place: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tail", place]) == 2
    assert WRONG_PLACES[place] in capsys.readouterr().err


def test_a_host_and_a_port_are_a_collector(capsys: pytest.CaptureFixture[str]) -> None:
    port = unused_port()
    assert main(["tail", f"localhost:{port}"]) == 2
    assert f"No collector answers at http://localhost:{port}" in capsys.readouterr().err
