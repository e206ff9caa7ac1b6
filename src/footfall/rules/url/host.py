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


def host_of(text: str) -> str:
    """Host and port in lower case, without the ports 80 and 443; empty if invalid."""
    return _normalised_host(text) if text and len(text) <= MAX_HOST_CHARS else ""


@lru_cache(maxsize=1024)
def _normalised_host(text: str) -> str:
    found = _HOST.fullmatch(text.lower()) if text.isascii() else None
    if not found or (found["v6"] and not _is_ipv6(found["v6"])):
        return ""
    port = int(found["port"] or 0)
    if port > 65_535:
        return ""
    return found["host"] if port in (0, 80, 443) else f"{found['host']}:{port}"


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def origin_of(url: str) -> str:
    """`scheme://host` of a URL that has nothing else, or an empty text."""
    scheme, mark, rest = url.partition("://")
    host = host_of(rest.removesuffix("/"))
    return f"{scheme.lower()}://{host}" if mark and host and scheme.lower() in WEB_SCHEMES else ""
