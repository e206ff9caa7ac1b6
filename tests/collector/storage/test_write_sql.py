"""Statements that write and purge events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from sqlite3 import Connection

import pytest

from footfall.collector.storage import write_sql
from footfall.collector.storage.database import MEMORY, Database
from tests.collector.support import NOON, incoming_event


@pytest.fixture
def connection() -> Iterator[Connection]:
    with closing(Database(MEMORY)) as database:
        yield database.writer


def values(connection: Connection, query: str) -> list[object]:
    return [row[0] for row in connection.execute(query)]


def test_inserted_events_have_rising_ids_and_one_row_a_visit(connection: Connection) -> None:
    events = [incoming_event(), incoming_event(path="/b"), incoming_event(reason="bot")]
    assert write_sql.insert(connection, events) == [1, 2, 3]
    assert values(connection, "SELECT pageviews FROM visits") == [2]
    assert values(connection, "SELECT event_id FROM requests") == [1, 2]


def test_a_visit_begins_with_the_first_of_its_events_that_was_written(
    connection: Connection,
) -> None:
    # The event that started the session was refused, or is purged.
    events = [incoming_event(path=path) for path in ("/b", "/c")]
    assert write_sql.insert(connection, events) == [1, 2]
    assert values(connection, "SELECT path FROM events WHERE begins") == ["/b"]


def test_the_country_is_that_of_the_lookup(connection: Connection) -> None:
    write_sql.insert(connection, [incoming_event()], lambda client_ip: "NZ")
    assert values(connection, "SELECT country FROM events") == ["NZ"]
    assert values(connection, "SELECT country FROM visits") == ["NZ"]


@pytest.mark.parametrize(
    ("locale", "header", "language"),
    [
        (None, "pt-br,en;q=0.5", "pt-BR"),
        ("de", "pt-br,en;q=0.5", "de"),
        (None, "*", None),
        (None, None, None),
    ],
)
def test_a_visit_has_the_language_of_its_first_event_and_no_header(
    connection: Connection, locale: str | None, header: str | None, language: str | None
) -> None:
    first, second = incoming_event(), incoming_event(path="/b")
    headers = {} if header is None else {"accept-language": header}
    first = replace(first, locale=locale, request=replace(first.request, headers=headers))
    write_sql.insert(connection, [first, replace(second, locale="ja")])
    assert values(connection, "SELECT language FROM visits") == [language]
    columns = {row["name"] for row in connection.execute("PRAGMA table_info(events)")}
    assert not {"language", "locale"} & columns


def test_a_site_was_seen_when_its_newest_event_came(connection: Connection) -> None:
    write_sql.insert(connection, [incoming_event(at=NOON)])
    write_sql.insert(connection, [incoming_event(at=NOON - 60)])
    assert values(connection, "SELECT seen_at FROM sites") == [int(NOON * 1_000)]


def test_a_domain_is_deleted_with_its_visits(connection: Connection) -> None:
    other = incoming_event(domain="b.test", visitor="v2", session="s2")
    write_sql.insert(connection, [incoming_event(), incoming_event("x"), other])
    assert write_sql.delete_domain(connection, "a.test") == 2
    for table in ("events", "visits", "sites"):
        assert values(connection, f"SELECT domain FROM {table}") == ["b.test"]


def test_a_domain_is_renamed_with_its_visits(connection: Connection) -> None:
    write_sql.insert(connection, [incoming_event(), incoming_event("x")])
    assert write_sql.rename_domain(connection, "a.test", "b.test") == 2
    for table in ("events", "visits", "sites"):
        assert values(connection, f"SELECT DISTINCT domain FROM {table}") == ["b.test"]


def test_a_purge_says_whether_it_deleted_anything(connection: Connection) -> None:
    write_sql.insert(connection, [incoming_event(at=NOON + number) for number in range(4)])
    assert not write_sql.purge_by_count(connection, 4)
    assert write_sql.purge_by_count(connection, 3)
    assert not write_sql.purge_by_age(connection, NOON + 1)
    assert write_sql.purge_by_age(connection, NOON + 2)
    used = write_sql.used_bytes(connection)
    assert not write_sql.purge_by_size(connection, used)
    assert values(connection, "SELECT id FROM events") == [3, 4]
    assert write_sql.purge_by_size(connection, used - 1)
    assert values(connection, "SELECT id FROM events") == []


def test_sites_are_bounded_and_those_with_events_stay(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_sql, "_MAX_SITES", 3)
    write_sql.insert(connection, [incoming_event(domain="real.test", at=NOON - 9)] * 2)
    for number in range(20):
        flood = [incoming_event(domain=f"{number}-{each}.test", at=NOON) for each in range(5)]
        write_sql.insert(connection, flood)
    write_sql.insert(connection, [incoming_event(domain="new.test", at=NOON + 1)])
    found = values(connection, "SELECT domain FROM sites ORDER BY seen_at")
    assert (found[0], found[-1], len(found)) == ("real.test", "new.test", 3)


def test_dropped_events_make_no_site(connection: Connection) -> None:
    write_sql.insert(connection, [incoming_event(domain="x.test", reason="bot")])
    assert values(connection, "SELECT domain FROM sites") == []


def test_no_events_need_no_id(connection: Connection) -> None:
    assert write_sql.insert(connection, []) == []


def test_a_days_salt_is_made_once(connection: Connection) -> None:
    first = write_sql.salt(connection, 1)
    assert (len(first), write_sql.salt(connection, 1)) == (32, first)
    assert write_sql.salt(connection, 2) != first
    write_sql.purge_salts(connection, 1)
    assert values(connection, "SELECT day FROM salts") == [2]
