"""What the tests of client_ip share: addresses, resolvers, and tables with readable ids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from footfall.client_ip import ClientIP
from footfall.model import Headers

CLIENT = "203.0.113.9"
CLIENT_V6 = "2001:db8:1234::9"
PROXY = "10.0.0.1"
ATTACKER = "198.51.100.66"
CLAIMED = "6.6.6.6"
EDGE = "162.158.1.1"  # Cloudflare's

XFF = "x-forwarded-for"

LONG = 64 * 1024

SIGNS = {
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "fly-client-ip",
    "x-azure-fdid",
    "x-azure-socketip",
}

# A busy machine is no fault of a property.
patiently = hypothesis_settings(deadline=None)


def resolver(trusted_proxies: Any = "auto", **settings: Any) -> ClientIP:
    """A resolver in an empty environment."""
    return ClientIP(trusted_proxies=trusted_proxies, environ={}, **settings)


def cases(*rows: tuple[Any, ...]) -> list[Any]:
    """Parameters whose first member is the id."""
    return [pytest.param(*row[1:], id=row[0]) for row in rows]


def raises(headers: Headers, peer: str | None) -> str | None:
    raise KeyError(CLIENT)


def returns(value: object) -> Callable[[Headers, str | None], Any]:
    return lambda headers, peer: value


addresses = st.ip_addresses().filter(
    lambda address: int(address) != 0 and getattr(address, "ipv4_mapped", None) is None
)
