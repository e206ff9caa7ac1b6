"""SQL that counts rows of `visits` or `events`, made of fixed texts and bound values."""

from __future__ import annotations

from collections.abc import Sequence
from sqlite3 import Connection
from string import Template
from typing import Any, Final

from footfall.collector.storage.stats.metrics import (
    HOSTNAME,
    NONE,
    SUMS,
    Dimension,
    Level,
    Rows,
    SourceTable,
    dimension,
    with_label,
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

_FROM: Final = {
    SourceTable.VISITS: "visits v",
    SourceTable.EVENTS: "events e",
    SourceTable.PAGE_VISITS: "page_visits g",
}
_ALIAS: Final = {table: tables.split()[1] for table, tables in _FROM.items()}
_TIME: Final = {
    SourceTable.VISITS: "v.started_at",
    SourceTable.EVENTS: "e.received_at",
    SourceTable.PAGE_VISITS: "g.started_at",
}
_COUNTED: Final = {
    SourceTable.VISITS: (),
    SourceTable.EVENTS: ("e.reason IS NULL", "e.name <> 'engagement'"),
    SourceTable.PAGE_VISITS: (),
}
_NAME: Final = "event:name"
# What `events_by_name` leaves out, and the words by which SQLite sees that a query is in the index.
_UNINDEXED: Final = frozenset({"pageview", "engagement"})
_CUSTOM_EVENT: Final = "e.name NOT IN ('pageview', 'engagement')"

_COMPARISONS: Final = {
    "is": "$left = $right",
    "contains": "instr($left, $right) > 0",
    "matches_wildcard": "matches_wildcard($right, $left)",
}


def register_functions(connection: Connection) -> None:
    """Register the SQL functions that the statements use."""
    connection.create_function("matches_wildcard", 2, matches, deterministic=True)


class CountStatement:
    """Builds one statement over a table, a range and a domain (None for all).

    Used once: every value goes through `bind`, which names it within the statement.
    """

    def __init__(self, table: SourceTable, span: TimeRange, domain: str | None) -> None:
        self._table = table
        self._span = span
        self._domain = domain
        self._values: dict[str, Any] = {}

    def run(
        self,
        connection: Connection,
        dimensions: Sequence[str],
        sums: Sequence[str],
        conditions: Sequence[Condition],
    ) -> Rows:
        """Count what meets all conditions.

        Args:
            dimensions: The names by which rows are grouped; without any there is one row.
            sums: The names of what is summed.
            conditions: Each has to be met.

        Returns:
            For each row the values of the dimensions and the sums, both in the given order.
        """
        where = self._where(conditions)
        names = [*dimensions, *(leaf.dimension for each in conditions for leaf in leaves(each))]
        return self._rows(connection, dimensions, sums, _tables(self._table, names), where)

    def select_into(
        self, connection: Connection, row_table: str, conditions: Sequence[Condition]
    ) -> None:
        """Insert the ids of the rows that meet the conditions into another table."""
        names = [leaf.dimension for each in conditions for leaf in leaves(each)]
        where = self._where(conditions)
        query = f"""
            INSERT INTO {row_table} SELECT {_ALIAS[self._table]}.id
            FROM {_tables(self._table, names)} WHERE {where}
        """  # noqa: S608 -- fixed texts
        connection.execute(query, self._values)

    def run_over(
        self, connection: Connection, row_table: str, dimensions: Sequence[str], sums: Sequence[str]
    ) -> Rows:
        """As `run`, over the rows whose ids are in `row_table`."""
        row_id = f"{_ALIAS[self._table]}.id"
        tables = f"{row_table} p CROSS JOIN {_FROM[self._table]} ON {row_id} = p.id"
        if _needs_join(self._table, dimensions):
            tables = f"{tables} {_join_visit(self._table)}"
        return self._rows(connection, dimensions, sums, tables, "1")

    def revenue_over(self, connection: Connection, row_table: str) -> dict[str, float]:
        """The amounts by currency, the largest first, of the events whose ids are in `row_table`.

        A sum of a million amounts is off by less than a cent.
        """
        query = f"""
            SELECT e.currency, sum(CAST(e.amount AS REAL)) AS total
            FROM {row_table} p CROSS JOIN events e ON e.id = p.id
            WHERE e.currency IS NOT NULL GROUP BY e.currency ORDER BY total DESC
        """  # noqa: S608 -- fixed texts
        return dict(map(tuple, connection.execute(query)))

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
    ) -> Rows:
        keys = [self._labelled_sql(dimension(name), self._table) for name in dimensions]
        columns = [*keys, *(f"coalesce({SUMS[self._table][name]}, 0)" for name in sums)]
        groups = f"GROUP BY {', '.join(map(str, range(1, len(keys) + 1)))}" if keys else ""
        query = f"SELECT {', '.join(columns)} FROM {tables} WHERE {where} {groups}"  # noqa: S608 -- fixed texts
        for row in connection.execute(query, self._values):
            yield tuple(row[: len(keys)]), tuple(row[len(keys) :])

    def _where(self, conditions: Sequence[Condition]) -> str:
        own = [each for each in conditions if not self._needs_events(each)]
        of_events = [each for each in conditions if self._needs_events(each)]
        parts = [
            *self._range_sql(self._table),
            *(self._condition_sql(each, self._table) for each in own),
        ]
        if of_events:
            parts.append(self._has_event_sql(of_events))
        return " AND ".join(parts)

    def _needs_events(self, condition: Condition) -> bool:
        """Whether the condition on a visit, or on a page of it, is one on its events."""
        if self._table is SourceTable.PAGE_VISITS:
            return any(dimension(leaf.dimension).page_visits is None for leaf in leaves(condition))
        return self._table is SourceTable.VISITS and touches_events(condition)

    def _range_sql(self, table: SourceTable) -> list[str]:
        since, until = self.bind(self._span.since), self.bind(self._span.until)
        parts = [f"{_TIME[table]} >= {since}", f"{_TIME[table]} < {until}", *_COUNTED[table]]
        if self._domain is not None:
            parts.append(f"{_ALIAS[table]}.domain = {self.bind(self._domain)}")
        return parts

    def _has_event_sql(self, conditions: Sequence[Condition]) -> str:
        names = [leaf.dimension for each in conditions for leaf in leaves(each)]
        parts = [
            *self._range_sql(SourceTable.EVENTS),
            *(["e.begins"] if HOSTNAME in names else []),
            *(self._condition_sql(each, SourceTable.EVENTS) for each in conditions),
        ]
        tables = _tables(SourceTable.EVENTS, names)
        session = f"{_ALIAS[self._table]}.session"
        return f"{session} IN (SELECT e.session FROM {tables} WHERE {' AND '.join(parts)})"  # noqa: S608 -- fixed texts

    # -- conditions and expressions -----------------------------------------------------------

    def _condition_sql(
        self, condition: Condition, table: SourceTable, *, is_negated: bool = False
    ) -> str:
        """The condition in SQL; `is_negated` within a NOT."""
        match condition:
            case Filter():
                return self._comparison_sql(condition, table, is_negated)
            case Not(inner):
                return f"NOT {self._condition_sql(inner, table, is_negated=True)}"
            case _:
                parts = [
                    self._condition_sql(each, table, is_negated=is_negated)
                    for each in condition.conditions
                ]
                is_all = isinstance(condition, AllOf)
                joined = (" AND " if is_all else " OR ").join(parts)
                return f"({joined})" if parts else str(int(is_all))

    def _comparison_sql(self, condition: Filter, table: SourceTable, is_negated: bool) -> str:
        positive = condition.operator.removesuffix("_not")
        template = Template(_COMPARISONS[positive])
        left = self._operand_sql(condition, table, is_negated)
        rights = [self.bind(value) for value in condition.values]
        if condition.ignore_case:
            left, rights = f"lower({left})", [f"lower({right})" for right in rights]
        either = " OR ".join(template.substitute(left=left, right=right) for right in rights)
        if positive == condition.operator:
            return f"(({either}) AND {_CUSTOM_EVENT})" if _is_indexed(condition) else f"({either})"
        if positive != "is" and dimension(condition.dimension).key is not None:
            # As with Plausible, an event without the prop has no text that could lack another.
            return f"({left} <> '{NONE}' AND NOT ({either}))"
        return f"NOT ({either})"

    def _operand_sql(self, condition: Filter, table: SourceTable, is_negated: bool) -> str:
        what = dimension(condition.dimension)
        is_exact = condition.operator == "is" and not condition.ignore_case
        if is_exact and not is_negated and what.label not in condition.values:
            # The bare column, which an index may cover. NULL equals nothing, as it should.
            return self._dimension_sql(what, table)
        return self._labelled_sql(what, table)

    def _labelled_sql(self, what: Dimension, table: SourceTable) -> str:
        return with_label(self._dimension_sql(what, table), what.label)

    def _dimension_sql(self, what: Dimension, table: SourceTable) -> str:
        sql = what.sql(table)
        # `StatsQuery` refuses a dimension that the table lacks.
        assert sql is not None  # noqa: S101 -- for the type checker
        if what.key is not None:
            return Template(sql).substitute(key=self.bind(what.key))
        return Template(sql).substitute(local=self._local_time_sql(table)) if what.unit else sql

    def _local_time_sql(self, table: SourceTable) -> str:
        """The row's time in the range's time zone, in milliseconds."""
        time = _TIME[table]
        *changes, last = offsets(self._span)
        cases = "".join(
            f" WHEN {time} < {self.bind(each.until)} THEN {self.bind(each.milliseconds)}"
            for each in changes
        )
        rest = self.bind(last.milliseconds)
        offset = f"CASE{cases} ELSE {rest} END" if changes else rest
        return f"({time} + {offset})"


def _is_indexed(condition: Filter) -> bool:
    """Whether only custom events meet it, which have an index."""
    is_name = condition.dimension == _NAME and condition.operator == "is"
    return is_name and not condition.ignore_case and not _UNINDEXED & {*condition.values}


def _tables(table: SourceTable, names: Sequence[str]) -> str:
    """The tables of the FROM clause."""
    joined = _join_visit(table) if _needs_join(table, names) else ""
    return f"{_FROM[table]} {joined}"


def _join_visit(table: SourceTable) -> str:
    return f"JOIN visits v ON v.session = {_ALIAS[table]}.session"


def _needs_join(table: SourceTable, names: Sequence[str]) -> bool:
    """Whether events, or pages of visits, are joined with their visits."""
    return table is not SourceTable.VISITS and any(
        dimension(name).level is Level.VISIT for name in names
    )
