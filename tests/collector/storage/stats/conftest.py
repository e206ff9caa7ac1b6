"""A connection to a small store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.collector.storage.stats.support import EVENTS, database_of


@pytest.fixture(scope="module")
def connection() -> Iterator[sqlite3.Connection]:
    with closing(database_of(EVENTS)) as database:
        yield database.writer
