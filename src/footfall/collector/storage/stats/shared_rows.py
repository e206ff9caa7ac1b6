"""Rows that several questions have in common: found once, counted as often as is asked.

What a condition costs is finding its rows. Their numbers are kept in tables of the connection's
own, in memory, at some ten bytes a row, and go with the transaction in which they were found.
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

    side: SourceTable
    range: TimeRange
    domain: str | None
    conditions: tuple[Condition, ...]


class SharedRows:
    """The rows that were found so far, on one connection, whose temporary tables they are."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tables: dict[RowSelection, str] = {}

    def table(self, choice: RowSelection) -> str:
        """The name of a table with the rows' numbers."""
        if choice not in self._tables:
            table = f"picked_{len(self._tables)}"
            self._connection.execute(f"CREATE TEMP TABLE {table} (id INTEGER PRIMARY KEY)")
            counting = CountStatement(choice.side, choice.range, choice.domain)
            counting.pick(self._connection, table, choice.conditions)
            self._tables[choice] = table
        return self._tables[choice]
