"""The fields of a request to Plausible's API, however they were sent; and the routes that use them.

Plausible reads a field from the query or from the body, and a body as JSON, as a form or as
multipart, which `curl -F` in its documents sends. An endpoint here is a plain function from
`RequestParams` to JSON content. It runs in a thread, and refuses by raising `HTTPException`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from footfall.collector.wire import limits
from footfall.collector.wire.parsing import read_json

FLUSH_SECONDS: Final = 2.0
"""How long an answer waits until earlier events are written: 20 ms unless the disk is full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestParams:
    """The fields of query, body and path; the later of these overrides the earlier."""

    fields: Mapping[str, Any]
    # The collector's URL as the client used it, without a slash at the end.
    base_url: str

    def text(self, name: str) -> str:
        """A field as text; empty where it is missing or no text."""
        value = self.fields.get(name)
        return value.strip() if isinstance(value, str) else ""

    def required(self, name: str, purpose: str) -> str:
        """A field that must not be empty.

        Raises:
            HTTPException: 400, naming the field and the `purpose`, such as "create a goal".
        """
        value = self.text(name)
        if not value:
            raise HTTPException(400, f"Parameter `{name}` is required to {purpose}")
        return value

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number from 1 to `most`; anything else raises `HTTPException` 400."""
        value = str(self.fields.get(name, default))
        number = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
        if not 1 <= number <= most:
            raise HTTPException(400, f"`{name}` must be a whole number from 1 to {most}")
        return number


EndpointFunction: TypeAlias = Callable[[RequestParams], Any]
"""An endpoint: returns the JSON content of its answer."""


def route(path: str, **endpoints: EndpointFunction) -> Route:
    """The route of a path, with an endpoint for each method: `route("/x", GET=..., PUT=...)`."""
    return Route(path, _Resource(endpoints))


class _Resource:
    """An ASGI app for all methods of a path, which names them where another one is used."""

    def __init__(self, endpoints: Mapping[str, EndpointFunction]) -> None:
        self._endpoints = dict(endpoints)
        if "GET" in endpoints:
            self._endpoints["HEAD"] = endpoints["GET"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoints.get(scope["method"])
        if endpoint is None:
            allow = {"Allow": ", ".join(self._endpoints)}
            raise HTTPException(405, "Method Not Allowed", allow)
        params = await _request_params(Request(scope, receive))
        response = JSONResponse(await run_in_threadpool(endpoint, params))
        await response(scope, receive, send)


async def _request_params(request: Request) -> RequestParams:
    fields = {**request.query_params, **await _body(request), **request.path_params}
    return RequestParams(fields=fields, base_url=str(request.base_url).rstrip("/"))


async def _body(request: Request) -> Mapping[str, Any]:
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > limits.API_BODY:
            raise HTTPException(413, "The body is too large")
    body = bytes(received)
    content_type = request.headers.get("content-type", "")
    try:
        return _read(body, content_type) if body else {}
    except ValueError as error:
        raise HTTPException(400, f"The body cannot be read: {error}") from None


def _read(body: bytes, content_type: str) -> Mapping[str, Any]:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return dict(
            parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=limits.FORM_FIELDS)
        )
    if kind == "multipart/form-data":
        return _read_multipart(body, content_type)
    content = read_json(body.decode())
    if not isinstance(content, dict):
        raise ValueError("it is no JSON object")
    return content


def _read_multipart(body: bytes, content_type: str) -> dict[str, str]:
    """The fields of a form of parts (RFC 7578). `email` takes minutes for some 64 KiB of a head."""
    delimiter = b"\r\n--" + _parameter(content_type, "boundary").encode("latin-1", "replace")
    # Before the first delimiter and after the last there is nothing to read.
    parts = (b"\r\n" + body).split(delimiter, limits.FORM_FIELDS + 1)[1:-1]
    fields: dict[str, str] = {}
    for part in parts:
        head, _, content = part.partition(b"\r\n\r\n")
        for line in head.decode().split("\r\n"):
            if line.lower().startswith("content-disposition:") and (
                name := _parameter(line, "name")
            ):
                fields[name] = content.decode()
    return fields


def _parameter(header: str, name: str) -> str:
    """A parameter of a header value without its quotes; empty where there is none."""
    for part in header.split(";")[1:]:
        key, _, value = part.partition("=")
        if key.strip().lower() == name:
            return value.strip().strip('"')
    return ""
