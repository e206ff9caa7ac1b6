"""Commands as a person runs them: in a terminal, wide or narrow, with Ctrl-C, and before `head`."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.cli.site_files import write
from tests.support.terminal import Terminal, environment
from tests.support.waiting import MAX_SECONDS

FOOTFALL: Final = (sys.executable, "-m", "footfall")
GREEN: Final = "\x1b[32m"
RED: Final = "\x1b[31m"
COLOURS: Final = {"TERM": "xterm", "NO_COLOR": None}
PLAIN: Final = {
    "check": {"NO_COLOR": "1"},
    "explain": {"TERM": "dumb"},
    "tail": {"NO_COLOR": "1", "TERM": "dumb"},
}
FILE: Final = {"FOOTFALL_DESTINATIONS": "sqlite:///site.sqlite3"}
NOWHERE: Final = {"FOOTFALL_DESTINATIONS": "sqlite:///no/site.sqlite3"}
EXPLAIN: Final = ("explain", "GET", "https://example.com/pricing")
# The command, its variables, its exit code, the colour of its result, and the result.
RESULTS: Final = {
    "check": (("check",), FILE, 0, GREEN, "All is well."),
    "check of what is wrong": (("check",), NOWHERE, 1, RED, "  file       there is no directory"),
    "explain": (EXPLAIN, FILE, 0, GREEN, "\n  = pageview: navigation."),
    "explain of what does not count": (
        (*EXPLAIN, "--status", "404"),
        FILE,
        1,
        RED,
        "\n  = not counted: not_found.",
    ),
    "tail": (("tail", "site.sqlite3"), {}, 0, GREEN, "12:00:00  pageview       /pricing"),
    "run": (("run", "--port", "0", "--", "sh", "-c", "exit 5"), {}, 5, "", "footfall: watch http"),
}


def result_of(name: str, folder: Path, variables: dict[str, str | None], columns: int = 80) -> str:
    """What a terminal gets from a command of the table, with its colours, once it has ended."""
    command, settings, code, _, result = RESULTS[name]
    write(folder / "site.sqlite3", "/pricing")
    with Terminal(
        [*FOOTFALL, *command], folder=folder, variables={**settings, **variables}, columns=columns
    ) as terminal:
        terminal.read_until(result)
        if name == "tail":
            terminal.type("\x03")
        assert terminal.wait() == code
    assert "Traceback" not in terminal.text
    return terminal.raw


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_coloured_and_whole_in_a_narrow_terminal(name: str, tmp_path: Path) -> None:
    *_, colour, result = RESULTS[name]
    assert f"{colour}{result}" in result_of(name, tmp_path, COLOURS, columns=20)


@pytest.mark.parametrize("name", PLAIN)
def test_nothing_is_coloured_where_nobody_wants_it(name: str, tmp_path: Path) -> None:
    assert "\x1b" not in result_of(name, tmp_path, {**COLOURS, **PLAIN[name]})


@pytest.fixture
def silent_vendor() -> Iterator[str]:
    """A destination that takes a request and does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"plausible+http://127.0.0.1:{server.getsockname()[1]}/a.test"


def test_ctrl_c_ends_a_check_that_waits(silent_vendor: str, tmp_path: Path) -> None:
    command = [*FOOTFALL, "check", silent_vendor, "--client-ip", "8.8.8.8"]
    with Terminal(command, folder=tmp_path) as terminal:
        terminal.read_until("client IP 8.8.8.8")
        terminal.type("\x03")
        assert terminal.wait() == 130
    assert "Traceback" not in terminal.text


@pytest.mark.parametrize("command", ["check", "explain GET https://example.com/"])
def test_ctrl_c_ends_a_command_that_loads_an_app(command: str, tmp_path: Path) -> None:
    slow = "import time; print('loading', flush=True); time.sleep(60)"
    (tmp_path / "slow.py").write_text(slow)
    line = [*FOOTFALL, *command.split(), "--app", "slow:app"]
    with Terminal(line, folder=tmp_path) as terminal:
        terminal.read_until("loading")
        terminal.type("\x03")
        assert terminal.wait() == 130
    assert "Traceback" not in terminal.text


# `test_main.py` has `explain`.
PIPES: Final = {
    "check": ("check", 0),
    "tail": ("tail site.sqlite3 2>/dev/null", 0),
    "run": ("run --port 0 -- sh -c 'exit 5' 2>&1", 5),
    "a mistake": ("check a://b 2>&1", 2),
}


@pytest.mark.parametrize(("command", "code"), PIPES.values(), ids=PIPES)
def test_a_reader_that_has_seen_enough_changes_nothing(
    command: str, code: int, tmp_path: Path
) -> None:
    write(tmp_path / "site.sqlite3", *map("/{}".format, range(9)))
    # A reader that ends before anything is written, which `head` does after some of it.
    line = f"{' '.join(FOOTFALL)} {command} | true"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=tmp_path,
        env=environment(dict(FILE)),
        capture_output=True,
        text=True,
        timeout=MAX_SECONDS,
    )
    assert (done.returncode, done.stderr) == (code, "")
