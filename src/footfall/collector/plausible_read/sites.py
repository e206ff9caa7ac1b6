"""The Sites API over the registry: sites, teams, goals, shared links, custom properties.

Answers and errors have the shape of Plausible's (docs: Sites API, and its controllers' tests; read
2026-11). Where we differ:

- Without `domains`, every site exists, and is listed once it is created or counted. With them
  only those do, and none can be created, renamed or deleted.
- There is one team, and no guests. Settings of the browser's script are kept, and not used.
- A shared link leads to the page; where the collector has a token, visitors need that as well.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import zoneinfo
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote, urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from footfall.collector.plausible_read.asked import Asked, route
from footfall.collector.registry import (
    MAX_ENTRIES,
    FullError,
    GoalEntry,
    SiteEntry,
    TakenError,
)
from footfall.collector.store import Store

_TEAM: Final = {
    "id": "7d3c1c2e-5a0b-4f7e-9d55-0f6f0f0a11c0",
    "name": "My Personal Sites",
    "api_available": True,
}
# Plausible's defaults; `installation_type` is a text or null, the others are true or false.
_SCRIPT: Final[Mapping[str, Any]] = {
    "installation_type": None,
    "track_404_pages": False,
    "hash_based_routing": False,
    "outbound_links": False,
    "file_downloads": False,
    "revenue_tracking": False,
    "tagged_events": False,
    "form_submissions": False,
    "pageview_props": False,
}
_INSTALLATIONS = (None, "manual", "wordpress", "gtm")

_NO_SITE = "Site could not be found"
_TAKEN = "domain: has already been taken"
_DELETED: Final = {"deleted": True}

_DOMAIN = re.compile(r"[\w.-]+(/[\w.-]+)*")
_DEFAULT_LIMIT = 100
_MAX_EVENT_NAME = 120
_MAX_PATH = 2_000
_MAX_TEXT = 255
_MAX_PROP_BYTES = 300
_MAX_GOAL_PROPS = 3
_MAX_ID_DIGITS = 18

T = TypeVar("T")


class Sites:
    """The endpoints below `/api/v1/sites`; `domains` are those that exist, with none all do."""

    def __init__(self, store: Store, domains: Collection[str]) -> None:
        self._store = store
        self._registry = store.registry
        self._domains = frozenset(domains)

    def routes(self) -> list[Route]:
        """The routes, in the order in which they have to be asked."""
        return [
            route("/api/v1/sites", GET=self.sites, POST=self.create),
            route("/api/v1/sites/teams", GET=self.teams),
            route("/api/v1/sites/goals", GET=self.goals, PUT=self.create_goal),
            route("/api/v1/sites/goals/{goal_id}", DELETE=self.delete_goal),
            route("/api/v1/sites/shared-links", PUT=self.create_link),
            route("/api/v1/sites/custom-props", GET=self.props, PUT=self.create_prop),
            # Names of properties, and domains, may have slashes.
            route("/api/v1/sites/custom-props/{property:path}", DELETE=self.delete_prop),
            route(
                "/api/v1/sites/{site_id:path}", GET=self.site, PUT=self.update, DELETE=self.delete
            ),
            Route("/share/{domain:path}", self.open_link),
        ]

    def require(self, asked: Asked, purpose: str) -> str:
        """The site that a question is about.

        Raises:
            HTTPException: 400 where none is named, 404 where it does not exist.
        """
        domain = asked.required("site_id", purpose)
        if self._domains and domain not in self._domains:
            raise HTTPException(404, _NO_SITE)
        return domain

    # -- sites and teams ----------------------------------------------------------------------

    def sites(self, asked: Asked) -> Any:
        """Every site that is known, by domain; none of another team than ours."""
        entries = self._entries()
        domains = sorted(entries) if asked.text("team_id") in ("", _TEAM["id"]) else []
        page, meta = _page(asked, domains, str)
        sites = [{"domain": each, "timezone": entries[each].timezone} for each in page]
        return {"sites": sites, "meta": meta}

    def teams(self, asked: Asked) -> Any:
        """The one team."""
        page, meta = _page(asked, [_TEAM], lambda team: str(team["id"]))
        return {"teams": page, "meta": meta}

    def site(self, asked: Asked) -> Any:
        """One site."""
        return self._shown(self._known(asked))

    def create(self, asked: Asked) -> Any:
        """A new site, which may have been counted before, but not created."""
        domain = _domain(asked.required("domain", "create a site"))
        self._refuse_if_fixed()
        if domain in self._registry.sites():
            raise HTTPException(400, _TAKEN)
        if asked.text("team_id") not in ("", _TEAM["id"]):
            raise HTTPException(404, "Team could not be found")
        timezone = _timezone(asked.text("timezone") or "Etc/UTC")
        site = SiteEntry(domain=domain, timezone=timezone, script=_script(asked, _new_script()))
        with _room():
            self._registry.write_site(site)
        return self._shown(site)

    def update(self, asked: Asked) -> Any:
        """The site with another domain, or with other settings of the script."""
        site = self._known(asked)
        site = replace(site, script=_script(asked, site.script or _new_script()))
        if asked.text("domain") not in ("", site.domain):
            site = self._renamed(site, _domain(asked.text("domain")))
        with _room():
            self._registry.write_site(site)
        return self._shown(site)

    def delete(self, asked: Asked) -> Any:
        """Forget a site, its goals and its events."""
        site = self._known(asked)
        self._refuse_if_fixed()
        with _patience():
            self._store.delete_domain(site.domain)
        self._registry.delete_site(site.domain)
        return _DELETED

    def _renamed(self, site: SiteEntry, domain: str) -> SiteEntry:
        self._refuse_if_fixed()
        if domain in self._entries():
            raise HTTPException(400, _TAKEN)
        with _patience():
            self._store.rename_domain(site.domain, domain)
        self._registry.rename_site(site.domain, domain)
        return replace(site, domain=domain)

    def _entries(self) -> dict[str, SiteEntry]:
        """The sites that were created, declared or counted."""
        known = {*self._domains} or {*self._registry.seen_domains()}
        entries = {domain: SiteEntry(domain=domain) for domain in known}
        return entries | self._registry.sites()

    def _known(self, asked: Asked) -> SiteEntry:
        entry = self._entries().get(asked.required("site_id", "find a site"))
        if entry is None:
            raise HTTPException(404, _NO_SITE)
        return entry

    def _refuse_if_fixed(self) -> None:
        if self._domains:
            raise HTTPException(403, "The sites of this collector were named when it was started")

    def _shown(self, site: SiteEntry) -> Any:
        return {
            "domain": site.domain,
            "timezone": site.timezone,
            "custom_properties": self._registry.props(site.domain),
            "tracker_script_configuration": dict(site.script),
        }

    # -- goals --------------------------------------------------------------------------------

    def goals(self, asked: Asked) -> Any:
        """The goals of a site, oldest first."""
        goals = self._registry.goals(self.require(asked, "list goals"))
        page, meta = _page(asked, goals, lambda goal: str(goal.id))
        return {"goals": [_shown_goal(each) for each in page], "meta": meta}

    def create_goal(self, asked: Asked) -> Any:
        """The goal that counts an event or a page, found or made."""
        domain = self.require(asked, "create a goal")
        kind = asked.required("goal_type", "create a goal")
        read = {"event": _event_goal, "page": _page_goal}.get(kind)
        if read is None:
            raise HTTPException(400, "goal_type: must be event or page")
        with _room():
            goal = self._registry.find_or_create_goal(domain, read(asked))
        return {"domain": domain, **_shown_goal(goal)}

    def delete_goal(self, asked: Asked) -> Any:
        """Forget a goal."""
        domain, goal_id = self.require(asked, "delete a goal"), asked.text("goal_id")
        is_id = goal_id.isascii() and goal_id.isdigit() and len(goal_id) < _MAX_ID_DIGITS
        if not is_id or not self._registry.delete_goal(domain, int(goal_id)):
            raise HTTPException(404, "Goal could not be found")
        return _DELETED

    # -- shared links -------------------------------------------------------------------------

    def create_link(self, asked: Asked) -> Any:
        """The shared link of a name, found or made."""
        domain = self.require(asked, "create a shared link")
        name = _short_enough("name", asked.required("name", "create a shared link"), _MAX_TEXT)
        with _room():
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

    def props(self, asked: Asked) -> Any:
        """The custom properties of a site."""
        props = self._registry.props(self.require(asked, "list custom properties"))
        return {"custom_properties": [{"property": each} for each in props]}

    def create_prop(self, asked: Asked) -> Any:
        """Write a custom property down."""
        domain = self.require(asked, "create a custom property")
        prop = asked.required("property", "create a custom property")
        if len(prop.encode()) > _MAX_PROP_BYTES:
            raise HTTPException(400, f"property: should have at most {_MAX_PROP_BYTES} bytes")
        with _room():
            self._registry.create_prop(domain, prop)
        return {"created": True}

    def delete_prop(self, asked: Asked) -> Any:
        """Forget a custom property."""
        domain = self.require(asked, "delete a custom property")
        if not self._registry.delete_prop(domain, asked.text("property")):
            raise HTTPException(404, "Property could not be found")
        return _DELETED


# -- fields -----------------------------------------------------------------------------------


def _event_goal(asked: Asked) -> GoalEntry:
    name = asked.required("event_name", "create a goal")
    name = _short_enough("event_name", name, _MAX_EVENT_NAME)
    return _goal(asked, "event", name, name)


def _page_goal(asked: Asked) -> GoalEntry:
    path = _short_enough("page_path", asked.required("page_path", "create a goal"), _MAX_PATH)
    if not path.startswith("/"):
        raise HTTPException(400, "page_path: must start with /")
    return _goal(asked, "page", path, f"Visit {path}")


def _goal(asked: Asked, kind: Literal["event", "page"], name: str, shown_as: str) -> GoalEntry:
    display_name = asked.text("display_name") or shown_as
    props = asked.fields.get("custom_props")
    return GoalEntry(
        kind=kind,
        name=name,
        display_name=_short_enough("display_name", display_name, _MAX_PATH + len("Visit ")),
        custom_props=_texts(props) if isinstance(props, dict) else {},
    )


def _shown_goal(goal: GoalEntry) -> dict[str, Any]:
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
    return {name: _short_enough("custom_props", text, _MAX_PATH) for name, text in props.items()}


def _domain(text: str) -> str:
    domain = text.removeprefix("www.")
    if len(domain) > _MAX_TEXT or not _DOMAIN.fullmatch(domain):
        raise HTTPException(400, "domain: write it without https://, as in example.com")
    return domain


def _timezone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise HTTPException(400, "timezone: is invalid") from None
    return name


def _new_script() -> dict[str, Any]:
    return {"id": f"pa-{secrets.token_urlsafe(15)}", **_SCRIPT}


def _script(asked: Asked, before: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings of the script, with those that were asked for."""
    wanted = asked.fields.get("tracker_script_configuration") or {}
    if not isinstance(wanted, dict):
        raise HTTPException(400, "tracker_script_configuration: must be an object")
    wanted = {name: value for name, value in wanted.items() if name in _SCRIPT}
    for name, value in wanted.items():
        if value not in _INSTALLATIONS if name == "installation_type" else type(value) is not bool:
            raise HTTPException(400, f"tracker_script_configuration: {name} is invalid")
    return {**before, **wanted}


def _short_enough(name: str, text: str, most: int) -> str:
    if len(text) > most:
        raise HTTPException(400, f"{name}: should be at most {most} character(s)")
    return text


@contextlib.contextmanager
def _room() -> Iterator[None]:
    """Say so where the registry cannot take one more, or takes a name once."""
    try:
        yield
    except FullError:
        raise HTTPException(400, f"There are {MAX_ENTRIES} of them already") from None
    except TakenError:
        raise HTTPException(400, "display_name: has already been taken") from None


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """Say so where the events cannot be changed, for the disk is full or busy."""
    try:
        yield
    except TimeoutError:
        raise HTTPException(503, "The database cannot be written at the moment") from None


def _page(
    asked: Asked, found: Sequence[T], cursor: Callable[[T], str]
) -> tuple[Sequence[T], Mapping[str, Any]]:
    """The part of a list that was asked for, and the cursors of its neighbours."""
    limit = asked.number("limit", _DEFAULT_LIMIT, MAX_ENTRIES)
    cursors = [cursor(each) for each in found]
    start = 0
    if asked.text("after") in cursors:
        start = cursors.index(asked.text("after")) + 1
    elif asked.text("before") in cursors:
        start = max(cursors.index(asked.text("before")) - limit, 0)
    page = found[start : start + limit]
    is_last = start + limit >= len(found)
    meta = {
        "after": None if is_last else cursors[start + limit - 1],
        "before": cursors[start] if start else None,
        "limit": limit,
    }
    return page, meta
