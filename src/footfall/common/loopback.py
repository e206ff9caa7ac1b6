"""Whether a host is this machine."""

from __future__ import annotations

import ipaddress

__all__ = ["is_loopback"]


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: `localhost` and names below it, 127.0.0.0/8, ::1.

    `host` is a name or an address without port and brackets. RFC 6761, section 6.3: nobody else can
    own a name below `localhost`.
    """
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    # Before 3.13, Python does not treat ::ffff:127.0.0.1 as a loopback address.
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
