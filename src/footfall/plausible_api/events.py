"""The defined events of a site: `GET /api/v1/events/`, or its goals where a server lacks that.

Plausible documents the two endpoints of this family and routes neither (its router.ex, read
2026-11). After its 406, or a 404, the list is made of goals and custom properties.
"""

from __future__ import annotations

from collections.abc import Sequence

from footfall.plausible_api.authorized_session import AuthorizedSession
from footfall.plausible_api.errors import NotFoundError
from footfall.plausible_api.json_fields import integer_at, list_at
from footfall.plausible_api.results import DefinedEvent, Goal
from footfall.plausible_api.sites import CustomProps, Goals

_EVENTS = "/api/v1/events/"


class Events:
    """Goals as events, with their properties.

    Requests events with the stats key if there is one, and goals with the sites key. One of the two
    is enough: any key may read what a site has (authorize_public_api.ex, read 2026-11).
    """

    def __init__(self, stats: AuthorizedSession, sites: AuthorizedSession) -> None:
        self._session = stats if stats.has_key else sites
        for_goals = sites if sites.has_key else self._session
        self._goals = Goals(for_goals)
        self._props = CustomProps(for_goals)

    def all(self, site_id: str) -> Sequence[DefinedEvent]:
        """Every event and page that is a goal of the site.

        Raises:
            APIError: See `errors.py`.
        """
        try:
            parsed = self._session.request("GET", _EVENTS, query={"site_id": site_id})
        except NotFoundError:
            return self._from_goals(site_id)
        return tuple(DefinedEvent.read(each) for each in list_at(parsed, "results"))

    def properties(self, site_id: str, event_id: int) -> Sequence[str]:
        """The names of the properties of one event; `event_id` is its id in `all`.

        Raises:
            NotFoundError: There is no such event.
            APIError: See `errors.py`.
        """
        path = f"{_EVENTS}{event_id}/properties"
        try:
            parsed = self._session.request("GET", path, query={"site_id": site_id})
        except NotFoundError:
            return self._one_from_goals(site_id, event_id).props
        return tuple(str(each) for each in list_at(parsed, "results"))

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
        id=integer_at({"id": goal.id}, "id"),
        name=goal.event_name or goal.display_name,
        event_type="pageview" if goal.kind == "page" else "custom",
        props=props,
    )
