"""The events that a site knows: `GET /api/v1/events/`, and goals where a server has no such thing.

Plausible documents the two endpoints of this family and routes neither (its router.ex, read
2026-11). Its 406, or a 404, is taken for "not here", and the list is put together from goals and
custom properties.
"""

from __future__ import annotations

from collections.abc import Sequence

from footfall.plausible_api.errors import NotFoundError
from footfall.plausible_api.fields import integer, items
from footfall.plausible_api.line import Line
from footfall.plausible_api.results import DefinedEvent, Goal
from footfall.plausible_api.sites import CustomProps, Goals

_EVENTS = "/api/v1/events/"


class Events:
    """Goals as events, with their properties.

    Asks with the stats key if there is one, and for goals with the sites key. One of the two is
    enough: Plausible lets any key read what a site has (its authorize_public_api.ex, read 2026-11).
    """

    def __init__(self, stats: Line, sites: Line) -> None:
        self._line = stats if stats.has_key else sites
        goals = self._line if not sites.has_key else sites
        self._goals = Goals(goals)
        self._props = CustomProps(goals)

    def all(self, site_id: str) -> Sequence[DefinedEvent]:
        """Every event and page that is a goal of the site.

        Raises:
            APIError: See `errors.py`.
        """
        try:
            found = self._line.ask("GET", _EVENTS, query={"site_id": site_id})
        except NotFoundError:
            return self._from_goals(site_id)
        return tuple(DefinedEvent.read(each) for each in items(found, "results"))

    def properties(self, site_id: str, event_id: int) -> Sequence[str]:
        """The properties of one event, by its id.

        Raises:
            NotFoundError: There is no such event.
            APIError: See `errors.py`.
        """
        path = f"{_EVENTS}{event_id}/properties"
        try:
            found = self._line.ask("GET", path, query={"site_id": site_id})
        except NotFoundError:
            return self._one_from_goals(site_id, event_id).props
        return tuple(str(each) for each in items(found, "results"))

    def _from_goals(self, site_id: str) -> Sequence[DefinedEvent]:
        goals = tuple(self._goals.all(site_id))
        props = tuple(self._props.all(site_id)) if goals else ()
        return tuple(_from_goal(goal, props) for goal in goals)

    def _one_from_goals(self, site_id: str, event_id: int) -> DefinedEvent:
        for event in self._from_goals(site_id):
            if event.id == event_id:
                return event
        raise NotFoundError(f"{site_id} has no goal with the id {event_id}", status=404)


def _from_goal(goal: Goal, props: Sequence[str]) -> DefinedEvent:
    return DefinedEvent(
        id=integer({"id": goal.id}, "id"),
        name=goal.event_name or goal.display_name,
        event_type="pageview" if goal.kind == "page" else "custom",
        props=props,
    )
