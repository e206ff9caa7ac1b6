"""Queries as frozen values, validated when they are made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from footfall.collector.storage.stats.metrics import (
    HOSTNAME,
    METRICS,
    PAGE,
    Level,
    dimension,
    is_whole_days,
)
from footfall.collector.storage.stats.time_ranges import TimeRange
from footfall.errors import FootfallError

Operator: TypeAlias = Literal[
    "is", "is_not", "contains", "contains_not", "matches_wildcard", "matches_wildcard_not"
]

OPERATORS: Final[tuple[Operator, ...]] = (
    "is",
    "is_not",
    "contains",
    "contains_not",
    "matches_wildcard",
    "matches_wildcard_not",
)

# More would not fit into one statement of SQLite.
MAX_VALUES: Final = 500
"""The most values of one filter."""
_MAX_CONDITIONS = 100
_MAX_DIMENSIONS = 4
# Each of them twice.
_MAX_METRICS = 2 * len(METRICS)
# Longer than any text in the file.
_MAX_VALUE_CHARS = 2_048


class StatsQueryError(FootfallError, ValueError):
    """The caller's fault: the query has no meaning. The text names all its problems."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One dimension compared with values: any of them matches (with `_not`, none does).

    In wildcards `*` stands for anything but a slash, `**` for anything.
    """

    operator: Operator
    dimension: str
    values: tuple[str, ...]
    # ASCII letters only; the operators `is` and `contains` only.
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every condition holds."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one condition holds."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyGoal(AnyOf):
    """At least one of these goals is reached. Conversion rates leave it out of their whole."""


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    condition: Condition


Condition: TypeAlias = Filter | AllOf | AnyOf | Not


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsQuery:
    """What to count, when, of what, and in which order.

    One event meets all conditions on events (page, name, props); a visit matches if it has one.

    Raises:
        StatsQueryError: An unknown name, or names that do not go together.
    """

    range: TimeRange
    # None for all domains and projects.
    domain: str | None = None
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...] = ()
    filters: tuple[Condition, ...] = ()
    # By metrics or dimensions of this query; by default time rising, else the first metric falling.
    order: tuple[tuple[str, Literal["asc", "desc"]], ...] = ()
    limit: int = 100
    offset: int = 0
    # Another range, whose figures each row holds too.
    comparison: TimeRange | None = None

    def __post_init__(self) -> None:
        if problems := list(_problems(self)):
            raise StatsQueryError("; ".join(problems))


def leaves(condition: Condition) -> Iterator[Filter]:
    """Every filter in a condition."""
    match condition:
        case Filter():
            yield condition
        case Not(inner):
            yield from leaves(inner)
        case _:
            for each in condition.conditions:
                yield from leaves(each)


def has_goal(condition: Condition) -> bool:
    """Whether a condition is, or contains, one on goals."""
    match condition:
        case Filter():
            return False
        case Not(inner):
            return has_goal(inner)
        case _:
            return isinstance(condition, AnyGoal) or any(map(has_goal, condition.conditions))


def without_conversion(query: StatsQuery) -> StatsQuery:
    """The query of those who might have converted: its conditions on goals and props are left out.

    As with Plausible, conditions on pages, hostnames and visits stay.
    """
    kept = tuple(
        each
        for each in query.filters
        if not has_goal(each) and not any(map(_is_of_prop, leaves(each)))
    )
    return replace(query, filters=kept)


def at_entry(condition: Condition) -> Condition:
    """The condition for bounces: a visit that bounced has one page, the one that it began with."""
    match condition:
        case Filter():
            is_page = condition.dimension == PAGE
            return replace(condition, dimension="visit:entry_page") if is_page else condition
        case Not(inner):
            return Not(at_entry(inner))
        case _:
            return replace(condition, conditions=tuple(map(at_entry, condition.conditions)))


def _is_of_prop(leaf: Filter) -> bool:
    return dimension(leaf.dimension).key is not None


def touches_events(condition: Condition) -> bool:
    """Whether a condition has a filter on events."""
    return any(dimension(leaf.dimension).level is Level.EVENT for leaf in leaves(condition))


def is_about_events(query: StatsQuery) -> bool:
    """Whether visitors and visits are counted over events, not over the visits that began.

    As with Plausible, visits of a hostname are those that began there.
    """
    levels = {dimension(name).level for name in query.dimensions}
    of_events = [
        leaf.dimension
        for condition in query.filters
        for leaf in leaves(condition)
        if dimension(leaf.dimension).level is Level.EVENT
    ]
    if levels == {Level.VISIT} and {*of_events} == {HOSTNAME}:
        return False
    return bool(of_events) or any(
        dimension(name).level is Level.EVENT or not is_whole_days(name) for name in query.dimensions
    )


def _problems(query: StatsQuery) -> Iterator[str]:
    if not query.metrics:
        yield "ask for at least one metric"
    if len(query.metrics) > _MAX_METRICS:
        yield f"ask for at most {_MAX_METRICS} metrics"
        return
    if len(query.order) > _MAX_METRICS:
        yield f"order by at most {_MAX_METRICS} metrics and dimensions"
        return
    for metric in query.metrics:
        if metric not in METRICS:
            yield f"there is no metric {metric!r}; choose from {', '.join(METRICS)}"
        elif METRICS[metric].needs_page and not _is_about_pages(query):
            yield f"{metric} needs {PAGE} as a dimension or in a filter"
    yield from _dimension_problems(query)
    yield from _filter_problems(query)
    for name, direction in query.order:
        if name not in (*query.metrics, *query.dimensions):
            yield f"cannot order by {name!r}, which is not asked for"
        if direction not in ("asc", "desc"):
            yield f"order {name!r} by asc or desc"
    if query.limit < 1 or query.offset < 0:
        yield "limit begins at 1, and offset at 0"


def _is_about_pages(query: StatsQuery) -> bool:
    filters = (leaf for condition in query.filters for leaf in leaves(condition))
    return PAGE in query.dimensions or any(leaf.dimension == PAGE for leaf in filters)


def _dimension_problems(query: StatsQuery) -> Iterator[str]:
    if len(query.dimensions) > _MAX_DIMENSIONS:
        yield f"ask for at most {_MAX_DIMENSIONS} dimensions"
        return
    for name in query.dimensions:
        try:
            known = dimension(name)
        except LookupError as error:
            yield str(error.args[0])
            continue
        for metric in query.metrics:
            if metric not in METRICS:
                continue
            is_unknown = METRICS[metric].needs_visits and not known.visits
            if is_unknown or (METRICS[metric].needs_page and not known.page_visits):
                yield f"{metric} cannot be broken down by {name}"


def _filter_problems(query: StatsQuery) -> Iterator[str]:
    filters = [leaf for condition in query.filters for leaf in leaves(condition)]
    if len(filters) > _MAX_CONDITIONS:
        yield f"filter by at most {_MAX_CONDITIONS} conditions"
        return
    for each in filters:
        if each.operator not in OPERATORS:
            yield f"there is no operator {each.operator!r}; choose from {', '.join(OPERATORS)}"
        if not 1 <= len(each.values) <= MAX_VALUES:
            yield f"filter {each.dimension} by 1 to {MAX_VALUES} values"
        if any(len(value) > _MAX_VALUE_CHARS for value in each.values):
            yield f"filter {each.dimension} by values of at most {_MAX_VALUE_CHARS} characters"
        try:
            if dimension(each.dimension).level is Level.TIME:
                yield f"{each.dimension} is no filter; narrow the range"
        except LookupError as error:
            yield str(error.args[0])
