"""The command line as a whole: its help, and its exit codes."""

from __future__ import annotations

import subprocess
import sys

import pytest

import footfall
from footfall.cli import COMMANDS, main


def test_without_a_command_it_names_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    output = capsys.readouterr().err
    assert [command for command in COMMANDS if f"\n    {command} " not in output] == []


def test_a_command_that_there_is_not_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["doctor"])
    assert caught.value.code == 2
    assert "'check'" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert f"usage: footfall {command}" in " ".join(capsys.readouterr().out.split())


def test_the_module_is_the_command() -> None:
    command = [sys.executable, "-m", "footfall", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == f"footfall {footfall.__version__}\n"
