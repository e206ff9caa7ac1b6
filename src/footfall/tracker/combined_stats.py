"""The counters of all trackers of a process as one account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from footfall.delivery.circuit_breaker import STATES

__all__ = ["combined"]


def combined(stats: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What several `Tracker.stats()` say together, in the shape of each.

    Numbers are added up and texts listed; of what cannot be added, the worst is taken.

    Args:
        stats: Those of each tracker; of one alone they are returned as they are, of none it is {}.
    """
    found = list(stats)
    names = dict.fromkeys(name for each in found for name in each)
    return {name: _combined(name, [each[name] for each in found if name in each]) for name in names}


def _combined(name: str, values: Sequence[Any]) -> Any:
    if name in _RULES:
        return _RULES[name](values)
    first = values[0]
    if isinstance(first, Mapping):
        return combined(values)
    return _listed(values) if isinstance(first, str) else sum(values)


def _listed(values: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(values))


_RULES: Final[Mapping[str, Callable[[Sequence[Any]], Any]]] = {
    "breaker": lambda states: max(states, key=STATES.index),
    "is_drainer": any,
    "is_in_use": all,
    "is_paused": any,
    "oldest_age_seconds": max,
    "share": min,
    # Of all processes, where these are added up.
    "used": lambda periods: {
        name: max(each.get(name, 0) for each in periods)
        for name in dict.fromkeys(name for each in periods for name in each)
    },
    # Of the same file as a rule: the path is in a variable that all apps read.
    "rows": max,
}
