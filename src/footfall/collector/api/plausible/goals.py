"""Goals, shared links and custom properties of a site: what lies below it in the Sites API.

Answers and errors have the shape of Plausible's (docs: Sites API, and its controllers' tests; read
2026-11). A shared link leads to the page; where the collector has a token, visitors need that as
well.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from footfall.collector.api.plausible.limits import MAX_TEXT, page, room, short_enough
from footfall.collector.api.plausible.request_params import RequestParams, route
from footfall.collector.api.plausible.sites import DELETED, SitesAPI
from footfall.collector.storage.sites import RegisteredGoal, SiteRegistry

_MAX_EVENT_NAME: Final = 120
_MAX_PATH: Final = 2_000
_MAX_PROP_BYTES: Final = 300
_MAX_GOAL_PROPS: Final = 3
# More than SQLite has numbers for.
_MAX_ID_DIGITS: Final = 18


class GoalsAPI:
    """The endpoints; `sites` says which site is meant."""

    def __init__(self, registry: SiteRegistry, sites: SitesAPI) -> None:
        self._registry = registry
        self._require = sites.require

    def routes(self) -> list[Route]:
        """The routes. They come before those of sites, whose names may be anything."""
        return [
            route("/api/v1/sites/goals", GET=self.goals, PUT=self.create_goal),
            route("/api/v1/sites/goals/{goal_id}", DELETE=self.delete_goal),
            route("/api/v1/sites/shared-links", PUT=self.create_link),
            route("/api/v1/sites/custom-props", GET=self.props, PUT=self.create_prop),
            # Names of properties may have slashes.
            route("/api/v1/sites/custom-props/{property:path}", DELETE=self.delete_prop),
            Route("/share/{domain:path}", self.open_link),
        ]

    # -- goals --------------------------------------------------------------------------------

    def goals(self, asked: RequestParams) -> Any:
        """The goals of a site, oldest first."""
        goals = self._registry.goals(self._require(asked, "list goals"))
        shown, meta = page(asked, goals, lambda goal: str(goal.id))
        return {"goals": [_shown_goal(each) for each in shown], "meta": meta}

    def create_goal(self, asked: RequestParams) -> Any:
        """The goal that counts an event or a page, found or made."""
        domain = self._require(asked, "create a goal")
        kind = asked.required("goal_type", "create a goal")
        read = {"event": _event_goal, "page": _page_goal}.get(kind)
        if read is None:
            raise HTTPException(400, "goal_type: must be event or page")
        with room():
            goal = self._registry.find_or_create_goal(domain, read(asked))
        return {"domain": domain, **_shown_goal(goal)}

    def delete_goal(self, asked: RequestParams) -> Any:
        """Forget a goal."""
        domain, goal_id = self._require(asked, "delete a goal"), asked.text("goal_id")
        is_id = goal_id.isascii() and goal_id.isdigit() and len(goal_id) < _MAX_ID_DIGITS
        if not is_id or not self._registry.delete_goal(domain, int(goal_id)):
            raise HTTPException(404, "Goal could not be found")
        return DELETED

    # -- shared links -------------------------------------------------------------------------

    def create_link(self, asked: RequestParams) -> Any:
        """The shared link of a name, found or made."""
        domain = self._require(asked, "create a shared link")
        name = short_enough("name", asked.required("name", "create a shared link"), MAX_TEXT)
        with room():
            slug = self._registry.find_or_create_link(domain, name)
        url = f"{asked.base_url}/share/{quote(domain, safe='')}?auth={slug}"
        return {"name": name, "url": url}

    def open_link(self, request: Request) -> Response:
        """On to the page, for whoever knows the link's secret word."""
        domain = request.path_params["domain"]
        if not self._registry.has_link(domain, request.query_params.get("auth", "")):
            raise HTTPException(404, "This link leads nowhere")
        root = request.scope.get("root_path", "")
        return RedirectResponse(f"{root}/?{urlencode({'domain': domain})}", 303)

    # -- custom properties --------------------------------------------------------------------

    def props(self, asked: RequestParams) -> Any:
        """The custom properties of a site."""
        props = self._registry.props(self._require(asked, "list custom properties"))
        return {"custom_properties": [{"property": each} for each in props]}

    def create_prop(self, asked: RequestParams) -> Any:
        """Write a custom property down."""
        domain = self._require(asked, "create a custom property")
        prop = asked.required("property", "create a custom property")
        if len(prop.encode()) > _MAX_PROP_BYTES:
            raise HTTPException(400, f"property: should have at most {_MAX_PROP_BYTES} bytes")
        with room():
            self._registry.create_prop(domain, prop)
        return {"created": True}

    def delete_prop(self, asked: RequestParams) -> Any:
        """Forget a custom property."""
        domain = self._require(asked, "delete a custom property")
        if not self._registry.delete_prop(domain, asked.text("property")):
            raise HTTPException(404, "Property could not be found")
        return DELETED


# -- fields -----------------------------------------------------------------------------------


def _event_goal(asked: RequestParams) -> RegisteredGoal:
    name = asked.required("event_name", "create a goal")
    name = short_enough("event_name", name, _MAX_EVENT_NAME)
    return _goal(asked, "event", name, name)


def _page_goal(asked: RequestParams) -> RegisteredGoal:
    path = short_enough("page_path", asked.required("page_path", "create a goal"), _MAX_PATH)
    if not path.startswith("/"):
        raise HTTPException(400, "page_path: must start with /")
    return _goal(asked, "page", path, f"Visit {path}")


def _goal(
    asked: RequestParams, kind: Literal["event", "page"], name: str, shown_as: str
) -> RegisteredGoal:
    display_name = asked.text("display_name") or shown_as
    props = asked.fields.get("custom_props")
    return RegisteredGoal(
        kind=kind,
        name=name,
        display_name=short_enough("display_name", display_name, _MAX_PATH + len("Visit ")),
        custom_props=_texts(props) if isinstance(props, dict) else {},
    )


def _shown_goal(goal: RegisteredGoal) -> dict[str, Any]:
    return {
        "id": str(goal.id),
        "goal_type": goal.kind,
        "display_name": goal.display_name,
        "event_name": goal.name if goal.kind == "event" else None,
        "page_path": goal.name if goal.kind == "page" else None,
        "custom_props": dict(goal.custom_props),
    }


def _texts(props: Mapping[str, Any]) -> dict[str, str]:
    if len(props) > _MAX_GOAL_PROPS or not all(isinstance(each, str) for each in props.values()):
        raise HTTPException(400, f"custom_props: at most {_MAX_GOAL_PROPS} texts")
    return {name: short_enough("custom_props", text, _MAX_PATH) for name, text in props.items()}
