"""System checks, by id:

footfall.E001   an option in FOOTFALL, or a FOOTFALL_* variable, cannot work
footfall.W001   the middleware is not installed
footfall.W002   the middleware is installed twice
"""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 -- Django's own names

from footfall.config import Config
from footfall.django.middleware import SETTING, settings_options
from footfall.errors import ConfigError

MIDDLEWARE: Final = "footfall.django.FootfallMiddleware"
_SPELLINGS: Final = (MIDDLEWARE, "footfall.django.middleware.FootfallMiddleware")


def check_options(**_: Any) -> list[CheckMessage]:
    try:
        Config.load(settings_options())
    except ConfigError as error:
        return [
            Error(f"{_spelled(fault.option)} = {fault.value!r}", fault.remedy, id="footfall.E001")
            for fault in error.faults
        ]
    return []


def _spelled(option: str) -> str:
    """As the owner wrote it: a variable of the environment, the setting, or a key of that."""
    return option if option.startswith(SETTING) else f"{SETTING}[{option!r}]"


def check_middleware(**_: Any) -> list[CheckMessage]:
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
                "footfall's middleware is installed twice, so every page counts twice",
                f'keep one "{MIDDLEWARE}" in MIDDLEWARE',
                id="footfall.W002",
            )
        ]
    return []
