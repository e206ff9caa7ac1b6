"""Older files and their migrations."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

from footfall.collector.storage import dropped_events, schema
from footfall.collector.storage.dropped_counts import BotRow
from footfall.collector.storage.schema import SCHEMA_VERSION
from footfall.collector.storage.stats.time_ranges import TimeRange, today
from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import EventSearch
from tests.collector.storage.support import enqueue, names, open_older_file, rows
from tests.collector.support import GOOGLEBOT, NOON, incoming_event


def write_file_of_version_1(file: Path) -> None:
    """As the first release left it: events, and no visits."""
    with closing(open_older_file(file, 1)) as connection:
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


def write_file_of_version_3(file: Path) -> None:
    """As it was when dropped events were among the others: every second of ten."""
    with closing(open_older_file(file, 3)) as connection:
        for number in range(1, 11):
            is_dropped = number % 2 == 0
            event_id = connection.execute(
                """INSERT INTO events (vendor, domain, name, props, user_agent, visitor, session,
                received_at, begins, reason) VALUES ('plausible', ?, ?, '{}', ?, ?, ?, ?, ?, ?)""",
                (
                    "b.test" if number == 4 else "a.test",
                    str(number),
                    GOOGLEBOT,
                    None if is_dropped else "v",
                    None if is_dropped else "s",
                    int(NOON * 1_000) + number,
                    not is_dropped,
                    ("spam_referrer" if number == 2 else "bot") if is_dropped else None,
                ),
            ).lastrowid
            connection.execute("INSERT INTO requests VALUES (?, '{}', '[1]')", (event_id,))
            connection.execute("INSERT OR REPLACE INTO sites VALUES ('b.test', 1)")
        connection.execute("DELETE FROM events WHERE id = 10")


def test_dropped_events_of_an_older_file_are_moved(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    write_file_of_version_3(file)
    with closing(Store(file, keep_events=5, clock=lambda: NOON)) as store:
        assert names(store) == [str(number) for number in range(1, 10)]
        assert names(store, EventSearch(status="dropped")) == ["2", "4", "6", "8"]
        assert {event.body[0] for event in store.search(EventSearch()).events} == {1}
        assert rows(store, "SELECT count(*) FROM events WHERE reason IS NOT NULL") == [(0,)]
        assert rows(store, "SELECT last_id, events FROM counters") == [(10, 5)]
        assert rows(store, "SELECT domain, events FROM sites") == [("a.test", 5)]
        # An id is never given twice.
        enqueue(store, [incoming_event("new")])
        assert store.flush()
        assert store.search(EventSearch(name="new")).events[0].id == 11
        totals = store.totals("all")
        assert (totals.pageviews, totals.dropped) == (0, 4)
        day = today(NOON, store.zone)
        bots = store.bots(TimeRange.of_days(day, day, store.zone))
        assert bots == [BotRow("Googlebot", "search", 3)]


def test_of_an_older_file_only_the_newest_dropped_events_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropped_events, "MAX_EVENTS", 2)
    file = tmp_path / "events.sqlite3"
    write_file_of_version_3(file)
    with closing(Store(file, clock=lambda: NOON)) as store:
        assert names(store, EventSearch(status="dropped")) == ["6", "8"]
        assert store.totals("all").dropped == 4


def test_the_days_of_an_older_file_are_closed_anew(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    write_file_of_version_1(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for migration in chain(*schema._MIGRATIONS[1:8]):
            migration(connection)
        connection.execute("PRAGMA user_version = 8")
        connection.execute(f"INSERT INTO closed_days VALUES ({NOON // 86_400:.0f}, 'UTC', 0, 1)")
    with closing(Store(file, clock=lambda: NOON, has_upkeep=lambda: False)) as store:
        assert rows(store, "SELECT count(*) FROM closed_days") == [(0,)]
        # Visits of before have no language.
        assert rows(store, "SELECT session, language FROM visits") == [("s1", None), ("s2", None)]


def test_a_file_of_before_takes_how_pages_are_viewed(tmp_path: Path) -> None:
    file = tmp_path / "events.sqlite3"
    open_older_file(file, 9).close()
    with closing(Store(file, clock=lambda: NOON)) as store:
        viewed = replace(incoming_event("engagement"), engagement=(3_000, 40))
        enqueue(store, [incoming_event(), viewed])
        assert store.flush()
        assert rows(store, "SELECT path, milliseconds FROM page_visits") == [("/", 3_000)]
