"""System checks, by id:

footfall.E001   an option in FOOTFALL, or a FOOTFALL_* variable, cannot work
footfall.W001   the middleware is not installed
footfall.W002   the middleware is installed twice
footfall.W003   `exclude` names a URL pattern that does not exist
footfall.W004   no destination is configured (unless DEBUG, or with --deploy)
footfall.W005   counting is switched off (unless DEBUG, or with --deploy)
footfall.W006   only hosts of this machine are allowed, whose pages do not count (--deploy)
footfall.W007   the address of the proxy in front is every visitor's (--deploy)
footfall.W008   only hosts of a private network are allowed, under which pages are sent (--deploy)
footfall.W009   the middleware is after one of Django's that answers requests by itself
footfall.W010   the app of ASGI_APPLICATION has no FlushOnShutdown (--deploy)
footfall.W011   a destination counts for a site whose name is nearly that of a host (--deploy)
footfall.W012   a destination cannot be reached; this sends no event (--deploy)
"""

from __future__ import annotations

import difflib
import itertools
import os
from collections.abc import Iterator
from typing import Any, Final

from django.conf import settings
from django.core import mail
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 -- Django's own names
from django.core.handlers.wsgi import WSGIHandler
from django.urls import URLResolver, get_resolver
from django.utils.module_loading import import_string

from footfall.asgi import FlushOnShutdown
from footfall.config import Config
from footfall.django.middleware import NAME_PREFIX, SETTING, excluded_names, settings_options
from footfall.errors import ConfigError
from footfall.tracker import setup_checks
from footfall.tracker.double_install import layers_of

MIDDLEWARE: Final = "footfall.django.FootfallMiddleware"
_SPELLINGS: Final = (MIDDLEWARE, "footfall.django.middleware.FootfallMiddleware")
# It redirects to https alone, and belongs first by Django's own documents.
_HARMLESS_OUTSIDE: Final = ("django.middleware.security.SecurityMiddleware",)
# Django's settings that are only right behind a proxy.
_OF_PROXIES: Final = ("SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT")


def check_options(**_: Any) -> list[CheckMessage]:
    """E001 for each fault of the settings and the environment, with its remedy as the hint."""
    try:
        Config.load(settings_options())
    except ConfigError as error:
        return [
            Error(
                f"{_spelled(fault.option)} = {fault.shown_value}", fault.remedy, id="footfall.E001"
            )
            for fault in error.faults
        ]
    return []


def _spelled(option: str) -> str:
    """The option as the settings spell it: an environment variable, the setting, or its key."""
    return option if option.startswith(SETTING) else f"{SETTING}[{option!r}]"


def check_middleware(**_: Any) -> list[CheckMessage]:
    """W001, W002 or W009 where MIDDLEWARE does not list the middleware once, and first."""
    installed = _times_installed()
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
    return check_order()


def check_order() -> list[CheckMessage]:
    """W009 where one of Django's that answers requests comes before the middleware."""
    outside = [name for name in _before_ours() if name.startswith("django.")]
    answering = [name for name in outside if name not in _HARMLESS_OUTSIDE]
    if not answering:
        return []
    return [
        Warning(
            f"{answering[-1]} comes before footfall's middleware, which does not see the pages and "
            "redirects that it answers by itself",
            f'put "{MIDDLEWARE}" first in MIDDLEWARE',
            id="footfall.W009",
        )
    ]


def _before_ours() -> list[str]:
    return [*itertools.takewhile(lambda name: name not in _SPELLINGS, settings.MIDDLEWARE)]


def check_active(**_: Any) -> list[CheckMessage]:
    """W004 or W005 where nothing is counted. Under DEBUG and in tests that may be intended."""
    config = None if settings.DEBUG or _is_test_run() else _installed_config()
    return _inactive(config) if config is not None else []


def check_deployment(**_: Any) -> list[CheckMessage]:
    """W004 to W012, for the settings of a site that visitors use."""
    config = _installed_config()
    if config is None:
        return []
    if not config.is_active:
        return _inactive(config) if settings.DEBUG else []  # otherwise `check_active` says so
    found = [
        *setup_checks.findings(config, site(), os.environ),
        *setup_checks.unreachable(config, os.environ),
    ]
    found += unflushed_setting()
    return [*map(_message, found)]


def findings() -> Iterator[setup_checks.SetupFinding]:
    """What is wrong with a project besides the settings that every framework has."""
    for message in (*check_middleware(), *check_names(), *map(_message, unflushed_setting())):
        yield setup_checks.SetupFinding(
            str(message.id).removeprefix("footfall."), str(message.msg), message.hint or ""
        )


def site() -> setup_checks.SiteFacts:
    """What the settings say of the hosts, and of a proxy in front."""
    proxy_setting = next((name for name in _OF_PROXIES if getattr(settings, name)), None)
    return setup_checks.SiteFacts("ALLOWED_HOSTS", settings.ALLOWED_HOSTS, proxy_setting)


def _is_test_run() -> bool:
    """True under `manage.py test`, which runs the checks without DEBUG."""
    return hasattr(mail, "outbox")


def _inactive(config: Config) -> list[CheckMessage]:
    return [] if config.is_active else [_message(setup_checks.inactive(config, os.environ))]


def _message(finding: setup_checks.SetupFinding) -> CheckMessage:
    return Warning(finding.text, finding.remedy, id=f"footfall.{finding.id}")


def unflushed_setting() -> list[setup_checks.SetupFinding]:
    """W010 where the app of ASGI_APPLICATION delivers nothing when its server stops."""
    path = getattr(settings, "ASGI_APPLICATION", None)
    try:
        return unflushed(import_string(path)) if path else []
    except ImportError:  # Django itself reports it, when it serves
        return []


def unflushed(app: object) -> list[setup_checks.SetupFinding]:
    """W010 where an ASGI app of Django's delivers nothing when its server stops."""
    layers = [*layers_of(app)]
    if isinstance(layers[-1], WSGIHandler) or any(isinstance(x, FlushOnShutdown) for x in layers):
        return []
    return [
        setup_checks.SetupFinding(
            "W010",
            "the ASGI app has no FlushOnShutdown, so a server may stop with events that are not "
            "sent",
            "In asgi.py: from footfall.asgi import FlushOnShutdown; application = "
            "FlushOnShutdown(get_asgi_application())",
        )
    ]


def _installed_config() -> Config | None:
    """The settings; None without the middleware, or where `check_options` finds a fault."""
    try:
        return Config.load(settings_options()) if _times_installed() else None
    except ConfigError:
        return None


def _times_installed() -> int:
    return sum(name in _SPELLINGS for name in settings.MIDDLEWARE)


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
