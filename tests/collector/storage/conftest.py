"""A store in a file, and one in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from footfall.collector.storage.database import MEMORY
from footfall.collector.storage.store import Store
from tests.collector.support import NOON


@pytest.fixture(params=["file", "memory"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return MEMORY if request.param == "memory" else str(tmp_path / "events.sqlite3")


@pytest.fixture
def store(path: str) -> Iterator[Store]:
    with closing(Store(path, clock=lambda: NOON)) as store:
        yield store
