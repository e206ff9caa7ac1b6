"""What of a request may be written: headers without addresses and credentials, bodies of a size.

The address of a visitor never reaches the disk. Headers that carry one are known by their names,
of which every proxy has its own; whatever repeats the visitor's address elsewhere goes with them.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from footfall.model import Headers

# Ten times what a sender of ours posts. Longer bodies are judged, counted, and not kept.
_MAX_BODY_BYTES = 16 * 1024
_MAX_VALUE_LENGTH = 2_000
# Of names that are remembered; a stranger's may have megabytes.
_MAX_NAME_LENGTH = 100

_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
_NAMES_AN_ADDRESS = re.compile(
    r"(?:^|[-_])(?:(?:client|real|remote|socket)?ip(?:v[46])?|forwarded|addr|address)"
    # X-Plausible-IP-Type, X-Forwarded-Proto and their like are about an address, not one.
    r"(?:$|[-_](?!type|proto|host|port|scheme|server|ssl))"
)


def storable_headers(headers: Headers, client_ip: str) -> dict[str, str]:
    """The headers that may be written."""
    address = client_ip if _tells_something(client_ip) else None
    return {
        name: value[:_MAX_VALUE_LENGTH]
        for name, value in headers.items()
        if (_is_known_harmless if len(name) <= _MAX_NAME_LENGTH else _is_harmless)(name)
        and not (address and address in value)
    }


def _is_harmless(name: str) -> bool:
    return name not in _CREDENTIALS and not _NAMES_AN_ADDRESS.search(name)


# Senders use the same few names.
_is_known_harmless = lru_cache(maxsize=256)(_is_harmless)


def storable_body(body: bytes) -> str | None:
    """The body as text, or None where it is longer than the inspector needs."""
    return None if is_too_long(body) else body.decode("utf-8", "replace")


def is_too_long(body: bytes) -> bool:
    """Whether a body is longer than the inspector needs."""
    return len(body) > _MAX_BODY_BYTES


def _tells_something(client_ip: str) -> bool:
    # Every `Host: 127.0.0.1` holds the address of this machine, which is nobody's. No other IPv4
    # address needs to be read to know that it is not of this machine.
    if ":" not in client_ip and not client_ip.startswith("127."):
        return bool(client_ip)
    try:
        return not ipaddress.ip_address(client_ip).is_loopback
    except ValueError:
        return bool(client_ip)
