"""How many events were dropped, by day, domain, reason and bot; the events are kept for less long.

A day takes a bounded number of bytes, whatever is sent: once its rows have `_NAMED_BYTES`, what has
no row yet is counted as `OTHER` of its domain, and with `DAY_BYTES`, of no domain.
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
"""The reason of a bot's events."""
REPORTED_BOT: Final = "reported bot"
"""What stands for a reason of bots' hits that the middleware left out: they are no events."""
# These alone are counted by name.
_OF_BOTS: Final = (BOT, REPORTED_BOT)
OTHER: Final = "other"

DAY_BYTES: Final = 40_000
"""What a day's rows may take, but for a few. In `KEEP_DAYS` that is as much as is kept of dropped
events."""
# A site sees some fifty different bots a day, in rows of 50 bytes. The rest is for `OTHER`.
_NAMED_BYTES: Final = 30_000
# The day, the number and the head of a row, and its part of what is free in a page: measured with
# domains of 11 to 253 characters.
_ROW_BYTES: Final = 20
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
_SIZES: Final = """
    SELECT day, sum(length(CAST(domain || reason || name || kind AS BLOB)) + ?)
    FROM dropped_counts GROUP BY day ORDER BY day DESC
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
    """A bot, its kind, and how many events and hits it made that do not count."""

    name: str
    kind: str
    number: int


def key_of(domain: str, reason: str, user_agent: str) -> DropKey:
    """What a dropped event is counted by."""
    if reason not in _OF_BOTS:
        return DropKey(domain, reason)
    bot = classify(user_agent) or NO_USER_AGENT
    return DropKey(domain, reason, bot.name or _NAMELESS, bot.kind)


def add(connection: Connection, day: int, counts: Counter[DropKey]) -> None:
    """Add to the counts of a day, which is counted since the epoch."""
    known = {DropKey(*row) for row in connection.execute(_KNOWN, (day,))}
    used = sum(map(_bytes, known))
    for wanted, number in counts.items():
        key = _key_with_room(wanted, known, used)
        if key not in known:
            known.add(key)
            used += _bytes(key)
        connection.execute(_ADD, (day, *key, number))


def read(connection: Connection, span: TimeRange, domain: str | None) -> Counter[DropKey]:
    """How many events were dropped in a range, and how many hits of bots were reported.

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
    """The bots among what was dropped or left out, the busiest first."""
    found: Counter[tuple[str, str]] = Counter()
    for key, number in counts.items():
        if key.reason in _OF_BOTS:
            found[key.name, key.kind] += number
    return [BotRow(*bot, number) for bot, number in found.most_common()]


def purge(connection: Connection, before: int) -> None:
    """Delete the counts of the days before a day."""
    connection.execute("DELETE FROM dropped_counts WHERE day < ?", (before,))


def purge_by_size(connection: Connection, max_bytes: int) -> None:
    """Delete the counts of the oldest days, if all take more than `max_bytes`."""
    used = 0
    for day, size in connection.execute(_SIZES, (_ROW_BYTES,)).fetchall():
        used += size
        if used > max_bytes:
            purge(connection, day + 1)
            return


def _key_with_room(key: DropKey, known: Set[DropKey], used: int) -> DropKey:
    if key in known or used < _NAMED_BYTES:
        return key
    other = DropKey(key.domain, key.reason, *((OTHER, OTHER) if key.name else ()))
    return other if other in known or used < DAY_BYTES else other._replace(domain="")


def _bytes(key: DropKey) -> int:
    return sum(len(text.encode()) for text in key) + _ROW_BYTES


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
