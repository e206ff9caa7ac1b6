"""Runs a query: rows are counted where they must be, and read from rollups where they can be."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from sqlite3 import Connection
from typing import Any, Final, Self, TypeAlias

from footfall.collector.storage.stats import rollups
from footfall.collector.storage.stats.count_columns import ColumnCounts
from footfall.collector.storage.stats.count_sql import CountStatement
from footfall.collector.storage.stats.metrics import (
    METRICS,
    SUMS,
    Number,
    Rows,
    SourceTable,
    Sums,
    dimension,
)
from footfall.collector.storage.stats.query import (
    StatsQuery,
    at_entry,
    is_about_events,
    without_conversion,
)
from footfall.collector.storage.stats.shared_rows import RowSelection, SharedRows
from footfall.collector.storage.stats.time_ranges import TimeRange, label, labels

_Key: TypeAlias = tuple[Any, ...]
_Wholes: TypeAlias = Mapping[str, Callable[[_Key], Sums]]

_NO_SUMS: Final = Sums()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsRow:
    """The values of the dimensions and of the metrics, each in the order of the query."""

    dimensions: tuple[str, ...]
    metrics: tuple[Number, ...]
    # The metrics of the range that the query compares with; None without one.
    comparison: tuple[Number, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsResult:
    """The rows within the limit, and how many there are without it.

    A query without dimensions has exactly one row. With a comparison, a row is compared with that
    of the same values; a row by time, with that at the same place in the other range.
    """

    query: StatsQuery
    rows: tuple[StatsRow, ...]
    total: int


def run_query(connection: Connection, query: StatsQuery) -> StatsResult:
    """Run one query in a read transaction of its own."""
    with _read_transaction(connection):
        return Snapshot(connection).run(query)


@contextlib.contextmanager
def _read_transaction(connection: Connection) -> Iterator[None]:
    """All statements see the same state, whatever others write meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        # SQLite itself ends it where the disk fails. Temporary tables go with it.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


# -- sums -------------------------------------------------------------------------------------


class Snapshot:
    """Queries on one state of the file.

    With `shared_rows`, queries with the same conditions share the rows that were found.
    """

    def __init__(self, connection: Connection, shared_rows: SharedRows | None = None) -> None:
        self._connection = connection
        self._shared_rows = shared_rows
        self._columns = ColumnCounts(connection)
        self._totals: dict[StatsQuery, Sums] = {}

    @classmethod
    @contextlib.contextmanager
    def open(cls, connection: Connection) -> Iterator[Self]:
        """A snapshot for several queries, valid until the block ends."""
        with _read_transaction(connection):
            yield cls(connection, SharedRows(connection))

    def run(self, query: StatsQuery) -> StatsResult:
        sums, compute = self._sums_and_metrics(query)
        rows = [
            StatsRow(dimensions=_labels(query, key), metrics=compute(key, own))
            for key, own in sums.items()
        ]
        page = sort_rows(query, rows)[query.offset :][: query.limit]
        if query.comparison is not None:
            other = replace(query, range=query.comparison, comparison=None)
            sums, compute = self._sums_and_metrics(other)
            before = {_labels(other, key): compute(key, own) for key, own in sums.items()}
            nothing = compute((), _NO_SUMS)
            page = [
                replace(row, comparison=before.get(key, nothing))
                for row, key in zip(page, _comparison_keys(query, page), strict=True)
            ]
        return StatsResult(query=query, rows=tuple(page), total=len(rows))

    def _sums_and_metrics(
        self, query: StatsQuery
    ) -> tuple[dict[_Key, Sums], Callable[[_Key, Sums], tuple[Number, ...]]]:
        """The sums by the values of the dimensions, and what makes metrics of them."""
        wholes = _wholes(self, query)
        entered = self._sums_of_entries(query)

        def compute(key: _Key, own: Sums) -> tuple[Number, ...]:
            return tuple(
                METRICS[name].compute(
                    own if entered is None or name != "bounce_rate" else entered.get(key, _NO_SUMS),
                    wholes[name](key) if name in wholes else _NO_SUMS,
                )
                for name in query.metrics
            )

        return self.sums_by_key(query), compute

    def _sums_of_entries(self, query: StatsQuery) -> dict[_Key, Sums] | None:
        """The sums for the bounce rate; None where they are those of the other metrics."""
        filters = tuple(map(at_entry, query.filters))
        if "bounce_rate" not in query.metrics or filters == query.filters:
            return None
        return self.sums_by_key(
            replace(query, metrics=("bounce_rate",), filters=filters, order=(), comparison=None)
        )

    def sums_by_key(self, query: StatsQuery) -> dict[_Key, Sums]:
        """The sums by the values of the dimensions."""
        by_key: dict[_Key, Sums] = {}
        tables = _sums_by_table(query)
        for table, names in tables.items():
            # The script of a page that did not count may have told how it was viewed.
            is_of_known = table is SourceTable.PAGE_VISITS and len(tables) > 1
            for key, numbers in self._rows(query, table, names):
                if is_of_known and key not in by_key:
                    continue
                sums = by_key.setdefault(key, Sums())
                for name, number in zip(names, numbers, strict=True):
                    sums.add(name, number)
        if not query.dimensions:
            by_key.setdefault((), Sums())
        return by_key

    def revenue(self, query: StatsQuery) -> dict[str, float]:
        """The amounts of the events that meet a query's conditions, by currency."""
        shared = self._shared_rows or SharedRows(self._connection)
        table, span = SourceTable.EVENTS, query.range
        rows = shared.row_table(RowSelection(table, span, query.domain, query.filters))
        return CountStatement(table, span, query.domain).revenue_over(self._connection, rows)

    def total_sums(self, query: StatsQuery) -> Sums:
        """The sums of a query without dimensions, counted once in a snapshot."""
        if query not in self._totals:
            self._totals[query] = self.sums_by_key(query)[()]
        return self._totals[query]

    def _rows(self, query: StatsQuery, table: SourceTable, sums: Sequence[str]) -> Rows:
        for part in self._parts(query, table):
            if isinstance(part, rollups.ClosedDays):
                yield from rollups.read(
                    self._connection, table, part, query.domain, query.dimensions, sums
                )
            else:
                yield from self._count(query, table, part, sums)
        if not query.filters and rollups.covers(table, query.dimensions):
            yield from rollups.read_imported(
                self._connection, table, query.range, query.domain, query.dimensions, sums
            )

    def leaves_out_imported(self, query: StatsQuery) -> bool:
        """Whether there are imported days in the range, which have no rows to apply filters to."""
        return bool(query.filters) and rollups.has_imported(
            self._connection, query.range, query.domain
        )

    def _parts(
        self, query: StatsQuery, table: SourceTable
    ) -> Iterator[TimeRange | rollups.ClosedDays]:
        if query.filters or not rollups.covers(table, query.dimensions):
            yield query.range
        else:
            closed = rollups.closed_days(self._connection, query.range)
            yield from rollups.split(query.range, closed)

    def _count(
        self, query: StatsQuery, table: SourceTable, span: TimeRange, sums: Sequence[str]
    ) -> Rows:
        if query.filters:
            found = self._columns.rows(
                table, span, query.domain, query.dimensions, sums, query.filters
            )
            if found is not None:
                return found
        statement = CountStatement(table, span, query.domain)
        if self._shared_rows is None or not query.filters:
            return statement.run(self._connection, query.dimensions, sums, query.filters)
        selection = RowSelection(table, span, query.domain, query.filters)
        row_table = self._shared_rows.row_table(selection)
        return statement.run_over(self._connection, row_table, query.dimensions, sums)


def _sums_by_table(query: StatsQuery) -> dict[SourceTable, list[str]]:
    """The sums that the metrics need, by the table that they are made over."""
    needed = {name for metric in query.metrics for name in METRICS[metric].needs}
    of_visitors = SourceTable.EVENTS if is_about_events(query) else SourceTable.VISITS
    table_of = {
        **dict.fromkeys(SUMS[SourceTable.VISITS], SourceTable.VISITS),
        **dict.fromkeys(SUMS[SourceTable.EVENTS], SourceTable.EVENTS),
        **dict.fromkeys(SUMS[SourceTable.PAGE_VISITS], SourceTable.PAGE_VISITS),
        "visitors": of_visitors,
        "visits": of_visitors,
    }
    found: dict[SourceTable, list[str]] = {}
    # Pages of visits last.
    for name in sorted(needed, key=lambda each: (table_of[each] is SourceTable.PAGE_VISITS, each)):
        found.setdefault(table_of[name], []).append(name)
    return found


def _wholes(snapshot: Snapshot, query: StatsQuery) -> _Wholes:
    """The sums of the whole, by the name of each metric that is a share of it, and by row."""
    wholes: dict[str, Callable[[_Key], Sums]] = {}
    whole = replace(query, metrics=("visitors",), order=(), comparison=None, limit=1, offset=0)
    if "percentage" in query.metrics:
        total = snapshot.total_sums(replace(whole, dimensions=()))
        wholes["percentage"] = lambda key: total
    candidates = without_conversion(whole)
    if "conversion_rate" in query.metrics:
        all_candidates = snapshot.total_sums(replace(candidates, dimensions=()))
        wholes["conversion_rate"] = lambda key: all_candidates
    if "group_conversion_rate" in query.metrics:
        by_key = snapshot.sums_by_key(candidates)
        wholes["group_conversion_rate"] = lambda key: by_key.get(key, _NO_SUMS)
    return wholes


# -- rows -------------------------------------------------------------------------------------


def _labels(query: StatsQuery, key: _Key) -> tuple[str, ...]:
    units = [dimension(name).unit for name in query.dimensions]
    return tuple(
        label(value, unit, query.range) if unit else str(value)
        for value, unit in zip(key, units, strict=True)
    )


def _comparison_keys(query: StatsQuery, rows: Sequence[StatsRow]) -> list[tuple[str, ...]]:
    """For each row the labels of what it is compared with; those of time move to the same place."""
    assert query.comparison is not None  # noqa: S101 -- for the type checker
    units = [dimension(name).unit for name in query.dimensions]
    moved = {
        unit: dict(zip(labels(query.range, unit), labels(query.comparison, unit), strict=False))
        for unit in units
        if unit
    }
    return [
        tuple(
            moved[unit].get(value, "") if unit else value
            for value, unit in zip(row.dimensions, units, strict=True)
        )
        for row in rows
    ]


def sort_rows(query: StatsQuery, rows: list[StatsRow]) -> list[StatsRow]:
    """The rows in the query's order; rows that are equal in it, by their dimensions."""
    order = query.order or _default_order(query)
    rows = sorted(rows, key=lambda row: row.dimensions)
    for name, direction in reversed(order):
        rows.sort(key=partial(_sort_key, query, name), reverse=direction == "desc")
    return rows


def _default_order(query: StatsQuery) -> Sequence[tuple[str, str]]:
    times = [name for name in query.dimensions if dimension(name).unit]
    return [(times[0], "asc")] if times else [(query.metrics[0], "desc")]


def _sort_key(query: StatsQuery, name: str, row: StatsRow) -> Any:
    if name in query.metrics:
        number = row.metrics[query.metrics.index(name)]
        return -1 if number is None else number
    return row.dimensions[query.dimensions.index(name)]
