"""Managing sites: the Sites API, with a sites key.

Sites, teams, goals, shared links and custom properties, as their page describes them (docs: Sites
API, read 2026-11). Lists are iterators that ask for the next page when it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from footfall.plausible_api.fields import items, text
from footfall.plausible_api.line import Line
from footfall.plausible_api.results import Goal, SharedLink, Site, Team

_SITES = "/api/v1/sites"


class Sites:
    """The sites of the account. Every method raises an `APIError` where it cannot do it."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def all(self, *, team_id: str | None = None) -> Iterator[Site]:
        """Every site that the key can see, or those of one team."""
        return map(Site.read, _pages(self._line, _SITES, "sites", team_id=team_id))

    def teams(self) -> Iterator[Team]:
        """Every team that the key can see."""
        return map(Team.read, _pages(self._line, f"{_SITES}/teams", "teams"))

    def get(self, domain: str) -> Site:
        """One site by its domain."""
        return Site.read(self._line.ask("GET", _path(domain)))

    def create(
        self,
        domain: str,
        *,
        timezone: str | None = None,
        team_id: str | None = None,
        tracker_script_configuration: Mapping[str, object] | None = None,
    ) -> Site:
        """A new site. The time zone is a name of the IANA database, UTC where none is given."""
        body = {
            "domain": domain,
            "timezone": timezone,
            "team_id": team_id,
            "tracker_script_configuration": tracker_script_configuration,
        }
        return Site.read(self._line.ask("POST", _SITES, body=body))

    def update(
        self,
        domain: str,
        *,
        new_domain: str | None = None,
        tracker_script_configuration: Mapping[str, object] | None = None,
    ) -> Site:
        """The site with another domain, or other settings of the browser's script."""
        body = {
            "domain": new_domain,
            "tracker_script_configuration": tracker_script_configuration,
        }
        return Site.read(self._line.ask("PUT", _path(domain), body=body))

    def delete(self, domain: str) -> None:
        """Delete a site and all its numbers. It cannot be undone."""
        self._line.ask("DELETE", _path(domain))


class Goals:
    """The goals of a site, which is what custom events need to be shown."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def all(self, site_id: str) -> Iterator[Goal]:
        """Every goal of a site."""
        return map(Goal.read, _pages(self._line, f"{_SITES}/goals", "goals", site_id=site_id))

    def find_or_create_event(
        self,
        site_id: str,
        event_name: str,
        *,
        display_name: str | None = None,
        custom_props: Mapping[str, str] | None = None,
    ) -> Goal:
        """The goal that counts events of a name."""
        return self._find_or_create(
            site_id=site_id,
            goal_type="event",
            event_name=event_name,
            display_name=display_name,
            custom_props=custom_props,
        )

    def find_or_create_page(
        self, site_id: str, page_path: str, *, display_name: str | None = None
    ) -> Goal:
        """The goal that counts visits of a page; `*` in the path stands for anything."""
        return self._find_or_create(
            site_id=site_id, goal_type="page", page_path=page_path, display_name=display_name
        )

    def delete(self, site_id: str, goal_id: str) -> None:
        """Delete a goal. What it counted is counted no more; the events stay."""
        path = f"{_SITES}/goals/{quote(goal_id, safe='')}"
        self._line.ask("DELETE", path, body={"site_id": site_id})

    def _find_or_create(self, **body: object) -> Goal:
        return Goal.read(self._line.ask("PUT", f"{_SITES}/goals", body=body))


class SharedLinks:
    """Links that open a dashboard to whoever holds them."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def find_or_create(self, site_id: str, name: str) -> SharedLink:
        """The link of that name."""
        body = {"site_id": site_id, "name": name}
        return SharedLink.read(self._line.ask("PUT", f"{_SITES}/shared-links", body=body))


class CustomProps:
    """The custom properties that a site shows. Others are recorded, and not shown."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def all(self, site_id: str) -> Iterator[str]:
        """Every property of a site, by its name."""
        pages = _pages(self._line, f"{_SITES}/custom-props", "custom_properties", site_id=site_id)
        return (text(found, "property") for found in pages)

    def create(self, site_id: str, prop: str) -> None:
        """Show a property, if it is not shown already."""
        body = {"site_id": site_id, "property": prop}
        self._line.ask("PUT", f"{_SITES}/custom-props", body=body)

    def delete(self, site_id: str, prop: str) -> None:
        """Show a property no more. What was recorded stays."""
        path = f"{_SITES}/custom-props/{quote(prop, safe='')}"
        self._line.ask("DELETE", path, body={"site_id": site_id})


def _path(domain: str) -> str:
    return f"{_SITES}/{quote(domain, safe='')}"


def _pages(line: Line, path: str, key: str, **query: object) -> Iterator[Any]:
    """The items of a list, page by page: the cursor `after` leads on, null ends it."""
    after = None
    while True:
        found = line.ask("GET", path, query={**query, "after": after})
        yield from items(found, key)
        meta = found.get("meta") if isinstance(found, dict) else None
        after = meta.get("after") if isinstance(meta, dict) else None
        if not after:
            return
