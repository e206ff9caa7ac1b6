"""The figures of days that are over, counted once and kept.

They hold what most questions ask: the totals, and one dimension at a time, without conditions. A
day is one of the collector's time zone. It is closed when it has been over for an hour and none of
its visits goes on; an event that still comes for it, or for a visit that began in it, opens it
again. A rollup is a cache: whatever is missing is counted from the rows, with the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from sqlite3 import Connection
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from footfall.collector.storage.stats.metrics import SUMS, SourceTable, dimension, labelled
from footfall.collector.storage.stats.time_ranges import (
    HOUR,
    MINUTE,
    TimeRange,
    day_number,
    local_date,
    number_of_day,
)

# Events are written within seconds, unless the disk was full.
_GRACE: Final = HOUR
# As long as a visit may pause.
_VISIT: Final = 30 * MINUTE

TOTAL: Final = ""
"""The rollup that is broken down by nothing."""

KEPT: Final[dict[SourceTable, tuple[str, ...]]] = {
    SourceTable.VISITS: (
        TOTAL,
        "visit:source",
        "visit:referrer",
        "visit:channel",
        "visit:utm_source",
        "visit:utm_medium",
        "visit:utm_campaign",
        "visit:utm_content",
        "visit:utm_term",
        "visit:entry_page",
        "visit:exit_page",
        "visit:device",
        "visit:browser",
        "visit:os",
        "visit:country",
    ),
    SourceTable.EVENTS: (TOTAL, "event:page", "event:name"),
}
"""The dimensions that are kept, by side."""

# The sums of either side in the columns of the table.
_COLUMNS: Final = {
    SourceTable.VISITS: {
        "visitors": "visitors",
        "visits": "visits",
        "entries": "visits",
        "views": "pageviews",
        "bounces": "bounces",
        "milliseconds": "milliseconds",
    },
    SourceTable.EVENTS: {
        "visitors": "visitors",
        "visits": "visits",
        "pageviews": "pageviews",
        "events": "events",
    },
}
_FROM: Final = {
    SourceTable.VISITS: "visits v WHERE v.started_at >= :since AND v.started_at < :until",
    SourceTable.EVENTS: """events e WHERE e.received_at >= :since AND e.received_at < :until
        AND e.reason IS NULL AND e.name <> 'engagement'""",
}
_DOMAIN: Final = {SourceTable.VISITS: "v.domain", SourceTable.EVENTS: "e.domain"}

_CLOSED: Final = "SELECT day FROM closed_days WHERE zone = ? AND since >= ? AND until <= ?"
_OLDEST: Final = "SELECT min(received_at) FROM events"
_RUNNING: Final = """
    SELECT 1 FROM visits WHERE started_at >= :since AND started_at < :until AND ended_at > :pause
"""
# A day that is being counted has no time zone yet, so nobody reads it.
_BEGIN: Final = "REPLACE INTO closed_days VALUES (:day, '', :since, :until)"
_CLEAN: Final = "DELETE FROM rollups WHERE side = :side AND dimension = :name AND day = :day"
_FINISH: Final = "UPDATE closed_days SET zone = :zone WHERE day = :day"
_REOPEN: Final = "DELETE FROM closed_days WHERE since <= ? AND until > ?"


class ClosedDays(NamedTuple):
    """Closed days, by their number since the epoch."""

    days: Sequence[int]


def closed_days(connection: Connection, span: TimeRange) -> list[int]:
    """The days of a range that have rollups, in order."""
    rows = connection.execute(_CLOSED, (span.zone.key, span.since, span.until))
    return sorted(row[0] for row in rows)


def pieces(span: TimeRange, closed: Sequence[int]) -> Iterator[TimeRange | ClosedDays]:
    """The range in parts: the closed days together, and what lies between them to be counted."""
    if closed:
        yield ClosedDays(closed)
    known, day, since = frozenset(closed), span.first_day, span.since
    while since < span.until:
        end = day
        while end <= span.last_day and day_number(end) not in known:
            end += timedelta(days=1)
        gap = TimeRange(since, min(_start(end, span.zone), span.until), span.zone)
        if gap.since < gap.until:
            yield gap
        while end <= span.last_day and day_number(end) in known:
            end += timedelta(days=1)
        day, since = end, _start(end, span.zone)


def read(
    connection: Connection,
    side: SourceTable,
    rolled: ClosedDays,
    domain: str | None,
    dimensions: Sequence[str],
    sums: Sequence[str],
) -> Iterator[tuple[tuple[Any, ...], tuple[int, ...]]]:
    """Rows as `raw.CountStatement.run` gives them, by day where time is a dimension."""
    name = next((each for each in dimensions if dimension(each).unit is None), TOTAL)
    columns = ", ".join(f"sum({_COLUMNS[side][each]})" for each in sums)
    keys = [_key(each) for each in dimensions]
    groups = f"GROUP BY {', '.join(keys)}" if keys else ""
    query = f"""
        SELECT {", ".join([*keys, columns])} FROM rollups
        WHERE side = :side AND dimension = :dimension AND (:domain IS NULL OR domain = :domain)
            AND day BETWEEN :first AND :last
            AND day IN (SELECT value FROM json_each(:days))
        {groups}
    """  # noqa: S608 -- fixed texts
    values = {
        "side": side,
        "dimension": name,
        "domain": domain,
        "first": rolled.days[0],
        "last": rolled.days[-1],
        "days": f"[{','.join(map(str, rolled.days))}]",
    }
    units = [dimension(each).unit for each in dimensions]
    for row in connection.execute(query, values):
        found = tuple(
            number_of_day(value, unit) if unit else value
            for value, unit in zip(row[: len(keys)], units, strict=True)
        )
        yield found, tuple(number or 0 for number in row[len(keys) :])


def has(side: SourceTable, dimensions: Sequence[str]) -> bool:
    """Whether rollups hold the answer to a question without conditions."""
    names = [name for name in dimensions if dimension(name).unit is None]
    units = [dimension(name).unit for name in dimensions]
    if len(names) > 1 or "minute" in units or "hour" in units:
        return False
    return (names[0] if names else TOTAL) in KEPT[side]


# -- writing ----------------------------------------------------------------------------------


def next_to_close(connection: Connection, zone: ZoneInfo, now: float) -> TimeRange | None:
    """The newest day that can be closed and is not; None where all are."""
    oldest = connection.execute(_OLDEST).fetchone()[0]
    if oldest is None:
        return None
    instant = int(now * 1_000)
    day = local_date(instant - _GRACE, zone) - timedelta(days=1)
    first = local_date(oldest, zone)
    span = TimeRange(_start(first, zone), _start(day + timedelta(days=1), zone), zone)
    closed = frozenset(closed_days(connection, span))
    # The oldest day may have lost rows already; it is left to be counted.
    while day > first:
        whole = TimeRange.of_days(day, day, zone)
        if day_number(day) not in closed and not _goes_on(connection, whole, instant):
            return whole
        day -= timedelta(days=1)
    return None


def closing_steps(day: TimeRange) -> Iterator[Callable[[Connection], None]]:
    """The steps that count a day and keep its figures, each for a transaction of its own.

    So nobody who writes waits for all of them. If the day is opened again meanwhile, the last step
    closes nothing.
    """
    values = {
        "day": day_number(day.first_day),
        "zone": day.zone.key,
        "since": day.since,
        "until": day.until,
    }
    yield lambda connection: _execute(connection, _BEGIN, values)
    for side, names in KEPT.items():
        for name in names:
            yield partial(_count, side=side, name=name, values=values)
    yield lambda connection: _execute(connection, _FINISH, values)


def close(connection: Connection, day: TimeRange) -> None:
    """Take all steps at once, in an open transaction."""
    for step in closing_steps(day):
        step(connection)


def reopen(connection: Connection, instants: Iterable[int]) -> None:
    """Let the days be counted anew that something has changed in."""
    newest = connection.execute("SELECT max(until) FROM closed_days").fetchone()[0]
    if newest is not None:
        late = {instant for instant in instants if instant < newest}
        connection.executemany(_REOPEN, [(instant, instant) for instant in late])


def forget_before(connection: Connection, instant: int) -> None:
    """Forget the days whose rows are no longer all there."""
    gone = connection.execute("DELETE FROM closed_days WHERE since < ?", (instant,)).rowcount
    if gone:
        connection.execute(
            "DELETE FROM rollups WHERE day < coalesce((SELECT min(day) FROM closed_days), :all)",
            {"all": 2**40},
        )


def forget_all(connection: Connection) -> None:
    """Forget every day."""
    connection.execute("DELETE FROM closed_days")
    connection.execute("DELETE FROM rollups")


def _start(day: Any, zone: ZoneInfo) -> int:
    return TimeRange.of_days(day, day, zone).since


def _key(name: str) -> str:
    return "day" if dimension(name).unit else "value"


def _goes_on(connection: Connection, day: TimeRange, now: int) -> bool:
    values = {"since": day.since, "until": day.until, "pause": now - _VISIT}
    return connection.execute(_RUNNING, values).fetchone() is not None


def _execute(connection: Connection, query: str, values: Mapping[str, Any]) -> None:
    connection.execute(query, values)


def _count(connection: Connection, side: SourceTable, name: str, values: Mapping[str, Any]) -> None:
    values = {**values, "name": name, "side": side}
    connection.execute(_CLEAN, values)
    connection.execute(_counting(side, name), values)


def _counting(side: SourceTable, name: str) -> str:
    """The statement that counts one dimension of one day, for all domains."""
    columns = dict.fromkeys(_COLUMNS[side].values())
    sums = {column: SUMS[side][each] for each, column in _COLUMNS[side].items()}
    missing = [each for each in _ALL_COLUMNS if each not in columns]
    value = _value(side, name)
    return f"""
        INSERT INTO rollups (side, dimension, domain, day, value, {", ".join([*sums, *missing])})
        SELECT :side, :name, {_DOMAIN[side]}, :day, {value} AS label,
            {", ".join([*sums.values(), *("0" for _ in missing)])}
        FROM {_FROM[side]} GROUP BY {_DOMAIN[side]}, label
    """  # noqa: S608 -- fixed texts


def _value(side: SourceTable, name: str) -> str:
    if name == TOTAL:
        return "''"
    what = dimension(name)
    sql = what.visits if side is SourceTable.VISITS else what.events
    # What is kept has a meaning on its side.
    assert sql is not None  # noqa: S101 -- for the type checker
    return labelled(sql, what.label)


_ALL_COLUMNS: Final = ("visitors", "visits", "pageviews", "events", "bounces", "milliseconds")
