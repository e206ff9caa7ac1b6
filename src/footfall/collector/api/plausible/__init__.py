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

from footfall.collector.api.plausible.events import EventsAPI
from footfall.collector.api.plausible.goals import GoalsAPI
from footfall.collector.api.plausible.query_v2 import QueryV2
from footfall.collector.api.plausible.sites import SitesAPI
from footfall.collector.api.plausible.stats_v1 import StatsV1
from footfall.collector.storage.store import Store

__all__ = ["routes"]


def routes(store: Store, domains: Collection[str]) -> list[Route]:
    """The routes over an open store; `domains` are those that exist, with none all do."""
    sites = SitesAPI(store, domains)
    return [
        *QueryV2(store, domains).routes(),
        *StatsV1(store, domains).routes(),
        *EventsAPI(store, sites).routes(),
        *GoalsAPI(store.registry, sites).routes(),
        *sites.routes(),
    ]
