"""The settings that an app really has, for the commands that check and explain them.

They are those of the middleware in the app that `--app` names, of Django's settings, or of the
FOOTFALL_* variables. Loading an app runs its code; no request is made.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from footfall.common.log import error_location
from footfall.errors import ConfigError

if TYPE_CHECKING:
    import argparse

    from footfall.config import Config
    from footfall.tracker.setup_checks import SetupFinding, SiteFacts

_DJANGO: Final = "DJANGO_SETTINGS_MODULE"
# `module:name`, and `module:name()` for a function that makes the app, as gunicorn writes it.
_APP: Final = re.compile(r"(?P<module>[\w.]+):(?P<name>[\w.]+)(?P<call>\(\))?")


class AppSettings(NamedTuple):
    """The settings, where they come from, and what the framework adds."""

    origin: str
    config: Config
    site: SiteFacts
    findings: tuple[SetupFinding, ...] = ()
    """What only this framework's own checks find."""


def add_arguments(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    """Declare the options that say whose settings; return their group."""
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument(
        "--app",
        metavar="MODULE:APP",
        help="the settings of the middleware in this app, or in the one that MODULE:FUNCTION() "
        "returns",
    )
    whose.add_argument(
        "--settings",
        metavar="MODULE",
        help=f"Django's settings; by default those of {_DJANGO}, and without it the FOOTFALL_* "
        "variables",
    )
    return whose


def load(args: argparse.Namespace) -> AppSettings:
    """Load the app, or its settings.

    Raises:
        ConfigError: the settings cannot work.
        ValueError: the app cannot be loaded, or has no middleware.
    """
    from footfall.tracker import process_hooks

    before = process_hooks.trackers()
    given = getattr(args, "app_object", None)
    if given is not None:
        return _of_app(given, "this app", before)
    if args.app:
        return _of_app(_imported(args.app), f"the app {args.app}", before)
    if args.settings:
        os.environ[_DJANGO] = args.settings
    if os.environ.get(_DJANGO):
        return _of_django()
    return _of_environment()


def _of_environment() -> AppSettings:
    from footfall.config import Config
    from footfall.tracker.setup_checks import SiteFacts

    return AppSettings("the FOOTFALL_* variables", Config.load({}), SiteFacts())


# -- Django ------------------------------------------------------------------------------------


def _of_django() -> AppSettings:
    module = os.environ[_DJANGO]
    _find_modules_here()
    try:
        import django

        django.setup()
        from footfall.django import checks
        from footfall.django.middleware import settings_tracker
    except ConfigError:
        raise
    except Exception as error:
        raise ValueError(f"Django's settings {module} cannot be loaded: {_said(error)}") from error
    return AppSettings(
        f"Django's settings {module}",
        settings_tracker().config,
        checks.site(),
        tuple(checks.findings()),
    )


# -- apps --------------------------------------------------------------------------------------


def _imported(path: str) -> object:
    match = _APP.fullmatch(path)
    if match is None:
        raise ValueError(f"--app {path}: write MODULE:APP, such as shop.main:app")
    _find_modules_here()
    try:
        found: Any = import_module(match["module"])
        for name in match["name"].split("."):
            found = getattr(found, name)
        return found() if match["call"] else found
    except ConfigError:
        raise
    except Exception as error:
        raise ValueError(f"--app {path} cannot be loaded: {_said(error)}") from error


def _find_modules_here() -> None:
    """Look for modules in the working directory, as `python -m` and every server do."""
    here = str(Path.cwd())
    if not {"", here}.intersection(sys.path):
        sys.path.insert(0, here)


def _of_app(app: object, origin: str, before: Sequence[object]) -> AppSettings:
    from footfall.tracker import Tracker, process_hooks
    from footfall.tracker.double_install import layers_of, trackers_within
    from footfall.tracker.setup_checks import SiteFacts

    layers = [*layers_of(app)]
    if any(_is_of(layer, "django.core.handlers") for layer in layers):
        found = _of_django()
        from footfall.django import checks

        return found._replace(origin=origin, findings=(*found.findings, *checks.unflushed(app)))
    config = next((tracker.config for tracker in trackers_within(app)), None)
    config = config or next(_added_later(layers), None)
    # Frameworks keep what wraps them in many places; the app made it while it was loaded.
    made = [each for each in process_hooks.trackers() if each not in before]
    config = config or next((each.config for each in made if isinstance(each, Tracker)), None)
    if config is None:
        raise ValueError(f"{origin} has no footfall middleware: see how to add it to its framework")
    hosts_setting, hosts = next(_hosts(layers), ("", ()))
    proxy = "ProxyFix" if any(_is_of(each, "werkzeug.middleware") for each in layers) else None
    return AppSettings(origin, config, SiteFacts(hosts_setting, hosts, proxy))


def _added_later(layers: list[object]) -> Iterator[Config]:
    """The settings of what Starlette makes only when a server starts the app."""
    from footfall.asgi import FootfallMiddleware
    from footfall.config import Config

    for each in _added(layers):
        if isinstance(each.cls, type) and issubclass(each.cls, FootfallMiddleware):
            tracker = each.kwargs.get("tracker")
            yield Config.load(each.kwargs) if tracker is None else tracker.config


def _added(layers: list[object]) -> Iterator[Any]:
    for layer in layers:
        added = getattr(layer, "__dict__", {}).get("user_middleware", ())
        yield from (each for each in added if hasattr(each, "cls") and hasattr(each, "kwargs"))


def _hosts(layers: list[object]) -> Iterator[tuple[str, list[str]]]:
    """The setting of the framework that names the hosts that visitors may use, and these."""
    for layer in layers:
        settings = getattr(layer, "__dict__", {}).get("config")
        if isinstance(settings, Mapping) and _is_of(layer, "flask."):
            if hosts := settings.get("TRUSTED_HOSTS"):
                yield "TRUSTED_HOSTS", [*hosts]
            if name := settings.get("SERVER_NAME"):
                yield "SERVER_NAME", [str(name).partition(":")[0]]
    for each in _added(layers):
        if getattr(each.cls, "__name__", "") == "TrustedHostMiddleware":
            hosts = each.kwargs.get("allowed_hosts") or ()
            yield "allowed_hosts", [host.removeprefix("*") or "*" for host in hosts]


def _is_of(layer: object, package: str) -> bool:
    """Whether a class of this package is among those of an object."""
    return any(each.__module__.startswith(package) for each in type(layer).__mro__)


def _said(error: BaseException) -> str:
    """What an error says, and where it was raised, if that is in the app's code."""
    place = error_location(error).partition(" in ")[2]
    is_elsewhere = place.startswith(("<", __file__))
    return f"{type(error).__name__}: {error}" + ("" if is_elsewhere else f" ({place})")
