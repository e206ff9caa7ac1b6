"""`footfall collect`: its options, its output, and how it ends."""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

import httpx2
import pytest

import footfall
import footfall.collector
from footfall.cli import collect
from footfall.collector import Store
from footfall.collector.settings import SETTINGS, Setting
from footfall.collector.storage.stored_events import EventSearch
from tests.collector.support import (
    FIREFOX,
    PAGEVIEW,
    post,
    streamed_lines,
)
from tests.support.json_schemas import validate
from tests.support.vendors import wait_until
from tests.support.waiting import LONG_SECONDS, MAX_SECONDS


def arguments(*line: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    collect.add_arguments(parser)
    return parser.parse_args(line)


def command(
    *line: str, environment: Mapping[str, str] = MappingProxyType({}), first: str = "pass"
) -> subprocess.Popen[str]:
    start = f"import sys; {first}; from footfall.cli import main; sys.exit(main(sys.argv[1:]))"
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


@pytest.mark.long
def test_json_lines_tell_the_start_and_the_stop(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    with command("-p", "0", "--database", str(file), "--json") as running:
        assert running.stdout is not None
        start = json.loads(running.stdout.readline())
        validate("collect", start)
        assert (start["version"], start["database"]) == (footfall.__version__, str(file))
        assert start["limits"]["connections"] == 1_000
        for name, url in start["addresses"].items():
            assert url.startswith("http://127.0.0.1:")
            method = "GET" if name in ("dashboard", "live", "health") else "POST"
            assert httpx2.request(method, url).status_code not in (404, 405), name
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=MAX_SECONDS)
    assert [json.loads(line) for line in err.splitlines()] == []
    messages = [json.loads(line)["message"] for line in out.splitlines()]
    assert messages == [
        "Stopping; a second signal ends it at once.",
        "Stopped; all events are written.",
    ]
    assert running.returncode == 0


def test_an_error_at_the_start_is_a_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    with unchanged_signals():
        code = collect.run(arguments("--log-format", "json", "--max-connections", "0"))
    line = json.loads(capsys.readouterr().err)
    assert (code, line["level"]) == (2, "error")
    assert "--max-connections=0" in line["message"]


class Load(threading.Thread):
    """Posts one event after the other, until no connection can be made any more."""

    def __init__(self, url: str, *, keeps_alive: bool) -> None:
        super().__init__()
        self.statuses: list[int] = []
        self.broken: list[httpx2.TransportError] = []
        limits = httpx2.Limits(max_keepalive_connections=1 if keeps_alive else 0)
        self._http = httpx2.Client(base_url=url, limits=limits, headers={"user-agent": FIREFOX})

    def run(self) -> None:
        with self._http, contextlib.suppress(httpx2.ConnectError):
            while True:
                try:
                    self.statuses.append(post(self._http).status_code)
                except httpx2.ConnectError:
                    raise
                except httpx2.TransportError as error:
                    self.broken.append(error)


def test_a_stop_under_load_answers_every_request(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    # No client is so slow between two requests that it counts as one that sends no more.
    first = f"from footfall.collector import server; server._DRAIN_SECONDS = {LONG_SECONDS}"
    with command("-p", "0", "--database", str(file), first=first) as running:
        url = url_of(running)
        load = [Load(url, keeps_alive=True) for _ in range(6)]
        for each in load:
            each.start()
        assert wait_until(lambda: sum(len(each.statuses) for each in load) > 200)
        running.send_signal(signal.SIGTERM)
        for each in load:
            each.join(MAX_SECONDS)
        assert running.wait(MAX_SECONDS) == 0
        assert running.stdout is not None
        assert "Stopped; all events are written.\n" in running.stdout.readlines()
    assert [each.broken for each in load] == [[]] * 6
    statuses = [status for each in load for status in each.statuses]
    assert {*statuses} == {202}
    with closing(Store(file)) as store:
        assert store.count(EventSearch()) == len(statuses)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_it_stops_well_where_nobody_reads_its_lines_any_more(
    tmp_path: Path, log_format: str
) -> None:
    file = tmp_path / "events.sqlite3"
    line = ["-p", "0", "--database", str(file), "--log-format", log_format]
    with command(*line) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        # As `head -1` does.
        assert running.stdout.readline()
        running.stdout.close()
        running.send_signal(signal.SIGTERM)
        assert running.stderr.read() == ""
    assert running.returncode == 0
    assert [each.name for each in tmp_path.iterdir()] == ["events.sqlite3"]


def test_a_second_signal_ends_the_stop(tmp_path: Path) -> None:
    line = ["--database", str(tmp_path / "events.sqlite3"), "--chaos", f"slow:{LONG_SECONDS:g}s"]
    long = f"server._STOP_SECONDS = server._START_SECONDS = {LONG_SECONDS:g}"
    first = f"from footfall.collector import server; {long}"
    with command("-p", "0", *line, first=first) as running:
        url = url_of(running)
        assert running.stdout is not None
        with closing(http.client.HTTPConnection(urlsplit(url).netloc)) as connection:
            connection.request("POST", "/api/event", json.dumps(PAGEVIEW))
            # When this is answered, the request above is there.
            assert httpx2.get(f"{url}/api/health").status_code == 200
            running.send_signal(signal.SIGTERM)
            while not running.stdout.readline().startswith("Stopping"):
                pass
            running.send_signal(signal.SIGINT)
            _, errors = running.communicate(timeout=MAX_SECONDS)
    assert (running.returncode, errors) == (1, "Ended at once; 0 events were not written\n")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["--log-format", "xml"], "choose text or json"),
        (["--max-connections", "0"], "--max-connections=0"),
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


@pytest.mark.long
@pytest.mark.parametrize("is_kept", [True, False], ids=["in a file", "in memory"])
def test_the_first_lines_say_what_of_the_forwarded_events_a_kill_loses(
    tmp_path: Path, is_kept: bool
) -> None:
    outbox = tmp_path / "outbox"
    line = ["--forward", "plausible+http://127.0.0.1:9/v.test", "--database", ":memory:"]
    running = command("-p", "0", *line, *(["--forward-outbox", str(outbox)] if is_kept else []))
    url_of(running)
    running.terminate()
    assert running.stdout is not None
    printed = running.stdout.read()
    running.communicate(timeout=MAX_SECONDS)
    assert "  Forwarding to plausible:v.test@127.0.0.1:9\n" in printed
    assert (f"is kept in {outbox}, for a day at most" in printed) == is_kept
    assert ("in memory for 60 s at most: a kill or a longer outage loses it" in printed) != is_kept


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
