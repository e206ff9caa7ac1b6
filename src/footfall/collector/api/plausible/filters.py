"""Filters of both versions of the Stats API, and goals, as conditions of a `StatsQuery`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from footfall.collector.storage.sites import RegisteredGoal
from footfall.collector.storage.stats import (
    AllOf,
    AnyGoal,
    AnyOf,
    Condition,
    Filter,
    Not,
    StatsQueryError,
)
from footfall.collector.storage.stats.metrics import NOT_SET
from footfall.collector.storage.stats.query import MAX_VALUES, OPERATORS, Operator
from footfall.model import PAGEVIEW

GOAL: Final = "event:goal"
COUNTRY: Final = "visit:country"

_COUNTRY_CODE: Final = re.compile(r"[A-Z]{2}", re.ASCII)

# In version 1, `==` or `!=` stands between a property and values separated by `|`.
_COMPARISON: Final = re.compile(r"([^=!]+)(==|!=)(.*)", re.DOTALL)
_SEMICOLON: Final = re.compile(r"(?<!\\);")
_BAR: Final = re.compile(r"(?<!\\)\|")


def goal_condition(goal: RegisteredGoal) -> Condition:
    """The condition that an event meets to reach a goal: its name, or a view of a page."""
    if goal.kind == "event":
        own: tuple[Condition, ...] = (Filter("is", "event:name", (goal.name,)),)
    else:
        own = (
            Filter("is", "event:name", (PAGEVIEW,)),
            Filter("matches_wildcard", "event:page", (goal.name,)),
        )
    props = (Filter("is", f"event:props:{key}", (text,)) for key, text in goal.custom_props.items())
    return AllOf((*own, *props))


def parse_filter(value: Any, goals: Sequence[RegisteredGoal]) -> Condition:
    """The condition of a filter of version 2, such as `["is", "event:page", ["/"]]`.

    Raises:
        StatsQueryError: The filter is invalid, or only Plausible supports it.
    """
    match value:
        case ["and" | "or" as operator, [*filters]]:
            conditions = tuple(parse_filter(each, goals) for each in filters)
            return AllOf(conditions) if operator == "and" else AnyOf(conditions)
        case ["not", inner]:
            return Not(parse_filter(inner, goals))
        case [str(operator), str(name), [*values]]:
            return _filter(operator, name, values, {}, goals)
        case [str(operator), str(name), [*values], dict(modifiers)]:
            return _filter(operator, name, values, modifiers, goals)
    raise StatsQueryError('a filter is a list such as ["is", "event:page", ["/pricing"]]')


def parse_v1_filters(text: str, goals: Sequence[RegisteredGoal]) -> tuple[Condition, ...]:
    """The conditions of filters of version 1, such as `event:page==/blog/**;visit:source!=Google`.

    Raises:
        StatsQueryError: A filter is invalid.
    """
    return tuple(_parse_v1_filter(part, goals) for part in _SEMICOLON.split(text) if part.strip())


def _parse_v1_filter(part: str, goals: Sequence[RegisteredGoal]) -> Condition:
    match = _COMPARISON.fullmatch(part.strip())
    if match is None:
        raise StatsQueryError("a filter is a text such as event:page==/pricing")
    name, comparison, rest = (each.strip() for each in match.groups())
    values = [re.sub(r"\\([|;])", r"\1", value) for value in _BAR.split(rest)]
    is_negated = comparison == "!="
    if name == GOAL:
        condition = _goals_condition("is", values, goals)
        return Not(condition) if is_negated else condition
    operator: Operator = "is_not" if is_negated else "is"
    if any("*" in value for value in values):
        operator = "matches_wildcard_not" if is_negated else "matches_wildcard"
    return _checked(Filter(operator, name, tuple(values)))


def _checked(condition: Filter) -> Filter:
    if condition.dimension == COUNTRY and condition.operator in ("is", "is_not"):
        codes = {*condition.values} - {NOT_SET}
        if not all(map(_COUNTRY_CODE.fullmatch, codes)):
            raise StatsQueryError(f"filter {COUNTRY} by 2-letter country codes such as DE")
    return condition


def _filter(
    operator: str,
    name: str,
    values: Sequence[Any],
    modifiers: Mapping[str, Any],
    goals: Sequence[RegisteredGoal],
) -> Condition:
    if not values or not all(isinstance(value, str) for value in values):
        raise StatsQueryError(f"filter {name} by a list of texts")
    ignore_case = modifiers.get("case_sensitive") is False
    if name == GOAL:
        return _goals_condition(operator, values, goals, ignore_case=ignore_case)
    if operator in ("matches", "matches_not"):
        raise StatsQueryError("the collector takes no regular expressions; use matches_wildcard")
    if operator not in OPERATORS:
        raise StatsQueryError(
            f"there is no operator {operator!r}; choose from {', '.join(OPERATORS)}"
        )
    return _checked(Filter(operator, name, tuple(values), ignore_case))


def _goals_condition(
    operator: str,
    names: Sequence[str],
    goals: Sequence[RegisteredGoal],
    *,
    ignore_case: bool = False,
) -> Condition:
    if operator not in ("is", "contains"):
        raise StatsQueryError(f"filter {GOAL} with is or contains")
    if len(names) > MAX_VALUES:
        raise StatsQueryError(f"filter {GOAL} by 1 to {MAX_VALUES} values")
    fold = str.casefold if ignore_case else str
    wanted = {fold(name): name for name in names}
    named = [(fold(goal.display_name), goal) for goal in goals]
    if operator == "contains":
        chosen = [goal for name, goal in named if any(part in name for part in wanted)]
    else:
        chosen = [goal for name, goal in named if name in wanted]
        for missing in {*wanted} - {name for name, _ in named}:
            raise StatsQueryError(f"the goal {wanted[missing]!r} is not configured for this site")
    return AnyGoal(tuple(goal_condition(goal) for goal in chosen))
