"""The Sites API, which needs a sites key: sites, teams, goals, shared links, custom properties.

Written against Plausible's page (docs: Sites API, read 2026-11). A list is an iterator that
requests the next page when it is needed, so that errors are raised there. Every method raises an
`APIError` where it fails, a `NotFoundError` where the site or the goal does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from footfall.plausible_api.authorized_session import AuthorizedSession
from footfall.plausible_api.json_fields import list_at, text_at
from footfall.plausible_api.results import Goal, SharedLink, Site, Team

_SITES = "/api/v1/sites"


class Sites:
    """The sites of the account. Every method raises an `APIError` where it fails."""

    def __init__(self, session: AuthorizedSession) -> None:
        self._session = session

    def all(self, *, team_id: str | None = None) -> Iterator[Site]:
        """Every site that the key can see, or those of one team."""
        return map(Site.read, _pages(self._session, _SITES, "sites", team_id=team_id))

    def teams(self) -> Iterator[Team]:
        """Every team that the key can see."""
        return map(Team.read, _pages(self._session, f"{_SITES}/teams", "teams"))

    def get(self, domain: str) -> Site:
        """One site by its domain."""
        return Site.read(self._session.request("GET", _path(domain)))

    def create(
        self,
        domain: str,
        *,
        timezone: str | None = None,
        team_id: str | None = None,
        tracker_script_configuration: Mapping[str, object] | None = None,
    ) -> Site:
        """Create a site.

        Args:
            domain: The site's name, such as `example.com`.
            timezone: A name of the IANA database, UTC by default.
            team_id: The team that owns the site.
            tracker_script_configuration: The settings of the browser's script.
        """
        body = {
            "domain": domain,
            "timezone": timezone,
            "team_id": team_id,
            "tracker_script_configuration": tracker_script_configuration,
        }
        return Site.read(self._session.request("POST", _SITES, body=body))

    def update(
        self,
        domain: str,
        *,
        new_domain: str | None = None,
        tracker_script_configuration: Mapping[str, object] | None = None,
    ) -> Site:
        """Change a site's domain, or the settings of the browser's script.

        Args:
            domain: The site's present name.
            new_domain: Its name from now on; None to keep the name.
            tracker_script_configuration: The settings to change; None to keep all.

        Returns:
            The site as it is now.
        """
        body = {"domain": new_domain, "tracker_script_configuration": tracker_script_configuration}
        return Site.read(self._session.request("PUT", _path(domain), body=body))

    def delete(self, domain: str) -> None:
        """Delete a site and all its numbers. It cannot be undone."""
        self._session.request("DELETE", _path(domain))


class Goals:
    """The goals of a site. Plausible shows a custom event only if it is a goal."""

    def __init__(self, session: AuthorizedSession) -> None:
        self._session = session

    def all(self, site_id: str) -> Iterator[Goal]:
        """Every goal of a site."""
        return map(Goal.read, _pages(self._session, f"{_SITES}/goals", "goals", site_id=site_id))

    def find_or_create_event(
        self,
        site_id: str,
        event_name: str,
        *,
        display_name: str | None = None,
        custom_props: Mapping[str, str] | None = None,
    ) -> Goal:
        """The goal that counts events of a name, created if there is none.

        Args:
            site_id: The site's domain.
            event_name: The name of the custom event.
            display_name: What the dashboard shows, the event name by default.
            custom_props: Properties and values that an event must have to count.
        """
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
        """The goal that counts visits of a page, created if there is none.

        Args:
            site_id: The site's domain.
            page_path: The path of the page, or of several: `*` matches anything.
            display_name: What the dashboard shows; the server chooses by default.
        """
        return self._find_or_create(
            site_id=site_id, goal_type="page", page_path=page_path, display_name=display_name
        )

    def delete(self, site_id: str, goal_id: str) -> None:
        """Delete a goal. It counts no more; the events stay."""
        path = f"{_SITES}/goals/{quote(goal_id, safe='')}"
        self._session.request("DELETE", path, body={"site_id": site_id})

    def _find_or_create(self, **body: object) -> Goal:
        return Goal.read(self._session.request("PUT", f"{_SITES}/goals", body=body))


class SharedLinks:
    """Links that show a dashboard to everybody who has them."""

    def __init__(self, session: AuthorizedSession) -> None:
        self._session = session

    def find_or_create(self, site_id: str, name: str) -> SharedLink:
        """The link of that name, created if there is none."""
        body = {"site_id": site_id, "name": name}
        return SharedLink.read(self._session.request("PUT", f"{_SITES}/shared-links", body=body))


class CustomProps:
    """The custom properties that a site shows. Plausible records others without showing them."""

    def __init__(self, session: AuthorizedSession) -> None:
        self._session = session

    def all(self, site_id: str) -> Iterator[str]:
        """The name of every property of a site."""
        pages = _pages(
            self._session, f"{_SITES}/custom-props", "custom_properties", site_id=site_id
        )
        return (text_at(each, "property") for each in pages)

    def create(self, site_id: str, prop: str) -> None:
        """Show a property, unless the site shows it already."""
        body = {"site_id": site_id, "property": prop}
        self._session.request("PUT", f"{_SITES}/custom-props", body=body)

    def delete(self, site_id: str, prop: str) -> None:
        """Stop showing a property. What was recorded stays."""
        path = f"{_SITES}/custom-props/{quote(prop, safe='')}"
        self._session.request("DELETE", path, body={"site_id": site_id})


def _path(domain: str) -> str:
    return f"{_SITES}/{quote(domain, safe='')}"


def _pages(session: AuthorizedSession, path: str, key: str, **query: object) -> Iterator[Any]:
    """The items of a list, page by page; `meta.after` is the next cursor, null at the end."""
    after = None
    while True:
        parsed = session.request("GET", path, query={**query, "after": after})
        yield from list_at(parsed, key)
        meta = parsed.get("meta") if isinstance(parsed, dict) else None
        after = meta.get("after") if isinstance(meta, dict) else None
        if not after:
            return
