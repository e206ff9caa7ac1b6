"""What Plausible lets an owner ask and set, answered over what the collector has stored.

- `asked.py` reads a question, whichever way it was sent.
- `sites.py`, `events.py` answer the Sites API and the list of events, out of the registry.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.routing import Route

from footfall.collector.plausible_read.events import Events
from footfall.collector.plausible_read.sites import Sites
from footfall.collector.store import Store

__all__ = ["routes"]


def routes(store: Store, domains: Collection[str]) -> list[Route]:
    """The routes over an open store; `domains` are those that exist, with none all do."""
    sites = Sites(store, domains)
    return [*Events(store, sites).routes(), *sites.routes()]
