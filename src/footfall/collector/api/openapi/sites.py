"""The Sites API, and the list of events, as the collector answers them."""

from __future__ import annotations

from typing import Any, Final

from footfall.collector.api.openapi.schema_helpers import (
    COUNT,
    CURSORS,
    FORM,
    PARTS,
    SITE_ID,
    SWITCH,
    TEXT,
    TEXT_OR_NULL,
    Part,
    answer,
    ask,
    body,
    list_of,
    map_of,
    object_of,
    one_of,
    path,
    query,
    ref,
    text,
)

_SITES: Final = "sites"

_DELETED: Final = {200: answer("It is gone.", object_of({"deleted": SWITCH}))}
_BY_SITE: Final = body(object_of({"site_id": text()}), FORM, PARTS)
_SCRIPT: Final = map_of({"type": ["boolean", "string", "null"]})
_DOMAIN: Final[Part] = {"type": "string", "pattern": r"^[\w.-]{1,200}$"}

_NEW_SITE: Final = object_of(
    {
        "domain": _DOMAIN,
        "timezone": text(description="Of the IANA database."),
        "team_id": TEXT,
        "tracker_script_configuration": _SCRIPT,
    },
    *("timezone", "team_id", "tracker_script_configuration"),
)
_CHANGED_SITE: Final = object_of(
    {"domain": _DOMAIN, "tracker_script_configuration": _SCRIPT},
    *("domain", "tracker_script_configuration"),
)
_NEW_GOAL: Final = object_of(
    {
        "site_id": text(),
        "goal_type": one_of("event", "page"),
        "event_name": text(120),
        "page_path": {"type": "string", "pattern": "^/", "maxLength": 2_000},
        "display_name": text(255),
        "custom_props": {**map_of(TEXT), "maxProperties": 3},
    },
    *("event_name", "page_path", "display_name", "custom_props"),
)


def _page(name: str, items: Part) -> dict[int, Part]:
    return {200: answer("A page of them.", object_of({name: list_of(items), "meta": ref("Meta")}))}


SCHEMAS: Final[dict[str, Part]] = {
    "Site": object_of(
        {
            "domain": TEXT,
            "timezone": TEXT,
            "custom_properties": list_of(TEXT),
            "tracker_script_configuration": _SCRIPT,
        },
        "custom_properties",
        "tracker_script_configuration",
    ),
    "Team": object_of({"id": TEXT, "name": TEXT, "api_available": SWITCH}),
    "Goal": object_of(
        {
            "domain": TEXT,
            "id": TEXT,
            "goal_type": one_of("event", "page"),
            "display_name": TEXT,
            "event_name": TEXT_OR_NULL,
            "page_path": TEXT_OR_NULL,
            "custom_props": map_of(TEXT),
        },
        "domain",
    ),
    "DefinedEvent": object_of(
        {
            "id": {"type": "integer"},
            "event_type": one_of("custom", "pageview"),
            "name": TEXT,
            "props": list_of(TEXT),
        }
    ),
}

_SITE: Final = {200: answer("The site.", ref("Site"))}
_LINK: Final = {200: answer("The link.", object_of({"name": TEXT, "url": TEXT}))}
_EVENTS: Final = {200: answer("They.", object_of({"results": list_of(ref("DefinedEvent"))}))}
_NAMES: Final = {200: answer("Names.", object_of({"results": list_of(TEXT)}))}
_PROPS: Final = {
    200: answer("They.", object_of({"custom_properties": list_of(object_of({"property": TEXT}))}))
}

PATHS: Final[dict[str, Any]] = {
    "/api/v1/events/": {
        "get": ask("Goals, and custom events that came without one.", _SITES, _EVENTS, SITE_ID)
    },
    "/api/v1/events/{event_id}/properties": {
        "get": ask(
            "The properties of one of them.",
            _SITES,
            _NAMES,
            path("event_id", {"type": "integer"}),
            SITE_ID,
        )
    },
    "/api/v1/sites": {
        "get": ask("Sites.", _SITES, _page("sites", ref("Site")), *CURSORS, query("team_id", TEXT)),
        "post": ask("Create a site.", _SITES, _SITE, request=body(_NEW_SITE)),
    },
    "/api/v1/sites/teams": {"get": ask("The team.", _SITES, _page("teams", ref("Team")), *CURSORS)},
    "/api/v1/sites/goals": {
        "get": ask("Goals.", _SITES, _page("goals", ref("Goal")), SITE_ID, *CURSORS),
        "put": ask(
            "Find or create a goal.",
            _SITES,
            {200: answer("The goal.", ref("Goal"))},
            request=body(_NEW_GOAL),
        ),
    },
    "/api/v1/sites/goals/{goal_id}": {
        "delete": ask("Delete a goal.", _SITES, _DELETED, path("goal_id", COUNT), request=_BY_SITE)
    },
    "/api/v1/sites/shared-links": {
        "put": ask(
            "Find or create a shared link.",
            _SITES,
            _LINK,
            request=body(object_of({"site_id": text(), "name": text(255)}), FORM, PARTS),
        )
    },
    "/api/v1/sites/custom-props": {
        "get": ask("The custom properties of a site.", _SITES, _PROPS, SITE_ID),
        "put": ask(
            "Write a custom property down.",
            _SITES,
            {200: answer("It is.", object_of({"created": SWITCH}))},
            request=body(object_of({"site_id": text(), "property": text(75)}), FORM, PARTS),
        ),
    },
    "/api/v1/sites/custom-props/{property}": {
        "delete": ask(
            "Delete a custom property.",
            _SITES,
            _DELETED,
            path("property", text()),
            request=_BY_SITE,
        )
    },
    "/api/v1/sites/{site_id}": {
        "get": ask("A site.", _SITES, _SITE, path("site_id", _DOMAIN)),
        "put": ask(
            "Rename a site, or set up its script.",
            _SITES,
            _SITE,
            path("site_id", _DOMAIN),
            request=body(_CHANGED_SITE),
        ),
        "delete": ask("Forget a site and its events.", _SITES, _DELETED, path("site_id", _DOMAIN)),
    },
}
"""The paths below `/api/v1/sites`, and the two of the list of events."""
