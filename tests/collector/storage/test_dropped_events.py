"""The dropped events that are kept, and that they push out none that counts."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest

from footfall.collector.storage import dropped_events, retention, write_sql
from footfall.collector.storage.stats.time_ranges import TimeRange, today
from footfall.collector.storage.store import Store
from footfall.collector.storage.stored_events import EventSearch
from footfall.collector.wire.sessions import DAY_SECONDS
from tests.collector.storage.support import enqueue, names, rows
from tests.collector.support import GOOGLEBOT, NOON, incoming_event, until


def test_ids_are_from_one_sequence_and_the_list_is_one(store: Store) -> None:
    reasons = [None, "bot", None, None, "dc_ip", None]
    enqueue(store, [incoming_event(str(n), reason=reason) for n, reason in enumerate(reasons, 1)])
    assert store.flush()
    found = store.search(EventSearch())
    assert [(event.id, event.name, event.reason) for event in found.events] == [
        (number, str(number), reason) for number, reason in enumerate(reasons, 1)
    ]
    assert found.total == 6
    assert names(store, EventSearch(limit=3)) == ["4", "5", "6"]
    assert names(store, EventSearch(after=1, limit=3, is_newest=False)) == ["2", "3", "4"]
    assert names(store, EventSearch(reason="dc_ip")) == ["5"]
    assert store.count(EventSearch(status="accepted")) == 4
    assert store.clear() == 6
    assert rows(store, "SELECT count(*) FROM dropped_counts") == [(0,)]
    enqueue(store, [incoming_event("new", reason="bot")])
    assert store.flush()
    assert store.search(EventSearch()).events[0].id == 7


def test_only_the_newest_are_kept_and_all_are_counted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropped_events, "MAX_EVENTS", 3)
    for start in range(0, 10, 5):
        enqueue(store, [incoming_event(str(start + n), reason="bot") for n in range(5)])
    enqueue(store, [incoming_event("real")])
    assert names(store) == ["7", "8", "9", "real"]
    totals = store.totals("week")
    assert (totals.dropped, totals.reasons[0].number) == (10, 10)


def test_the_bots_of_a_month_are_counted_though_their_events_are_gone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropped_events, "MAX_EVENTS", 3)
    for days in range(30, -1, -1):
        at = NOON - days * DAY_SECONDS
        bot = replace(incoming_event(reason="bot", at=at), user_agent=GOOGLEBOT)
        enqueue(store, [bot, bot, replace(bot, user_agent="curl/8.0")])
    assert store.flush()
    day = today(NOON, store.zone)
    month = TimeRange.of_days(day - timedelta(days=30), day, store.zone)
    assert [bot.number for bot in store.bots(month)] == [62, 31]
    assert [bot.number for bot in store.bots(month, "a.test")] == [62, 31]
    assert store.bots(month, "b.test") == []


def test_their_bytes_are_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropped_events, "MAX_BYTES", 50_000)
    monkeypatch.setattr(dropped_events, "_TRIM_ROWS", 1)
    large = "ä".encode() * 5_000
    enqueue(store, [incoming_event(str(n), reason="bot", body=large) for n in range(20)])
    assert names(store) == ["16", "17", "18", "19"]
    (size,) = rows(store, "SELECT sum(bytes) FROM dropped_events")[0]
    assert isinstance(size, int)
    assert 40_000 < size <= 50_000


def test_none_that_counts_is_pushed_out_by_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_ROWS_BETWEEN_PURGES", 1)
    monkeypatch.setattr(write_sql, "_KEEP_REQUESTS", 4)
    with closing(Store(keep_events=10, clock=lambda: NOON)) as store:
        for number in range(10):
            enqueue(store, [incoming_event(str(number))])
            enqueue(store, [incoming_event("x", reason="bot") for _ in range(20)])
            assert store.flush()
        accepted = EventSearch(status="accepted")
        assert names(store, accepted) == [str(number) for number in range(10)]
        # Nor are their requests.
        bodies = [event.body for event in store.search(accepted).events]
        assert bodies == [None] * 6 + [{}] * 4
        # They count as often as they come, and no further.
        enqueue(store, [incoming_event("10"), incoming_event("11")])
        assert store.flush()
        until(lambda: names(store, accepted) == [str(number) for number in range(2, 12)])


def test_they_go_first_where_the_file_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_ROWS_BETWEEN_PURGES", 1)
    monkeypatch.setattr(write_sql, "_PURGE_ROWS", 20)
    with closing(Store(max_bytes=1_000_000, clock=lambda: NOON)) as store:
        enqueue(store, [incoming_event(str(number)) for number in range(100)])
        for _ in range(30):
            large = b"x" * 10_000
            enqueue(store, [incoming_event("x", reason="bot", body=large) for _ in range(20)])
            assert store.flush()
        until(lambda: used_bytes_of(store) <= 1_000_000)
        assert names(store, EventSearch(status="accepted")) == [str(n) for n in range(100)]
        assert 0 < store.count(EventSearch(status="dropped")) < 600


def used_bytes_of(store: Store) -> int:
    with store._database.reading() as connection:
        return write_sql.used_bytes(connection)


def test_old_ones_go_by_age(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "_ROWS_BETWEEN_PURGES", 1)
    with closing(Store(keep_days=1, clock=lambda: NOON)) as store:
        old = incoming_event("old", reason="bot", at=NOON - 2 * DAY_SECONDS)
        enqueue(store, [old, incoming_event("new", reason="bot"), incoming_event("real")])
        assert store.flush()
        assert names(store) == ["new", "real"]
        assert store.totals("all").dropped == 1


def test_a_domain_takes_its_dropped_events_with_it(store: Store) -> None:
    for domain in ("a.test", "b.test"):
        enqueue(store, [incoming_event(domain=domain, reason="bot"), incoming_event(domain=domain)])
    assert store.flush()
    assert store.rename_domain("a.test", "c.test") == 2
    assert [event.domain for event in store.search(EventSearch()).events] == (
        ["c.test"] * 2 + ["b.test"] * 2
    )
    assert store.totals("all", "c.test").dropped == 1
    assert store.delete_domain("c.test") == 2
    assert store.totals("all", "c.test").dropped == 0
    assert rows(store, "SELECT events FROM counters") == [(1,)]


def test_those_of_an_undeclared_domain_are_in_memory_alone(store: Store) -> None:
    stray = incoming_event("stray", domain="typo.test", reason="not_found", is_declared=False)
    enqueue(store, [incoming_event("a"), stray, incoming_event("b", reason="bot")])
    enqueue(store, [incoming_event("c")])
    assert names(store) == ["a", "stray", "b", "c"]
    found = store.search(EventSearch(status="dropped"))
    assert ([event.id for event in found.events], found.total) == ([2, 3], 2)
    assert names(store, EventSearch(after=1, limit=1, is_newest=False)) == ["stray"]
    assert names(store, EventSearch(limit=2)) == ["b", "c"]
    assert names(store, EventSearch(domain="typo.test", reason="not_found")) == ["stray"]
    assert store.count(EventSearch()) == 4
    recent = store.recent_event(2)
    assert recent is not None
    assert recent.event is stray
    for table in ("events", "dropped_events", "dropped_counts", "sites"):
        assert rows(store, f"SELECT * FROM {table} WHERE domain = 'typo.test'") == []
