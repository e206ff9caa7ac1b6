"""What of a request may be stored: headers without addresses and credentials, bodies up to a size.

A visitor's address is never written to disk. Headers that carry one are recognised by their names,
of which every proxy has its own; a header whose value repeats the visitor's address is dropped too.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from footfall.model import Headers

# Ten times what our middleware posts. Events with a longer body count; the body is not stored.
_MAX_BODY_BYTES = 16 * 1024
_MAX_VALUE_LENGTH = 2_000
# Of names that are cached; a client may send megabytes.
_MAX_NAME_LENGTH = 100

_CREDENTIALS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
_NAMES_AN_ADDRESS = re.compile(
    r"(?:^|[-_])(?:(?:client|real|remote|socket)?ip(?:v[46])?|forwarded|addr|address)"
    # X-Plausible-IP-Type, X-Forwarded-Proto and their like are about an address, not one.
    r"(?:$|[-_](?!type|proto|host|port|scheme|server|ssl))"
)


def storable_headers(headers: Headers, client_ip: str) -> dict[str, str]:
    """The headers that may be stored, with values cut to 2,000 characters."""
    address = client_ip if _identifies_visitor(client_ip) else None
    return {
        name: value[:_MAX_VALUE_LENGTH]
        for name, value in headers.items()
        if (_is_known_harmless if len(name) <= _MAX_NAME_LENGTH else _is_harmless)(name)
        and not (address and address in value)
    }


def _is_harmless(name: str) -> bool:
    return name not in _CREDENTIALS and not _NAMES_AN_ADDRESS.search(name)


# Clients send the same few names.
_is_known_harmless = lru_cache(maxsize=256)(_is_harmless)


def storable_body(body: bytes) -> str | None:
    """The body as text, or None where it is too long."""
    return None if is_too_long(body) else body.decode("utf-8", "replace")


def is_too_long(body: bytes) -> bool:
    """Whether a body is longer than the inspector needs."""
    return len(body) > _MAX_BODY_BYTES


def _identifies_visitor(client_ip: str) -> bool:
    # Every `Host: 127.0.0.1` holds the address of this machine, which identifies nobody. Any other
    # IPv4 address need not be parsed to know that it is not of this machine.
    if ":" not in client_ip and not client_ip.startswith("127."):
        return bool(client_ip)
    try:
        return not ipaddress.ip_address(client_ip).is_loopback
    except ValueError:
        return bool(client_ip)
