"""One tracker for equal options in a process.

Frameworks make a middleware as often as they like: Litestar for each route handler, an app factory
for each app. Each with a tracker of its own would multiply threads, connections and warnings, and
no tracker would see the events of a visitor in order.

Options are equal if all values are, those from the environment among them. An object that may
change, such as a destination of the app's that has state, is only equal to itself.
"""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final
from weakref import WeakValueDictionary

from footfall.config import OPTIONS, Config, overruled, under_pytest
from footfall.tracker import process_hooks
from footfall.tracker.tracker import Tracker

__all__ = ["shared_tracker"]

# Each for as long as an app uses it. No lock, which a fork could leave held: two threads that make
# their first app at the same moment may get two trackers, and both count.
_TRACKERS: Final[WeakValueDictionary[Hashable, Tracker]] = WeakValueDictionary()


def shared_tracker(
    options: Mapping[str, Any], *, origin: str = "", environ: Mapping[str, str] | None = None
) -> Tracker:
    """The tracker of this process for these options, made by the first call.

    Args: those of `Tracker.from_options`, which makes one that is not shared.

    Raises:
        ConfigError: the options cannot work; lists every fault.
    """
    environ = os.environ if environ is None else environ
    config = Config.load(options, environ=environ, origin=origin)
    key = _key(config, environ)
    tracker = _TRACKERS.get(key)
    if tracker is None:
        tracker = _TRACKERS.setdefault(key, Tracker(config, environ=environ))
    process_hooks.register(tracker)
    tracker.warn_of_overruled(overruled(options, environ))
    return tracker


def _key(config: Config, environ: Mapping[str, str]) -> Hashable:
    """Equal for what makes equal trackers.

    Of the environment, what a `Config` does not hold; whether a server reloads shows only while it
    loads the app, and changes nothing but the time for an end.
    """
    values = tuple(_comparable(getattr(config, name)) for name in OPTIONS)
    return values, process_hooks.serverless_variable(environ), under_pytest(environ)


def _comparable(value: object) -> Hashable:
    if isinstance(value, list | tuple):
        return tuple(map(_comparable, value))
    if isinstance(value, AbstractSet):
        return frozenset(map(_comparable, value))
    try:
        hash(value)
    except TypeError:
        return _Identity(value)
    return value


class _Identity:
    """Equal to that of the same object only."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other._value is self._value

    def __hash__(self) -> int:
        return id(self._value)
