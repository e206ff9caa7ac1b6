"""The options of the complement: below which path its script and its reports are answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from footfall.common.path_prefix import is_below, normalized_path
from footfall.config.options import Options
from footfall.errors import ConfigError, Fault

__all__ = ["ComplementOptions", "complement_options"]

_EXAMPLE: Final = 'write a path such as "/_stats"; the rest is the app\'s'
_ROUTES: Final = (
    'cannot know the route of a page that no request was sent for: leave path_mode at "path"'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplementOptions:
    """Where the complement is."""

    path: str
    """With a slash at its beginning and none at its end."""


def complement_options(options: Options) -> ComplementOptions | None:
    """The options of the complement; None where there is to be none.

    Raises:
        ConfigError: with a fault for each option that cannot work.
    """
    value: object = options["complement"]
    if value is None:
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
    return ComplementOptions(path=path)


def _path(value: object) -> str:
    """The path of the dashboard; empty for none, or for one that is a fault of its own."""
    try:
        return normalized_path(value) if isinstance(value, str) else ""
    except ValueError:
        return ""
