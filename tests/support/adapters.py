"""Every adapter, driven by the same raw requests: a request's bytes in, the answer's bytes out.

Behind each adapter stands the same small site, `answer`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any

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
from tests.support.raw_requests import (
    CHROME,
    NAVIGATION,
    PLAUSIBLE,
    Answer,
    Raw,
    call_asgi,
    call_wsgi,
    navigation,
)

__all__ = [
    "ADAPTERS",
    "CHROME",
    "NAVIGATION",
    "PLAUSIBLE",
    "Answer",
    "Call",
    "DjangoASGI",
    "Raw",
    "call_asgi",
    "call_wsgi",
    "navigation",
]

# -- the site behind every adapter -------------------------------------------------------------

HTML = {"Content-Type": "text/html; charset=utf-8"}


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


class DjangoASGI(ASGIHandler):
    """Django's handler, whose requests' bodies are closed.

    Django leaves the body of a request open that raised, and Python warns of the open file whenever
    it collects it: in another test.
    """

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        with ExitStack() as bodies:
            token = _BODIES.set(bodies)
            try:
                await super().__call__(scope, receive, send)
            finally:
                _BODIES.reset(token)

    async def read_body(self, receive: Any) -> Any:
        return _BODIES.get().enter_context(await super().read_body(receive))


_BODIES: ContextVar[ExitStack] = ContextVar("_BODIES")


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
        handler = DjangoASGI()
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
