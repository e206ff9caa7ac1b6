"""The options of the complement: below which path its script and its reports are answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from footfall.common.path_prefix import is_below, normalized_path
from footfall.config.options import Options
from footfall.destinations import Destination, GoatCounter, Matomo, Umami, unwanted_names
from footfall.errors import ConfigError, Fault
from footfall.model import ENGAGEMENT, HEARTBEAT

__all__ = ["PARTS", "ComplementOptions", "Part", "complement_options"]

Part: TypeAlias = Literal["window", "hash_routes", "engagement", "heartbeat"]

PARTS: Final[tuple[Part, ...]] = ("window", "hash_routes", "engagement", "heartbeat")
"""What the script may do beside its task, each by an option of its own."""

_OptionName: TypeAlias = Literal[
    "complement_window",
    "complement_hash_routes",
    "complement_engagement",
    "complement_heartbeat",
]

_OPTION_OF: Final[Mapping[Part, _OptionName]] = {
    "window": "complement_window",
    "hash_routes": "complement_hash_routes",
    "engagement": "complement_engagement",
    "heartbeat": "complement_heartbeat",
}


def _takes_details(destination: Destination) -> bool:
    inner = getattr(destination, "to", destination)
    return not isinstance(inner, GoatCounter | Matomo | Umami)


# By the part: whether a destination takes it, and which do.
_TAKEN_BY: Final[Mapping[Part, tuple[Callable[[Destination], bool], str]]] = {
    "window": (
        _takes_details,
        "GoatCounter, Matomo and Umami take neither the width of the window nor the time zone",
    ),
    "engagement": (
        lambda destination: ENGAGEMENT not in unwanted_names(destination),
        "only Plausible, the collector, a file of the app's own, and a queue with engagement=True "
        "take it",
    ),
    "heartbeat": (
        lambda destination: HEARTBEAT not in unwanted_names(destination),
        "only Swetrix, and a queue, with heartbeats=True take one",
    ),
}
_ALONE: Final = 'needs the option complement, such as complement="/_stats"'

_EXAMPLE: Final = 'write a path such as "/_stats"; the rest is the app\'s'
_ROUTES: Final = (
    'cannot know the route of a page that no request was sent for: leave path_mode at "path"'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplementOptions:
    """Where the complement is."""

    path: str
    """With a slash at its beginning and none at its end."""
    parts: frozenset[Part] = frozenset()
    """What the script does beside its task."""
    warnings: tuple[str, ...] = ()
    """What is valid and has no effect; one sentence each."""


def complement_options(
    options: Options, destinations: Sequence[Destination]
) -> ComplementOptions | None:
    """The options of the complement; None where there is to be none.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """
    value: object = options["complement"]
    parts = [part for part in PARTS if options[_OPTION_OF[part]]]
    if value is None:
        if parts:
            raise ConfigError([Fault(_OPTION_OF[part], True, _ALONE) for part in parts])
        return None
    try:
        path = normalized_path(value) if isinstance(value, str) else ""
    except ValueError as error:
        raise ConfigError(Fault("complement", value, str(error))) from None
    if not path:
        raise ConfigError(Fault("complement", value, _EXAMPLE))
    faults = []
    dashboard = _path(options["dashboard"])
    if dashboard and (is_below(path, dashboard) or is_below(dashboard, path)):
        remedy = f"is not to be one path with the dashboard, {dashboard}, nor below it or above it"
        faults.append(Fault("complement", value, remedy))
    if options["path_mode"] == "route":
        faults.append(Fault("complement", value, _ROUTES))
    if faults:
        raise ConfigError(faults)
    warnings = [
        text
        for part, (taken_by, remedy) in _TAKEN_BY.items()
        if part in parts and destinations and not any(map(taken_by, destinations))
        for text in [f"{_OPTION_OF[part]} has no effect: {remedy}"]
    ]
    return ComplementOptions(path=path, parts=frozenset(parts), warnings=tuple(warnings))


def _path(value: object) -> str:
    """The path of the dashboard; empty for none, or for one that is a fault of its own."""
    try:
        return normalized_path(value) if isinstance(value, str) else ""
    except ValueError:
        return ""
