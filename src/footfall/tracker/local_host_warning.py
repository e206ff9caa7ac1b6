"""The warning that pages do not count because their host seems to be this machine.

That is right at a developer's desk. Behind a proxy that replaces the Host header, as nginx does
unless told otherwise, it hides every page of a site, and causes no error anywhere.
"""

from __future__ import annotations

from typing import Final

from footfall.config import Config
from footfall.model import Hit
from footfall.rules.pageview import LOCALHOST_REMEDY

# A host name is shorter.
_MAX_HOST_CHARS: Final = 80


def local_host_warning(hit: Hit, host: str, config: Config) -> str:
    """What was seen of a hit that did not count for its host, and what to change.

    Args:
        hit: Its request. The warning contains no address of a visitor.
        host: What was taken for the host that visitors see.
        config: The settings, with a destination that is not on this machine.
    """
    seen = sorted(config.resolver.headers_read & hit.headers.keys())
    facts = (
        # A client may send anything; a literal stays on its line.
        f"Host {host[:_MAX_HOST_CHARS]!r}",
        f"peer {_place_of(hit.peer)}",
        f"proxy headers: {', '.join(seen) or 'none'}",
    )
    names = ", ".join(destination.name for destination in config.all_destinations)
    return (
        "footfall: a page was not counted, since its host is this machine's "
        f"({'; '.join(facts)}). While that is so, nothing reaches {names}. {LOCALHOST_REMEDY}"
    )


def _place_of(peer: str | None) -> str:
    if not peer:
        return "unnamed"
    return "on this machine" if peer.startswith("127.") or peer == "::1" else "elsewhere"
