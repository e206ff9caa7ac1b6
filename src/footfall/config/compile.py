"""Compiles the options once, at start, so that requests find the parts ready."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from ipaddress import ip_network
from typing import Final, Literal, NamedTuple, TypeVar, cast

from footfall.client_ip import ClientIP
from footfall.client_ip.addresses import Networks
from footfall.config.complement import ComplementOptions, complement_options
from footfall.config.dashboard import DashboardOptions, dashboard_options
from footfall.config.options import Options
from footfall.delivery import Limits
from footfall.delivery.limits import DEFAULTS
from footfall.delivery.redis.client import connect
from footfall.destinations import (
    Destination,
    RedisStream,
    destination_from,
    is_local,
    max_name_chars,
    queue_of,
    split_dsns,
)
from footfall.errors import ConfigError, Fault, hide_path
from footfall.rules import pageview, url
from footfall.rules.path_rules import DEFAULT_EXCLUDE, PathRules, Pattern, pattern_list

__all__ = ["Compiled", "compile_options"]

# Longer than a restart takes; far from the half hour after which vendors open another visit.
_OUTBOX_MAX_AGE_SECONDS: Final = 300.0

# The beginning of a second destination in the same line.
_OTHER_SEPARATOR: Final = re.compile(r"[\s;|]+[a-z]+(\+http)?://")

_T = TypeVar("_T")


class Compiled(NamedTuple):
    """What the options are compiled into: the attributes of a Config after its options."""

    all_destinations: tuple[Destination, ...]
    max_name_chars: int
    resolver: ClientIP
    path_rules: PathRules
    url_options: url.UrlOptions
    excluded_networks: Networks
    api_rules: PathRules | None
    pageview_options: pageview.PageviewOptions
    limits: Limits
    dashboard_options: DashboardOptions | None
    complement_options: ComplementOptions | None


def compile_options(options: Options, faults: list[Fault]) -> Compiled | None:
    """Compile the options.

    Args:
        options: All of them.
        faults: Those that are known; the ones found here are appended.

    Returns:
        None if there are any faults.
    """
    found = _try(faults, lambda: _destinations(options["destinations"]))
    resolver = _try(faults, lambda: _resolver(options))
    extensions = _try(faults, lambda: _extensions(options["download_extensions"]))
    path_rules = _try(faults, lambda: _path_rules(options))
    excluded = _try(faults, lambda: _networks(options["exclude_ips"]))
    api_rules = _try(faults, lambda: _api_rules(options["track_api"]))
    # Wrong names must not hide other faults.
    keep_query = _try(faults, lambda: _keep_query(options["keep_query"])) or frozenset()
    hides = _try(faults, lambda: _hide_path_secrets(options["hide_path_secrets"]))
    url_options = _try(faults, lambda: _url_options(options, keep_query, hides))
    dashboard = _try(faults, lambda: dashboard_options(options, found))
    complement = _try(faults, lambda: complement_options(options, found or ()))
    if found is None or resolver is None or extensions is None:
        return None
    if path_rules is None or url_options is None or excluded is None or faults:
        return None
    return Compiled(
        all_destinations=found,
        max_name_chars=max_name_chars(found),
        resolver=resolver,
        path_rules=path_rules,
        url_options=url_options,
        pageview_options=_pageview_options(options, found, extensions, path_rules, api_rules),
        excluded_networks=excluded,
        api_rules=api_rules,
        limits=Limits(
            max_events=options["max_queue"],
            max_age_seconds=_max_age(options),
            late_max_age_seconds=options["max_age_seconds"] or DEFAULTS.late_max_age_seconds,
            max_connections=options["max_connections"],
        ),
        dashboard_options=dashboard,
        complement_options=complement,
    )


def _try(faults: list[Fault], make: Callable[[], _T]) -> _T | None:
    """What `make` returns; the faults that it raises are appended to `faults`."""
    try:
        return make()
    except ConfigError as error:
        faults += error.faults
        return None


# -- the parts ---------------------------------------------------------------------------------


def _destinations(value: object) -> tuple[Destination, ...]:
    faults: list[Fault] = []
    found: list[Destination] = []
    for item in _items(value):
        if isinstance(item, str) and _OTHER_SEPARATOR.search(item):
            faults.append(Fault("destinations", hide_path(item), "separate destinations by commas"))
            continue
        try:
            destination = destination_from(cast("str", item))
            if isinstance(queue := queue_of(destination), RedisStream):
                connect(queue)  # opens no connection yet
            found.append(destination)
        except ConfigError as error:
            faults += error.faults
    names = [destination.name for destination in found]
    faults += [
        # The name of a webhook has its path, which may be a secret.
        Fault(
            "destinations",
            name.partition("/")[0],
            "is listed twice: every event would be counted twice",
        )
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if faults:
        raise ConfigError(faults)
    return tuple(found)


def _items(value: object) -> Iterable[object]:
    """The destinations in a line or a list, or the only one."""
    if isinstance(value, str):
        return split_dsns(value)
    is_list = isinstance(value, Iterable) and not isinstance(value, Mapping)
    return cast("Iterable[object]", value) if is_list else [value]


def _resolver(options: Options) -> ClientIP:
    return ClientIP(
        trusted_proxies=options["trusted_proxies"],
        client_ip_header=options["client_ip_header"],
        client_ip=options["client_ip"],
    )


def _path_rules(options: Options) -> PathRules:
    exclude = DEFAULT_EXCLUDE if options["default_exclude"] else ()
    return PathRules(
        exclude=(*exclude, *pattern_list(options["exclude"])), include=options["include"]
    )


def _networks(value: Sequence[str] | str) -> Networks:
    remedy = 'write addresses and networks, such as ["203.0.113.0/24", "2001:db8::/48"]'
    networks, faults = [], []
    for name in _names("exclude_ips", value, remedy):
        try:
            networks.append(ip_network(name, strict=False))
        except ValueError:
            faults.append(Fault("exclude_ips", name, remedy))
    if faults:
        raise ConfigError(faults)
    return Networks(networks)


def _api_rules(patterns: Sequence[Pattern] | str) -> PathRules | None:
    if not patterns:
        return None
    try:
        return PathRules(include=patterns)
    except ConfigError as error:
        raise ConfigError([each._replace(option="track_api") for each in error.faults]) from None


def _url_options(
    options: Options, keep_query: frozenset[str] | Literal["*"], hides: url.HidePathSecrets | None
) -> url.UrlOptions:
    return url.UrlOptions(
        keep_query=keep_query,
        base_url=options["base_url"],
        path_mode=options["path_mode"],
        hide_path_secrets=True if hides is None else hides,
    )


def _pageview_options(
    options: Options,
    destinations: Sequence[Destination],
    extensions: frozenset[str],
    path_rules: PathRules,
    api_rules: PathRules | None,
) -> pageview.PageviewOptions:
    track_localhost = options["track_localhost"]
    if track_localhost is None:
        track_localhost = bool(destinations) and all(map(is_local, destinations))
    return pageview.PageviewOptions(
        track_localhost=track_localhost,
        prefetch=options["prefetch"],
        bots=options["bots"],
        is_bot=options["is_bot"],
        track_404=options["track_404"],
        track_downloads=options["track_downloads"],
        download_extensions=extensions,
        track_feeds=options["track_feeds"],
        is_api=None if api_rules is None else api_rules.includes,
        track_iframes=options["track_iframes"],
        respect_dnt=options["respect_dnt"],
        respect_gpc=options["respect_gpc"],
        skip_spam_referrers=options["skip_spam_referrers"],
        excluded_by=path_rules.excluded_by,
    )


def _max_age(options: Options) -> float:
    if options["max_age_seconds"] is not None:
        return options["max_age_seconds"]
    return Limits().max_age_seconds if options["outbox"] is None else _OUTBOX_MAX_AGE_SECONDS


# -- lists of names ----------------------------------------------------------------------------


def _keep_query(value: Sequence[str] | str) -> frozenset[str] | Literal["*"]:
    if value == "*":
        return "*"
    remedy = 'write the names of parameters, such as ["page", "sort"], or "*"'
    return frozenset(_names("keep_query", value, remedy))


def _hide_path_secrets(value: object) -> url.HidePathSecrets:
    if isinstance(value, bool) or callable(value):
        return cast("url.HidePathSecrets", value)
    try:
        if not isinstance(value, str) and isinstance(value, Collection) and value:
            return tuple(re.compile(each) for each in value)
    except (re.error, TypeError):
        pass
    remedy = "write True or False, or give a list of regexes, or a function of a path's segment"
    raise ConfigError([Fault("hide_path_secrets", value, remedy)])


def _extensions(value: Sequence[str] | str) -> frozenset[str]:
    """The endings of file names, in lower case and without their dot."""
    remedy = 'write the endings of file names, such as ["pdf", "zip"]'
    names = _names("download_extensions", value, remedy)
    found = frozenset(each.removeprefix(".").lower() for each in names)
    wrong = sorted(each for each in found if not each.isalnum())
    if wrong:
        raise ConfigError([Fault("download_extensions", each, remedy) for each in wrong])
    return found


def _names(option: str, value: object, remedy: str) -> list[str]:
    """The names in a list, or between the commas of a text."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, Iterable) or isinstance(value, bytes | Mapping):
        raise ConfigError(Fault(option, value, remedy))
    names = list(value)
    wrong = [each for each in names if not isinstance(each, str)]
    if wrong:
        raise ConfigError([Fault(option, each, remedy) for each in wrong])
    return [each.strip() for each in names]
