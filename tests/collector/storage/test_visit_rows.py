"""The rows of visits, made and updated from events."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

from footfall.collector.storage import visit_rows
from tests.collector.storage.stats.support import EVENTS, database_of


def test_visits_can_be_rebuilt_from_events() -> None:
    events = [replace(each, interactive=True) for each in EVENTS]
    with closing(database_of(events)) as database:
        columns = "SELECT * FROM visits ORDER BY session"
        before = [tuple(row)[1:] for row in database.writer.execute(columns)]
        database.writer.execute("DELETE FROM visits")
        visit_rows.rebuild(database.writer)
        assert [tuple(row)[1:] for row in database.writer.execute(columns)] == before
