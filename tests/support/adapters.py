"""Every adapter, driven by the same raw requests: a request's bytes in, the answer's bytes out.

The drivers are written out by hand, since a client library would tidy up the very garbage that the
adapters must survive. Behind each adapter stands the same small site, `answer`.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

import django
import fastapi
import flask
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test.utils import override_settings
from django.urls import path, re_path
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import footfall
from footfall import asgi, wsgi
from footfall.flask import Footfall
from footfall.starlette import FootfallMiddleware

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
NAVIGATION: Mapping[str, str] = {
    "Host": "example.com",
    "User-Agent": CHROME,
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "de-AT,de;q=0.9",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
}
PLAUSIBLE = "plausible://plausible.io/example.com"


@dataclass(frozen=True, kw_only=True)
class Raw:
    """One request as it comes from the wire. `target` is the path, percent-encoded as sent."""

    method: str = "GET"
    target: bytes = b"/page"
    query: bytes = b""
    headers: Sequence[tuple[bytes, bytes]] = field(default_factory=tuple)
    peer: str | None = "198.51.100.7"


def navigation(target: str = "/page", query: str = "", /, **changes: Any) -> Raw:
    """A browser opens `target`. `headers=` overrides the browser's; None leaves one out."""
    headers = {**NAVIGATION, **changes.pop("headers", {})}
    pairs = [
        (name.encode("ascii"), value if isinstance(value, bytes) else value.encode("latin-1"))
        for name, value in headers.items()
        if value is not None
    ]
    return Raw(target=target.encode(), query=query.encode(), headers=pairs, **changes)


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


# -- the site behind every adapter -------------------------------------------------------------

HTML = {"Content-Type": "text/html; charset=utf-8"}


# The mark that a layer sets in the environ or scope of each request, without importing footfall.
MARK: Any = None


def answer(path: str) -> Answer:
    """What the view of every framework responds with, after it has called footfall."""
    if path == "/tracked":
        footfall.track("Signup", props={"plan": "pro"}, revenue=("EUR", "19.99"))
    if path == "/props":
        footfall.set_props(logged_in=True)
        footfall.set_props(plan="pro")
    if path == "/ignored":
        footfall.ignore()
    return _ANSWERS.get(path, Answer(status=200, body=b"<h1>Page</h1>", headers=HTML))


_ANSWERS = {
    "/json": Answer(status=200, body=b"{}", headers={"Content-Type": "application/json"}),
    "/moved": Answer(status=302, body=b"", headers={**HTML, "Location": "/page"}),
    "/gone": Answer(status=404, body=b"<h1>Gone</h1>", headers=HTML),
    "/broken": Answer(status=500, body=b"<h1>Broken</h1>", headers=HTML),
    "/empty": Answer(status=204, body=b""),
    "/fresh": Answer(status=304, body=b""),
    "/file.pdf": Answer(
        status=200,
        body=b"%PDF",
        headers={"Content-Type": "application/pdf", "Content-Disposition": "attachment"},
    ),
    # The server in front responds with the file.
    "/handed": Answer(status=200, body=b"", headers={"X-Accel-Redirect": "/protected/a.pdf"}),
    "/handed-as-html": Answer(
        status=200, body=b"", headers={**HTML, "X-Accel-Redirect": "/protected/a.pdf"}
    ),
}


# -- drivers -----------------------------------------------------------------------------------


def call_wsgi(app: Any, raw: Raw) -> Answer:
    path = unquote_to_bytes(raw.target).decode("latin-1")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": raw.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": raw.query.decode("latin-1"),
        "SERVER_NAME": "internal",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": raw.peer or "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if MARK is not None:
        environ["footfall"] = MARK
    for name, value in raw.headers:
        key = "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started.append((status, headers))
        return lambda chunk: None

    body = app(environ, start_response)
    try:
        content = b"".join(body)
    finally:
        if hasattr(body, "close"):
            body.close()
    status, headers = started[-1]
    return Answer(status=int(status[:3]), body=content, headers=dict(headers))


def call_asgi(app: Any, raw: Raw) -> Answer:
    return asyncio.run(_call_asgi(app, raw))


async def _call_asgi(app: Any, raw: Raw) -> Answer:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": raw.method,
        "scheme": "https",
        "path": unquote_to_bytes(raw.target).decode("utf-8", "replace"),
        "raw_path": raw.target,
        "root_path": "",
        "query_string": raw.query,
        "headers": [(name.lower(), value) for name, value in raw.headers],
        "client": None if raw.peer is None else (raw.peer, 51234),
        "server": ("internal", 8000),
        "state": {},
    }
    if MARK is not None:
        scope["footfall"] = MARK
    messages: list[dict[str, Any]] = []
    has_asked = False

    async def receive() -> dict[str, Any]:
        nonlocal has_asked
        if has_asked:
            await asyncio.sleep(30)
        has_asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    await app(scope, receive, send)
    start = messages[0]
    return Answer(
        status=start["status"],
        body=b"".join(message.get("body", b"") for message in messages[1:]),
        headers={n.decode().title(): v.decode("latin-1") for n, v in start.get("headers", ())},
    )


# -- the adapters ------------------------------------------------------------------------------

Call = Callable[[Raw], Answer]
Options = Mapping[str, Any]


@contextmanager
def plain_wsgi(**options: Any) -> Iterator[Call]:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        result = answer(environ["PATH_INFO"])
        start_response(f"{result.status} Whatever", list(result.headers.items()))
        return [result.body]

    wrapped = wsgi.FootfallMiddleware(app, **options)
    yield lambda raw: call_wsgi(wrapped, raw)


@contextmanager
def plain_asgi(**options: Any) -> Iterator[Call]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        result = answer(scope["path"])
        headers = [(n.lower().encode(), v.encode()) for n, v in result.headers.items()]
        await send({"type": "http.response.start", "status": result.status, "headers": headers})
        await send({"type": "http.response.body", "body": result.body})

    wrapped = asgi.FootfallMiddleware(app, **options)
    yield lambda raw: call_asgi(wrapped, raw)


@contextmanager
def flask_app(**options: Any) -> Iterator[Call]:
    app = flask.Flask("tests.support.adapters")

    @app.route("/", defaults={"rest": ""}, methods=["GET", "POST", "PUT"])
    @app.route("/<path:rest>", methods=["GET", "POST", "PUT"])
    def view(rest: str) -> flask.Response:
        result = answer("/" + rest)
        return flask.Response(result.body, result.status, dict(result.headers))

    Footfall(app, **options)
    yield lambda raw: call_wsgi(app, raw)


@contextmanager
def starlette_app(**options: Any) -> Iterator[Call]:
    async def view(request: Request) -> Response:
        result = answer(request.scope["path"])
        return Response(result.body, result.status, dict(result.headers))

    route = Route("/{rest:path}", view, methods=["GET", "POST", "PUT"])
    app = Starlette(routes=[route], middleware=[Middleware(FootfallMiddleware, **options)])
    yield lambda raw: call_asgi(app, raw)


@contextmanager
def fastapi_app(**options: Any) -> Iterator[Call]:
    app = fastapi.FastAPI()
    app.add_middleware(FootfallMiddleware, **options)

    # Not a coroutine: FastAPI runs it in a thread, where the request must still be known.
    @app.api_route("/{rest:path}", methods=["GET", "POST", "PUT"])
    def view(rest: str) -> fastapi.Response:
        result = answer("/" + rest)
        return fastapi.Response(result.body, result.status, dict(result.headers))

    yield lambda raw: call_asgi(app, raw)


def django_view(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    result = answer(request.path_info)
    content_type = result.headers.get("Content-Type", "")
    response = HttpResponse(result.body, status=result.status, content_type=content_type)
    if not content_type:
        del response["Content-Type"]
    for name, value in result.headers.items():
        response[name] = value
    return response


async def django_async_view(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    return django_view(request)


urlpatterns = [
    path("users/<int:pk>/", lambda request, pk: django_view(request), name="user"),
    re_path(r"^async", django_async_view),
    re_path(r"", django_view),
]


def set_up_django() -> None:
    if not settings.configured:
        settings.configure(
            SECRET_KEY="for tests",
            ALLOWED_HOSTS=["*"],
            ROOT_URLCONF="tests.support.adapters",
            MIDDLEWARE=["footfall.django.FootfallMiddleware"],
            INSTALLED_APPS=["footfall.django"],
            DATABASES={},
            USE_TZ=True,
        )
        django.setup(set_prefix=False)


@contextmanager
def django_wsgi(**options: Any) -> Iterator[Call]:
    set_up_django()
    with override_settings(FOOTFALL=options):
        handler = WSGIHandler()
        yield lambda raw: call_wsgi(handler, raw)


@contextmanager
def django_asgi(**options: Any) -> Iterator[Call]:
    set_up_django()
    with override_settings(FOOTFALL=options):
        handler = ASGIHandler()
        yield lambda raw: call_asgi(handler, raw)


ADAPTERS = {
    "wsgi": plain_wsgi,
    "asgi": plain_asgi,
    "flask": flask_app,
    "starlette": starlette_app,
    "fastapi": fastapi_app,
    "django-wsgi": django_wsgi,
    "django-asgi": django_asgi,
}
