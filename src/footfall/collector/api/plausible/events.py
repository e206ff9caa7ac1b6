"""`GET /api/v1/events/` as Plausible documents it: what a site knows as goals, with properties.

The slash at its end tells it from the collector's own `/api/v1/events`. Besides goals it lists the
custom events that came without one, under negative ids, since those are what an owner looks for.
"""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.routing import Route

from footfall.collector.api.plausible.request_params import SETTLE_SECONDS, RequestParams, route
from footfall.collector.api.plausible.sites import SitesAPI
from footfall.collector.storage.sites import RegisteredGoal
from footfall.collector.storage.store import Store


class EventsAPI:
    """The two endpoints of the family."""

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

    def events(self, asked: RequestParams) -> Any:
        """Every goal, then every custom event that came without one."""
        return {"results": self._events(self._sites.require(asked, "list events"))}

    def properties(self, asked: RequestParams) -> Any:
        """The properties of one of them."""
        for event in self._events(self._sites.require(asked, "list properties")):
            if str(event["id"]) == asked.text("event_id"):
                return {"results": event["props"]}
        raise HTTPException(404, "Event could not be found")

    def _events(self, domain: str) -> list[dict[str, Any]]:
        # What was posted before has to be in the answer.
        self._store.flush(SETTLE_SECONDS)
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
