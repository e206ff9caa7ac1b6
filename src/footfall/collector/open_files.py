"""How many files the process may open (RLIMIT_NOFILE), and so how many connections.

A server that runs out of files can neither accept a connection nor open its database.
"""

from __future__ import annotations

import sys
from typing import Final

if sys.platform != "win32":  # which has no such limit
    import resource

ACCEPTED_AT_ONCE: Final = 16
"""How many connections the event loop accepts before it looks at the first of them."""

# Besides those: three for each of the database's nine connections; the rest for the event loop, the
# log, the connections of `forward`, and the program that the server runs in.
_RESERVED: Final = ACCEPTED_AT_ONCE + 64


def raise_limit(connections: int) -> None:
    """Raise this process's soft limit as far as `connections` need it and the hard one allows.

    The soft limit is low for the sake of programs that use `select`. Other programs are advised to
    raise it (systemd.exec(5), `LimitNOFILE=`, read 2026-11-29).
    """
    if sys.platform != "win32":
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = connections + _RESERVED
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def possible_connections(wanted: int) -> int:
    """As many connections as wanted, or as the soft limit allows."""
    if sys.platform != "win32":
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY:
            return max(1, min(wanted, soft - _RESERVED))
    return wanted
