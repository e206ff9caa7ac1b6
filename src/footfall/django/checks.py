"""System checks, by id:

footfall.E001   an option in FOOTFALL, or a FOOTFALL_* variable, cannot work
footfall.W001   the middleware is not installed
footfall.W002   the middleware is installed twice
footfall.W003   `exclude` names a URL pattern that does not exist
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 -- Django's own names
from django.urls import URLResolver, get_resolver

from footfall.config import Config
from footfall.django.middleware import NAME_PREFIX, SETTING, excluded_names, settings_options
from footfall.errors import ConfigError

MIDDLEWARE: Final = "footfall.django.FootfallMiddleware"
_SPELLINGS: Final = (MIDDLEWARE, "footfall.django.middleware.FootfallMiddleware")


def check_options(**_: Any) -> list[CheckMessage]:
    """E001 for each fault of the settings and the environment, with its remedy as the hint."""
    try:
        Config.load(settings_options())
    except ConfigError as error:
        return [
            Error(f"{_spelled(fault.option)} = {fault.value!r}", fault.remedy, id="footfall.E001")
            for fault in error.faults
        ]
    return []


def _spelled(option: str) -> str:
    """The option as the settings spell it: an environment variable, the setting, or its key."""
    return option if option.startswith(SETTING) else f"{SETTING}[{option!r}]"


def check_middleware(**_: Any) -> list[CheckMessage]:
    """W001 or W002 where MIDDLEWARE does not list the middleware exactly once."""
    installed = sum(name in _SPELLINGS for name in settings.MIDDLEWARE)
    if installed == 0:
        return [
            Warning(
                "footfall is in INSTALLED_APPS, but its middleware is not installed",
                f'put "{MIDDLEWARE}" first in MIDDLEWARE',
                id="footfall.W001",
            )
        ]
    if installed > 1:
        return [
            Warning(
                "footfall's middleware is installed twice, and the second one counts nothing",
                f'keep one "{MIDDLEWARE}" in MIDDLEWARE',
                id="footfall.W002",
            )
        ]
    return []


def check_names(**_: Any) -> list[CheckMessage]:
    """W003 for each excluded name that no URL pattern has. Loads the URLs."""
    try:
        excluded = excluded_names()
    except ConfigError:  # `check_options` reports it
        return []
    if not excluded:
        return []
    known = sorted(set(_view_names(get_resolver(), "")))
    return [
        Warning(
            f"{SETTING}['exclude'] names {NAME_PREFIX + name!r}, and no URL pattern has that name",
            _nearest(name, known),
            id="footfall.W003",
        )
        for name in sorted(excluded.difference(known))
    ]


def _view_names(resolver: URLResolver, namespace: str) -> Iterator[str]:
    """The names of all URL patterns, as `app:view`."""
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            inner = f"{namespace}{each.namespace}:" if each.namespace else namespace
            yield from _view_names(each, inner)
        elif each.name:
            yield f"{namespace}{each.name}"


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return (
        f'did you mean "{NAME_PREFIX}{close[0]}"?'
        if close
        else f'write it as "{NAME_PREFIX}app:view"'
    )
