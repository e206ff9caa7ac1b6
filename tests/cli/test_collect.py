"""`footfall collect`: its options, its output, and how it ends."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import httpx2
import pytest

import footfall.collector
from footfall.cli import collect
from footfall.collector import Store
from footfall.collector.settings import SETTINGS, Setting
from footfall.collector.storage.stored_events import EventSearch
from tests.collector.support import (
    post,
    streamed_lines,
)
from tests.support.waiting import MAX_SECONDS


def arguments(*line: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    collect.add_arguments(parser)
    return parser.parse_args(line)


def command(
    *line: str, environment: Mapping[str, str] = MappingProxyType({})
) -> subprocess.Popen[str]:
    start = "import sys; from footfall.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", start, "collect", *line],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def url_of(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    line = running.stdout.readline()
    found = re.match(r"Collecting on (\S+) into ", line)
    assert found, line
    return found[1]


def test_the_options_are_the_settings() -> None:
    assert vars(arguments()) == {}
    line = [part for each in SETTINGS.values() for part in option(each)]
    assert {*vars(arguments(*line))} == {*SETTINGS}
    assert collect.HELP


def option(declared: Setting) -> list[str]:
    return [declared.flag] if declared.is_switch else [declared.flag, "1"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_command_with_everything_written(
    tmp_path: Path, number: signal.Signals
) -> None:
    file = tmp_path / "events.sqlite3"
    running = command("-p", "0", "--database", str(file), "--domain", "a.test")
    url = url_of(running)
    assert running.stdout is not None
    advice = running.stdout.readline()
    assert advice == f"  FOOTFALL_DESTINATIONS=collector://{urlsplit(url).netloc}/a.test\n"
    with httpx2.Client(base_url=url) as http, streamed_lines(http) as lines:
        next(lines)
        for _ in range(20):
            assert post(http).status_code == 202
        running.send_signal(number)
        # The stream would go on for ever.
        _, errors = running.communicate(timeout=MAX_SECONDS)
    # On a slow machine, asyncio's debug mode writes lines that are not the command's.
    own_errors = re.sub(r"(?m)^Executing <.+ took [0-9.]+ seconds\n", "", errors)
    assert (running.returncode, own_errors) == (0, "")
    with closing(Store(file)) as store:
        assert store.count(EventSearch()) == 20
    assert [each.name for each in tmp_path.iterdir()] == ["events.sqlite3"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["--host", "0.0.0.0"], "set a token"),
        (["--database", "/nowhere/x.sqlite3"], "database"),
        (["--keep", "0"], "--keep=0"),
        (["--keep-days", "0"], "--keep-days=0"),
        (["--max-size", "1KB"], "--max-size=1000"),
        (["--timezone", "Moon/Base"], "write it like Europe/Berlin"),
        (["--mmdb", "/nowhere/x.mmdb"], "MaxMind format"),
        (["-p", "70000"], "choose one up to 65535"),
        (["--forward", "nowhere"], "--forward='nowhere'"),
        (["--max-size", "much"], "write it like 500MB or 2GB"),
        (["--port", "x"], "--port='x': write a whole number"),
        (["--chaos", "boom"], "the kinds are a status"),
    ],
)
def test_what_cannot_work_is_reported_at_the_start(
    line: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with unchanged_signals():
        code = collect.run(arguments("-p", "0", "--database", ":memory:", *line))
    assert (code, message in capsys.readouterr().err) == (2, True)


@pytest.mark.parametrize("missing", ["uvicorn", "httptools", "starlette", "jinja2"])
def test_a_missing_extra_is_named(missing: str) -> None:
    start = "import sys; from footfall.cli import main; sys.exit(main(sys.argv[1:]))"
    without = f"import sys; sys.modules[{missing!r}] = None; {start}"
    line = [sys.executable, "-c", without, "collect", "--database", ":memory:", "-p", "0"]
    ended = subprocess.run(line, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (2, f"{footfall.collector.MISSING}\n")
    assert 'pip install "footfall[collector]"' in footfall.collector.MISSING


@contextlib.contextmanager
def unchanged_signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("line", "path"), [([], ""), (["--token", "a b&c"], "/?token=a%20b%26c")])
def test_the_page_is_opened_on_request(
    line: list[str],
    path: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    opened: list[str] = []

    def open_and_leave(url: str) -> None:
        opened.append(url)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(webbrowser, "open", open_and_leave)
    with unchanged_signals():
        code = collect.run(arguments("-p", "0", "--database", ":memory:", "--open", *line))
    printed = capsys.readouterr().out
    assert code == 0
    assert [url.partition("/?")[0] + url[len(url.partition("/?")[0]) :] for url in opened] == opened
    assert opened[0] == printed.split()[2] + path
    assert ("Bearer TOKEN" in printed) == bool(line)
    assert "a b&c" not in printed


def test_the_environment_sets_what_the_command_line_does_not(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    environment = {"FOOTFALL_COLLECTOR_DATABASE": str(file), "FOOTFALL_COLLECTOR_PORT": "1"}
    running = command("-p", "0", environment=environment)
    assert urlsplit(url_of(running)).port != 1
    running.terminate()
    running.communicate(timeout=MAX_SECONDS)
    assert file.exists()


def test_lost_events_are_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda url: signal.raise_signal(signal.SIGTERM))
    close = Store.close
    monkeypatch.setattr(Store, "close", lambda self: close(self) + 3)
    with unchanged_signals():
        code = collect.run(arguments("-p", "0", "--database", ":memory:", "--open"))
    assert (code, capsys.readouterr().err) == (1, "3 events could not be written\n")
