"""The Sites API for sites and teams, over the registry of sites.

Answers and errors have the shape of Plausible's (docs: Sites API, and its controllers' tests; read
2026-11). Differences:

- Without `domains`, every site exists, and is listed once it is created or has events. With
  `domains` only those exist, and no site can be created, renamed or deleted.
- A site's time zone is the collector's, unless it was created with another one.
- There is one team, and there are no guests. Settings of the browser's script are kept, not used.
"""

from __future__ import annotations

import re
import secrets
import zoneinfo
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.routing import Route

from footfall.collector.api.plausible.limits import MAX_TEXT, page, registry_errors_as_400
from footfall.collector.api.plausible.request_params import RequestParams, route
from footfall.collector.storage.sites import RegisteredSite
from footfall.collector.storage.store import Store

DELETED: Final = {"deleted": True}
"""The answer to a successful DELETE."""

_TEAM: Final = {
    "id": "7d3c1c2e-5a0b-4f7e-9d55-0f6f0f0a11c0",
    "name": "My Personal Sites",
    "api_available": True,
}
# Plausible's defaults; `installation_type` is a text or null, the others are booleans.
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
    """The endpoints of sites and teams; `domains` are the sites that exist; with none, all do."""

    def __init__(self, store: Store, domains: Collection[str]) -> None:
        self._store = store
        self._registry = store.registry
        self._domains = frozenset(domains)

    def routes(self) -> list[Route]:
        """The routes, in the order in which they must be matched."""
        return [
            route("/api/v1/sites", GET=self.sites, POST=self.create),
            route("/api/v1/sites/teams", GET=self.teams),
            # Domains may have slashes.
            route(
                "/api/v1/sites/{site_id:path}", GET=self.site, PUT=self.update, DELETE=self.delete
            ),
        ]

    def require_site(self, params: RequestParams, purpose: str) -> str:
        """The domain of the site that a request names.

        Raises:
            HTTPException: 400 where it names none, 404 where the site does not exist.
        """
        domain = params.required("site_id", purpose)
        if self._domains and domain not in self._domains:
            raise HTTPException(404, _NO_SITE)
        return domain

    # -- sites and teams ----------------------------------------------------------------------

    def sites(self, params: RequestParams) -> Any:
        """All sites, those created last first; none for another team than the one there is."""
        entries = self._all_sites()
        created = [*self._registry.sites()][::-1]
        domains = [*created, *sorted({*entries} - {*created})]
        if params.text("team_id") not in ("", _TEAM["id"]):
            domains = []
        shown, meta = page(params, domains, str)
        sites = [{"domain": each, "timezone": entries[each].timezone} for each in shown]
        return {"sites": sites, "meta": meta}

    def teams(self, params: RequestParams) -> Any:
        """The one team."""
        shown, meta = page(params, [_TEAM], lambda team: str(team["id"]))
        return {"teams": shown, "meta": meta}

    def site(self, params: RequestParams) -> Any:
        """One site."""
        return self._as_json(self._existing_site(params))

    def create(self, params: RequestParams) -> Any:
        """Create a site, which may have events already; 400 where it was created before."""
        domain = _domain(params.required("domain", "create a site"))
        self._refuse_if_fixed()
        if domain in self._registry.sites():
            raise HTTPException(400, _TAKEN)
        if params.text("team_id") not in ("", _TEAM["id"]):
            raise HTTPException(404, "Team could not be found")
        timezone = _timezone(params.text("timezone") or self._store.zone.key)
        site = RegisteredSite(
            domain=domain, timezone=timezone, script=_script(params, _new_script())
        )
        with registry_errors_as_400():
            self._registry.save_site(site)
        return self._as_json(site)

    def update(self, params: RequestParams) -> Any:
        """Change the domain of a site, or the settings of its script."""
        site = self._existing_site(params)
        domain = params.fields.get("domain")
        if not {"domain", "tracker_script_configuration"} & {*params.fields}:
            raise HTTPException(400, "Payload must contain domain or tracker_script_configuration")
        if "domain" in params.fields and not (domain and isinstance(domain, str)):
            raise HTTPException(400, "domain: is invalid")
        if domain == site.domain:
            raise HTTPException(400, "domain: must be another one than it has")
        site = replace(site, script=_script(params, site.script or _new_script()))
        if domain:
            site = self._renamed(site, _domain(domain))
        with registry_errors_as_400():
            self._registry.save_site(site)
        return self._as_json(site)

    def delete(self, params: RequestParams) -> Any:
        """Delete a site, its goals and its events."""
        site = self._existing_site(params)
        self._refuse_if_fixed()
        self._store.delete_domain(site.domain)
        self._registry.delete_site(site.domain)
        return DELETED

    def _renamed(self, site: RegisteredSite, domain: str) -> RegisteredSite:
        self._refuse_if_fixed()
        if domain in self._all_sites():
            raise HTTPException(400, _TAKEN)
        self._store.rename_domain(site.domain, domain)
        self._registry.rename_site(site.domain, domain)
        return replace(site, domain=domain)

    def _all_sites(self) -> dict[str, RegisteredSite]:
        """The sites that were created, that `domains` names, or that have events."""
        known = {*self._domains} or {*self._registry.seen_domains()}
        zone = self._store.zone.key
        entries = {domain: RegisteredSite(domain=domain, timezone=zone) for domain in known}
        return entries | self._registry.sites()

    def _existing_site(self, params: RequestParams) -> RegisteredSite:
        entry = self._all_sites().get(params.required("site_id", "find a site"))
        if entry is None:
            raise HTTPException(404, _NO_SITE)
        return entry

    def _refuse_if_fixed(self) -> None:
        if self._domains:
            raise HTTPException(403, "The sites of this collector were named when it was started")

    def _as_json(self, site: RegisteredSite) -> Any:
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


def _script(params: RequestParams, before: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings of the script, with those that the request changes."""
    wanted = params.fields.get("tracker_script_configuration") or {}
    if not isinstance(wanted, dict):
        raise HTTPException(400, "tracker_script_configuration: must be an object")
    wanted = {name: value for name, value in wanted.items() if name in _SCRIPT}
    for name, value in wanted.items():
        if value not in _INSTALLATIONS if name == "installation_type" else type(value) is not bool:
            raise HTTPException(400, f"tracker_script_configuration: {name} is invalid")
    return {**before, **wanted}
