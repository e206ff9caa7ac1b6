"""The registry of sites in an older file."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from footfall.collector import Store

SITE = "a.test"


def test_an_older_file_gets_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    Store(path).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for table in ("registered_sites", "goals", "shared_links", "custom_props"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 2")
    store = Store(path)
    store.registry.create_prop(SITE, "plan")
    store.close()
    store = Store(path)
    assert store.registry.props(SITE) == ["plan"]
    store.close()
