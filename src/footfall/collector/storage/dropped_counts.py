"""How many events were dropped, by day, domain, reason and bot; the events are kept for less long.

A day has a bounded number of rows, whatever is sent: once it has `MAX_ROWS`, what has no row yet is
counted as `OTHER` of its domain, and after as many such rows again, of no domain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from datetime import timedelta
from sqlite3 import Connection
from typing import Final, NamedTuple

from footfall.collector.storage.stats.time_ranges import TimeRange, day_number
from footfall.rules.bot_detection import NO_USER_AGENT, Kind, classify

BOT: Final = "bot"
"""The reason of a bot's events, which alone are counted by name."""
OTHER: Final = "other"

# A site sees some fifty different bots a day. A row takes about 60 bytes.
MAX_ROWS: Final = 1_000
KEEP_DAYS: Final = 400
"""A year, and the month before it for comparison."""

_NAMELESS: Final = "no name"

_KNOWN: Final = "SELECT domain, reason, name, kind FROM dropped_counts WHERE day = ?"
_ADD: Final = """
    INSERT INTO dropped_counts VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET number = number + excluded.number
"""
_DAYS: Final = """
    SELECT domain, reason, name, kind, sum(number) FROM dropped_counts
    WHERE day BETWEEN :first AND :last AND (:domain IS NULL OR domain = :domain)
    GROUP BY domain, reason, name, kind
"""
_ROWS: Final = """
    SELECT domain, reason, user_agent, count(*) FROM dropped_events
    WHERE received_at >= :since AND received_at < :until AND (:domain IS NULL OR domain = :domain)
    GROUP BY domain, reason, user_agent
"""


class DropKey(NamedTuple):
    """What dropped events are counted by; a name and a kind have those of bots alone."""

    domain: str
    reason: str
    name: str = ""
    kind: Kind | str = ""


class BotRow(NamedTuple):
    """A bot, its kind, and how many events it sent."""

    name: str
    kind: str
    number: int


def key_of(domain: str, reason: str, user_agent: str) -> DropKey:
    """What a dropped event is counted by."""
    if reason != BOT:
        return DropKey(domain, reason)
    bot = classify(user_agent) or NO_USER_AGENT
    return DropKey(domain, reason, bot.name or _NAMELESS, bot.kind)


def add(connection: Connection, day: int, counts: Counter[DropKey]) -> None:
    """Add to the counts of a day, which is counted since the epoch."""
    known = {DropKey(*row) for row in connection.execute(_KNOWN, (day,))}
    for wanted, number in counts.items():
        key = _key_with_room(wanted, known)
        known.add(key)
        connection.execute(_ADD, (day, *key, number))


def read(connection: Connection, span: TimeRange, domain: str | None) -> Counter[DropKey]:
    """How many events were dropped in a range.

    Of days that are not whole in it, only the events that are still kept are counted.
    """
    first, last, parts = _split(span)
    days = {"first": first, "last": last, "domain": domain}
    found = Counter({DropKey(*row[:4]): row[4] for row in connection.execute(_DAYS, days)})
    for since, until in parts:
        values = {"since": since, "until": until, "domain": domain}
        for *key, number in connection.execute(_ROWS, values):
            found[key_of(*key)] += number
    return found


def bots(counts: Counter[DropKey]) -> list[BotRow]:
    """The bots among what was dropped, the busiest first."""
    found: Counter[tuple[str, str]] = Counter()
    for key, number in counts.items():
        if key.reason == BOT:
            found[key.name, key.kind] += number
    return [BotRow(*bot, number) for bot, number in found.most_common()]


def purge(connection: Connection, before: int) -> None:
    """Delete the counts of the days before a day."""
    connection.execute("DELETE FROM dropped_counts WHERE day < ?", (before,))


def _key_with_room(key: DropKey, known: Set[DropKey]) -> DropKey:
    if key in known or len(known) < MAX_ROWS:
        return key
    other = DropKey(key.domain, key.reason, *((OTHER, OTHER) if key.name else ()))
    return other if other in known or len(known) < 2 * MAX_ROWS else other._replace(domain="")


def _split(span: TimeRange) -> tuple[int, int, list[tuple[int, int]]]:
    """The first and the last of the whole days, and the parts of days before and after them."""
    first, last, parts = span.first_day, span.last_day, []
    begin = TimeRange.of_days(first, first, span.zone)
    end = TimeRange.of_days(last, last, span.zone)
    if span.since > begin.since:
        parts.append((span.since, min(begin.until, span.until)))
        first += timedelta(days=1)
    if span.until < end.until and first <= last:
        parts.append((end.since, span.until))
        last -= timedelta(days=1)
    return day_number(first), day_number(last), parts
