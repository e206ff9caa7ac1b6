"""Counting rows: one statement over `visits` or `events`, made of fixed texts and bound values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from sqlite3 import Connection
from string import Template
from typing import Any, Final

from footfall.collector.storage.stats.metrics import (
    SUMS,
    Dimension,
    Level,
    SourceTable,
    dimension,
    labelled,
)
from footfall.collector.storage.stats.query import (
    AllOf,
    Condition,
    Filter,
    Not,
    leaves,
    touches_events,
)
from footfall.collector.storage.stats.time_ranges import TimeRange, offsets
from footfall.collector.storage.stats.wildcards import matches

_TABLE: Final = {SourceTable.VISITS: "visits v", SourceTable.EVENTS: "events e"}
_MOMENT: Final = {SourceTable.VISITS: "v.started_at", SourceTable.EVENTS: "e.received_at"}
_NUMBER: Final = {SourceTable.VISITS: "v.id", SourceTable.EVENTS: "e.id"}
_DOMAIN: Final = {SourceTable.VISITS: "v.domain", SourceTable.EVENTS: "e.domain"}
_ALWAYS: Final = {
    SourceTable.VISITS: (),
    SourceTable.EVENTS: ("e.reason IS NULL", "e.name <> 'engagement'"),
}
_OF_VISIT: Final = "JOIN visits v ON v.session = e.session"

_COMPARISONS: Final = {
    "is": "$left = $right",
    "contains": "instr($left, $right) > 0",
    "matches_wildcard": "matches_wildcard($right, $left)",
}


def register_functions(connection: Connection) -> None:
    """Give a connection the functions that the statements use."""
    connection.create_function("matches_wildcard", 2, matches, deterministic=True)


class CountStatement:
    """One statement in the making: every value goes through `bind`."""

    def __init__(self, side: SourceTable, span: TimeRange, domain: str | None) -> None:
        self._side = side
        self._span = span
        self._domain = domain
        self._values: dict[str, Any] = {}

    def run(
        self,
        connection: Connection,
        dimensions: Sequence[str],
        sums: Sequence[str],
        conditions: Sequence[Condition],
    ) -> Iterator[tuple[tuple[Any, ...], tuple[int, ...]]]:
        """Each combination of the dimensions' values, with its sums."""
        where = self._where(conditions)
        names = [*dimensions, *(leaf.dimension for each in conditions for leaf in leaves(each))]
        return self._rows(connection, dimensions, sums, self._tables(names), where)

    def pick(self, connection: Connection, table: str, conditions: Sequence[Condition]) -> None:
        """Put the numbers of the rows that fit into a table."""
        names = [leaf.dimension for each in conditions for leaf in leaves(each)]
        where = self._where(conditions)
        query = f"""
            INSERT INTO {table} SELECT {_NUMBER[self._side]} FROM {self._tables(names)}
            WHERE {where}
        """  # noqa: S608 -- fixed texts
        connection.execute(query, self._values)

    def run_picked(
        self, connection: Connection, table: str, dimensions: Sequence[str], sums: Sequence[str]
    ) -> Iterator[tuple[tuple[Any, ...], tuple[int, ...]]]:
        """As `run` does, of the rows whose numbers are in a table."""
        number = _NUMBER[self._side]
        tables = f"{table} p CROSS JOIN {_TABLE[self._side]} ON {number} = p.id"
        if _is_joined(self._side, dimensions):
            tables = f"{tables} {_OF_VISIT}"
        return self._rows(connection, dimensions, sums, tables, "1")

    def bind(self, value: Any) -> str:
        """The name under which a value is bound."""
        name = f"p{len(self._values)}"
        self._values[name] = value
        return f":{name}"

    def _rows(
        self,
        connection: Connection,
        dimensions: Sequence[str],
        sums: Sequence[str],
        tables: str,
        where: str,
    ) -> Iterator[tuple[tuple[Any, ...], tuple[int, ...]]]:
        keys = [self._labelled(dimension(name), self._side) for name in dimensions]
        columns = [*keys, *(f"coalesce({SUMS[self._side][name]}, 0)" for name in sums)]
        groups = f"GROUP BY {', '.join(map(str, range(1, len(keys) + 1)))}" if keys else ""
        query = f"SELECT {', '.join(columns)} FROM {tables} WHERE {where} {groups}"  # noqa: S608 -- fixed texts
        for row in connection.execute(query, self._values):
            yield tuple(row[: len(keys)]), tuple(row[len(keys) :])

    def _tables(self, names: Sequence[str]) -> str:
        return _tables(self._side, names)

    def _where(self, conditions: Sequence[Condition]) -> str:
        own = [each for each in conditions if not self._is_elsewhere(each)]
        elsewhere = [each for each in conditions if self._is_elsewhere(each)]
        parts = [*self._within(self._side), *(self._holds(each, self._side) for each in own)]
        if elsewhere:
            parts.append(self._has_event(elsewhere))
        return " AND ".join(parts)

    def _is_elsewhere(self, condition: Condition) -> bool:
        """Whether a visit has to be asked for its events."""
        return self._side is SourceTable.VISITS and touches_events(condition)

    def _within(self, side: SourceTable) -> list[str]:
        since, until = self.bind(self._span.since), self.bind(self._span.until)
        parts = [f"{_MOMENT[side]} >= {since}", f"{_MOMENT[side]} < {until}", *_ALWAYS[side]]
        if self._domain is not None:
            parts.append(f"{_DOMAIN[side]} = {self.bind(self._domain)}")
        return parts

    def _has_event(self, conditions: Sequence[Condition]) -> str:
        names = [leaf.dimension for each in conditions for leaf in leaves(each)]
        parts = [
            *self._within(SourceTable.EVENTS),
            *(self._holds(each, SourceTable.EVENTS) for each in conditions),
        ]
        tables = _tables(SourceTable.EVENTS, names)
        return f"v.session IN (SELECT e.session FROM {tables} WHERE {' AND '.join(parts)})"  # noqa: S608 -- fixed texts

    # -- conditions and expressions -----------------------------------------------------------

    def _holds(self, condition: Condition, side: SourceTable, *, is_turned: bool = False) -> str:
        """The condition in SQL; `is_turned` within a NOT."""
        match condition:
            case Filter():
                return self._compares(condition, side, is_turned)
            case Not(inner):
                return f"NOT {self._holds(inner, side, is_turned=True)}"
            case AllOf(several):
                parts = [self._holds(each, side, is_turned=is_turned) for each in several]
                return _joined(" AND ", parts) or "1"
            case _:
                several = condition.conditions
                parts = [self._holds(each, side, is_turned=is_turned) for each in several]
                return _joined(" OR ", parts) or "0"

    def _compares(self, condition: Filter, side: SourceTable, is_turned: bool) -> str:
        positive = condition.operator.removesuffix("_not")
        template = Template(_COMPARISONS[positive])
        left = self._left(condition, side, is_turned)
        rights = [self.bind(value) for value in condition.values]
        if condition.ignore_case:
            left, rights = f"lower({left})", [f"lower({right})" for right in rights]
        either = " OR ".join(template.substitute(left=left, right=right) for right in rights)
        return f"NOT ({either})" if positive != condition.operator else f"({either})"

    def _left(self, condition: Filter, side: SourceTable, is_turned: bool) -> str:
        what = dimension(condition.dimension)
        if condition.operator != "is" or is_turned or what.label in condition.values:
            return self._labelled(what, side)
        # The bare column, which an index may know. What is NULL equals nothing, as it should.
        return self._expression(what, side)

    def _labelled(self, what: Dimension, side: SourceTable) -> str:
        return labelled(self._expression(what, side), what.label)

    def _expression(self, what: Dimension, side: SourceTable) -> str:
        sql = what.visits if side is SourceTable.VISITS else what.events
        # A question that could come here was refused when it was made.
        assert sql is not None  # noqa: S101 -- for the type checker
        if what.key is not None:
            return Template(sql).substitute(key=self.bind(what.key))
        return Template(sql).substitute(local=self._local(side)) if what.unit else sql

    def _local(self, side: SourceTable) -> str:
        """Local time of the row's moment."""
        moment = _MOMENT[side]
        *changes, last = offsets(self._span)
        cases = "".join(
            f" WHEN {moment} < {self.bind(each.until)} THEN {self.bind(each.milliseconds)}"
            for each in changes
        )
        rest = self.bind(last.milliseconds)
        offset = f"CASE{cases} ELSE {rest} END" if changes else rest
        return f"({moment} + {offset})"


def _joined(word: str, parts: Sequence[str]) -> str:
    return f"({word.join(parts)})" if parts else ""


def _tables(side: SourceTable, names: Sequence[str]) -> str:
    """What to read."""
    return f"{_TABLE[side]} {_OF_VISIT}" if _is_joined(side, names) else _TABLE[side]


def _is_joined(side: SourceTable, names: Sequence[str]) -> bool:
    """Whether an event has to be asked about its visit."""
    return side is SourceTable.EVENTS and any(
        dimension(name).level is Level.VISIT for name in names
    )
