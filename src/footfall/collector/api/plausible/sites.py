"""Sites and teams of the Sites API, over the registry.

Answers and errors have the shape of Plausible's (docs: Sites API, and its controllers' tests; read
2026-11). Where we differ:

- Without `domains`, every site exists, and is listed once it is created or counted. With them
  only those do, and none can be created, renamed or deleted.
- A site's time zone is the collector's, unless it was created with another.
- There is one team, and no guests. Settings of the browser's script are kept, and not used.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import zoneinfo
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.routing import Route

from footfall.collector.api.plausible.limits import MAX_TEXT, page, room
from footfall.collector.api.plausible.request_params import RequestParams, route
from footfall.collector.storage.sites import RegisteredSite
from footfall.collector.storage.store import Store

DELETED: Final = {"deleted": True}
"""The answer where something is gone."""

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
_INSTALLATIONS: Final = (None, "manual", "wordpress", "gtm")

_NO_SITE: Final = "Site could not be found"
_TAKEN: Final = "domain: has already been taken"

_DOMAIN: Final = re.compile(r"[\w.-]+(/[\w.-]+)*")


class SitesAPI:
    """The endpoints of sites and teams; `domains` are those that exist, with none all do."""

    def __init__(self, store: Store, domains: Collection[str]) -> None:
        self._store = store
        self._registry = store.registry
        self._domains = frozenset(domains)

    def routes(self) -> list[Route]:
        """The routes, in the order in which they have to be asked."""
        return [
            route("/api/v1/sites", GET=self.sites, POST=self.create),
            route("/api/v1/sites/teams", GET=self.teams),
            # Domains may have slashes.
            route(
                "/api/v1/sites/{site_id:path}", GET=self.site, PUT=self.update, DELETE=self.delete
            ),
        ]

    def require(self, asked: RequestParams, purpose: str) -> str:
        """The site that a question is about.

        Raises:
            HTTPException: 400 where none is named, 404 where it does not exist.
        """
        domain = asked.required("site_id", purpose)
        if self._domains and domain not in self._domains:
            raise HTTPException(404, _NO_SITE)
        return domain

    # -- sites and teams ----------------------------------------------------------------------

    def sites(self, asked: RequestParams) -> Any:
        """Every site that is known, by domain; none of another team than ours."""
        entries = self._entries()
        domains = sorted(entries) if asked.text("team_id") in ("", _TEAM["id"]) else []
        shown, meta = page(asked, domains, str)
        sites = [{"domain": each, "timezone": entries[each].timezone} for each in shown]
        return {"sites": sites, "meta": meta}

    def teams(self, asked: RequestParams) -> Any:
        """The one team."""
        shown, meta = page(asked, [_TEAM], lambda team: str(team["id"]))
        return {"teams": shown, "meta": meta}

    def site(self, asked: RequestParams) -> Any:
        """One site."""
        return self._shown(self._known(asked))

    def create(self, asked: RequestParams) -> Any:
        """A new site, which may have been counted before, but not created."""
        domain = _domain(asked.required("domain", "create a site"))
        self._refuse_if_fixed()
        if domain in self._registry.sites():
            raise HTTPException(400, _TAKEN)
        if asked.text("team_id") not in ("", _TEAM["id"]):
            raise HTTPException(404, "Team could not be found")
        timezone = _timezone(asked.text("timezone") or self._store.zone.key)
        site = RegisteredSite(
            domain=domain, timezone=timezone, script=_script(asked, _new_script())
        )
        with room():
            self._registry.write_site(site)
        return self._shown(site)

    def update(self, asked: RequestParams) -> Any:
        """The site with another domain, or with other settings of the script."""
        site = self._known(asked)
        site = replace(site, script=_script(asked, site.script or _new_script()))
        if asked.text("domain") not in ("", site.domain):
            site = self._renamed(site, _domain(asked.text("domain")))
        with room():
            self._registry.write_site(site)
        return self._shown(site)

    def delete(self, asked: RequestParams) -> Any:
        """Forget a site, its goals and its events."""
        site = self._known(asked)
        self._refuse_if_fixed()
        with _patience():
            self._store.delete_domain(site.domain)
        self._registry.delete_site(site.domain)
        return DELETED

    def _renamed(self, site: RegisteredSite, domain: str) -> RegisteredSite:
        self._refuse_if_fixed()
        if domain in self._entries():
            raise HTTPException(400, _TAKEN)
        with _patience():
            self._store.rename_domain(site.domain, domain)
        self._registry.rename_site(site.domain, domain)
        return replace(site, domain=domain)

    def _entries(self) -> dict[str, RegisteredSite]:
        """The sites that were created, declared or counted."""
        known = {*self._domains} or {*self._registry.seen_domains()}
        zone = self._store.zone.key
        entries = {domain: RegisteredSite(domain=domain, timezone=zone) for domain in known}
        return entries | self._registry.sites()

    def _known(self, asked: RequestParams) -> RegisteredSite:
        entry = self._entries().get(asked.required("site_id", "find a site"))
        if entry is None:
            raise HTTPException(404, _NO_SITE)
        return entry

    def _refuse_if_fixed(self) -> None:
        if self._domains:
            raise HTTPException(403, "The sites of this collector were named when it was started")

    def _shown(self, site: RegisteredSite) -> Any:
        return {
            "domain": site.domain,
            "timezone": site.timezone,
            "custom_properties": self._registry.props(site.domain),
            "tracker_script_configuration": dict(site.script),
        }


# -- fields -----------------------------------------------------------------------------------


def _domain(text: str) -> str:
    domain = text.removeprefix("www.")
    if len(domain) > MAX_TEXT or not _DOMAIN.fullmatch(domain):
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


def _script(asked: RequestParams, before: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings of the script, with those that were asked for."""
    wanted = asked.fields.get("tracker_script_configuration") or {}
    if not isinstance(wanted, dict):
        raise HTTPException(400, "tracker_script_configuration: must be an object")
    wanted = {name: value for name, value in wanted.items() if name in _SCRIPT}
    for name, value in wanted.items():
        if value not in _INSTALLATIONS if name == "installation_type" else type(value) is not bool:
            raise HTTPException(400, f"tracker_script_configuration: {name} is invalid")
    return {**before, **wanted}


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """Say so where the events cannot be changed, for the disk is full or busy."""
    try:
        yield
    except TimeoutError:
        raise HTTPException(503, "The database cannot be written at the moment") from None
