"""`@footfall.ignore_view`: a mark that the views of every framework can carry."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from functools import partial
from typing import Any

import fastapi
import flask
import pytest
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path
from django.views import View
from flask.views import MethodView
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

import footfall
from footfall.fastapi import FootfallMiddleware
from footfall.flask import Footfall
from footfall.testing import Outbox
from tests.support.adapters import (
    PLAUSIBLE,
    call_asgi,
    call_wsgi,
    django_asgi,
    django_wsgi,
    navigation,
    set_up_django,
)

set_up_django()


@footfall.ignore_view
def django_view(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse("<h1>Marked</h1>")


@footfall.ignore_view
async def django_async_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse("<h1>Marked</h1>")


urlpatterns = [path("marked/<int:pk>", django_view), path("marked-async", django_async_view)]


@pytest.mark.parametrize("adapter", [django_wsgi, django_asgi])
@pytest.mark.parametrize("target", ["/marked/1", "/marked-async"])
def test_django(footfall_outbox: Outbox, adapter: Any, target: str) -> None:
    with override_settings(ROOT_URLCONF=__name__), adapter(destinations=[PLAUSIBLE]) as call:
        assert call(navigation(target)).body == b"<h1>Marked</h1>"
    assert list(footfall_outbox) == []


def test_flask(footfall_outbox: Outbox) -> None:
    app = flask.Flask(__name__)

    @app.get("/marked/<int:pk>")
    @footfall.ignore_view
    def marked(pk: int) -> str:
        return f"<h1>{pk}</h1>"

    @app.get("/open")
    def open_() -> str:
        return "<h1>Open</h1>"

    Footfall(app, destinations=[PLAUSIBLE])
    assert call_wsgi(app, navigation("/marked/7")).body == b"<h1>7</h1>"
    call_wsgi(app, navigation("/open"))
    assert [event.url for event in footfall_outbox] == ["https://example.com/open"]


def test_fastapi_keeps_reading_the_views_signature(footfall_outbox: Outbox) -> None:
    app = fastapi.FastAPI()
    app.add_middleware(FootfallMiddleware, destinations=[PLAUSIBLE])

    @app.get("/marked/{pk}")
    @footfall.ignore_view
    def marked(pk: int) -> fastapi.Response:
        return fastapi.Response(f"<h1>{pk + 1}</h1>", media_type="text/html")

    @app.get("/marked-async/{pk}")
    @footfall.ignore_view
    async def marked_later(pk: int) -> fastapi.Response:
        return fastapi.Response(f"<h1>{pk + 1}</h1>", media_type="text/html")

    for target in ("/marked/6", "/marked-async/6"):
        assert call_asgi(app, navigation(target)).body == b"<h1>7</h1>"
    assert list(footfall_outbox) == []


# -- the function that stands for the view -----------------------------------------------------


class Model: ...


def _keyword_only(request, *, pk: Model, page=2):  # type: ignore[no-untyped-def]
    return request, pk, page


def _all_kinds(first, /, second: Model, third=3, *rest, fourth=4, fifth, **others):  # type: ignore[no-untyped-def]
    return first, second, third, rest, fourth, fifth, others


def _own_names(ignore, view):  # type: ignore[no-untyped-def]
    return ignore, view


async def _later(request: str, pk: int = 1) -> Any:
    return request, pk


def _stream(request: str) -> Iterator[str]:
    yield request


VIEWS: dict[str, tuple[Any, tuple[Any, ...], dict[str, Any]]] = {
    "none": (lambda: (), (), {}),
    "one": (lambda request: request, ("request",), {}),
    "keyword only": (_keyword_only, ("request",), {"pk": 7}),
    "all kinds": (_all_kinds, (1, 2, 3, "rest"), {"fifth": 5, "sixth": 6}),
    "our own names": (_own_names, (1, 2), {}),
}


@pytest.mark.parametrize(("view", "args", "kwargs"), VIEWS.values(), ids=VIEWS)
def test_the_function_cannot_be_told_from_the_view(
    view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    marked = footfall.ignore_view(view)
    assert marked(*args, **kwargs) == view(*args, **kwargs)
    signature = inspect.signature(view)
    assert inspect.signature(marked, follow_wrapped=False) == signature
    assert marked.__code__.co_argcount == view.__code__.co_argcount
    assert marked.__code__.co_kwonlyargcount == view.__code__.co_kwonlyargcount
    # Where frameworks look postponed annotations up.
    assert marked.__globals__ is view.__globals__
    assert (marked.__name__, marked.__doc__) == (view.__name__, view.__doc__)


def test_a_coroutine_function_and_a_generator_stay_what_they_are() -> None:
    marked = footfall.ignore_view(_later)
    assert inspect.iscoroutinefunction(marked)
    assert asyncio.run(marked("request", 8)) == ("request", 8)
    assert [*footfall.ignore_view(_stream)("request")] == ["request"]


def test_a_view_may_be_any_callable() -> None:
    assert footfall.ignore_view(partial(_own_names, 1))(2) == (1, 2)
    with pytest.raises(TypeError, match="no view"):
        footfall.ignore_view("no view")  # type: ignore[type-var]


# -- classes -----------------------------------------------------------------------------------


@footfall.ignore_view
class DjangoView(View):
    async def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        return HttpResponse(f"<h1>{pk}</h1>")


class OpenDjangoView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("<h1>Open</h1>")


urlpatterns += [
    path("marked-class/<int:pk>", DjangoView.as_view()),
    path("open-class", OpenDjangoView.as_view()),
]


@pytest.mark.parametrize("adapter", [django_wsgi, django_asgi])
def test_a_class_of_django(footfall_outbox: Outbox, adapter: Any) -> None:
    with override_settings(ROOT_URLCONF=__name__), adapter(destinations=[PLAUSIBLE]) as call:
        assert call(navigation("/marked-class/3")).body == b"<h1>3</h1>"
        call(navigation("/open-class"))
    assert [event.url for event in footfall_outbox] == ["https://example.com/open-class"]


def test_a_class_of_starlette(footfall_outbox: Outbox) -> None:
    @footfall.ignore_view
    class Marked(HTTPEndpoint):
        async def get(self, request: Request) -> HTMLResponse:
            return HTMLResponse(f"<h1>{request.path_params['pk']}</h1>")

    app = Starlette(routes=[Route("/marked/{pk}", Marked)])
    app.add_middleware(FootfallMiddleware, destinations=[PLAUSIBLE])
    assert call_asgi(app, navigation("/marked/4")).body == b"<h1>4</h1>"
    assert list(footfall_outbox) == []


def test_a_class_of_flask(footfall_outbox: Outbox) -> None:
    @footfall.ignore_view
    class Marked(MethodView):
        def get(self, pk: int) -> str:
            return f"<h1>{pk}</h1>"

    app = flask.Flask(__name__)
    app.add_url_rule("/marked/<int:pk>", view_func=Marked.as_view("marked"))
    Footfall(app, destinations=[PLAUSIBLE])
    assert call_wsgi(app, navigation("/marked/5")).body == b"<h1>5</h1>"
    assert list(footfall_outbox) == []


def test_a_resource_with_a_method_for_each_verb() -> None:
    @footfall.ignore_view
    class Resource:
        limit = 10

        def on_get(self, request: str, response: str) -> tuple[str, str]:
            return request, response

    assert Resource().on_get("request", "response") == ("request", "response")
    assert Resource.limit == 10


def test_a_class_that_answers_no_request_is_refused() -> None:
    with pytest.raises(TypeError, match="Model"):
        footfall.ignore_view(Model)
