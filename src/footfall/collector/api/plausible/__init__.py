"""Plausible's Stats API and Sites API, answered from what the collector has stored.

- `request_params.py` reads the fields of a request, however they were sent.
- `sites.py`, `goals.py`, `events.py` answer the Sites API and the list of events from the registry
  of sites; `limits.py` bounds them.
- `query_v2.py`, `stats_v1.py` answer both versions of the Stats API with `storage/stats`;
  `periods.py` and `filters.py` translate periods and filters, `site_query.py` runs the queries.
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
    """The routes over an open store; `domains` are the sites that exist; with none, all do."""
    sites = SitesAPI(store, domains)
    return [
        *QueryV2(store, domains).routes(),
        *StatsV1(store, domains).routes(),
        *EventsAPI(store, sites).routes(),
        *GoalsAPI(store.registry, sites).routes(),
        *sites.routes(),
    ]
