"""The table of options: what the manual shows is what `Config` declares."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from footfall.config import OPTIONS
from footfall.config.table import options_table

PAGE = Path(__file__).parents[2] / "docs" / "options.md"


def test_the_manual_shows_the_table() -> None:
    """If not: `python -m footfall.config` prints what belongs there."""
    assert f"\n{options_table(OPTIONS.values())}\n" in PAGE.read_text(encoding="utf-8")


def test_it_lists_every_option_and_no_other() -> None:
    lines = options_table(OPTIONS.values()).splitlines()
    assert re.findall(r"^\| `(\w+)` \|", "\n".join(lines), re.MULTILINE) == list(OPTIONS)
    assert len(lines) == len(OPTIONS) + 2


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("destinations", " none "),
        ("enabled", " `True` "),
        ("trusted_proxies", ' `"auto"` '),
        ("client_ip", " "),
        ("exclude", " "),
        ("sample_rate", " `1` "),
        ("max_queue", " `10000` "),
    ],
)
def test_a_default_is_shown_as_it_is_written(name: str, default: str) -> None:
    [row] = options_table([OPTIONS[name]]).splitlines()[2:]
    assert row.split("|")[2] == default


def test_the_module_prints_it() -> None:
    command = [sys.executable, "-m", "footfall.config"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == options_table(OPTIONS.values())
