"""Hits of bots that the middleware left out: their numbers, and how these come into the file."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing, suppress
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from footfall.collector import CollectorServer, Store
from footfall.collector.site_file import site_file
from footfall.collector.storage.dropped_counts import REPORTED_BOT, BotRow, DropKey
from footfall.collector.storage.reported_bots import ReportedBots
from footfall.collector.storage.stats import TimeRange
from footfall.collector.storage.stats.time_ranges import day_number, local_date
from footfall.collector.wire.messages import ReceivedHit
from footfall.destinations import Collector, Destination, SQLite
from footfall.tracker import Tracker
from tests.collector.support import GOOGLEBOT, NOON, received_hit
from tests.support.adapters import navigation
from tests.support.hit_reports import BOT, visit

UTC = ZoneInfo("UTC")
GOOGLE = DropKey("a.test", REPORTED_BOT, "Googlebot", "search")


def bot_hit() -> ReceivedHit:
    return received_hit(user_agent=GOOGLEBOT, received_at=NOON)


def test_many_hits_are_written_together() -> None:
    bots = ReportedBots()
    assert bots.add([bot_hit(), bot_hit()], UTC)
    assert not bots.add([bot_hit()], UTC), "they wait for the same commit"
    with bots.take() as days:
        assert days == {day_number(date(2026, 11, 21)): Counter({GOOGLE: 3})}
        assert bots.add([bot_hit()], UTC), "these need one of their own"
    with bots.take() as days:
        assert [*days.values()] == [Counter({GOOGLE: 1})]


def test_what_could_not_be_written_is_kept_for_the_next_hits() -> None:
    bots = ReportedBots()
    bots.add([bot_hit()], UTC)
    with suppress(sqlite3.OperationalError), bots.take():
        bots.add([bot_hit()], UTC)
        raise sqlite3.OperationalError("the file is locked")
    with bots.take() as days:
        assert [*days.values()] == [Counter({GOOGLE: 2})]


def today_in(store: Store) -> TimeRange:
    day = local_date(int(store.clock() * 1_000), store.zone)
    return TimeRange.of_days(day, day, store.zone)


def assert_counts_bots(destination: Destination, store: Store) -> None:
    tracker = Tracker.from_options(
        {"destinations": [destination], "track_localhost": True, "trusted_proxies": "private"},
        environ={},
    )
    changes: list[dict[str, str | None]] = [{}, {**BOT}, {**BOT}, {"User-Agent": None}]
    visit(tracker, *(navigation("/page", headers=each) for each in changes))
    assert store.flush()
    assert store.bots(today_in(store), "a.test") == [
        BotRow("Googlebot", "search", 2),
        BotRow("no name", "other", 1),
    ]
    # They are no events, and so none that were dropped.
    assert store.totals("day", "a.test").dropped == 0


def test_a_collector_counts_the_bots_that_the_middleware_left_out(
    collector: CollectorServer,
) -> None:
    destination = Collector(domain="a.test", endpoint=collector.url)
    assert_counts_bots(destination, collector.store)


def test_a_file_counts_the_bots_that_the_middleware_left_out(tmp_path: Path) -> None:
    file = SQLite(path=str(tmp_path / "site.sqlite3"), domain="a.test")
    with closing(site_file(file)) as opened:
        assert_counts_bots(file, opened.store)


def test_bots_of_no_site_of_the_collectors_are_not_written() -> None:
    with CollectorServer(domains=["b.test"]) as collector:
        destination = Collector(domain="a.test", endpoint=collector.url)
        tracker = Tracker.from_options({"destinations": [destination]}, environ={})
        visit(tracker, navigation("/bot", headers=BOT))
        assert collector.store.flush()
        assert collector.store.bots(today_in(collector.store)) == []


def test_numbers_of_bots_outlive_the_store(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "events.sqlite3", clock=lambda: NOON)) as store:
        store.count_bots([bot_hit()])
    with closing(Store(tmp_path / "events.sqlite3", clock=lambda: NOON)) as store:
        assert store.bots(today_in(store)) == [BotRow("Googlebot", "search", 1)]
