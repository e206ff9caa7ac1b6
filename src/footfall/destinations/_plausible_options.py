"""The checks of `Plausible`'s own options; see `_validation` for what a check is and raises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from footfall.errors import ConfigError, Fault, hide_credentials

# The headers with the visitor's address that a sender may set. The server also reads those of two
# CDNs, which overwrite them, and `Forwarded`, which can make it answer 500.
IP_HEADERS = ("X-Forwarded-For", "X-Plausible-IP")

_SITE = re.compile(r"[\w.-]+(/[\w.-]+)*")
_HOST = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", re.ASCII)


def domains(option: str, value: object) -> str:
    """A check for comma-separated sites: in lower case, without `www.`, each once."""
    if not isinstance(value, str) or not value.strip(", "):
        raise ConfigError(Fault(option, value, "write the site's name, like example.com"))
    sites = [stored_name(site) for site in value.split(",") if site.strip()]
    wrong = [site for site in sites if not _SITE.fullmatch(site)]
    if wrong:
        raise ConfigError(
            [Fault(option, hide_credentials(site), _domain_remedy(site)) for site in wrong]
        )
    return ",".join(dict.fromkeys(sites))


def stored_name(site: str) -> str:
    """A site or host in the spelling that Plausible stores: lower case, without `www.`."""
    return site.strip().lower().removeprefix("www.")


def _domain_remedy(site: str) -> str:
    bare = re.sub(r"^(([a-z][a-z0-9+.-]*:)?//)?(.*@)?", "", site)
    host = stored_name(re.split(r"[^\w.-]", bare, maxsplit=1)[0])
    return f"write the site's name alone: {host or 'example.com'}"


def domains_by_host(option: str, value: object) -> Mapping[str, str]:
    """A check for sites by the host whose events they count."""
    if not isinstance(value, Mapping):
        raise ConfigError(Fault(option, value, 'write {"shop.example.com": "shop.example.com"}'))
    by_host: dict[str, str] = {}
    faults: list[Fault] = []
    for host, domain in value.items():
        if not isinstance(host, str) or not _HOST.fullmatch(host.strip()):
            faults.append(Fault(option, host, "write a host name without scheme, port and path"))
            continue
        try:
            by_host[stored_name(host)] = domains(option, domain)
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(faults)
    return MappingProxyType(by_host)


def script_version(option: str, value: object) -> int | None:
    """A check for a whole number or None."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise ConfigError(Fault(option, value, "write a whole number, or leave it out"))


def ip_headers(option: str, value: object) -> tuple[str, ...]:
    """A check for header names, a list or comma-separated: in Plausible's spelling, each once."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names:
        raise ConfigError(Fault(option, value, f"write {IP_HEADERS}, or one of them in a list"))
    known = {name.lower(): name for name in IP_HEADERS}
    spelt = [known.get(str(name).strip().lower()) for name in names]
    if None in spelt:
        raise ConfigError(Fault(option, value, f"Plausible trusts {' and '.join(IP_HEADERS)}"))
    return tuple(dict.fromkeys(name for name in spelt if name))
