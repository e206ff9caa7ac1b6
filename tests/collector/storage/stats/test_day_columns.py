"""Columns of days: how they are made, written and read."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Any

import pytest

from footfall.collector.storage import write_sql
from footfall.collector.storage.database import MEMORY, Database
from footfall.collector.storage.stats import day_columns
from footfall.collector.storage.stats.day_columns import Column
from tests.collector.storage.stats.support import (
    EVENTS,
    FRIDAY,
    UTC_ZONE,
    close_all,
    database_of,
    event_of,
)


def texts(column: Column) -> list[str]:
    return [column.texts[number] for number in column.numbers]


def test_each_row_has_a_number_of_each_text() -> None:
    others = [each for each in EVENTS if each.session != "bob-2"]
    with closing(database_of(others)) as database:
        found = day_columns.read_rows(database.writer, FRIDAY)
    assert found is not None
    # Dee began on the day before.
    by_source = dict(
        zip(texts(found["visit:source"]), found[day_columns.BEGAN].numbers, strict=True)
    )
    assert by_source == {"Google": 1, "Direct / None": 1, "news": 1, "X (Twitter)": 0}
    assert texts(found["event:name"]).count("Signup") == 1
    assert "engagement" not in found["event:name"].texts
    assert [*found[day_columns.IS_ONLY].numbers] == [1] * 5
    # No hash of a visitor is in them.
    assert found[day_columns.VISITOR].texts == ()


def test_a_day_of_too_many_events_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(database_of([event_of("one", 1), event_of("two", 2)])) as database:
        monkeypatch.setattr(day_columns, "_MAX_ROWS", 2)
        assert day_columns.read_rows(database.writer, FRIDAY) is not None
        monkeypatch.setattr(day_columns, "_MAX_ROWS", 1)
        assert day_columns.read_rows(database.writer, FRIDAY) is None


@pytest.mark.parametrize("byteorder", ["little", "big"])
@pytest.mark.parametrize("largest", [0, 255, 256, 65_536, 2**40])
def test_what_is_written_is_read(
    largest: int, byteorder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "byteorder", byteorder)
    numbers = [0, largest, 1]
    with closing(Database(MEMORY)) as database:
        column = Column(day_columns._packed(numbers), ["a", "\u2028\0"])
        day_columns.write(database.writer, 7, {"visit:source": column})
        found = day_columns.read(database.writer, "visit:source", 7, 7)
        assert day_columns.read(database.writer, "visit:source", 8, 9) == {}
    assert [*found[7].numbers] == numbers
    assert [*found[7].texts] == ["a", "\u2028\0"]


def values(database: Database) -> list[Any]:
    return [row[0] for row in database.writer.execute("SELECT DISTINCT day FROM day_columns")]


def test_a_day_is_deleted_with_its_columns() -> None:
    with closing(database_of(EVENTS)) as database:
        close_all(database, UTC_ZONE)
        first, second = sorted(values(database))
        day_columns.delete(database.writer, "day = ?", first)
        assert values(database) == [second]


@pytest.mark.parametrize("change", ["delete_domain", "rename_domain"])
def test_no_text_of_a_domain_stays_in_columns(change: str) -> None:
    with closing(database_of(EVENTS)) as database:
        close_all(database, UTC_ZONE)
        names = ("b.test", "c.test")[: 1 if change == "delete_domain" else 2]
        getattr(write_sql, change)(database.writer, *names)
        close_all(database, UTC_ZONE)
        found = "".join(row[0] for row in database.writer.execute("SELECT texts FROM day_columns"))
        assert ("b.test" in found, "a.test" in found) == (False, True)


def test_an_event_reopens_each_day_of_its_visit() -> None:
    steps = range(-1, 2 * 24 * 3 + 1)
    events = [event_of("long", each * 1_200.0) for each in steps]
    late = event_of("long", 2 * 24 * 3_600 + 1_300.0)
    with closing(database_of([event_of("old", -200_000.0), *events])) as database:
        now = late.request.at + 10 * 86_400
        close_all(database, UTC_ZONE, now)
        assert database.writer.execute("SELECT count(*) FROM closed_days").fetchone()[0] > 3
        write_sql.insert(database.writer, [late])
        left = "SELECT count(*) FROM closed_days WHERE until > ? AND since <= ?"
        span = (int(events[0].request.at * 1_000), int(late.request.at * 1_000))
        assert database.writer.execute(left, span).fetchone()[0] == 0
