"""The collector's own API: what came, totals, and whether it is well."""

from __future__ import annotations

from typing import Any, Final

from footfall.collector.api.openapi.schema_helpers import (
    COUNT,
    SWITCH,
    TEXT,
    TEXT_OR_NULL,
    Part,
    answer,
    body,
    list_of,
    map_of,
    number,
    object_of,
    one_of,
    operation,
    query,
    ref,
)
from footfall.collector.storage.stored_events import MAX_LIMIT, PERIODS
from footfall.destinations.collector import REPORT_VERSION

_OWN: Final = "collector"
_HEALTH: Final = "health"

_NUMBER: Final[Part] = {"type": "integer", "minimum": 0, "maximum": 2**62}
_DOMAIN: Final = query("domain", TEXT, "Of this site or project only.")
_WAITING: Final = (
    query("wait", {**_NUMBER, "default": 0}, "Answer once that many match,"),
    query("timeout", {"type": "number", "minimum": 0, "default": 10}, "or after these seconds."),
)
_SEARCH: Final = (
    query("name", TEXT, "Of this name only."),
    _DOMAIN,
    query("path", TEXT, "Of this page only."),
    query("status", one_of("accepted", "dropped")),
    query("after", _NUMBER, "Those that follow this number; without it, the newest."),
    query("limit", number(1, MAX_LIMIT, 1_000)),
    *_WAITING,
)


def _top(name: str, *numbers: str) -> Part:
    return list_of(object_of({name: TEXT, **dict.fromkeys(numbers, COUNT)}))


def _probe(summary: str) -> Part:
    parts = dict.fromkeys(("postgres", "clickhouse", "sites_cache", "sessions"), TEXT)
    answers = {
        200: answer("It is well.", object_of(parts)),
        500: answer("Nothing can be written at the moment.", object_of(parts)),
    }
    return {"get": operation(summary, _HEALTH, answers) | {"security": []}}


_HITS: Final = (
    _DOMAIN,
    query("path", TEXT, "Of this page only."),
    query("reason", TEXT, "With this reason only."),
    query("after", _NUMBER, "Those that follow this number."),
    *_WAITING,
)
_REPORT: Final = object_of(
    {
        "version": {"const": REPORT_VERSION},
        "domain": TEXT,
        "tracked": SWITCH,
        "reason": TEXT,
        **dict.fromkeys(("event", "times"), map_of({})),
    }
)

SCHEMAS: Final[dict[str, Part]] = {
    "Event": object_of(
        {
            "id": {"type": "integer"},
            "received_at": {"type": "string", "format": "date-time"},
            "vendor": one_of("plausible", "swetrix"),
            "domain": TEXT,
            "name": TEXT,
            **dict.fromkeys(("url", "path", "hostname", "referrer"), TEXT_OR_NULL),
            "utm": map_of(TEXT_OR_NULL),
            "props": map_of(TEXT),
            "revenue": {"type": ["object", "null"]},
            "user_agent": TEXT,
            **dict.fromkeys(("client_ip", "visitor", "session"), TEXT_OR_NULL),
            "status": one_of("accepted", "dropped"),
            "reason": TEXT_OR_NULL,
            "headers": {"type": ["object", "null"]},
            "body": {},
        }
    ),
    "Totals": object_of(
        {
            "period": TEXT,
            **dict.fromkeys(("visitors", "visits", "pageviews", "events", "dropped"), COUNT),
            "pages": _top("path", "visitors", "pageviews"),
            "sources": _top("source", "visitors", "visits"),
            "names": _top("name", "visitors", "events"),
            "reasons": _top("reason", "events"),
        }
    ),
}

PATHS: Final[dict[str, Any]] = {
    "/api/v1/events": {
        "get": operation(
            "The events as they came, oldest first.",
            _OWN,
            {200: answer("Events.", object_of({"events": list_of(ref("Event")), "total": COUNT}))},
            errors=(400, 500),
            parameters=_SEARCH,
        ),
        "delete": operation(
            "Forget all events.",
            _OWN,
            {200: answer("How many they were.", object_of({"deleted": COUNT}))},
            errors=(500, 503),
        ),
    },
    "/api/v1/hits": {
        "get": operation(
            "The newest hits that our middleware reported and did not count.",
            _OWN,
            {200: answer("Hits.", object_of({"hits": list_of(map_of({})), "total": COUNT}))},
            errors=(400,),
            parameters=_HITS,
        ),
        "post": operation(
            "What our middleware reports of one hit.",
            _OWN,
            {202: answer("Taken.", kind="text/plain")},
            errors=(400, 413, 415, 503),
            request=body(_REPORT),
        )
        | {"security": []},
    },
    "/api/v1/forward": {
        "get": operation(
            "Where events are passed on, and what became of them.",
            _OWN,
            {200: answer("By destination.", object_of({"destinations": map_of({})}))},
        )
    },
    "/api/v1/stats": {
        "get": operation(
            "Totals of a period that ends now.",
            _OWN,
            {200: answer("Totals.", ref("Totals"))},
            errors=(400, 500),
            parameters=(query("period", {**one_of(*PERIODS), "default": "day"}), _DOMAIN),
        )
    },
    "/api/openapi.json": {
        "get": operation("This document.", _OWN, {200: answer("It.", {"type": "object"})})
    },
    "/api/health": _probe("Whether the collector is well, in Plausible's words."),
    "/api/system/health/ready": _probe("The same."),
    "/api/system/health/live": {
        "get": operation(
            "Whether it runs.", _HEALTH, {200: answer("It does.", object_of({"ok": SWITCH}))}
        )
        | {"security": []}
    },
}
"""The paths of the collector itself, but for its pages."""
