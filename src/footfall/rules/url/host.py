"""Valid schemes and hosts in one spelling."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Final

# 253 for a name in DNS, 6 for a port.
MAX_HOST_CHARS: Final = 259

WEB_SCHEMES: Final = frozenset({"http", "https"})
_SCHEMES: Final = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


def scheme_of(text: str) -> str:
    """`http` or `https`, for websockets too; empty for any other scheme."""
    return _SCHEMES.get(text.lower(), "")


_HOST: Final = re.compile(
    r"(?P<host>\[(?P<v6>[0-9a-f:.]+)\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::(?P<port>[0-9]{0,5}))?"
)


_DEFAULT_PORTS: Final = {"http": (80,), "https": (443,)}


def host_of(text: str, scheme: str = "") -> str:
    """Host and port in lower case, without the scheme's own port; empty if invalid.

    Where no scheme is given, as in a Host header, 80 and 443 are left out.
    """
    return _normalised_host(text, scheme) if text and len(text) <= MAX_HOST_CHARS else ""


@lru_cache(maxsize=1024)
def _normalised_host(text: str, scheme: str) -> str:
    found = _HOST.fullmatch(text.lower()) if text.isascii() else None
    if not found or (found["v6"] and not _is_ipv6(found["v6"])):
        return ""
    port = int(found["port"] or 0)
    if port > 65_535:
        return ""
    defaults = _DEFAULT_PORTS.get(scheme, (80, 443))
    return found["host"] if port == 0 or port in defaults else f"{found['host']}:{port}"


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def origin_of(url: str) -> str:
    """`scheme://host` of a URL that has nothing else, or an empty text.

    A host in other letters, as `bücher.example`, is written as it is in DNS.
    """
    scheme, mark, rest = url.partition("://")
    scheme = scheme.lower()
    host = host_of(_as_in_dns(rest.removesuffix("/")), scheme)
    return f"{scheme}://{host}" if mark and host and scheme in WEB_SCHEMES else ""


def _as_in_dns(host: str) -> str:
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
