"""A path for an outbox, and short waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from footfall.delivery.outbox import outbox as outbox_module
from footfall.delivery.outbox import sqlite_file


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "outbox.db")


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.2)
    monkeypatch.setattr(outbox_module, "YIELD_SECONDS", 0.1)
