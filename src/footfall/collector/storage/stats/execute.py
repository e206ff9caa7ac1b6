"""The answer to a question: counted where it must be, taken from rollups where it can be."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from sqlite3 import Connection
from typing import Any, Final, Self, TypeAlias

from footfall.collector.storage.stats import rollups
from footfall.collector.storage.stats.count_sql import CountStatement
from footfall.collector.storage.stats.metrics import (
    METRICS,
    SUMS,
    Number,
    SourceTable,
    Sums,
    dimension,
)
from footfall.collector.storage.stats.query import StatsQuery, is_about_events, touches_events
from footfall.collector.storage.stats.shared_rows import RowSelection, SharedRows
from footfall.collector.storage.stats.time_ranges import TimeRange, label, labels

_Key: TypeAlias = tuple[Any, ...]
_Table: TypeAlias = dict[_Key, Sums]

_NOTHING: Final = Sums()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsRow:
    """The values of the dimensions and of the metrics, each in the order of the question."""

    dimensions: tuple[str, ...]
    metrics: tuple[Number, ...]
    # The metrics in the range that was to be compared with; None where none was.
    comparison: tuple[Number, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsResult:
    """The rows within the limit, and how many there are without it.

    A question without dimensions has one row, whatever happened. With comparison, a row is
    compared with that of the same values; rows by time with that of the same place in time.
    """

    question: StatsQuery
    rows: tuple[StatsRow, ...]
    total: int


def run_query(connection: Connection, question: StatsQuery) -> StatsResult:
    """Answer a question, in one look at the file."""
    with _one_moment(connection):
        return Snapshot(connection).ask(question)


def _answer(look: Snapshot, question: StatsQuery) -> StatsResult:
    table = look.table(question)
    wholes = _wholes(look, question)
    other = question.comparison and replace(question, range=question.comparison)
    before = _compared(look, other) if other else None
    wholes_before = _wholes(look, other) if other else {}
    rows = [_row(question, key, counts, wholes) for key, counts in table.items()]
    chosen = ordered(question, rows)[question.offset :][: question.limit]
    if before is not None:
        chosen = [
            replace(row, comparison=_metrics(question, before.get(key, _NOTHING), wholes_before))
            for row, key in zip(chosen, _keys_before(question, chosen), strict=True)
        ]
    return StatsResult(question=question, rows=tuple(chosen), total=len(rows))


@contextlib.contextmanager
def _one_moment(connection: Connection) -> Iterator[None]:
    """All statements see the same moment, whatever others write meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        # SQLite itself ends it where the disk fails. Temporary tables go with it.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


# -- sums -------------------------------------------------------------------------------------


class Snapshot:
    """Questions about one moment: where their sums come from.

    With `picks`, questions with the same conditions share the rows that were found.
    """

    def __init__(self, connection: Connection, picks: SharedRows | None = None) -> None:
        self._connection = connection
        self._picks = picks
        self._totals: dict[StatsQuery, Sums] = {}

    @classmethod
    @contextlib.contextmanager
    def open(cls, connection: Connection) -> Iterator[Self]:
        """A look for several questions, which sees the same until the block ends."""
        with _one_moment(connection):
            yield cls(connection, SharedRows(connection))

    def ask(self, question: StatsQuery) -> StatsResult:
        """The answer to a question."""
        return _answer(self, question)

    def table(self, question: StatsQuery) -> _Table:
        """The sums by the values of the dimensions."""
        table: _Table = {}
        for side, sums in _sides(question).items():
            for key, numbers in self._rows(question, side, sums):
                counts = table.setdefault(key, Sums())
                for field, number in zip(sums, numbers, strict=True):
                    counts.add(field, number)
        if not question.dimensions:
            table.setdefault((), Sums())
        return table

    def total(self, question: StatsQuery) -> Sums:
        """The sums of a question without dimensions, which are counted once."""
        if question not in self._totals:
            self._totals[question] = self.table(question)[()]
        return self._totals[question]

    def _rows(
        self, question: StatsQuery, side: SourceTable, sums: Sequence[str]
    ) -> Iterator[tuple[_Key, tuple[int, ...]]]:
        for piece in self._pieces(question, side):
            if isinstance(piece, rollups.ClosedDays):
                yield from rollups.read(
                    self._connection, side, piece, question.domain, question.dimensions, sums
                )
            else:
                yield from self._counted(question, side, piece, sums)

    def _pieces(
        self, question: StatsQuery, side: SourceTable
    ) -> Iterator[TimeRange | rollups.ClosedDays]:
        if question.filters or not rollups.has(side, question.dimensions):
            yield question.range
        else:
            closed = rollups.closed_days(self._connection, question.range)
            yield from rollups.pieces(question.range, closed)

    def _counted(
        self, question: StatsQuery, side: SourceTable, span: TimeRange, sums: Sequence[str]
    ) -> Iterator[tuple[_Key, tuple[int, ...]]]:
        counting = CountStatement(side, span, question.domain)
        if self._picks is None or not question.filters:
            return counting.run(self._connection, question.dimensions, sums, question.filters)
        choice = RowSelection(side, span, question.domain, question.filters)
        table = self._picks.table(choice)
        return counting.run_picked(self._connection, table, question.dimensions, sums)


def _sides(question: StatsQuery) -> dict[SourceTable, list[str]]:
    """The sums that the metrics need, by the side that they are made on."""
    needed = {name for metric in question.metrics for name in METRICS[metric].needs}
    of_visitors = SourceTable.EVENTS if is_about_events(question) else SourceTable.VISITS
    home = {
        **dict.fromkeys(SUMS[SourceTable.VISITS], SourceTable.VISITS),
        **dict.fromkeys(SUMS[SourceTable.EVENTS], SourceTable.EVENTS),
        "visitors": of_visitors,
        "visits": of_visitors,
    }
    found: dict[SourceTable, list[str]] = {}
    for name in sorted(needed):
        found.setdefault(home[name], []).append(name)
    return found


def _wholes(look: Snapshot, question: StatsQuery) -> dict[str, Sums]:
    """What the metrics that are shares are shares of."""
    whole = replace(
        question, dimensions=(), metrics=("visitors",), order=(), comparison=None, limit=1, offset=0
    )
    wholes = {}
    if "percentage" in question.metrics:
        wholes["percentage"] = look.total(whole)
    if "conversion_rate" in question.metrics:
        filters = tuple(each for each in question.filters if not touches_events(each))
        wholes["conversion_rate"] = look.total(replace(whole, filters=filters))
    return wholes


# -- rows -------------------------------------------------------------------------------------


def _row(question: StatsQuery, key: _Key, counts: Sums, wholes: Mapping[str, Sums]) -> StatsRow:
    return StatsRow(dimensions=_texts(question, key), metrics=_metrics(question, counts, wholes))


def _texts(question: StatsQuery, key: _Key) -> tuple[str, ...]:
    units = [dimension(name).unit for name in question.dimensions]
    return tuple(
        label(value, unit) if unit else str(value) for value, unit in zip(key, units, strict=True)
    )


def _metrics(question: StatsQuery, counts: Sums, wholes: Mapping[str, Sums]) -> tuple[Number, ...]:
    return tuple(
        METRICS[name].make(counts, wholes.get(name, _NOTHING)) for name in question.metrics
    )


def _compared(look: Snapshot, question: StatsQuery) -> dict[tuple[str, ...], Sums]:
    table = look.table(replace(question, comparison=None))
    return {_texts(question, key): counts for key, counts in table.items()}


def _keys_before(question: StatsQuery, rows: Sequence[StatsRow]) -> list[tuple[str, ...]]:
    """What each row is compared with: a day with that of the same place, all else with its own."""
    assert question.comparison is not None  # noqa: S101 -- for the type checker
    units = [dimension(name).unit for name in question.dimensions]
    places = {
        unit: dict(
            zip(labels(question.range, unit), labels(question.comparison, unit), strict=False)
        )
        for unit in units
        if unit
    }
    return [
        tuple(
            places[unit].get(value, "") if unit else value
            for value, unit in zip(row.dimensions, units, strict=True)
        )
        for row in rows
    ]


def ordered(question: StatsQuery, rows: list[StatsRow]) -> list[StatsRow]:
    """The rows in order, equals by their names."""
    order = question.order or _default_order(question)
    rows = sorted(rows, key=lambda row: row.dimensions)
    for name, direction in reversed(order):
        rows.sort(key=partial(_rank, question, name), reverse=direction == "desc")
    return rows


def _default_order(question: StatsQuery) -> Sequence[tuple[str, str]]:
    times = [name for name in question.dimensions if dimension(name).unit]
    return [(times[0], "asc")] if times else [(question.metrics[0], "desc")]


def _rank(question: StatsQuery, name: str, row: StatsRow) -> Any:
    if name in question.metrics:
        number = row.metrics[question.metrics.index(name)]
        return -1 if number is None else number
    return row.dimensions[question.dimensions.index(name)]
