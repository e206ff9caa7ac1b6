"""The options of `Plausible`, checked: sites as it names them, and who may speak for whom."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from footfall.destinations import _validation
from footfall.errors import ConfigError, Fault

# What the server reads the visitor's address from and a sender may set. It also reads the headers
# of two CDNs, which overwrite them, and `Forwarded`, which can make it answer 500.
IP_HEADERS = ("X-Forwarded-For", "X-Plausible-IP")

_SITE = re.compile(r"[\w.-]+(/[\w.-]+)*")
_HOST = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", re.ASCII)


def domains(option: str, value: object) -> str:
    """Sites as Plausible itself stores them: lower case, without `www.`, each once."""
    if not isinstance(value, str) or not value.strip(", "):
        raise ConfigError(Fault(option, value, "write the site's name, like example.com"))
    sites = [stored_name(site) for site in value.split(",") if site.strip()]
    wrong = [site for site in sites if not _SITE.fullmatch(site)]
    if wrong:
        raise ConfigError(
            [
                Fault(option, _validation.without_secrets(site), _domain_remedy(site))
                for site in wrong
            ]
        )
    return ",".join(dict.fromkeys(sites))


def stored_name(site: str) -> str:
    """One site or host in the spelling that Plausible stores."""
    return site.strip().lower().removeprefix("www.")


def _domain_remedy(site: str) -> str:
    bare = re.sub(r"^(([a-z][a-z0-9+.-]*:)?//)?(.*@)?", "", site)
    host = stored_name(re.split(r"[^\w.-]", bare, maxsplit=1)[0])
    return f"write the site's name alone: {host or 'example.com'}"


def domains_by_host(option: str, value: object) -> Mapping[str, str]:
    """Sites by the host whose events they count."""
    if not isinstance(value, Mapping):
        raise ConfigError(Fault(option, value, 'write {"shop.example.com": "shop.example.com"}'))
    found: dict[str, str] = {}
    faults: list[Fault] = []
    for host, domain in value.items():
        if not isinstance(host, str) or not _HOST.fullmatch(host.strip()):
            faults.append(Fault(option, host, "write a host name without scheme, port and path"))
            continue
        try:
            found[stored_name(host)] = domains(option, domain)
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(faults)
    return MappingProxyType(found)


def version(option: str, value: object) -> int | None:
    """A number, or None for none."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    raise ConfigError(Fault(option, value, "write a whole number, or leave it out"))


def ip_headers(option: str, value: object) -> tuple[str, ...]:
    """Header names in Plausible's spelling, from a list or a line, each once."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not names:
        raise ConfigError(Fault(option, value, f"write {IP_HEADERS}, or one of them in a list"))
    known = {name.lower(): name for name in IP_HEADERS}
    found = [known.get(str(name).strip().lower()) for name in names]
    kept = [name for name in found if name is not None]
    if len(kept) < len(found):
        raise ConfigError(Fault(option, value, f"Plausible believes {' and '.join(IP_HEADERS)}"))
    return tuple(dict.fromkeys(kept))
