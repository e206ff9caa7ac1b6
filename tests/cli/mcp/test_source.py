"""Where an agent's numbers come from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from footfall.cli import main
from footfall.cli.mcp.source import AgentSource, open_source
from footfall.errors import ConfigError
from footfall.plausible_api import PlausibleAPI

NOTHING: dict[str, Any] = {
    "collector": None,
    "database": None,
    "site": None,
    "base_url": "https://plausible.io",
    "token": None,
    "stats_key": None,
}


def test_no_key_is_in_a_value_however_deep() -> None:
    with AgentSource(PlausibleAPI(), secrets=("s3cret", "t0ken")) as source:
        hidden = source.without_secrets({"a s3cret": [1, None, {"b": ("t0ken!", True)}]})
    assert hidden == {"a (hidden)": [1, None, {"b": ["(hidden)!", True]}]}


def test_plausibles_cloud_needs_a_key() -> None:
    with pytest.raises(ValueError, match="set PLAUSIBLE_STATS_KEY"):
        open_source(**{**NOTHING, "site": "a.test"})


def test_a_file_that_there_is_not_is_not_made(tmp_path: Path) -> None:
    file = tmp_path / "missing.sqlite3"
    with pytest.raises(ConfigError, match="there is no such file"):
        open_source(**{**NOTHING, "database": str(file)})
    assert not file.exists()


def test_a_key_may_be_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("mcp")
    monkeypatch.delenv("PLAUSIBLE_STATS_KEY", raising=False)
    monkeypatch.setenv("PLAUSIBLE_STATS_KEY_FILE", str(tmp_path / "key"))
    assert main(["mcp", "--plausible", "a.test"]) == 2
    assert "PLAUSIBLE_STATS_KEY_FILE" in capsys.readouterr().err
    (tmp_path / "key").write_text("not one word\n")
    assert main(["mcp", "--plausible", "a.test"]) == 2
    assert "stats_key" in capsys.readouterr().err


def test_without_the_extra_it_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server", None)
    assert main(["mcp"]) == 2
    assert 'pip install "footfall[mcp]"' in capsys.readouterr().err
