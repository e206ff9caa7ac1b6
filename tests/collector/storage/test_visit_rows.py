"""The rows of visits, made and updated from events."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any

from footfall.collector.storage import visit_rows
from footfall.collector.storage.database import MEMORY, Database
from footfall.collector.storage.visit_rows import VisitUpdate, WrittenVisit
from tests.collector.storage.stats.support import EVENTS, database_of
from tests.collector.support import FIREFOX


def test_visits_can_be_rebuilt_from_events() -> None:
    events = [replace(each, interactive=True) for each in EVENTS]
    with closing(database_of(events)) as database:
        columns = "SELECT * FROM visits ORDER BY session"
        before = [tuple(row)[1:] for row in database.writer.execute(columns)]
        database.writer.execute("DELETE FROM visits")
        visit_rows.rebuild(database.writer)
        assert [tuple(row)[1:] for row in database.writer.execute(columns)] == before


def update(**changes: Any) -> VisitUpdate:
    values = {
        "session": "s1",
        "domain": "a.test",
        "visitor": "v1",
        "at": 1_000,
        "name": "pageview",
        "path": "/a",
        "is_interactive": True,
        "referrer": None,
        "source": None,
        "campaign": (None,) * 5,
        "url": "https://a.test/",
        "user_agent": FIREFOX,
        "country": None,
        "accept_language": "",
        "starts_session": False,
    }
    return VisitUpdate(**{**values, **changes})


def test_a_visit_is_updated_with_each_of_its_events() -> None:
    with closing(Database(MEMORY)) as database:
        written = visit_rows.write(
            database.writer,
            [
                update(starts_session=True, source="google.com"),
                update(at=2_000, path="/b", source="bing.com"),
                update(at=3_000, path="/c", name="Signup"),
                update(at=4_000, path="/d", name="Seen", is_interactive=False),
                update(at=5_000, path="/e", name="engagement"),
            ],
        )
        [row] = database.writer.execute(
            "SELECT pageviews, interactions, started_at, ended_at, entry_page, exit_page, source"
            " FROM visits"
        )
    assert written == [WrittenVisit(1_000)] * 5
    assert tuple(row) == (2, 1, 1_000, 4_000, "/a", "/b", "Google")


def test_a_visit_that_another_process_started_is_updated_too() -> None:
    with closing(Database(MEMORY)) as database:
        both = [update(starts_session=True), update(at=500, starts_session=True)]
        assert visit_rows.write(database.writer, both) == [WrittenVisit(1_000)] * 2
        # Its row may be purged meanwhile: then it begins anew.
        database.writer.execute("DELETE FROM visits")
        again = visit_rows.write(database.writer, [update(at=9_000)])
        assert again == [WrittenVisit(9_000, was_missing=True)]
