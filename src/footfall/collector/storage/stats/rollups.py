"""Rollups: the figures of days that are over, counted once and kept.

They hold what most queries need: the totals, and one dimension at a time, without conditions. A day
is one of the collector's time zone. It is closed when it has been over for an hour and none of its
visits is running; an event that still comes for it, or for a visit that began in it, reopens it. A
rollup is a cache: whatever is missing is counted from the rows, with the same result. So a day on
which nearly every event has a value of its own, as one who invents them sends, is left out: its
rollups would take more space than the events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from sqlite3 import Connection
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from footfall.collector.storage.stats import day_columns
from footfall.collector.storage.stats.metrics import (
    PAGE,
    SUMS,
    Rows,
    SourceTable,
    dimension,
    with_label,
)
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
"""The dimension of the totals."""

ROLLUP_DIMENSIONS: Final[dict[SourceTable, tuple[str, ...]]] = {
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
        "visit:language",
    ),
    SourceTable.EVENTS: (TOTAL, PAGE, "event:name"),
    SourceTable.PAGE_VISITS: (TOTAL, PAGE),
}
"""The dimensions that have rollups, by the table that they are counted over."""

# The columns of the sums in `rollups`, whose column `side` names the source table.
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
    # In columns that have no other use on this side.
    SourceTable.PAGE_VISITS: {
        "viewed": "visits",
        "viewed_milliseconds": "milliseconds",
        "scrolled": "events",
        "scroll_depths": "pageviews",
    },
}
_ROWS: Final = {
    SourceTable.VISITS: "visits v WHERE v.started_at >= :since AND v.started_at < :until",
    SourceTable.EVENTS: """events e WHERE e.received_at >= :since AND e.received_at < :until
        AND e.reason IS NULL AND e.name <> 'engagement'""",
    SourceTable.PAGE_VISITS: (
        "page_visits g WHERE g.started_at >= :since AND g.started_at < :until"
    ),
}
_DOMAIN: Final = {
    SourceTable.VISITS: "v.domain",
    SourceTable.EVENTS: "e.domain",
    SourceTable.PAGE_VISITS: "g.domain",
}

_SELECT_CLOSED: Final = "SELECT day FROM closed_days WHERE zone = ? AND since >= ? AND until <= ?"
_OLDEST_EVENT: Final = "SELECT min(received_at) FROM events"
_RUNNING_VISIT: Final = """
    SELECT 1 FROM visits WHERE started_at >= :since AND started_at < :until AND ended_at > :pause
"""
# A day that is being counted has no time zone yet, so no query reads it.
_OPEN_DAY: Final = "REPLACE INTO closed_days VALUES (:day, '', :since, :until)"
_DELETE: Final = "DELETE FROM rollups WHERE side = :side AND dimension = :name AND day = :day"
_CLOSE_DAY: Final = "UPDATE closed_days SET zone = :zone WHERE day = :day AND zone = ''"
# No time zone has this name.
_LEFT_OUT: Final = "left out"
_IS_OPEN: Final = "SELECT 1 FROM closed_days WHERE day = :day AND zone = ''"
_LEAVE_OUT: Final = (
    "UPDATE closed_days SET zone = :left_out WHERE day = :day",
    "DELETE FROM rollups WHERE day = :day",
)
_COUNTED: Final = """
    SELECT coalesce(sum(visits + events), 0) FROM rollups
    WHERE side = :side AND dimension = '' AND day = :day
"""
# Rows of one dimension and day: this many, and one for each ten of what they count. A site of 300
# pages and 800 visits a day has visits that began on 200 of them.
_MIN_ROWS: Final = 1_000
_COUNTED_FOR_ROW: Final = 10
_REOPEN: Final = "DELETE FROM closed_days WHERE since <= ? AND until > ?"


class ClosedDays(NamedTuple):
    """Closed days, by their number since the epoch."""

    days: Sequence[int]


def closed_days(connection: Connection, span: TimeRange) -> list[int]:
    """The days of a range that have rollups, in order."""
    rows = connection.execute(_SELECT_CLOSED, (span.zone.key, span.since, span.until))
    return sorted(row[0] for row in rows)


def split(span: TimeRange, closed: Sequence[int]) -> Iterator[TimeRange | ClosedDays]:
    """The range in parts: the closed days together, and each gap between them, to be counted."""
    if closed:
        yield ClosedDays(closed)
    known, day, since = frozenset(closed), span.first_day, span.since
    while since < span.until:
        end = day
        while end <= span.last_day and day_number(end) not in known:
            end += timedelta(days=1)
        gap = TimeRange(since, min(_start_of(end, span.zone), span.until), span.zone)
        if gap.since < gap.until:
            yield gap
        while end <= span.last_day and day_number(end) in known:
            end += timedelta(days=1)
        day, since = end, _start_of(end, span.zone)


def read(
    connection: Connection,
    table: SourceTable,
    closed: ClosedDays,
    domain: str | None,
    dimensions: Sequence[str],
    sums: Sequence[str],
) -> Rows:
    """Rows as `CountStatement.run` gives them, of the closed days, of which there must be any."""
    days = closed.days
    condition = "AND day IN (SELECT value FROM json_each(:days))"
    values = {"first": days[0], "last": days[-1], "days": f"[{','.join(map(str, days))}]"}
    yield from _read(
        connection, f"rollups WHERE TRUE {condition}", table, values, domain, dimensions, sums
    )


def read_imported(
    connection: Connection,
    table: SourceTable,
    span: TimeRange,
    domain: str | None,
    dimensions: Sequence[str],
    sums: Sequence[str],
) -> Rows:
    """The same of the imported days that are whole in a range."""
    first, last = _whole_days(span)
    values = {"first": first, "last": last}
    yield from _read(
        connection, "imported_days WHERE TRUE", table, values, domain, dimensions, sums
    )


def has_imported(connection: Connection, span: TimeRange, domain: str | None) -> bool:
    """Whether a range has imported days that are whole in it."""
    first, last = _whole_days(span)
    query = """
        SELECT 1 FROM imported_days WHERE side = 'visits' AND dimension = ''
            AND (:domain IS NULL OR domain = :domain) AND day BETWEEN :first AND :last LIMIT 1
    """
    values = {"domain": domain, "first": first, "last": last}
    return connection.execute(query, values).fetchone() is not None


def _whole_days(span: TimeRange) -> tuple[int, int]:
    """The first and the last day, since the epoch, that are whole in a range."""
    first, last = day_number(span.first_day), day_number(span.last_day)
    first += TimeRange.of_days(span.first_day, span.first_day, span.zone).since < span.since
    last -= TimeRange.of_days(span.last_day, span.last_day, span.zone).until > span.until
    return first, last


def _read(
    connection: Connection,
    rows: str,
    table: SourceTable,
    values: Mapping[str, Any],
    domain: str | None,
    dimensions: Sequence[str],
    sums: Sequence[str],
) -> Rows:
    name = next((each for each in dimensions if dimension(each).unit is None), TOTAL)
    columns = ", ".join(f"sum({_COLUMNS[table][each]})" for each in sums)
    keys = [_key_column(each) for each in dimensions]
    groups = f"GROUP BY {', '.join(keys)}" if keys else ""
    query = f"""
        SELECT {", ".join([*keys, columns])} FROM {rows}
            AND side = :side AND dimension = :dimension AND (:domain IS NULL OR domain = :domain)
            AND day BETWEEN :first AND :last
        {groups}
    """  # noqa: S608 -- fixed texts
    units = [dimension(each).unit for each in dimensions]
    bound = {**values, "side": table, "dimension": name, "domain": domain}
    for row in connection.execute(query, bound):
        found = tuple(
            number_of_day(value, unit) if unit else value
            for value, unit in zip(row[: len(keys)], units, strict=True)
        )
        yield found, tuple(number or 0 for number in row[len(keys) :])


def covers(table: SourceTable, dimensions: Sequence[str]) -> bool:
    """Whether rollups have the figures of a query without conditions."""
    names = [name for name in dimensions if dimension(name).unit is None]
    units = [dimension(name).unit for name in dimensions]
    if len(names) > 1 or "minute" in units or "hour" in units:
        return False
    return (names[0] if names else TOTAL) in ROLLUP_DIMENSIONS[table]


# -- writing ----------------------------------------------------------------------------------


def next_to_close(connection: Connection, zone: ZoneInfo, now: float) -> TimeRange | None:
    """The newest day that can be closed and is not; None where all are."""
    oldest = connection.execute(_OLDEST_EVENT).fetchone()[0]
    if oldest is None:
        return None
    instant = int(now * 1_000)
    day = local_date(instant - _GRACE, zone) - timedelta(days=1)
    first = local_date(oldest, zone)
    span = TimeRange(_start_of(first, zone), _start_of(day + timedelta(days=1), zone), zone)
    left_out = connection.execute(_SELECT_CLOSED, (_LEFT_OUT, span.since, span.until))
    closed = {*closed_days(connection, span), *(row[0] for row in left_out)}
    # The oldest day may have lost rows already; it is always counted.
    while day > first:
        whole = TimeRange.of_days(day, day, zone)
        if day_number(day) not in closed and not _has_running_visit(connection, whole, instant):
            return whole
        day -= timedelta(days=1)
    return None


def closing_steps(day: TimeRange) -> Iterator[Callable[[Connection], object]]:
    """The steps that make a day's rollups, each for a transaction of its own.

    So events are written in between. If the day is reopened by then, the last step closes nothing.
    """
    values = {
        "day": day_number(day.first_day),
        "zone": day.zone.key,
        "since": day.since,
        "until": day.until,
    }
    yield lambda connection: connection.execute(_OPEN_DAY, values)
    for table, names in ROLLUP_DIMENSIONS.items():
        for name in names:
            yield partial(_count, table=table, name=name, values=values)
    yield partial(_write_columns, day=day, values=values)
    yield lambda connection: connection.execute(_CLOSE_DAY, values)


def close(connection: Connection, day: TimeRange) -> None:
    """Make a day's rollups in the open transaction."""
    for step in closing_steps(day):
        step(connection)


def reopen(connection: Connection, times: Iterable[tuple[int, int]]) -> None:
    """Reopen the days between two instants each: a visit has changed that lasts as long."""
    newest = connection.execute("SELECT max(until) FROM closed_days").fetchone()[0]
    if newest is not None:
        late = {(max(pair), min(pair)) for pair in times if min(pair) < newest}
        connection.executemany(_REOPEN, late)


def delete_before(connection: Connection, instant: int) -> None:
    """Delete the rollups of days whose rows are no longer all there."""
    gone = connection.execute("DELETE FROM closed_days WHERE since < ?", (instant,)).rowcount
    if gone:
        connection.execute(
            "DELETE FROM rollups WHERE day < coalesce((SELECT min(day) FROM closed_days), :all)",
            {"all": 2**40},
        )
        day_columns.delete(
            connection, "day < coalesce((SELECT min(day) FROM closed_days), ?)", 2**40
        )


def delete_all(connection: Connection) -> None:
    """Delete every rollup."""
    connection.execute("DELETE FROM closed_days")
    connection.execute("DELETE FROM rollups")
    connection.execute("DELETE FROM day_columns")


def _start_of(day: Any, zone: ZoneInfo) -> int:
    return TimeRange.of_days(day, day, zone).since


def _key_column(name: str) -> str:
    return "day" if dimension(name).unit else "value"


def _has_running_visit(connection: Connection, day: TimeRange, now: int) -> bool:
    values = {"since": day.since, "until": day.until, "pause": now - _VISIT}
    return connection.execute(_RUNNING_VISIT, values).fetchone() is not None


def _count(
    connection: Connection, table: SourceTable, name: str, values: Mapping[str, Any]
) -> None:
    if connection.execute(_IS_OPEN, values).fetchone() is None:
        return
    values = {**values, "name": name, "side": table, "left_out": _LEFT_OUT}
    connection.execute(_DELETE, values)
    counted = connection.execute(_COUNTED, values).fetchone()[0]
    limit = _MIN_ROWS + counted // _COUNTED_FOR_ROW
    rows = connection.execute(_rollup_sql(table, name), {**values, "limit": limit + 1}).rowcount
    if rows > limit:
        for statement in _LEAVE_OUT:
            connection.execute(statement, values)


def _write_columns(connection: Connection, day: TimeRange, values: Mapping[str, Any]) -> None:
    number = values["day"]
    day_columns.delete(connection, "day = ?", number)
    if connection.execute(_IS_OPEN, values).fetchone() is not None:
        found = day_columns.read_rows(connection, day)
        if found is not None:
            day_columns.write(connection, number, found)


def _rollup_sql(table: SourceTable, name: str) -> str:
    """The statement that counts one dimension of one day, for all domains."""
    columns = dict.fromkeys(_COLUMNS[table].values())
    sums = {column: SUMS[table][each] for each, column in _COLUMNS[table].items()}
    missing = [each for each in _ALL_COLUMNS if each not in columns]
    value = _value_sql(table, name)
    return f"""
        INSERT INTO rollups (side, dimension, domain, day, value, {", ".join([*sums, *missing])})
        SELECT :side, :name, {_DOMAIN[table]}, :day, {value} AS label,
            {", ".join([*sums.values(), *("0" for _ in missing)])}
        FROM {_ROWS[table]} GROUP BY {_DOMAIN[table]}, label LIMIT :limit
    """  # noqa: S608 -- fixed texts


def _value_sql(table: SourceTable, name: str) -> str:
    if name == TOTAL:
        return "''"
    what = dimension(name)
    sql = what.sql(table)
    # Each of `ROLLUP_DIMENSIONS` is defined over its table.
    assert sql is not None  # noqa: S101 -- for the type checker
    return with_label(sql, what.label)


_ALL_COLUMNS: Final = ("visitors", "visits", "pageviews", "events", "bounces", "milliseconds")
