"""The Sites API for goals, shared links and custom properties of a site.

Answers and errors have the shape of Plausible's (docs: Sites API, and its controllers' tests; read
2026-11). A shared link leads to the dashboard; visitors also need the token of the collector.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from footfall.collector.api.plausible.limits import (
    MAX_TEXT,
    checked_length,
    page,
    registry_errors_as_400,
)
from footfall.collector.api.plausible.request_params import RequestParams, route
from footfall.collector.api.plausible.sites import DELETED, SitesAPI
from footfall.collector.storage.sites import RegisteredGoal, SiteRegistry

_MAX_EVENT_NAME: Final = 120
_MAX_PATH: Final = 2_000
_MAX_PROP_BYTES: Final = 300
_MAX_GOAL_PROPS: Final = 3
# SQLite has no larger integers.
_MAX_ID_DIGITS: Final = 18


class GoalsAPI:
    """The endpoints; `sites` finds the site of a request."""

    def __init__(self, registry: SiteRegistry, sites: SitesAPI) -> None:
        self._registry = registry
        self._require_site = sites.require_site

    def routes(self) -> list[Route]:
        """The routes. They must precede those of `SitesAPI`, which match any path below theirs."""
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

    def goals(self, params: RequestParams) -> Any:
        """The goals of a site, newest first."""
        goals = self._registry.goals(self._require_site(params, "list goals"))[::-1]
        shown, meta = page(params, goals, lambda goal: str(goal.id))
        return {"goals": [_goal_as_json(each) for each in shown], "meta": meta}

    def create_goal(self, params: RequestParams) -> Any:
        """Find or create the goal that counts an event or a page; 400 for invalid fields."""
        domain = self._require_site(params, "create a goal")
        kind = params.required("goal_type", "create a goal")
        read_goal = {"event": _event_goal, "page": _page_goal}.get(kind)
        if read_goal is None:
            raise HTTPException(400, "goal_type: must be event or page")
        with registry_errors_as_400():
            goal = self._registry.find_or_create_goal(domain, read_goal(params))
        return {"domain": domain, **_goal_as_json(goal)}

    def delete_goal(self, params: RequestParams) -> Any:
        """Delete a goal; 404 where there is none with that id."""
        domain, goal_id = self._require_site(params, "delete a goal"), params.text("goal_id")
        is_id = goal_id.isascii() and goal_id.isdigit() and len(goal_id) < _MAX_ID_DIGITS
        if not is_id or not self._registry.delete_goal(domain, int(goal_id)):
            raise HTTPException(404, "Goal could not be found")
        return DELETED

    # -- shared links -------------------------------------------------------------------------

    def create_link(self, params: RequestParams) -> Any:
        """Find or create the shared link of a name."""
        domain = self._require_site(params, "create a shared link")
        name = checked_length("name", params.required("name", "create a shared link"), MAX_TEXT)
        with registry_errors_as_400():
            slug = self._registry.find_or_create_link(domain, name)
        url = f"{params.base_url}/share/{quote(domain, safe='')}?auth={slug}"
        return {"name": name, "url": url}

    def open_link(self, request: Request) -> Response:
        """Redirect to the dashboard if the request has the secret of the link, else answer 404."""
        domain = request.path_params["domain"]
        if not self._registry.has_link(domain, request.query_params.get("auth", "")):
            raise HTTPException(404, "This link leads nowhere")
        root = request.scope.get("root_path", "")
        return RedirectResponse(f"{root}/?{urlencode({'domain': domain})}", 303)

    # -- custom properties --------------------------------------------------------------------

    def props(self, params: RequestParams) -> Any:
        """The custom properties of a site."""
        props = self._registry.props(self._require_site(params, "list custom properties"))
        return {"custom_properties": [{"property": each} for each in props]}

    def create_prop(self, params: RequestParams) -> Any:
        """Create a custom property; 400 where its name is too long."""
        domain = self._require_site(params, "create a custom property")
        prop = params.required("property", "create a custom property")
        if len(prop.encode()) > _MAX_PROP_BYTES:
            raise HTTPException(400, f"property: should have at most {_MAX_PROP_BYTES} bytes")
        with registry_errors_as_400():
            self._registry.create_prop(domain, prop)
        return {"created": True}

    def delete_prop(self, params: RequestParams) -> Any:
        """Delete a custom property; 404 where there is none of that name."""
        domain = self._require_site(params, "delete a custom property")
        if not self._registry.delete_prop(domain, params.text("property")):
            raise HTTPException(404, "Property could not be found")
        return DELETED


# -- fields -----------------------------------------------------------------------------------


def _event_goal(params: RequestParams) -> RegisteredGoal:
    name = params.required("event_name", "create a goal")
    name = checked_length("event_name", name, _MAX_EVENT_NAME)
    return _goal(params, "event", name, name)


def _page_goal(params: RequestParams) -> RegisteredGoal:
    path = checked_length("page_path", params.required("page_path", "create a goal"), _MAX_PATH)
    if not path.startswith("/"):
        raise HTTPException(400, "page_path: must start with /")
    return _goal(params, "page", path, f"Visit {path}")


def _goal(
    params: RequestParams, kind: Literal["event", "page"], name: str, default_display_name: str
) -> RegisteredGoal:
    display_name = params.text("display_name") or default_display_name
    props = params.fields.get("custom_props")
    return RegisteredGoal(
        kind=kind,
        name=name,
        display_name=checked_length("display_name", display_name, _MAX_PATH + len("Visit ")),
        custom_props=_texts(props) if isinstance(props, dict) else {},
    )


def _goal_as_json(goal: RegisteredGoal) -> dict[str, Any]:
    return {
        "id": goal.id,
        "goal_type": goal.kind,
        "display_name": goal.display_name,
        "event_name": goal.name if goal.kind == "event" else None,
        "page_path": goal.name if goal.kind == "page" else None,
        "custom_props": dict(goal.custom_props),
    }


def _texts(props: Mapping[str, Any]) -> dict[str, str]:
    if len(props) > _MAX_GOAL_PROPS or not all(isinstance(each, str) for each in props.values()):
        raise HTTPException(400, f"custom_props: at most {_MAX_GOAL_PROPS} texts")
    return {name: checked_length("custom_props", text, _MAX_PATH) for name, text in props.items()}
