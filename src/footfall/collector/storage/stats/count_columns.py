"""Counts what meets conditions over the columns of days, as `count_sql.py` does over rows.

A mask has one byte for each row, 1 where it is counted; two are joined as whole numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import compress
from operator import and_, itemgetter, or_
from sqlite3 import Connection
from typing import Final, TypeAlias

from footfall.collector.storage.stats import day_columns as columns
from footfall.collector.storage.stats import rollups
from footfall.collector.storage.stats.day_columns import Column
from footfall.collector.storage.stats.metrics import Level, Rows, SourceTable, dimension
from footfall.collector.storage.stats.query import (
    AllOf,
    Condition,
    Filter,
    Not,
    leaves,
    touches_events,
)
from footfall.collector.storage.stats.time_ranges import (
    TimeRange,
    day_number,
    day_of_number,
    local_date,
    number_of_day,
)
from footfall.collector.storage.stats.wildcards import matches

# Today, the oldest day, and one whose visits still run: the rows of each are read.
_MAX_OPEN_DAYS: Final = 3
_OLDEST: Final = """
    SELECT min(received_at) FROM events UNION ALL SELECT min(started_at) FROM visits
"""
_NEWEST: Final = "SELECT max(received_at) FROM events"

_Selection: TypeAlias = tuple[SourceTable, TimeRange, str | None, tuple[Condition, ...]]

_ALIASES: Final = {"event:goal": "event:name"}
_COLUMNS: Final = frozenset({*columns.VISIT_DIMENSIONS, *columns.EVENT_DIMENSIONS, *_ALIASES})
_IS_PAGEVIEW: Final = Filter("is", "event:name", ("pageview",))
# As SQLite's `lower`.
_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_OPPOSITE: Final = bytes([1, *bytes(255)])


class ColumnCounts:
    """Counts over the columns of days, which are read once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._days: dict[TimeRange, list[_Day] | None] = {}
        # What several queries count.
        self._rows: dict[_Selection, Sequence[_VisitRows | _EventRows]] = {}

    def rows(
        self,
        table: SourceTable,
        span: TimeRange,
        domain: str | None,
        dimensions: Sequence[str],
        sums: Sequence[str],
        conditions: Sequence[Condition],
    ) -> Rows | None:
        """Rows as `CountStatement.run` gives them; None where columns do not have them."""
        if table is SourceTable.PAGE_VISITS or not _covers(dimensions, conditions):
            return None
        if span not in self._days:
            self._days[span] = self._read_days(span)
        days = self._days[span]
        if days is None:
            return None
        selection = (table, span, domain, tuple(conditions))
        if selection not in self._rows:
            found = _visits if table is SourceTable.VISITS else _events
            self._rows[selection] = [*found(days, domain, conditions)]
        return _added(self._rows[selection], dimensions, sums)

    def _read_days(self, span: TimeRange) -> list[_Day] | None:
        """The days of a range that have rows, in order; None where one of them has no columns."""
        closed = {*rollups.closed_days(self._connection, span)}
        oldest = [row[0] for row in self._connection.execute(_OLDEST) if row[0] is not None]
        if not closed or not oldest:
            return None
        newest = self._connection.execute(_NEWEST).fetchone()[0] or max(oldest)
        first = max(span.first_day, local_date(min(oldest), span.zone))
        last = min(span.last_day, local_date(newest, span.zone))
        numbers = range(day_number(first), day_number(last) + 1)
        if len({*numbers} - closed) > _MAX_OPEN_DAYS:
            return None
        reader = _ColumnReader(self._connection, numbers)
        days = [
            reader.day(number) if number in closed else self._open_day(number, span)
            for number in numbers
        ]
        found = [day for day in days if day is not None]
        return found if len(found) == len(days) else None

    def _open_day(self, number: int, span: TimeRange) -> _Day | None:
        day = day_of_number(number)
        whole = TimeRange.of_days(day, day, span.zone)
        # The visits of a day that is cut at its start may go on from its other part.
        if whole.since < span.since:
            return None
        found = columns.read_rows(self._connection, whole.until_at_most(span.until))
        return None if found is None else _Day(number, found.__getitem__)


class _ColumnReader:
    """Reads columns of closed days from the file: each at once for all days."""

    def __init__(self, connection: Connection, numbers: range) -> None:
        self._connection = connection
        self._numbers = numbers
        self._columns: dict[str, dict[int, Column]] = {}

    def day(self, number: int) -> _Day | None:
        """A closed day; None where it has no columns."""
        if number not in self._of(columns.BEGAN):
            return None
        return _Day(number, partial(self._column, number))

    def _column(self, number: int, name: str) -> Column:
        return self._of(name)[number]

    def _of(self, name: str) -> dict[int, Column]:
        if name not in self._columns:
            first, last = self._numbers[0], self._numbers[-1]
            self._columns[name] = columns.read(self._connection, name, first, last)
        return self._columns[name]


class _Day:
    """The columns of one day, and what of them meets conditions."""

    def __init__(self, number: int, column: Callable[[str], Column]) -> None:
        self.number = number
        self.column = column
        # Those that visits and events share.
        self._events: dict[tuple[str | None, tuple[Condition, ...]], bytes] = {}

    def visits(self, domain: str | None, conditions: Iterable[Condition]) -> bytes:
        """The mask of the visits that meet all conditions, none of which is on events."""
        mask = bytes([1]) * len(self.column(columns.BEGAN).numbers)
        if domain is not None:
            mask = _matching(self.column(columns.DOMAIN), Filter("is", columns.DOMAIN, (domain,)))
        for each in conditions:
            mask = _joined(and_, mask, self._mask(each, has_events=False))
        return mask

    def events(self, domain: str | None, conditions: Sequence[Condition]) -> bytes:
        """The mask of the events that meet all conditions."""
        key = (domain, tuple(conditions))
        if key not in self._events:
            self._events[key] = self._find_events(domain, conditions)
        return self._events[key]

    def _find_events(self, domain: str | None, conditions: Sequence[Condition]) -> bytes:
        of_events = [each for each in conditions if touches_events(each)]
        of_visits = [each for each in conditions if each not in of_events]
        if of_visits or domain is not None:
            mask = self._of_their_visits(self.visits(domain, of_visits))
        else:
            mask = bytes([1]) * len(self.column(columns.VISIT_OF_EVENT).numbers)
        for each in of_events:
            mask = _joined(and_, mask, self._mask(each, has_events=True))
        return mask

    def visits_with(self, events: bytes) -> bytes:
        """The mask of the visits that have one of these events."""
        mask = bytearray(len(self.column(columns.BEGAN).numbers))
        for visit in {*compress(self.column(columns.VISIT_OF_EVENT).numbers, events)}:
            mask[visit] = 1
        return bytes(mask)

    def _of_their_visits(self, visits: bytes) -> bytes:
        return bytes(map(visits.__getitem__, self.column(columns.VISIT_OF_EVENT).numbers))

    def _mask(self, condition: Condition, *, has_events: bool) -> bytes:
        match condition:
            case Filter(dimension=name):
                mask = _matching(self.column(_ALIASES.get(name, name)), condition)
                is_of_visit = has_events and dimension(name).level is Level.VISIT
                return self._of_their_visits(mask) if is_of_visit else mask
            case Not(inner):
                return self._mask(inner, has_events=has_events).translate(_OPPOSITE)
            case _:
                is_all = isinstance(condition, AllOf)
                column = columns.VISIT_OF_EVENT if has_events else columns.BEGAN
                mask = bytes([is_all]) * len(self.column(column).numbers)
                for each in condition.conditions:
                    other = self._mask(each, has_events=has_events)
                    mask = _joined(and_ if is_all else or_, mask, other)
                return mask


def _covers(dimensions: Sequence[str], conditions: Iterable[Condition]) -> bool:
    """Whether there are columns for all that a query has."""
    units = [dimension(name).unit for name in dimensions]
    names = [name for name, unit in zip(dimensions, units, strict=True) if unit is None]
    filtered = {leaf.dimension for each in conditions for leaf in leaves(each)}
    has_columns = {*names, *filtered} <= _COLUMNS
    return has_columns and len(names) < 2 and not {"minute", "hour"} & {*units}


# -- masks ------------------------------------------------------------------------------------


def _joined(join: Callable[[int, int], int], one: bytes, other: bytes) -> bytes:
    numbers = int.from_bytes(one, "little"), int.from_bytes(other, "little")
    return join(*numbers).to_bytes(len(one), "little")


def _matching(column: Column, condition: Filter) -> bytes:
    """The mask of the rows whose text meets the condition."""
    meets = bytes(map(_test(condition), column.texts))
    if isinstance(column.numbers, bytes):
        return column.numbers.translate(meets.ljust(256, b"\0"))
    return bytes(map(meets.__getitem__, column.numbers))


def _test(condition: Filter) -> Callable[[str], bool]:
    values = condition.values
    if condition.ignore_case:
        values = tuple(value.translate(_LOWER) for value in values)
    positive = condition.operator.removesuffix("_not")
    is_negative = positive != condition.operator

    def test(text: str) -> bool:
        if condition.ignore_case:
            text = text.translate(_LOWER)
        match positive:
            case "is":
                found = text in values
            case "contains":
                found = any(value in text for value in values)
            case _:
                found = any(matches(value, text) for value in values)
        return found is not is_negative

    return test


# -- sums -------------------------------------------------------------------------------------


class _VisitRows:
    """Some visits of a day, and their sums by the number of a dimension's value."""

    def __init__(self, day: _Day, mask: bytes) -> None:
        self.day = day
        self.number = mask.count(1)
        self._mask = mask

    def column(self, name: str) -> Column:
        """A dimension's column, of the whole day."""
        # As `metrics.py` has it.
        return self.day.column("visit:entry_page" if name == "event:page" else name)

    def total(self, name: str) -> int:
        """A sum over all these rows."""
        match name:
            case "visitors":
                return len({*self._chosen(self.day.column(columns.VISITOR).numbers)})
            case "bounces":
                return sum(self._chosen(self.day.column(columns.BOUNCED).numbers))
            case "views" | "milliseconds":
                return sum(self._chosen(self.day.column(_WEIGHTS[name]).numbers))
            case _:
                return self.number

    def sums(self, name: str, of: str) -> Mapping[int, int]:
        """A sum by the value of a dimension."""
        values = [*self._chosen(self.column(of).numbers)]
        match name:
            case "visitors":
                return self._visitors(values)
            case "bounces":
                bounced = self._chosen(self.day.column(columns.BOUNCED).numbers)
                return dict.fromkeys(values, 0) | Counter(compress(values, bounced))
            case "views" | "milliseconds":
                return self._weighed(_WEIGHTS[name], values)
            case _:
                return Counter(values)

    def _visitors(self, values: Sequence[int]) -> Counter[int]:
        only = bytes(self._chosen(self.day.column(columns.IS_ONLY).numbers))
        found = Counter(compress(values, only))
        others = only.translate(_OPPOSITE)
        visitors = compress(self._chosen(self.day.column(columns.VISITOR).numbers), others)
        pairs = {*zip(compress(values, others), visitors, strict=True)}
        found.update(map(itemgetter(0), pairs))
        return found

    def _weighed(self, column: str, values: Sequence[int]) -> Mapping[int, int]:
        found = dict.fromkeys(values, 0)
        numbers = self._chosen(self.day.column(column).numbers)
        for value, number in zip(values, numbers, strict=True):
            found[value] += number
        return found

    def _chosen(self, numbers: Iterable[int]) -> Iterator[int]:
        return compress(numbers, self._mask)


_WEIGHTS: Final = {"views": columns.PAGEVIEWS, "milliseconds": columns.MILLISECONDS}


class _EventRows:
    """Some events of a day, and their sums by the number of a dimension's value."""

    def __init__(self, day: _Day, mask: bytes) -> None:
        self.day = day
        self.number = mask.count(1)
        self._mask = mask
        self._visits = _VisitRows(day, day.visits_with(mask))

    def column(self, name: str) -> Column:
        """A dimension's column, of the whole day."""
        return self.day.column(_ALIASES.get(name, name))

    def total(self, name: str) -> int:
        """A sum over all these rows."""
        match name:
            case "visitors" | "visits":
                return self._visits.total(name)
            case "pageviews":
                return sum(self._are_pageviews())
            case _:
                return self.number

    def sums(self, name: str, of: str) -> Mapping[int, int]:
        """A sum by the value of a dimension."""
        is_of_visit = of in columns.VISIT_DIMENSIONS
        if is_of_visit and name in ("visitors", "visits"):
            return self._visits.sums(name, of)
        numbers: Iterable[int] = self.column(of).numbers
        if is_of_visit:
            numbers = map(self.column(of).numbers.__getitem__, self._visit_numbers())
        else:
            numbers = compress(numbers, self._mask)
        match name:
            case "visitors":
                visitors = self.day.column(columns.VISITOR).numbers
                return _different(numbers, map(visitors.__getitem__, self._visit_numbers()))
            case "visits":
                return _different(numbers, self._visit_numbers())
            case "pageviews":
                values = [*numbers]
                counted = Counter(compress(values, self._are_pageviews()))
                return dict.fromkeys(values, 0) | counted
            case _:
                return Counter(numbers)

    def _visit_numbers(self) -> Iterator[int]:
        return compress(self.day.column(columns.VISIT_OF_EVENT).numbers, self._mask)

    def _are_pageviews(self) -> Iterator[int]:
        return compress(_matching(self.day.column("event:name"), _IS_PAGEVIEW), self._mask)


def _different(values: Iterable[int], others: Iterable[int]) -> Mapping[int, int]:
    """How many different others each value has."""
    return Counter(map(itemgetter(0), {*zip(values, others, strict=True)}))


def _events(
    days: Iterable[_Day], domain: str | None, conditions: Sequence[Condition]
) -> Iterator[_EventRows]:
    for day in days:
        yield _EventRows(day, day.events(domain, conditions))


def _visits(
    days: Sequence[_Day], domain: str | None, conditions: Sequence[Condition]
) -> Iterator[_VisitRows]:
    of_events = [each for each in conditions if touches_events(each)]
    of_visits = [each for each in conditions if each not in of_events]
    found = _visits_with_events(days, domain, of_events) if of_events else None
    for index, day in enumerate(days):
        began = bytes(day.column(columns.BEGAN).numbers)
        mask = _joined(and_, began, day.visits(domain, of_visits))
        yield _VisitRows(day, _joined(and_, mask, found[index]) if found else mask)


def _visits_with_events(
    days: Sequence[_Day], domain: str | None, conditions: Sequence[Condition]
) -> list[bytes]:
    """For each day the mask of the visits that have an event, on it or the next, that meets all."""
    found: list[bytes] = []
    for day in days:
        mask = day.visits_with(day.events(domain, conditions))
        began = bytes(day.column(columns.BEGAN).numbers)
        went_on = _joined(and_, mask, began.translate(_OPPOSITE))
        visits = {*compress(day.column(columns.VISIT).numbers, went_on)}
        if found and visits:
            before = days[len(found) - 1].column(columns.VISIT).numbers
            found[-1] = _joined(or_, found[-1], bytes(map(visits.__contains__, before)))
        found.append(mask)
    return found


def _added(
    counted: Iterable[_VisitRows | _EventRows], dimensions: Sequence[str], sums: Sequence[str]
) -> Rows:
    """The sums of all days, by the values of the dimensions."""
    units = [dimension(name).unit for name in dimensions]
    name = next((name for name in dimensions if dimension(name).unit is None), None)
    # By the times of the day, and the text.
    found: list[dict[tuple[int, ...], dict[str, int]]] = [{} for _ in sums]
    for rows in counted:
        if not rows.number:
            continue
        times = tuple(number_of_day(rows.day.number, unit) for unit in units if unit)
        texts = rows.column(name).texts if name else ("",)
        for each, by_times in zip(sums, found, strict=True):
            by_text = by_times.setdefault(times, {})
            numbers = rows.sums(each, name) if name else {0: rows.total(each)}
            for value, number in numbers.items():
                text = texts[value]
                by_text[text] = by_text.get(text, 0) + number
    for times, by_text in found[0].items():
        for text in by_text:
            rest = iter(times)
            key = tuple(text if unit is None else next(rest) for unit in units)
            yield key, tuple(by_times[times][text] for by_times in found)
