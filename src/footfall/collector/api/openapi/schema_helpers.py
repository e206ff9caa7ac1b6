"""The bricks of the document: small functions that give the objects of OpenAPI 3.1.

A name in `SCHEMAS` is what `ref` refers to. Nothing here knows an endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

Part: TypeAlias = dict[str, Any]

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
PARTS: Final = "multipart/form-data"

TEXT: Final[Part] = {"type": "string"}
TEXT_OR_NULL: Final[Part] = {"type": ["string", "null"]}
COUNT: Final[Part] = {"type": "integer", "minimum": 0}
SWITCH: Final[Part] = {"type": "boolean"}


def object_of(properties: Mapping[str, Part], *optional: str) -> Part:
    """An object whose properties are all there, but for the optional ones."""
    required = [name for name in properties if name not in optional]
    found: Part = {"type": "object", "properties": dict(properties)}
    return found | ({"required": required} if required else {})


def list_of(items: Part, **bounds: int) -> Part:
    """A list."""
    return {"type": "array", "items": items, **bounds}


def map_of(values: Part) -> Part:
    """An object with any names."""
    return {"type": "object", "additionalProperties": values}


def one_of(*values: object) -> Part:
    """One of some values."""
    return {"enum": list(values)}


def text(most: int | None = None, **more: object) -> Part:
    """A text that says something."""
    bounds = {"maxLength": most} if most else {}
    return {"type": "string", "pattern": r"\S", **bounds, **more}


def number(least: int, most: int, default: int) -> Part:
    """A whole number within bounds."""
    return {"type": "integer", "minimum": least, "maximum": most, "default": default}


def ref(name: str) -> Part:
    """What stands under a name in `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


# -- parameters -------------------------------------------------------------------------------


def query(name: str, schema: Part, description: str = "", *, required: bool = False) -> Part:
    """A field of the query."""
    return _parameter("query", name, schema, description, required=required)


def path(name: str, schema: Part = TEXT) -> Part:
    """A part of the path."""
    return _parameter("path", name, schema, "", required=True)


def header(name: str, schema: Part = TEXT, description: str = "") -> Part:
    """A header of the request."""
    return _parameter("header", name, schema, description, required=False)


def _parameter(place: str, name: str, schema: Part, description: str, *, required: bool) -> Part:
    found: Part = {"in": place, "name": name, "schema": schema}
    if required:
        found["required"] = True
    return found | ({"description": description} if description else {})


def body(schema: Part, *kinds: str) -> Part:
    """The body of a request, as JSON or as one of the kinds."""
    content = {kind: {"schema": schema} for kind in (JSON, *kinds)}
    return {"required": True, "content": content}


SITE_ID: Final = query("site_id", text(), "The site's domain.", required=True)
CURSORS: Final = (
    query("after", TEXT, "Begin behind this cursor."),
    query("before", TEXT, "End before this cursor."),
    query("limit", number(1, 1_000, 100)),
)


# -- answers ----------------------------------------------------------------------------------


def answer(description: str, schema: Part | None = None, kind: str = JSON, **headers: Part) -> Part:
    """An answer, with a body where it has one."""
    found: Part = {"description": description}
    if schema is not None:
        found["content"] = {kind: {"schema": schema}}
    if headers:
        shown = {name.replace("_", "-"): {"schema": each} for name, each in headers.items()}
        found["headers"] = shown
    return found


_ERRORS: Final = {
    400: "The question cannot be read, or has no meaning.",
    401: "No site of this key; or the token is missing.",
    403: "Not from here: another host or origin, or sites that were named at the start.",
    404: "There is none.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    500: "The database cannot be read.",
    503: "The database cannot be written at the moment.",
}
# What guards every endpoint answers in plain words.
_ERROR: Final[Part] = {
    JSON: {"schema": ref("Error")},
    "text/plain": {"schema": TEXT},
}


def operation(
    summary: str,
    tag: str,
    answers: Mapping[int, Part],
    *,
    errors: Sequence[int] = (),
    parameters: Sequence[Part] = (),
    request: Part | None = None,
) -> Part:
    """One method of one path."""
    told = {401, 403, *errors} - answers.keys()
    responses = {str(status): each for status, each in answers.items()} | {
        str(status): {"description": _ERRORS[status], "content": _ERROR} for status in sorted(told)
    }
    found: Part = {"tags": [tag], "summary": summary, "responses": responses}
    if parameters:
        found["parameters"] = list(parameters)
    if request is not None:
        found["requestBody"] = request
    return found


def ask(
    summary: str,
    tag: str,
    answers: Mapping[int, Part],
    *parameters: Part,
    request: Part | None = None,
) -> Part:
    """A question about a site: it may be unreadable, or about a site that is not there."""
    return operation(
        summary,
        tag,
        answers,
        errors=(400, 404, 413, 500, 503),
        parameters=parameters,
        request=request,
    )


SCHEMAS: Final[dict[str, Part]] = {
    "Error": object_of({"error": TEXT}),
    "Meta": object_of({"after": TEXT_OR_NULL, "before": TEXT_OR_NULL, "limit": COUNT}),
}
"""The schemas that several endpoints share; each room adds its own."""
