"""Rows that several queries have in common: found once, counted by each.

Most of the time of a query with conditions goes into finding its rows. Their ids are kept in
temporary tables of the connection, in memory, ten bytes a row, until their transaction ends.
"""

from __future__ import annotations

from sqlite3 import Connection
from typing import NamedTuple

from footfall.collector.storage.stats.count_sql import CountStatement
from footfall.collector.storage.stats.metrics import SourceTable
from footfall.collector.storage.stats.query import Condition
from footfall.collector.storage.stats.time_ranges import TimeRange


class RowSelection(NamedTuple):
    """Which rows: of a table, in a range, of a domain (None for all), that meet conditions."""

    table: SourceTable
    range: TimeRange
    domain: str | None
    conditions: tuple[Condition, ...]


class SharedRows:
    """The rows that were found so far, in temporary tables of one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._row_tables: dict[RowSelection, str] = {}

    def row_table(self, selection: RowSelection) -> str:
        """The name of a table with the ids of the rows."""
        if selection not in self._row_tables:
            name = f"shared_rows_{len(self._row_tables)}"
            self._connection.execute(f"CREATE TEMP TABLE {name} (id INTEGER PRIMARY KEY)")
            statement = CountStatement(selection.table, selection.range, selection.domain)
            statement.select_into(self._connection, name, selection.conditions)
            self._row_tables[selection] = name
        return self._row_tables[selection]
