"""`GET /api/v1/events/` as Plausible documents it: the goals of a site, with their properties.

The slash at the end distinguishes it from the collector's own `/api/v1/events`. Besides the goals,
it lists the custom events that have no goal, with negative ids: site owners want to see those.
"""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.routing import Route

from footfall.collector.api.plausible.request_params import FLUSH_SECONDS, RequestParams, route
from footfall.collector.api.plausible.sites import SitesAPI
from footfall.collector.storage.sites import RegisteredGoal
from footfall.collector.storage.store import Store


class EventsAPI:
    """The two endpoints."""

    def __init__(self, store: Store, sites: SitesAPI) -> None:
        self._store = store
        self._registry = store.registry
        self._sites = sites

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            route("/api/v1/events/", GET=self.events),
            route("/api/v1/events/{event_id}/properties", GET=self.properties),
        ]

    def events(self, params: RequestParams) -> Any:
        """Every goal, then every custom event that has no goal."""
        return {"results": self._events(self._sites.require_site(params, "list events"))}

    def properties(self, params: RequestParams) -> Any:
        """The properties of one event; 404 where there is none with that id."""
        for event in self._events(self._sites.require_site(params, "list properties")):
            if str(event["id"]) == params.text("event_id"):
                return {"results": event["props"]}
        raise HTTPException(404, "Event could not be found")

    def _events(self, domain: str) -> list[dict[str, Any]]:
        # The answer includes what was posted before the request.
        self._store.flush(FLUSH_SECONDS)
        props = self._registry.seen_props(domain)
        goals = self._registry.goals(domain)
        seen = self._registry.seen_events(domain)
        for name in {goal.name for goal in goals if goal.kind == "event"} & seen.keys():
            del seen[name]
        return [
            *(_goal(goal, props.get(goal.name, [])) for goal in goals),
            *(_event(-first, name, props.get(name, [])) for name, first in seen.items()),
        ]


def _goal(goal: RegisteredGoal, props: list[str]) -> dict[str, Any]:
    if goal.kind == "page":
        return _event(goal.id, goal.display_name, [], "pageview")
    return _event(goal.id, goal.name, props)


def _event(number: int, name: str, props: list[str], kind: str = "custom") -> dict[str, Any]:
    return {"id": number, "event_type": kind, "name": name, "props": props}
