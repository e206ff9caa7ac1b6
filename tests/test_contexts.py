"""Where `track()` knows its request, as `docs/contexts.md` says."""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import re
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import fastapi
import flask
import pytest
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse, StreamingHttpResponse
from django.test.utils import override_settings
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, StreamingResponse

import footfall
from footfall import asgi, wsgi
from footfall.errors import EventError
from footfall.flask import Footfall
from footfall.testing import Outbox
from tests.support.adapters import PLAUSIBLE, call_asgi, call_wsgi, navigation, set_up_django
from tests.support.raw_requests import send_asgi

PAGE: Final = Path(__file__).parents[1] / "docs" / "contexts.md"
HTML: Final = ("200 OK", [("Content-Type", "text/html")])

# Tracks an event, and keeps what came of that.
Attempt = Callable[[], None]
# Makes a request of an app that calls an attempt.
Visit = Callable[[Attempt], None]


# -- apps --------------------------------------------------------------------------------------


def visit_wsgi(app: Any) -> None:
    call_wsgi(wsgi.FootfallMiddleware(app, destinations=[PLAUSIBLE]), navigation())


def visit_asgi(app: Any) -> None:
    call_asgi(asgi.FootfallMiddleware(app, destinations=[PLAUSIBLE]), navigation())


def visit_flask(view: Any) -> None:
    app = flask.Flask("tests.test_contexts")
    app.get("/page")(view)
    Footfall(app, destinations=[PLAUSIBLE])
    call_wsgi(app, navigation())


def visit_django(view: Any, handler: Any, call: Any) -> None:
    from django.urls import path

    set_up_django()
    urls = type("Urls", (), {"urlpatterns": [path("page", view)]})
    with override_settings(FOOTFALL={"destinations": [PLAUSIBLE]}, ROOT_URLCONF=urls):
        call(handler(), navigation())


def visit_view(work: Callable[[], object]) -> None:
    """A view that does `work` before it responds."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        work()
        start_response(*HTML)
        return [b"ok"]

    visit_wsgi(app)


def visit_async_view(work: Callable[[], Any]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await work()
        await HTMLResponse("ok")(scope, receive, send)

    visit_asgi(app)


# -- bodies ------------------------------------------------------------------------------------


def chunks(attempt: Attempt) -> Iterator[bytes]:
    yield b"<h1>"
    attempt()
    yield b"ok"


async def async_chunks(attempt: Attempt) -> AsyncIterator[bytes]:
    for chunk in chunks(attempt):
        yield chunk


def django_sync(attempt: Attempt) -> None:
    visit_django(lambda _: StreamingHttpResponse(chunks(attempt)), WSGIHandler, call_wsgi)


def django_async(attempt: Attempt) -> None:
    visit_django(lambda _: StreamingHttpResponse(async_chunks(attempt)), ASGIHandler, call_asgi)


def flask_stream(attempt: Attempt) -> None:
    visit_flask(lambda: flask.Response(chunks(attempt)))


def flask_stream_with_context(attempt: Attempt) -> None:
    visit_flask(lambda: flask.Response(flask.stream_with_context(chunks(attempt))))


def flask_on_close(attempt: Attempt) -> None:
    def view() -> flask.Response:
        response = flask.Response("ok")
        response.call_on_close(attempt)
        return response

    visit_flask(view)


def wsgi_generator(attempt: Attempt) -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response(*HTML)
        return chunks(attempt)

    visit_wsgi(app)


def wsgi_generator_app(attempt: Attempt) -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response(*HTML)
        attempt()
        yield b"ok"

    visit_wsgi(app)


def wsgi_class_app(attempt: Attempt) -> None:
    class App:
        def __init__(self, environ: Any, start_response: Any) -> None:
            self.start_response = start_response

        def __iter__(self) -> Iterator[bytes]:
            self.start_response(*HTML)
            yield from chunks(attempt)

    visit_wsgi(App)


def wsgi_iterable(attempt: Attempt) -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response(*HTML)
        return itertools.chain(chunks(attempt))

    visit_wsgi(app)


def starlette_stream(attempt: Attempt) -> None:
    visit_asgi(StreamingResponse(chunks(attempt), media_type="text/html"))


def starlette_async_stream(attempt: Attempt) -> None:
    visit_asgi(StreamingResponse(async_chunks(attempt), media_type="text/html"))


# -- after the response ------------------------------------------------------------------------


def background_task(attempt: Attempt) -> None:
    visit_asgi(HTMLResponse("ok", background=BackgroundTask(attempt)))


def background_tasks(attempt: Attempt) -> None:
    app = fastapi.FastAPI()

    @app.get("/page")
    async def view(tasks: fastapi.BackgroundTasks) -> HTMLResponse:
        tasks.add_task(attempt)
        return HTMLResponse("ok")

    visit_asgi(app)


# -- threads and tasks of a view ---------------------------------------------------------------


def bare_thread(attempt: Attempt) -> None:
    def work() -> None:
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()

    visit_view(work)


def thread_in_context(attempt: Attempt) -> None:
    def work() -> None:
        thread = threading.Thread(target=contextvars.copy_context().run, args=(attempt,))
        thread.start()
        thread.join()

    visit_view(work)


def executor(attempt: Attempt) -> None:
    with ThreadPoolExecutor(1) as pool:
        visit_view(lambda: pool.submit(attempt).result())


def executor_in_context(attempt: Attempt) -> None:
    with ThreadPoolExecutor(1) as pool:
        visit_view(lambda: pool.submit(contextvars.copy_context().run, attempt).result())


def task(attempt: Attempt) -> None:
    async def work() -> None:
        attempt()

    visit_async_view(lambda: asyncio.create_task(work()))


def late_task(attempt: Attempt) -> None:
    async def main() -> None:
        tasks: list[asyncio.Task[None]] = []
        is_over = asyncio.Event()

        async def work() -> None:
            await is_over.wait()
            attempt()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            tasks.append(asyncio.create_task(work()))
            await HTMLResponse("ok")(scope, receive, send)

        wrapped = asgi.FootfallMiddleware(app, destinations=[PLAUSIBLE])
        await send_asgi(wrapped, navigation(), [])
        is_over.set()
        await tasks[0]

    asyncio.run(main())


def to_thread(attempt: Attempt) -> None:
    visit_async_view(lambda: asyncio.to_thread(attempt))


def run_in_executor(attempt: Attempt) -> None:
    visit_async_view(lambda: asyncio.get_running_loop().run_in_executor(None, attempt))


def starlette_threadpool(attempt: Attempt) -> None:
    visit_async_view(lambda: run_in_threadpool(attempt))


def django_sync_to_async(attempt: Attempt) -> None:
    async def view(request: Any) -> HttpResponse:
        await sync_to_async(attempt)()
        return HttpResponse("ok")

    visit_django(view, ASGIHandler, call_asgi)


def websocket(attempt: Attempt) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        attempt()

    wrapped: Any = asgi.FootfallMiddleware(app, destinations=[PLAUSIBLE])
    asyncio.run(wrapped({"type": "websocket", "path": "/live"}, None, None))


def outside(attempt: Attempt) -> None:
    visit_view(lambda: None)
    attempt()


# As the page names them.
CONTEXTS: Final[dict[str, Visit]] = {
    "Django's `StreamingHttpResponse`, sync": django_sync,
    "Django's `StreamingHttpResponse`, async": django_async,
    "Starlette's and FastAPI's `StreamingResponse`, sync": starlette_stream,
    "Starlette's and FastAPI's `StreamingResponse`, async": starlette_async_stream,
    "Flask, a streamed body": flask_stream,
    "Flask, a streamed body in `stream_with_context`": flask_stream_with_context,
    "Flask, `response.call_on_close`": flask_on_close,
    "WSGI, an app that is a generator": wsgi_generator_app,
    "WSGI, an app that is a class, in its `__iter__`": wsgi_class_app,
    "WSGI, a generator as body": wsgi_generator,
    "WSGI, any other iterable as body": wsgi_iterable,
    "Starlette's `BackgroundTask`": background_task,
    "FastAPI's `BackgroundTasks`": background_tasks,
    "`asyncio.create_task`": task,
    "`asyncio.create_task`, after the response": late_task,
    "`asyncio.to_thread`": to_thread,
    "Starlette's `run_in_threadpool`": starlette_threadpool,
    "Django's `sync_to_async`": django_sync_to_async,
    "`loop.run_in_executor`": run_in_executor,
    "`threading.Thread`": bare_thread,
    "`ThreadPoolExecutor.submit`": executor,
    "`threading.Thread`, in `copy_context().run`": thread_in_context,
    "`ThreadPoolExecutor.submit`, of `copy_context().run`": executor_in_context,
    "a websocket": websocket,
    "outside a request": outside,
}
ROWS: Final = dict(
    re.findall(r"^\| (.+?) \| (yes|no) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
)
# Where Python itself copies the context into each thread that is started.
INHERITING: Final = (
    {"`loop.run_in_executor`", "`threading.Thread`", "`ThreadPoolExecutor.submit`"}
    if getattr(sys.flags, "thread_inherit_context", False)
    else set()
)


def test_the_page_has_a_row_for_every_context() -> None:
    assert list(ROWS) == list(CONTEXTS)


@pytest.mark.parametrize("where", CONTEXTS)
def test_the_page_says_whether_the_request_is_known(where: str, footfall_outbox: Outbox) -> None:
    errors: list[str] = []

    def attempt() -> None:
        try:
            footfall.track("Read")
        except EventError as error:
            errors.append(str(error))

    CONTEXTS[where](attempt)
    tracked = [event for event in footfall_outbox if event.name == "Read"]
    if ROWS[where] == "yes" or where in INHERITING:
        assert errors == []
        assert [event.url for event in tracked] == ["https://example.com/page"]
    else:
        assert tracked == []
        assert errors == [
            "the event 'Read' outside a request needs an absolute url= and visitor=; "
            "take the visitor from current_visitor() while the request lasts"
        ]


def test_a_visitor_that_was_taken_in_the_request_is_known_in_the_body(
    footfall_outbox: Outbox,
) -> None:
    def view() -> flask.Response:
        url, visitor = flask.request.url, footfall.current_visitor()

        def attempt() -> None:
            footfall.track("Read", url=url, visitor=visitor)

        return flask.Response(chunks(attempt))

    visit_flask(view)
    read, page = sorted(footfall_outbox, key=lambda event: event.name != "Read")
    assert read.url == page.url
    assert read.visitor.client_ip == page.visitor.client_ip
    assert read.visitor.user_agent == page.visitor.user_agent
