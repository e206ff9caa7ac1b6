"""The filters of both versions of the Stats API, and goals, as conditions of a question.

A goal is a condition on events: their name, or that they are views of a page. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from footfall.collector.storage.sites import RegisteredGoal
from footfall.collector.storage.stats import AllOf, AnyOf, Condition, Filter, Not, StatsQueryError
from footfall.collector.storage.stats.query import OPERATORS, Operator
from footfall.model import PAGEVIEW

GOAL: Final = "event:goal"

# Of version 1: `==` or `!=` between a property and values that `|` separates.
_COMPARISON: Final = re.compile(r"([^=!]+)(==|!=)(.*)", re.DOTALL)
_SEMICOLON: Final = re.compile(r"(?<!\\);")
_BAR: Final = re.compile(r"(?<!\\)\|")


def of_goal(goal: RegisteredGoal) -> Condition:
    """What an event has to be to reach a goal."""
    if goal.kind == "event":
        own: tuple[Condition, ...] = (Filter("is", "event:name", (goal.name,)),)
    else:
        own = (
            Filter("is", "event:name", (PAGEVIEW,)),
            Filter("matches_wildcard", "event:page", (goal.name,)),
        )
    props = (Filter("is", f"event:props:{key}", (text,)) for key, text in goal.custom_props.items())
    return AllOf((*own, *props))


def of_list(found: Any, goals: Sequence[RegisteredGoal]) -> Condition:
    """A filter of version 2, such as `["is", "event:page", ["/"]]`.

    Raises:
        QuestionError: It is none, or one that Plausible alone understands.
    """
    match found:
        case ["and" | "or" as word, [*several]]:
            conditions = tuple(of_list(each, goals) for each in several)
            return AllOf(conditions) if word == "and" else AnyOf(conditions)
        case ["not", inner]:
            return Not(of_list(inner, goals))
        case [str(operator), str(name), [*values]]:
            return _compared(operator, name, values, {}, goals)
        case [str(operator), str(name), [*values], dict(modifiers)]:
            return _compared(operator, name, values, modifiers, goals)
    raise StatsQueryError('a filter is a list such as ["is", "event:page", ["/pricing"]]')


def of_text(text: str, goals: Sequence[RegisteredGoal]) -> tuple[Condition, ...]:
    """The filters of version 1, such as `event:page==/blog/**;visit:source!=Google`.

    Raises:
        QuestionError: They cannot be read.
    """
    return tuple(_of_part(part, goals) for part in _SEMICOLON.split(text) if part.strip())


def _of_part(part: str, goals: Sequence[RegisteredGoal]) -> Condition:
    found = _COMPARISON.fullmatch(part.strip())
    if found is None:
        raise StatsQueryError("a filter is a text such as event:page==/pricing")
    name, comparison, rest = found.groups()
    values = [re.sub(r"\\([|;])", r"\1", value) for value in _BAR.split(rest)]
    if name == GOAL:
        either = _of_goals("is", values, goals)
    else:
        either = AnyOf(tuple(_of_value(name, value) for value in values))
    return Not(either) if comparison == "!=" else either


def _of_value(name: str, value: str) -> Filter:
    operator: Operator = "matches_wildcard" if "*" in value else "is"
    return Filter(operator, name, (value,))


def _compared(
    operator: str,
    name: str,
    values: Sequence[Any],
    modifiers: Mapping[str, Any],
    goals: Sequence[RegisteredGoal],
) -> Condition:
    if not values or not all(isinstance(value, str) for value in values):
        raise StatsQueryError(f"filter {name} by a list of texts")
    if name == GOAL:
        return _of_goals(operator, values, goals)
    if operator in ("matches", "matches_not"):
        raise StatsQueryError("the collector takes no regular expressions; use matches_wildcard")
    if operator not in OPERATORS:
        raise StatsQueryError(f"there is no operator {operator!r}; choose from {_words(OPERATORS)}")
    ignore_case = modifiers.get("case_sensitive") is False
    return Filter(operator, name, tuple(values), ignore_case)


def _of_goals(operator: str, names: Sequence[str], goals: Sequence[RegisteredGoal]) -> Condition:
    if operator not in ("is", "contains"):
        raise StatsQueryError(f"filter {GOAL} with is or contains")
    chosen = [goal for goal in goals if _is_chosen(goal.display_name, operator, names)]
    if operator == "is":
        for name in {*names} - {goal.display_name for goal in chosen}:
            raise StatsQueryError(f"the goal {name!r} is not configured for this site")
    return AnyOf(tuple(of_goal(goal) for goal in chosen))


def _is_chosen(display_name: str, operator: str, names: Sequence[str]) -> bool:
    if operator == "is":
        return display_name in names
    return any(name in display_name for name in names)


def _words(words: Iterable[str]) -> str:
    return ", ".join(words)
