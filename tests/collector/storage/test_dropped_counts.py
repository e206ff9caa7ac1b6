"""The counts of dropped events: by day, domain, reason and bot, and how many rows they may take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from sqlite3 import Connection
from zoneinfo import ZoneInfo

import pytest

from footfall.collector.storage import dropped_counts, write_sql
from footfall.collector.storage.database import MEMORY, Database
from footfall.collector.storage.dropped_counts import BotRow, DropKey, key_of
from footfall.collector.storage.stats.time_ranges import HOUR, TimeRange, day_number
from footfall.collector.wire.sessions import DAY_SECONDS
from tests.collector.support import FIREFOX, GOOGLEBOT, NOON, incoming_event

DAY = date(2026, 11, 21)
NUMBER = day_number(DAY)
UTC = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def connection() -> Iterator[Connection]:
    with closing(Database(MEMORY)) as database:
        yield database.writer


def stored(connection: Connection) -> dict[tuple[str, str], int]:
    """The numbers by domain and name."""
    query = "SELECT domain, name, number FROM dropped_counts"
    return {(row["domain"], row["name"]): row["number"] for row in connection.execute(query)}


def whole(first: date, last: date, zone: ZoneInfo = UTC) -> TimeRange:
    return TimeRange.of_days(first, last, zone)


def test_the_user_agents_of_one_bot_are_counted_together() -> None:
    agents = [("Googlebot/2.1", 2), ("curl/8.0", 6), (GOOGLEBOT, 5)]
    counts: Counter[DropKey] = Counter()
    for user_agent, number in agents:
        counts[key_of("a.test", "bot", user_agent)] += number
    counts[key_of("a.test", "spam_referrer", GOOGLEBOT)] += 50
    google, curl = dropped_counts.bots(counts)
    assert google == BotRow("Googlebot", "search", 7)
    assert (curl.name.lower(), curl.kind, curl.number) == ("curl", "library", 6)


def test_user_agents_that_name_no_bot_share_a_row() -> None:
    assert key_of("a.test", "bot", "") == key_of("a.test", "bot", FIREFOX)
    assert dropped_counts.bots(Counter()) == []


def test_numbers_add_up_and_belong_to_a_domain(connection: Connection) -> None:
    bot, other = DropKey("a.test", "bot", "x", "other"), DropKey("b.test", "bot", "x", "other")
    dropped_counts.add(connection, NUMBER, Counter({bot: 2, other: 1}))
    dropped_counts.add(connection, NUMBER, Counter({bot: 3}))
    dropped_counts.add(connection, NUMBER - 1, Counter({bot: 10}))
    days = whole(DAY, DAY)
    assert dropped_counts.read(connection, days, None) == {bot: 5, other: 1}
    assert dropped_counts.read(connection, days, "a.test") == {bot: 5}
    assert dropped_counts.read(connection, whole(date(2026, 11, 1), DAY), "a.test") == {bot: 15}
    dropped_counts.purge(connection, NUMBER)
    assert dropped_counts.read(connection, whole(date(2026, 11, 1), DAY), "a.test") == {bot: 5}


def test_a_day_takes_a_bounded_number_of_bytes(connection: Connection) -> None:
    before = write_sql.used_bytes(connection)
    for start in range(0, 5_000, 50):
        domains = [f"{start + number}.{'ä' * 120}.test" for number in range(50)]
        keys = [DropKey(domain, "bot", "evil" + domain, "other") for domain in domains]
        dropped_counts.add(connection, NUMBER, Counter(keys))
    assert sum(stored(connection).values()) == 5_000
    assert write_sql.used_bytes(connection) - before < 1.5 * dropped_counts.DAY_BYTES


def test_beyond_a_size_the_oldest_days_go(connection: Connection) -> None:
    for age in range(10):
        keys = [DropKey(f"{number:03}.test", "dc_ip") for number in range(100)]
        dropped_counts.add(connection, NUMBER - age, Counter(keys))
    days = whole(date(2026, 11, 1), DAY)
    # A row has 13 characters, and 20 bytes more.
    for max_bytes, kept in ((33_000, 10), (16_500, 5), (16_499, 4), (1, 0)):
        dropped_counts.purge_by_size(connection, max_bytes)
        assert sum(dropped_counts.read(connection, days, None).values()) == 100 * kept


def test_what_has_no_room_is_counted_as_other(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Ten rows of one byte each, and ten more.
    monkeypatch.setattr(dropped_counts, "_bytes", lambda key: 1)
    monkeypatch.setattr(dropped_counts, "_NAMED_BYTES", 10)
    monkeypatch.setattr(dropped_counts, "DAY_BYTES", 20)
    real = DropKey("a.test", "bot", "Googlebot", "search")
    dropped_counts.add(connection, NUMBER, Counter({real: 1}))
    for start in range(0, 200, 50):
        names = [DropKey("a.test", "bot", f"evil{start + n}", "other") for n in range(50)]
        dropped_counts.add(connection, NUMBER, Counter(names))
    assert len(stored(connection)) == 11
    assert stored(connection)["a.test", dropped_counts.OTHER] == 191
    domains = [DropKey(f"{number}.test", "bot", "x", "other") for number in range(200)]
    dropped_counts.add(connection, NUMBER, Counter(domains))
    found = stored(connection)
    assert (len(found), sum(found.values())) == (21, 401)
    assert found["", dropped_counts.OTHER] == 191
    # What has a row still is counted in it.
    dropped_counts.add(connection, NUMBER, Counter({real: 7}))
    assert stored(connection)["a.test", "Googlebot"] == 8
    # The next day begins anew.
    dropped_counts.add(connection, NUMBER + 1, Counter({DropKey("c.test", "dc_ip"): 1}))
    assert stored(connection)["c.test", ""] == 1


@pytest.mark.parametrize("zone", [UTC, BERLIN], ids=["UTC", "Berlin"])
def test_parts_of_days_are_counted_from_the_events(connection: Connection, zone: ZoneInfo) -> None:
    # Noon of three days, and of the fourth an hour.
    for days, number in ((3, 1), (2, 2), (1, 4), (0, 8)):
        at = NOON - days * DAY_SECONDS
        bots = [incoming_event(reason="bot", at=at) for _ in range(number)]
        write_sql.insert(connection, bots, zone=zone)
    noon = int(NOON * 1_000)
    day = 24 * HOUR

    def count(since: int, until: int) -> int:
        return sum(dropped_counts.read(connection, TimeRange(since, until, zone), None).values())

    assert count(noon - 3 * day, noon + 1) == 15
    assert count(noon - 3 * day + 1, noon) == 6
    assert count(noon - HOUR, noon + HOUR) == 8
    assert count(noon + 1, noon + HOUR) == 0
    # Of a whole day, the events themselves may be gone.
    connection.execute("DELETE FROM dropped_events")
    assert count(noon - 3 * day, noon + 1) == 6
