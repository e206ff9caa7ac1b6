"""What Plausible lets an owner ask and set, answered over what the collector has stored.

- `asked.py` reads a question, whichever way it was sent.
- `sites.py`, `goals.py`, `events.py` answer the Sites API and the list of events, out of the
  registry; `limits.py` bounds them.
- `query.py`, `version1.py` answer the Stats API in both versions, out of `collector/stats`;
  `periods.py`, `conditions.py` say what their words mean there, `asking.py` asks.
"""

from __future__ import annotations

from collections.abc import Collection

from starlette.routing import Route

from footfall.collector.plausible_read.events import Events
from footfall.collector.plausible_read.goals import Goals
from footfall.collector.plausible_read.query import Query
from footfall.collector.plausible_read.sites import Sites
from footfall.collector.plausible_read.version1 import Version1
from footfall.collector.store import Store

__all__ = ["routes"]


def routes(store: Store, domains: Collection[str]) -> list[Route]:
    """The routes over an open store; `domains` are those that exist, with none all do."""
    sites = Sites(store, domains)
    return [
        *Query(store, domains).routes(),
        *Version1(store, domains).routes(),
        *Events(store, sites).routes(),
        *Goals(store.registry, sites).routes(),
        *sites.routes(),
    ]
