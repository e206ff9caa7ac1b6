"""What shells complete."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from footfall.cli import main
from tests.support.waiting import MAX_SECONDS

# `complete -F` of this word calls the function that the script defines for `footfall`.
ASK = """
source "$1"
COMP_WORDS=(footfall $2) COMP_CWORD=$3
_shtab_footfall
echo "${COMPREPLY[@]}"
"""


def test_bash_completes_commands_options_and_choices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("shtab")
    assert main(["completion", "bash"]) == 0
    script = tmp_path / "footfall.bash"
    script.write_text(capsys.readouterr().out)

    def completed(words: str) -> set[str]:
        number = str(len(words.split(" ")))
        done = subprocess.run(
            ["bash", "-c", ASK, "-", script, words, number],
            capture_output=True,
            text=True,
            timeout=MAX_SECONDS,
            check=True,
        )
        return {*done.stdout.split()}

    assert completed("ex") >= {"explain", "export"}
    assert "--settings" in completed("check --se")
    assert completed("check --behind cloudfl") == {"cloudflare", "cloudflare+nginx"}


def test_without_the_extra_it_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "zsh"]) == 2
    assert 'pip install "footfall[completion]"' in capsys.readouterr().err
