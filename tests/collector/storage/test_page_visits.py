"""The rows of pages of visits: made of engagements, and deleted with the events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from sqlite3 import Connection

import pytest

from footfall.collector.storage import page_visits, write_sql
from footfall.collector.storage.database import MEMORY, Database
from footfall.collector.wire.messages import IncomingEvent
from tests.collector.support import NOON, incoming_event


@pytest.fixture
def connection() -> Iterator[Connection]:
    with closing(Database(MEMORY)) as database:
        yield database.writer


def viewed(
    path: str = "/", *, ago: float = 0.0, session: str = "s1", **changes: int | None
) -> IncomingEvent:
    engagement = (changes.get("e") or 0, changes.get("sd"))
    event = incoming_event("engagement", path, at=NOON - ago, session=session)
    return replace(event, engagement=engagement)


def rows(connection: Connection) -> list[tuple[object, ...]]:
    columns = "session, path, started_at, milliseconds, scroll_depth"
    return [tuple(row) for row in connection.execute(f"SELECT {columns} FROM page_visits")]


def test_a_page_of_a_visit_has_one_row(connection: Connection) -> None:
    events = [
        viewed(ago=60, e=3_000, sd=40),
        viewed("/b", ago=40),
        viewed(ago=20, e=500, sd=90),
        viewed(ago=10, e=7_000, sd=50),
        viewed("/b", ago=5, sd=10),
        viewed("/b", e=2),
        viewed(session="s2", e=1, sd=0),
        incoming_event(),
        replace(viewed(e=9), reason="bot"),
        replace(viewed(e=9), path=None),
    ]
    write_sql.insert(connection, events)
    at = int(NOON * 1_000)
    assert rows(connection) == [
        ("s1", "/", at - 60_000, 10_500, 90),
        ("s1", "/b", at - 40_000, 2, 10),
        ("s2", "/", at, 1, 0),
    ]
    # What changed are the rows of these moments.
    assert page_visits.write(connection, [viewed(), viewed("/c")]) == {at - 60_000, at}


def test_it_goes_with_its_events(connection: Connection) -> None:
    events = [
        incoming_event(at=NOON - 60),
        viewed(ago=60, e=1),
        incoming_event(at=NOON),
        viewed("/b", e=1),
    ]
    write_sql.insert(connection, events)
    assert write_sql.purge_by_age(connection, NOON - 30)
    write_sql.delete_orphans(connection)
    assert [row[1] for row in rows(connection)] == ["/b"]
    assert write_sql.rename_domain(connection, "a.test", "c.test") == 2
    assert write_sql.delete_domain(connection, "c.test") == 2
    assert rows(connection) == []
