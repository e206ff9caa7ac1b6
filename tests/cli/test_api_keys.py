"""The keys in the environment, and which of several is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from footfall.cli import api_keys
from footfall.errors import ConfigError

NAMES = ("FOOTFALL_COLLECTOR_TOKEN", "FOOTFALL_COLLECTOR_TOKEN_FILE", "COLLECTOR_TOKEN")


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_the_collectors_own_variable_comes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert api_keys.collector_token() is None
    monkeypatch.setenv("COLLECTOR_TOKEN", " former ")
    assert api_keys.collector_token() == "former"
    (tmp_path / "token").write_text("of the file\n", encoding="utf-8")
    monkeypatch.setenv("FOOTFALL_COLLECTOR_TOKEN_FILE", str(tmp_path / "token"))
    assert api_keys.collector_token() == "of the file"
    monkeypatch.setenv("FOOTFALL_COLLECTOR_TOKEN", "new")
    assert api_keys.collector_token() == "new"


def test_a_file_that_cannot_be_read_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTFALL_COLLECTOR_TOKEN_FILE", "/nowhere/token")
    with pytest.raises(ConfigError, match="FOOTFALL_COLLECTOR_TOKEN_FILE='/nowhere/token'"):
        api_keys.collector_token()


def test_an_empty_variable_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(api_keys.STATS_KEY, " ")
    assert api_keys.key(api_keys.STATS_KEY) is None
