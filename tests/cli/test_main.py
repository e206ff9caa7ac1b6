"""The command line as a whole: its help, and its exit codes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import footfall
from footfall.cli import COMMANDS, main, make_parser
from tests.support.waiting import MAX_SECONDS


def test_without_a_command_it_names_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    output = capsys.readouterr().err
    named = {line.split()[0] for line in output.splitlines() if line.startswith("    ")}
    assert COMMANDS.keys() - named == set()


def test_a_command_that_there_is_not_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["doctor"])
    assert caught.value.code == 2
    assert "no such command: doctor; there is: run, tail, collect, " in capsys.readouterr().err


MISSPELT = {
    "collect --databse X": ("footfall collect", "--databse, did you mean --database?"),
    "collect --keep-dayz=7": ("footfall collect", "--keep-dayz, did you mean --keep-days?"),
    "collect --tokn s3cret": ("footfall collect", "--tokn, did you mean --token?"),
    "collect --tokn=s3cret": ("footfall collect", "--tokn, did you mean --token?"),
    "export --databse X --fromat csv": (
        "footfall export",
        "--databse, did you mean --database?; no such option: --fromat, did you mean --format?",
    ),
    "explain GET / --heder x": ("footfall explain", "--heder, did you mean --header?"),
    "check --client_ip 1.1.1.1": ("footfall check", "--client_ip, did you mean --client-ip?"),
    "goals sync a.test --evnt X": ("footfall goals sync", "--evnt, did you mean --event?"),
    "demo --onec": ("footfall demo", "--onec, did you mean --once?"),
    "demo --xyz": ("footfall demo", "--xyz\n"),
    "--verson": ("footfall", "--verson, did you mean --version?"),
}


@pytest.mark.parametrize("line", MISSPELT)
def test_a_misspelt_option_is_named_with_the_nearest(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    program, text = MISSPELT[line]
    with pytest.raises(SystemExit) as caught:
        main(line.split())
    assert caught.value.code == 2
    output = capsys.readouterr().err
    assert output.endswith(f"{program}: error: no such option: {text.rstrip()}\n")
    assert output.startswith(f"usage: {program} [")
    assert "s3cret" not in output


# What each line means, with the options behind the words.
INTERMIXED = {
    "relay dead --show redis://a.test": "relay dead redis://a.test --show",
    "relay --json dead --replay redis://a.test": "relay dead redis://a.test --json --replay",
    "relay --to webhook://a.test": "relay --to webhook://a.test",
    "check collector://a.test/b --wait 1 collector://c.test/d --json": (
        "check collector://a.test/b collector://c.test/d --wait 1 --json"
    ),
    "check --behind nginx": "check --behind nginx",
    "forward --after 3 file umami://a.test/1 --domain x umami://b.test/2": (
        "forward file umami://a.test/1 umami://b.test/2 --after 3 --domain x"
    ),
}


@pytest.mark.parametrize("line", INTERMIXED)
def test_an_option_stands_between_words_as_well_as_behind_them(line: str) -> None:
    found, expected = (make_parser().parse_args(each.split()) for each in (line, INTERMIXED[line]))
    assert found == expected


def test_a_misspelt_option_between_words_is_named_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["relay", "dead", "--shw", "redis://a.test"])
    output = capsys.readouterr().err
    assert output.startswith("usage: footfall relay [")
    assert output.endswith("no such option: --shw, did you mean --show?\n")


CHOICES = {
    "chek": "no such command: chek; did you mean check?",
    "goals snc": "no such command: snc; did you mean sync?",
    "check --behind ngnix": "argument --behind: no such choice: ngnix; did you mean nginx?",
    "export --format xml": "no such choice: xml; "
    "there is: csv, jsonl, matomo, parquet, plausible, umami",
}


@pytest.mark.parametrize("line", CHOICES)
def test_a_misspelt_command_or_choice_is_named_with_the_nearest(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(line.split())
    assert caught.value.code == 2
    assert capsys.readouterr().err.endswith(f"{CHOICES[line]}\n")


@pytest.mark.parametrize(
    "command", ["explain GET https://example.com/", "explain GET https://example.com/ --json"]
)
def test_a_reader_that_has_seen_enough_ends_the_command(command: str) -> None:
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{sys.executable} -m footfall {command} | true"],
        capture_output=True,
        text=True,
        timeout=MAX_SECONDS,
        env={**os.environ, "FOOTFALL_DESTINATIONS": "collector://127.0.0.1:8321/example.com"},
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_ctrl_c_while_a_command_is_loaded_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(app: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("footfall.cli.make_parser", interrupted)
    assert main(["explain"]) == 130


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    output = capsys.readouterr().out
    assert f"usage: footfall {command}" in " ".join(output.split())
    _, _, codes = output.partition("\nexit codes:\n")
    assert [line.split()[0] for line in codes.splitlines()][:3] == ["0", "1", "2"]


def test_the_module_is_the_command() -> None:
    command = [sys.executable, "-m", "footfall", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == f"footfall {footfall.__version__}\n"
