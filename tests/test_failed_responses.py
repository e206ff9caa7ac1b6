"""An app that fails before its page begins: the visitor sees an error, and so do the counters."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import fastapi
import flask
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import StreamingHttpResponse
from django.test.utils import override_settings
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

import footfall
from footfall import asgi, wsgi
from footfall.flask import Footfall
from footfall.starlette import FootfallMiddleware
from footfall.testing import Outbox
from tests.support.adapters import (
    PLAUSIBLE,
    Call,
    DjangoASGI,
    Raw,
    call_asgi,
    call_wsgi,
    navigation,
    set_up_django,
)
from tests.support.records import quiet_tracker


class OwnError(Exception):
    """What the apps raise."""


def fail() -> Any:
    raise OwnError


# -- apps whose view raises --------------------------------------------------------------------


@contextmanager
def plain_asgi(**options: Any) -> Iterator[Call]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        fail()

    wrapped = asgi.FootfallMiddleware(app, **options)
    yield lambda raw: call_asgi(wrapped, raw)


@contextmanager
def starlette_app(**options: Any) -> Iterator[Call]:
    async def view(request: Request) -> Response:
        raise OwnError

    routes = [Route("/{rest:path}", view, methods=["GET", "POST"])]
    app = Starlette(routes=routes, middleware=[Middleware(FootfallMiddleware, **options)])
    yield lambda raw: call_asgi(app, raw)


@contextmanager
def fastapi_app(**options: Any) -> Iterator[Call]:
    app = fastapi.FastAPI()
    app.add_middleware(FootfallMiddleware, **options)
    app.api_route("/{rest:path}", methods=["GET", "POST"])(lambda rest: fail())
    yield lambda raw: call_asgi(app, raw)


@contextmanager
def plain_wsgi(**options: Any) -> Iterator[Call]:
    wrapped = wsgi.FootfallMiddleware(lambda environ, start_response: fail(), **options)
    yield lambda raw: call_wsgi(wrapped, raw)


@contextmanager
def flask_app(**options: Any) -> Iterator[Call]:
    app = flask.Flask("tests.test_failed_responses")
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.route("/<path:rest>", methods=["GET", "POST"])(lambda rest: fail())
    Footfall(app, **options)
    yield lambda raw: call_wsgi(app, raw)


def django_urls(view: Callable[..., Any]) -> Any:
    from django.urls import re_path

    return type("Urls", (), {"urlpatterns": [re_path("", view)]})


@contextmanager
def django_site(handler: Any, call: Any, **options: Any) -> Iterator[Call]:
    set_up_django()
    urls = django_urls(lambda request: fail())
    with override_settings(FOOTFALL=options, ROOT_URLCONF=urls, DEBUG_PROPAGATE_EXCEPTIONS=True):
        app = handler()
        yield lambda raw: call(app, raw)


def django_wsgi(**options: Any) -> Any:
    return django_site(WSGIHandler, call_wsgi, **options)


def django_asgi(**options: Any) -> Any:
    return django_site(DjangoASGI, call_asgi, **options)


RAISING = {
    "asgi": plain_asgi,
    "starlette": starlette_app,
    "fastapi": fastapi_app,
    "wsgi": plain_wsgi,
    "flask": flask_app,
    "django-wsgi": django_wsgi,
    "django-asgi": django_asgi,
}


@pytest.fixture(params=list(RAISING.values()), ids=list(RAISING))
def raising(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_an_exception_that_an_outer_layer_answers_is_an_error(
    raising: Any, footfall_outbox: Outbox
) -> None:
    with raising(destinations=[PLAUSIBLE]) as call:
        with pytest.raises(OwnError):
            call(navigation("/page"))
        assert len(footfall_outbox) == 0
        assert footfall.stats()["reasons"] == {"error": 1}


def test_a_request_that_was_rejected_before_it_failed_has_one_reason(
    raising: Any, footfall_outbox: Outbox
) -> None:
    with raising(destinations=[PLAUSIBLE], exclude=["/admin/**"]) as call:
        for raw in (navigation("/page", method="POST"), navigation("/admin/users")):
            with pytest.raises(OwnError):
                call(raw)
        assert footfall.stats()["reasons"] == {"excluded": 1, "method": 1}


def test_in_sync_mode_the_error_is_one_too(raising: Any) -> None:
    with raising(destinations=[PLAUSIBLE], mode="sync") as call:
        with pytest.raises(OwnError):
            call(navigation("/page"))
        assert footfall.stats()["reasons"] == {"error": 1}


# -- ASGI: the body decides --------------------------------------------------------------------

START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]}
BODY = {"type": "http.response.body", "body": b"", "more_body": False}
HINT = {"type": "http.response.early_hint", "links": []}


async def starting(scope: Any, receive: Any, send: Any) -> None:
    await send(START)
    fail()


async def streaming(scope: Any, receive: Any, send: Any) -> None:
    async def chunks() -> Any:
        yield fail()

    await StreamingResponse(chunks(), media_type="text/html")(scope, receive, send)


async def hinting(scope: Any, receive: Any, send: Any) -> None:
    await send(HINT)
    fail()


async def breaking_off(scope: Any, receive: Any, send: Any) -> None:
    await send(START)
    await send({**BODY, "body": b"<h1>", "more_body": True})
    fail()


async def hinting_page(scope: Any, receive: Any, send: Any) -> None:
    await send(HINT)
    await send(START)
    await send(BODY)


async def headless(scope: Any, receive: Any, send: Any) -> None:
    """As an app whose client leaves before the first byte."""
    await send(START)


ASGI_APPS = {
    "raises after the start": (starting, {"error": 1}),
    "streams, and the first chunk raises": (streaming, {"error": 1}),
    "raises after an early hint": (hinting, {"error": 1}),
    "raises after the first byte": (breaking_off, {"navigation": 1}),
    "hints and responds": (hinting_page, {"navigation": 1}),
    "ends without a body": (headless, {"navigation": 1}),
}


@pytest.mark.parametrize(("app", "reasons"), ASGI_APPS.values(), ids=ASGI_APPS)
def test_an_asgi_response_counts_when_its_body_begins(
    app: Any, reasons: dict[str, int], footfall_outbox: Outbox
) -> None:
    wrapped = asgi.FootfallMiddleware(app, destinations=[PLAUSIBLE])
    with suppress(OwnError, LookupError):  # of the driver, where no response was sent first
        call_asgi(wrapped, navigation("/page"))
    assert len(footfall_outbox) == reasons.get("navigation", 0)
    assert footfall.stats()["reasons"] == reasons


# -- WSGI: the last response counts ------------------------------------------------------------

PAGE = "200 OK", [("Content-Type", "text/html")]
ERROR = "500 Internal Server Error", [("Content-Type", "text/html")]


def starting_wsgi(environ: Any, start_response: Any) -> Any:
    start_response(*PAGE)
    fail()


def replacing(environ: Any, start_response: Any) -> list[bytes]:
    start_response(*PAGE)
    try:
        fail()
    except OwnError:
        start_response(*ERROR, sys.exc_info())
    return [b"sorry"]


def replacing_in_the_body(environ: Any, start_response: Any) -> Iterator[bytes]:
    yield from replacing(environ, start_response)


class Trapped:
    """As CherryPy's body: its first chunk fails, and an error page takes the place of the page."""

    def __init__(self, start_response: Any) -> None:
        self.start_response = start_response

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield fail()
        except OwnError:
            self.start_response(*ERROR, sys.exc_info())
            yield b"sorry"


def trapping(environ: Any, start_response: Any) -> Trapped:
    start_response(*PAGE)
    return Trapped(start_response)


def trapping_data(environ: Any, start_response: Any) -> Trapped:
    start_response("200 OK", [("Content-Type", "application/json")])
    return Trapped(start_response)


def lazy(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response(*PAGE)
    yield b"ok"


def failing_before_the_start(environ: Any, start_response: Any) -> Iterator[bytes]:
    fail()
    yield from lazy(environ, start_response)


def failing_after_the_start(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response(*PAGE)
    fail()
    yield b"ok"


def breaking_off_wsgi(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response(*PAGE)
    yield b"<h1>"
    fail()


def replacing_after_an_empty_chunk(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response(*PAGE)
    yield b""
    yield from replacing(environ, start_response)


def returning_a_body_that_fails(environ: Any, start_response: Any) -> Iterator[bytes]:
    """As Pyramid and Falcon stream: the app starts its response, and returns a generator."""
    start_response(*PAGE)
    return failing_chunks()


def returning_a_body(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response(*PAGE)
    return (chunk for chunk in (b"<h1>", b"</h1>"))


def returning_a_body_that_breaks_off(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response(*PAGE)
    return broken_chunks()


def returning_an_empty_body(environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response(*PAGE)
    return no_chunks()


def no_chunks() -> Iterator[bytes]:
    yield from ()


class Site:
    """An app as a class, as PEP 3333 shows it: the instance is the body."""

    def __init__(self, environ: Any, start_response: Any) -> None:
        self.start_response = start_response

    def __iter__(self) -> Iterator[bytes]:
        self.start_response(*PAGE)
        yield b"ok"


class SiteFailingBeforeTheStart(Site):
    def __iter__(self) -> Iterator[bytes]:
        fail()
        yield b"ok"


class SiteFailingAfterTheStart(Site):
    def __iter__(self) -> Iterator[bytes]:
        self.start_response(*PAGE)
        fail()
        yield b"ok"


WSGI_APPS = {
    "returns a body whose first chunk fails": (returning_a_body_that_fails, {"error": 1}),
    "returns a body in chunks": (returning_a_body, {"navigation": 1}),
    "returns a body that breaks off": (returning_a_body_that_breaks_off, {"navigation": 1}),
    "returns a body without a chunk": (returning_an_empty_body, {"navigation": 1}),
    "is a class": (Site, {"navigation": 1}),
    "is a class that raises before the start": (SiteFailingBeforeTheStart, {"error": 1}),
    "is a class that raises after the start": (SiteFailingAfterTheStart, {"error": 1}),
    "raises in its body before the start": (failing_before_the_start, {"error": 1}),
    "raises in its body after the start": (failing_after_the_start, {"error": 1}),
    "breaks off after its first chunk": (breaking_off_wsgi, {"navigation": 1}),
    "replaces its response after an empty chunk": (replacing_after_an_empty_chunk, {"error": 1}),
    "raises after the start": (starting_wsgi, {"error": 1}),
    "replaces its response": (replacing, {"error": 1}),
    "replaces it in its body": (replacing_in_the_body, {"error": 1}),
    "fails in its first chunk": (trapping, {"error": 1}),
    "fails in its first chunk of no page": (trapping_data, {"not_html": 1}),
    "starts in its body": (lazy, {"navigation": 1}),
}


@pytest.mark.parametrize(("app", "reasons"), WSGI_APPS.values(), ids=WSGI_APPS)
def test_the_last_wsgi_response_counts(app: Any, reasons: dict[str, int]) -> None:
    # Once the worker thread has decided a page, no other response can replace it.
    tracker = quiet_tracker()
    with suppress(OwnError):
        call_wsgi(wsgi.FootfallMiddleware(app, tracker=tracker), navigation("/page"))
    tracker.process_all()
    assert tracker.stats()["reasons"] == reasons


@pytest.mark.parametrize(
    "app",
    [
        failing_before_the_start,
        failing_after_the_start,
        returning_a_body_that_fails,
        SiteFailingBeforeTheStart,
        SiteFailingAfterTheStart,
    ],
)
def test_a_body_that_fails_once_its_page_is_decided_is_an_error_too(
    app: Any, footfall_outbox: Outbox
) -> None:
    wrapped = wsgi.FootfallMiddleware(app, destinations=[PLAUSIBLE])
    start_response: Any = lambda *_: None  # noqa: E731 -- a server that writes nowhere
    body = iter(wrapped({"REQUEST_METHOD": "GET", "PATH_INFO": "/page"}, start_response))
    wrapped.tracker.process_all()
    with pytest.raises(OwnError):
        next(body)
    assert len(footfall_outbox) == 0
    assert footfall.stats()["reasons"] == {"error": 1}


def test_a_body_that_fails_where_its_request_is_not_counted_has_no_other_reason() -> None:
    tracker = quiet_tracker(exclude=["/admin/**"])
    app = wsgi.FootfallMiddleware(failing_before_the_start, tracker=tracker)
    with pytest.raises(OwnError):
        call_wsgi(app, navigation("/admin/users"))
    tracker.process_all()
    assert tracker.stats()["reasons"] == {"excluded": 1}


def closing_chunks(environ: Any, start_response: Any) -> Any:
    start_response(*PAGE)
    return Closing()


class Closing:
    """A body with more to it than its chunks: it is the server's to close, or to measure."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"ok"

    def close(self) -> None: ...

    def __len__(self) -> int:
        return 1


def already_handled(environ: Any, start_response: Any) -> Any:
    return HANDLED


# As eventlet and gunicorn know a request that a websocket has answered: by this very object.
HANDLED: Any = type("AlreadyHandled", (), {"__iter__": lambda self: self, "__next__": None})()


def test_a_body_that_a_server_may_know_is_passed_on_as_it_is() -> None:
    handled = wsgi.FootfallMiddleware(already_handled, tracker=quiet_tracker())
    closing = wsgi.FootfallMiddleware(closing_chunks, tracker=quiet_tracker())
    for method in ("GET", "POST"):
        environ = {"REQUEST_METHOD": method, "PATH_INFO": "/page"}
        start_response: Any = lambda *_: None  # noqa: E731 -- a server that writes nowhere
        assert handled(environ, start_response) is HANDLED
        assert isinstance(closing(environ, start_response), Closing)


def test_a_generator_is_closed_in_its_request(footfall_outbox: Outbox) -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response(*PAGE)
        try:
            yield b"<h1>"
        finally:
            footfall.track("Closed")

    wrapped = wsgi.FootfallMiddleware(app, destinations=[PLAUSIBLE], mode="sync")
    start_response: Any = lambda *_: None  # noqa: E731 -- a server that writes nowhere
    body: Any = wrapped({"REQUEST_METHOD": "GET", "PATH_INFO": "/page"}, start_response)
    assert next(body) == b"<h1>"
    body.close()
    assert footfall.stats()["reasons"] == {"no_user_agent": 2}


# -- Django: the first chunk decides -----------------------------------------------------------


def failing_chunks() -> Iterator[bytes]:
    yield fail()


async def failing_async_chunks() -> Any:
    yield fail()


def broken_chunks() -> Iterator[bytes]:
    yield b"<h1>"
    fail()


async def broken_async_chunks() -> Any:
    yield b"<h1>"
    fail()


CHUNKS = {
    "at once": (failing_chunks, {"error": 1}),
    "at once, async": (failing_async_chunks, {"error": 1}),
    "after the first byte": (broken_chunks, {"navigation": 1}),
    "after the first byte, async": (broken_async_chunks, {"navigation": 1}),
}
HANDLERS: dict[str, Any] = {
    "WSGI": (WSGIHandler, call_wsgi),
    "ASGI": (DjangoASGI, call_asgi),
}


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
@pytest.mark.parametrize(("handler", "call"), HANDLERS.values(), ids=HANDLERS)
@pytest.mark.parametrize(("chunks", "reasons"), CHUNKS.values(), ids=CHUNKS)
def test_a_streamed_page_of_django_counts_when_its_first_chunk_is_there(
    handler: Any, call: Any, chunks: Any, reasons: dict[str, int], footfall_outbox: Outbox
) -> None:
    set_up_django()
    urls = django_urls(lambda request: StreamingHttpResponse(chunks()))
    with override_settings(FOOTFALL={"destinations": [PLAUSIBLE]}, ROOT_URLCONF=urls):
        raw: Raw = navigation("/page")
        with pytest.raises(OwnError):
            call(handler(), raw)
        assert len(footfall_outbox) == reasons.get("navigation", 0)
        assert footfall.stats()["reasons"] == reasons
