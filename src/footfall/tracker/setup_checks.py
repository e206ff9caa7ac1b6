"""What can be wrong with settings that are valid: the same checks for every framework.

Django's system checks and `footfall check` show them, under the same ids; `django/checks.py` lists
these. A check takes the settings and what the framework knows of the site.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from footfall.common.internal_host import is_internal
from footfall.common.loopback import is_loopback
from footfall.config import Config, under_pytest
from footfall.delivery.reachability import steps_to
from footfall.destinations import Destination, is_local
from footfall.rules.pageview import HOST_REMEDY, LOCALHOST_REMEDY
from footfall.tracker.uncounted_pages import inactive_cause

# Of one letter in a short name, or of two in a longer one.
_MISSPELT: Final = 0.8


class SetupFinding(NamedTuple):
    """What is wrong, and what to change."""

    id: str
    text: str
    remedy: str


class SiteFacts(NamedTuple):
    """What a framework's own settings say of the site."""

    hosts_setting: str = ""
    hosts: Sequence[str] = ()
    """The hosts that visitors may use; `.example.com` for all of a domain. Empty: unknown."""
    proxy_setting: str | None = None
    """A setting that is only right behind a proxy."""


def findings(config: Config, site: SiteFacts, environ: Mapping[str, str]) -> Iterator[SetupFinding]:
    """Everything that is found without the network.

    Args:
        config: The settings.
        site: What the framework says.
        environ: The variables that the settings were loaded with.
    """
    if not config.is_active:
        yield inactive(config, environ)
        return
    yield from unknown_hosts(config, site)
    yield from misspelt_sites(config, site)
    yield from unread_proxy(config, site)


def doubtful(config: Config) -> Iterator[SetupFinding]:
    """W013 for each setting that is valid but probably a mistake; the log has these, too."""
    yield from (
        SetupFinding("W013", note.text, "")
        for note in config.resolver.notes
        if note.level == "warning"
    )
    for text in config.path_rules.warnings:
        yield SetupFinding("W013", text, "")
    if config.complement_options is not None:
        for text in config.complement_options.warnings:
            yield SetupFinding("W013", text, "")
    for destination in config.all_destinations:
        for text in getattr(destination, "warnings", ()):
            yield SetupFinding("W013", text, "")


def inactive(config: Config, environ: Mapping[str, str]) -> SetupFinding:
    """W004 or W005, for a Config that is not active."""
    cause = inactive_cause(config, environ)
    check = "W004" if config.enabled else "W005"
    return SetupFinding(check, f"footfall counts nothing: {cause.text}", cause.remedy)


def unknown_hosts(config: Config, site: SiteFacts) -> Iterator[SetupFinding]:
    """W006 or W008 where visitors cannot use any of the hosts."""
    hosts = _names(site)
    if config.base_url or config.is_local_only or not hosts or "*" in hosts:
        return
    if all(is_loopback(host.strip("[].")) for host in hosts):
        if not config.pageview_options.track_localhost:
            yield SetupFinding(
                "W006",
                f"{site.hosts_setting} has only names of this machine, and pages on those do not "
                "count",
                f"Add the host that visitors use. {LOCALHOST_REMEDY}",
            )
    elif all(is_loopback(host.strip("[].")) or is_internal(host) for host in hosts):
        yield SetupFinding(
            "W008",
            f"{site.hosts_setting} has only names that a private network knows, and pages are sent "
            "under these",
            f"Add the host that visitors use. {HOST_REMEDY}",
        )


def misspelt_sites(config: Config, site: SiteFacts) -> Iterator[SetupFinding]:
    """W011 for each site of a destination that is nearly the name of a host, and of none."""
    hosts = [host.removeprefix("www.") for host in (*_names(site), _host_of(config.base_url))]
    known = [host for host in hosts if host and host != "*"]
    for destination in config.all_destinations:
        domains = getattr(getattr(destination, "to", destination), "domain", None) or ""
        for domain in domains.split(","):
            is_known = any(domain == host or domain.endswith(f".{host}") for host in known)
            near = difflib.get_close_matches(domain, known, n=1, cutoff=_MISSPELT)
            if near and not is_known and not near[0].endswith(f".{domain}"):
                yield SetupFinding(
                    "W011",
                    f"{destination.name} counts for {domain}, and the site is {near[0]}",
                    f"If {domain} is misspelt, write {near[0]} in `destinations`.",
                )


def unread_proxy(config: Config, site: SiteFacts) -> Iterator[SetupFinding]:
    """W007 where a proxy is in front whose headers are not read."""
    if site.proxy_setting is not None and config.resolver.reads_no_header:
        yield SetupFinding(
            "W007",
            f"{site.proxy_setting} says that a proxy is in front, and `trusted_proxies` that none "
            "is: the proxy's address would be every visitor's",
            "Remove `trusted_proxies`, or set it to the networks of the proxies.",
        )


def unreachable(config: Config, environ: Mapping[str, str]) -> Iterator[SetupFinding]:
    """W012 for each destination that cannot be reached from here. Uses the network."""
    for destination in config.all_destinations:
        if not is_local(destination) and under_pytest(environ):
            continue  # tests send nothing
        yield from _unreachable(destination)


def _unreachable(destination: Destination) -> Iterator[SetupFinding]:
    for step in steps_to(destination):
        if not step.is_ok:
            text = f"{destination.name} cannot be reached: {step.text}"
            yield SetupFinding("W012", text, step.remedy)


def _names(site: SiteFacts) -> list[str]:
    return [pattern.removeprefix(".").lower() for pattern in site.hosts]


def _host_of(base_url: str | None) -> str:
    return (urlsplit(base_url).hostname or "") if base_url else ""
