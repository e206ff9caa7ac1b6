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
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from typing import Any, Final

from django.conf import settings
from django.core import mail
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 -- Django's own names
from django.urls import URLResolver, get_resolver

from footfall.common.internal_host import is_internal
from footfall.common.loopback import is_loopback
from footfall.config import Config
from footfall.django.middleware import NAME_PREFIX, SETTING, excluded_names, settings_options
from footfall.errors import ConfigError
from footfall.rules.pageview import HOST_REMEDY, LOCALHOST_REMEDY
from footfall.tracker.uncounted_pages import inactive_cause

MIDDLEWARE: Final = "footfall.django.FootfallMiddleware"
_SPELLINGS: Final = (MIDDLEWARE, "footfall.django.middleware.FootfallMiddleware")
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
    """W001 or W002 where MIDDLEWARE does not list the middleware exactly once."""
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
    return []


def check_active(**_: Any) -> list[CheckMessage]:
    """W004 or W005 where nothing is counted. Under DEBUG and in tests that may be intended."""
    config = None if settings.DEBUG or _is_test_run() else _installed_config()
    return _inactive(config) if config is not None else []


def check_deployment(**_: Any) -> list[CheckMessage]:
    """W004 to W008, for the settings of a site that visitors use."""
    config = _installed_config()
    if config is None:
        return []
    found = []
    if settings.DEBUG:  # otherwise `check_active` says so
        found += _inactive(config)
    if config.is_active:
        found += _unknown_hosts(config)
        found += _unread_proxy(config)
    return found


def _is_test_run() -> bool:
    """True under `manage.py test`, which runs the checks without DEBUG."""
    return hasattr(mail, "outbox")


def _inactive(config: Config) -> list[CheckMessage]:
    if config.is_active:
        return []
    cause = inactive_cause(config, os.environ)
    check = "footfall.W004" if config.enabled else "footfall.W005"
    return [Warning(f"footfall counts nothing: {cause.text}", cause.remedy, id=check)]


def _unknown_hosts(config: Config) -> list[CheckMessage]:
    hosts = [pattern.removeprefix(".").lower() for pattern in settings.ALLOWED_HOSTS]
    # Django itself reports that no host is allowed.
    if config.base_url or config.is_local_only or not hosts or "*" in hosts:
        return []
    if all(is_loopback(host.strip("[].")) for host in hosts):
        return [] if config.pageview_options.track_localhost else [_only_local()]
    if all(is_loopback(host.strip("[].")) or is_internal(host) for host in hosts):
        return [_only_internal()]
    return []


def _only_local() -> CheckMessage:
    return Warning(
        "ALLOWED_HOSTS has only names of this machine, and pages on those do not count",
        f"Add the host that visitors use. {LOCALHOST_REMEDY}",
        id="footfall.W006",
    )


def _only_internal() -> CheckMessage:
    return Warning(
        "ALLOWED_HOSTS has only names that a private network knows, and pages are sent under these",
        f"Add the host that visitors use. {HOST_REMEDY}",
        id="footfall.W008",
    )


def _unread_proxy(config: Config) -> list[CheckMessage]:
    setting = next((name for name in _OF_PROXIES if getattr(settings, name)), None)
    if setting is None or not config.resolver.reads_no_header:
        return []
    return [
        Warning(
            f"{setting} says that a proxy is in front, and `trusted_proxies` that none is: the "
            "proxy's address would be every visitor's",
            "Remove `trusted_proxies`, or set it to the networks of the proxies.",
            id="footfall.W007",
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
