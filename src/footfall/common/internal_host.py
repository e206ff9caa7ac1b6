"""Whether a host is known on a private network only."""

from __future__ import annotations

import ipaddress
from typing import Final

from footfall.common.loopback import is_loopback

__all__ = ["is_internal"]

# Reserved for networks of one's own: RFC 6762 (`local`, and those of its appendix G), RFC 8375
# (`home.arpa`), ICANN's resolution of 2024-07-29 (`internal`). `svc` is Kubernetes'.
_ENDINGS: Final = (
    ".corp",
    ".home",
    ".home.arpa",
    ".internal",
    ".intranet",
    ".lan",
    ".local",
    ".localdomain",
    ".private",
    ".svc",
)


def is_internal(host: str) -> bool:
    """Whether nobody on the internet can know a site by this host, and it is not this machine.

    A name of one label, such as a container's, an ending that is reserved for private networks, or
    an address that is not on the internet. `host` may have a port.
    """
    if host.startswith("["):
        name = host[1:].partition("]")[0]
    else:
        name = host.partition(":")[0].rstrip(".").lower()
    if not name or is_loopback(name):
        return False
    try:
        return not ipaddress.ip_address(name).is_global
    except ValueError:
        return "." not in name or name.endswith(_ENDINGS)
