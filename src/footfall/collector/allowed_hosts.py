"""The names to which the collector answers, and the name that a Host header has.

A page that an attacker's name has led to this machine (DNS rebinding) sends that name. So an
address in the header is always safe where it is an own one, and a name only where it is known.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final, NamedTuple, Self

from footfall.common.loopback import is_loopback

__all__ = ["AllowedHosts", "address_of", "host_of"]

# Names of containers have underscores.
_LABELS: Final = r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*"
# RFC 9110, section 7.2: a host, and a port that may be empty.
_AUTHORITY: Final = re.compile(
    rf"(?:\[(?P<ipv6>[0-9a-f:.]+)\]|(?P<name>{_LABELS})\.?)(?::[0-9]{{0,5}})?", re.IGNORECASE
)
_NAME: Final = re.compile(rf"\.?{_LABELS}", re.IGNORECASE)


class AllowedHosts(NamedTuple):
    """Names in lower case; those in `suffixes` begin with a dot and allow all names below them."""

    names: frozenset[str]
    suffixes: tuple[str, ...]

    @classmethod
    def of(cls, names: Iterable[str]) -> Self:
        """The names as a site owner writes them: `stats.example.com`, `.example.com`, `10.0.0.7`.

        Raises:
            ValueError: One is no name; the text is the remedy.
        """
        normal = [_normal(name) for name in names]
        suffixes = tuple(name for name in normal if name.startswith("."))
        return cls(frozenset([*normal, *(name[1:] for name in suffixes)]), suffixes)

    def has(self, host: str) -> bool:
        """Whether `host` is one of the names, or this machine."""
        return host in self.names or host.endswith(self.suffixes) or is_loopback(host)


def host_of(header: str) -> str | None:
    """The name or address in a Host header, in lower case without port and a last dot, or None."""
    found = _AUTHORITY.fullmatch(header)
    if found is None:
        return None
    if found["ipv6"]:
        return address_of(found["ipv6"])
    return found["name"].lower()


def address_of(text: str) -> str | None:
    """An IP address in its one spelling, None for any other text."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def _normal(name: str) -> str:
    name = name.strip().lower().removesuffix(".")
    if address := address_of(name.strip("[]")):
        return address
    if not name.isascii():
        raise ValueError("write the name in ASCII, as xn--…")
    if name.startswith("*"):
        raise ValueError("write .example.com for all names below example.com")
    if not _NAME.fullmatch(name):
        raise ValueError("write the name alone, such as stats.example.com, without scheme and port")
    return name
