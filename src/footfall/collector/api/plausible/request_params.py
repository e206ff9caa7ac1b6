"""What was asked of a read endpoint, whichever way it was sent; and the routes that ask it.

Plausible takes a field from the query or from the body, and a body as JSON, as a form or in parts,
which is what the `curl -F` of its documents sends. An endpoint here is a plain function from
`RequestParams` to something that JSON can say. It runs in a thread and refuses by raising
`HTTPException`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from footfall.collector.wire.messages import read_json

SETTLE_SECONDS: Final = 2.0
"""How long an answer waits for what was posted before. It takes 20 ms unless the disk is full."""

# A query with many filters takes some kilobytes.
_MAX_BODY_BYTES = 1_000_000
_MAX_FIELDS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestParams:
    """The fields of query, body and path; a later one of these wins."""

    fields: Mapping[str, Any]
    # Where the collector was reached, without a slash at the end.
    base_url: str

    def text(self, name: str) -> str:
        """A field as text; empty where it is missing or none."""
        value = self.fields.get(name)
        return value.strip() if isinstance(value, str) else ""

    def required(self, name: str, purpose: str) -> str:
        """A field that has to be there."""
        value = self.text(name)
        if not value:
            raise HTTPException(400, f"Parameter `{name}` is required to {purpose}")
        return value

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number from 1 to `most`."""
        value = str(self.fields.get(name, default))
        number = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
        if not 1 <= number <= most:
            raise HTTPException(400, f"`{name}` must be a whole number from 1 to {most}")
        return number


Answerer: TypeAlias = Callable[[RequestParams], Any]
"""What an endpoint is: gives the content of the answer."""


def route(path: str, **answerers: Answerer) -> Route:
    """The route of a path, with an endpoint for each method: `route("/x", GET=..., PUT=...)`."""
    return Route(path, _Resource(answerers))


class _Resource:
    """A path as an ASGI app, so that it alone says what it can be asked."""

    def __init__(self, answerers: Mapping[str, Answerer]) -> None:
        self._answerers = dict(answerers)
        if "GET" in answerers:
            self._answerers["HEAD"] = answerers["GET"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answerer = self._answerers.get(scope["method"])
        if answerer is None:
            allow = {"Allow": ", ".join(self._answerers)}
            raise HTTPException(405, "Method Not Allowed", allow)
        asked = await _asked(Request(scope, receive))
        response = JSONResponse(await run_in_threadpool(answerer, asked))
        await response(scope, receive, send)


async def _asked(request: Request) -> RequestParams:
    fields = {**request.query_params, **await _body(request), **request.path_params}
    return RequestParams(fields=fields, base_url=str(request.base_url).rstrip("/"))


async def _body(request: Request) -> Mapping[str, Any]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            raise HTTPException(413, "The body is too large")
    content_type = request.headers.get("content-type", "")
    try:
        return _read(body, content_type) if body else {}
    except ValueError as error:
        raise HTTPException(400, f"The body cannot be read: {error}") from None


def _read(body: bytes, content_type: str) -> Mapping[str, Any]:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    if kind == "multipart/form-data":
        return _parts(body, content_type)
    found = read_json(body.decode())
    if not isinstance(found, dict):
        raise ValueError("it is no JSON object")
    return found


def _parts(body: bytes, content_type: str) -> dict[str, str]:
    head = f"content-type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    fields: dict[str, str] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields[name] = content.decode()
    return fields
