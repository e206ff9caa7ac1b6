"""What can be asked, as a frozen value; nonsense is refused when it is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from footfall.collector.storage.stats.metrics import METRICS, Level, dimension, is_whole_days
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

# More would not fit into one statement of SQLite, and nobody reads them.
_MAX_VALUES = 500
_MAX_CONDITIONS = 100
_MAX_DIMENSIONS = 4


class StatsQueryError(FootfallError, ValueError):
    """The caller's: a question without a meaning. The text says which parts have none."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One dimension compared with values, any of which may fit (or with `_not`, none may).

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
class Not:
    """The condition does not hold."""

    condition: Condition


Condition: TypeAlias = Filter | AllOf | AnyOf | Not


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsQuery:
    """What to count, when, of what, and in which order.

    Conditions about events (page, name, props) are met by one and the same event; a visit fits if
    it has such an event.

    Raises:
        QuestionError: An unknown name, or names that do not go together.
    """

    range: TimeRange
    # None for all domains and projects.
    domain: str | None = None
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...] = ()
    filters: tuple[Condition, ...] = ()
    # Names of metrics or dimensions of this question; without any, time rises, else the first
    # metric falls.
    order: tuple[tuple[str, Literal["asc", "desc"]], ...] = ()
    limit: int = 100
    offset: int = 0
    # Another range whose figures stand beside those of each row.
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


def touches_events(condition: Condition) -> bool:
    """Whether a condition is about events rather than visits alone."""
    return any(dimension(leaf.dimension).level is Level.EVENT for leaf in leaves(condition))


def is_about_events(question: StatsQuery) -> bool:
    """Whether visitors and visits are counted where events are, not where visits began."""
    return any(map(touches_events, question.filters)) or any(
        dimension(name).level is Level.EVENT or not is_whole_days(name)
        for name in question.dimensions
    )


def _problems(question: StatsQuery) -> Iterator[str]:
    if not question.metrics:
        yield "ask for at least one metric"
    for metric in question.metrics:
        if metric not in METRICS:
            yield f"there is no metric {metric!r}; choose from {', '.join(METRICS)}"
    yield from _dimension_problems(question)
    yield from _filter_problems(question)
    for name, direction in question.order:
        if name not in (*question.metrics, *question.dimensions):
            yield f"cannot order by {name!r}, which is not asked for"
        if direction not in ("asc", "desc"):
            yield f"order {name!r} by asc or desc"
    if question.limit < 1 or question.offset < 0:
        yield "limit begins at 1, and offset at 0"


def _dimension_problems(question: StatsQuery) -> Iterator[str]:
    if len(question.dimensions) > _MAX_DIMENSIONS:
        yield f"ask for at most {_MAX_DIMENSIONS} dimensions"
    for name in question.dimensions:
        try:
            known = dimension(name)
        except LookupError as error:
            yield str(error.args[0])
            continue
        for metric in question.metrics:
            if metric in METRICS and METRICS[metric].is_of_visits and not known.visits:
                yield f"{metric} cannot be broken down by {name}"


def _filter_problems(question: StatsQuery) -> Iterator[str]:
    filters = [leaf for condition in question.filters for leaf in leaves(condition)]
    if len(filters) > _MAX_CONDITIONS:
        yield f"filter by at most {_MAX_CONDITIONS} conditions"
    for each in filters:
        if each.operator not in OPERATORS:
            yield f"there is no operator {each.operator!r}; choose from {', '.join(OPERATORS)}"
        if not 1 <= len(each.values) <= _MAX_VALUES:
            yield f"filter {each.dimension} by 1 to {_MAX_VALUES} values"
        try:
            if dimension(each.dimension).level is Level.TIME:
                yield f"{each.dimension} is no filter; narrow the range"
        except LookupError as error:
            yield str(error.args[0])
