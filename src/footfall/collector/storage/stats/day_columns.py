"""The visits and events of a day as columns: numbers that stand for texts, one for each row.

A query with conditions on a year has to look at each visit. From the rows of SQLite that takes
seconds, from these columns a tenth of a second; a day takes a twentieth of its events. They are
made when a day is closed, as rollups are, and like them only a cache.

A row of the visits is a visit that began on the day or went on into it, which in one day has one
visitor; a day on which that is not so has no columns, and its rows are counted instead.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from sqlite3 import Connection
from typing import Any, Final, NamedTuple, TypeAlias

from footfall.collector.storage.stats.metrics import SourceTable, dimension, with_label
from footfall.collector.storage.stats.time_ranges import DAY, TimeRange

TABLE: Final = """
CREATE TABLE day_columns (
    name TEXT NOT NULL,                    -- of a dimension, or of one of the columns of numbers
    day INTEGER NOT NULL,                  -- days since the epoch, in the collector's time zone
    texts TEXT NOT NULL,                   -- a JSON list of what the numbers stand for, if anything
    numbers BLOB NOT NULL,                 -- how many bytes each has, then one for each row
    PRIMARY KEY (name, day)
) STRICT, WITHOUT ROWID"""

VISIT_DIMENSIONS: Final = (
    *("visit:source", "visit:referrer", "visit:channel"),
    *("visit:utm_source", "visit:utm_medium", "visit:utm_campaign"),
    *("visit:utm_content", "visit:utm_term", "visit:entry_page", "visit:exit_page"),
    *("visit:device", "visit:browser", "visit:os", "visit:country", "visit:language"),
)
EVENT_DIMENSIONS: Final = ("event:page", "event:name")

DOMAIN: Final = "domain"
"""The domain of a visit, as a dimension."""

# Of each visit: its row in `visits`, whether it began on this day (else on the one before), its
# visitor's number within the day, and whether that visitor has no other visit on it.
VISIT, BEGAN, VISITOR, IS_ONLY = "visit", "began", "visitor", "is_only"
PAGEVIEWS, BOUNCED, MILLISECONDS = "pageviews", "bounced", "milliseconds"
# Of each event: the number of its visit.
VISIT_OF_EVENT: Final = "visit_of_event"

_NAMES: Final = (
    *(*VISIT_DIMENSIONS, *EVENT_DIMENSIONS, DOMAIN),
    *(VISIT, BEGAN, VISITOR, IS_ONLY, PAGEVIEWS, BOUNCED, MILLISECONDS, VISIT_OF_EVENT),
)
# More take half a second to read, in which nothing is written, and 30 MB of memory. A file that
# keeps a million events has few such days, whose rows SQLite counts.
_MAX_ROWS: Final = 50_000

# By the number of bytes.
_TYPES: Final = {1: "B", 2: "H", 4: "I", 8: "Q"}

Numbers: TypeAlias = Sequence[int]


class Column(NamedTuple):
    """One number a row; of a dimension, an index of `texts`."""

    numbers: Numbers
    texts: Sequence[str] = ()


Columns: TypeAlias = Mapping[str, Column]


def _labelled(names: Iterable[str], table: SourceTable) -> str:
    parts = []
    for name in names:
        what = dimension(name)
        sql = what.sql(table)
        # Each of the dimensions above is defined over its table.
        assert sql is not None  # noqa: S101 -- for the type checker
        parts.append(with_label(sql, what.label))
    return ", ".join(parts)


_VISITS: Final = f"""
    SELECT v.session, v.visitor, v.started_at, v.id, v.pageviews,
        v.pageviews < 2 AND v.interactions = 0, v.ended_at - v.started_at, v.domain,
        {_labelled(VISIT_DIMENSIONS, SourceTable.VISITS)}
    FROM visits v WHERE """  # noqa: S608 -- fixed texts
_BEGUN: Final = f"{_VISITS} v.started_at >= :since AND v.started_at < :until LIMIT :most"
_BY_SESSION: Final = f"{_VISITS} v.session = ?"
_EVENTS: Final = f"""
    SELECT e.session, e.visitor, e.domain, {_labelled(EVENT_DIMENSIONS, SourceTable.EVENTS)}
    FROM events e WHERE e.received_at >= :since AND e.received_at < :until
        AND e.reason IS NULL AND e.name <> 'engagement'
    LIMIT :most
"""  # noqa: S608 -- fixed texts


def read_rows(connection: Connection, day: TimeRange) -> Columns | None:
    """The columns of a day, or of its part, from its rows; None where it can have none."""
    values = {"since": day.since, "until": day.until, "most": _MAX_ROWS + 1}
    visits = {row[0]: tuple(row) for row in connection.execute(_BEGUN, values)}
    events = [tuple(row) for row in connection.execute(_EVENTS, values)]
    if max(len(visits), len(events)) > _MAX_ROWS:
        return None
    visitor_of: dict[str, str] = {}
    for session, visitor, domain, *_ in events:
        if session is None or visitor is None:
            return None
        if session not in visits:
            row = connection.execute(_BY_SESSION, (session,)).fetchone()
            if row is None or not day.since - DAY <= row[2] < day.since:
                return None
            visits[session] = tuple(row)
        visit = visits[session]
        is_own = visit[1] == visitor or visit[2] < day.since
        if domain != visit[7] or not is_own or visitor_of.setdefault(session, visitor) != visitor:
            return None
    return _columns(day, list(visits.values()), events, visitor_of)


def _columns(
    day: TimeRange,
    visits: Sequence[tuple[Any, ...]],
    events: Sequence[tuple[Any, ...]],
    visitor_of: Mapping[str, str],
) -> Columns:
    order = {visit[0]: number for number, visit in enumerate(visits)}
    visitors = _coded(visitor_of.get(visit[0], visit[1]) for visit in visits).numbers
    times = [0] * len(visits)
    for visitor in visitors:
        times[visitor] += 1
    found = {
        VISIT: Column([visit[3] for visit in visits]),
        BEGAN: Column([visit[2] >= day.since for visit in visits]),
        VISITOR: Column(visitors),
        IS_ONLY: Column([times[visitor] == 1 for visitor in visitors]),
        PAGEVIEWS: Column([visit[4] for visit in visits]),
        BOUNCED: Column([visit[5] for visit in visits]),
        MILLISECONDS: Column([visit[6] for visit in visits]),
        DOMAIN: _coded(visit[7] for visit in visits),
        VISIT_OF_EVENT: Column([order[event[0]] for event in events]),
    }
    for index, name in enumerate(VISIT_DIMENSIONS, 8):
        found[name] = _coded(visit[index] for visit in visits)
    for index, name in enumerate(EVENT_DIMENSIONS, 3):
        found[name] = _coded(event[index] for event in events)
    return {name: each._replace(numbers=_packed(each.numbers)) for name, each in found.items()}


def _coded(values: Iterable[str]) -> Column:
    numbers: dict[str, int] = {}
    return Column([numbers.setdefault(value, len(numbers)) for value in values], list(numbers))


def _packed(numbers: Numbers) -> Numbers:
    """The numbers in as few bytes as the largest needs; bytes where one is enough."""
    largest = max(numbers, default=0)
    size = next(size for size in _TYPES if largest < 256**size)
    return bytes(numbers) if size == 1 else array(_TYPES[size], numbers)


# -- in the file ------------------------------------------------------------------------------


def delete(connection: Connection, days: str, *values: int) -> None:
    """Delete the columns of days, by a condition on `day`."""
    # The primary key begins with the name.
    names = ", ".join(f"'{name}'" for name in _NAMES)
    connection.execute(
        f"DELETE FROM day_columns WHERE name IN ({names}) AND {days}",  # noqa: S608 -- fixed texts
        values,
    )


def write(connection: Connection, number: int, columns: Columns) -> None:
    """Write the columns of a day."""
    connection.executemany(
        "INSERT INTO day_columns (name, day, texts, numbers) VALUES (?, ?, ?, ?)",
        [
            (name, number, json.dumps(column.texts), _blob(column.numbers))
            for name, column in columns.items()
        ],
    )


def read(connection: Connection, name: str, first: int, last: int) -> dict[int, Column]:
    """One column by day; only days that are closed may be used."""
    query = "SELECT day, texts, numbers FROM day_columns WHERE name = ? AND day BETWEEN ? AND ?"
    return {
        row[0]: Column(_numbers(row[2]), json.loads(row[1]))
        for row in connection.execute(query, (name, first, last))
    }


def _blob(numbers: Numbers) -> bytes:
    if isinstance(numbers, bytes):
        return b"\x01" + numbers
    assert isinstance(numbers, array)  # noqa: S101 -- for the type checker
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return bytes([numbers.itemsize]) + numbers.tobytes()


def _numbers(blob: bytes) -> Numbers:
    size = blob[0]
    if size == 1:
        return blob[1:]
    numbers = array(_TYPES[size])
    numbers.frombytes(memoryview(blob)[1:])
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
