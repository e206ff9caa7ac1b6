"""The endpoints that events are posted to, as Plausible and Swetrix take them."""

from __future__ import annotations

from typing import Any, Final

from footfall.collector.api.openapi.schema_helpers import (
    FORM,
    TEXT,
    Part,
    answer,
    body,
    header,
    list_of,
    map_of,
    object_of,
    ref,
    text,
)

_EVENTS: Final = "events"
_PLAIN: Final = "text/plain"
# What either vendor stores of a prop is its text.
_SCALAR: Final[Part] = {"type": ["string", "number", "boolean", "null"]}

_PLAUSIBLE: Final = object_of(
    {
        "name": text(120, description="`pageview`, or the name of a custom event."),
        "url": {"type": "string", "maxLength": 2_000, "pattern": "^(https?|app)://[a-z]"},
        "domain": text(pattern=r"[^\s,.]", description="Where left out, the host of the URL."),
        "referrer": {"type": ["string", "null"]},
        "props": {**map_of(_SCALAR), "maxProperties": 30},
        "revenue": object_of({"currency": TEXT, "amount": {"type": ["number", "string"]}}),
        "interactive": {"type": "boolean", "default": True},
        "hashMode": {"enum": [0, 1]},
        "sd": {"type": "integer", "description": "Scroll depth in per cent, of an engagement."},
        "e": {"type": "integer", "description": "Milliseconds, of an engagement."},
    },
    *("domain", "referrer", "props", "revenue", "interactive", "hashMode", "sd", "e"),
) | {
    "description": "Short keys are taken as well: n, u, d, r, p (or m, meta), $, i, h.",
}
_PLAUSIBLE_ERRORS: Final = object_of({"errors": map_of(list_of(TEXT))})
_PHOENIX_ERROR: Final = object_of({"status": {"type": "integer"}, "message": TEXT})

_PID: Final[Part] = {"type": "string", "pattern": "^[A-Za-z0-9]{12}$"}
_SWETRIX: Final[dict[str, Part]] = {
    "pid": _PID,
    "pg": TEXT,
    "tz": TEXT,
    "lc": TEXT,
    "ref": TEXT,
    **dict.fromkeys(("so", "me", "ca", "te", "co"), TEXT),
    "unique": {"type": "boolean"},
    "meta": map_of(TEXT),
}
_SWETRIX_ERROR: Final = object_of(
    {"statusCode": {"type": "integer"}, "error": TEXT, "message": {"type": ["string", "array"]}},
    "error",
)


_TOO_MANY: Final = answer("From this address they come too fast.", ref("Error"))


def _post(summary: str, request: Part, responses: dict[str, Part], *headers: str) -> Part:
    names = ("User-Agent", "X-Forwarded-For", *headers)
    return {
        "post": {
            "tags": [_EVENTS],
            "summary": summary,
            # Events come from anybody.
            "security": [],
            "parameters": [header(name) for name in names],
            "requestBody": request,
            "responses": responses | {"429": _TOO_MANY},
        }
    }


def _swetrix(summary: str, properties: dict[str, Part], *optional: str) -> Part:
    empty = object_of({"message": TEXT}, "message")
    refused = {
        "400": "Fields are missing or wrong.",
        "403": "It was there before, or there is no live session.",
        "404": "There is no such project.",
        "413": "The body is too large.",
        "415": "The body has another charset or encoding.",
        "500": "As Swetrix answers to a page that is no text.",
        "503": "Events come faster than they can be written.",
    }
    responses = {"201": answer("Taken; a message says so if it was thrown away.", empty)}
    responses |= {status: answer(text, _SWETRIX_ERROR) for status, text in refused.items()}
    request = body(object_of(properties, *optional), FORM)
    return _post(summary, request, responses, "X-Client-IP-Address", "Origin")


_OPTIONAL: Final = tuple(key for key in _SWETRIX if key != "pid")

PATHS: Final[dict[str, Any]] = {
    "/api/event": _post(
        "Plausible: record a pageview or a custom event.",
        body(_PLAUSIBLE, _PLAIN),
        {
            "200": answer("To a debug request: the visitor's address.", TEXT, _PLAIN),
            "202": answer(
                "Taken; the header counts the sites for which it was thrown away.",
                TEXT,
                _PLAIN,
                x_plausible_dropped={"type": "integer", "minimum": 1},
            ),
            "400": answer(
                "Fields are missing or wrong.", {"anyOf": [_PLAUSIBLE_ERRORS, _PHOENIX_ERROR]}
            ),
            "406": answer("The sender does not accept JSON.", _PHOENIX_ERROR),
            "413": answer("The body is too large.", _PHOENIX_ERROR),
            "503": answer("Events come faster than they can be written.", _PHOENIX_ERROR),
        },
        "X-Debug-Request",
        "X-Plausible-IP",
    ),
    "/log": _swetrix("Swetrix: record a pageview.", _SWETRIX, *_OPTIONAL),
    "/log/custom": _swetrix(
        "Swetrix: record a custom event.", {**_SWETRIX, "ev": text(256)}, *_OPTIONAL
    ),
    "/log/hb": _swetrix("Swetrix: keep a session alive.", {"pid": _PID}),
}
"""The wires. Swetrix also answers below `/v1`, `/backend` and `/backend/v1`."""
