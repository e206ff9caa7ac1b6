"""Older files and their migrations."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from footfall.collector.storage import database, schema
from footfall.collector.storage.schema import SCHEMA_VERSION
from footfall.collector.storage.store import Store
from tests.collector.storage.support import rows
from tests.collector.support import NOON


def write_file_of_version_1(file: Path) -> None:
    """As the first release left it: events, and no visits."""
    connection = sqlite3.connect(file, isolation_level=None)
    with closing(connection):
        for statement in schema._EVENTS.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {database._APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        for number, (path, session) in enumerate([("/", "s1"), ("/b", "s1"), ("/c", "s2")]):
            connection.execute(
                """INSERT INTO events (vendor, domain, name, source, props, user_agent, visitor,
                received_at, path, session, begins) VALUES
                ('plausible', 'a.test', 'pageview', 'google.com', '{}', '', 'v', ?, ?, ?, ?)""",
                (int(NOON * 1_000) + number, path, session, path != "/b"),
            )


def test_an_older_file_is_brought_up_to_date(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    write_file_of_version_1(file)
    with closing(Store(file, clock=lambda: NOON)) as store:
        query = "SELECT session, pageviews, entry_page, exit_page, source, channel FROM visits"
        assert rows(store, query) == [
            ("s1", 2, "/", "/b", "Google", "Organic Search"),
            ("s2", 1, "/c", "/c", "Google", "Organic Search"),
        ]
        assert store.domains() == ["a.test"]
        assert rows(store, "PRAGMA user_version") == [(SCHEMA_VERSION,)]
    # Once is enough.
    Store(file).close()
