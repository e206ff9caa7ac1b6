"""`@footfall.ignore_view`: a mark that the views of every framework can carry."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import fastapi
import flask
import pytest
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

import footfall
from footfall import asgi, wsgi
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


class _AsyncObject:
    async def __call__(self, pk: int) -> Any:
        return "request", pk


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
    for view in (partial(_later, "request"), _AsyncObject()):
        marked = footfall.ignore_view(view)
        assert inspect.iscoroutinefunction(marked)
        assert asyncio.run(marked(8)) == ("request", 8)
    with pytest.raises(TypeError, match="no view"):
        footfall.ignore_view("no view")  # type: ignore[type-var]


# -- classes -----------------------------------------------------------------------------------


def test_a_resource_with_a_method_for_each_verb() -> None:
    @footfall.ignore_view
    class Resource:
        limit = 10

        def on_get(self, request: str, response: str) -> tuple[str, str]:
            return request, response

    assert Resource().on_get("request", "response") == ("request", "response")
    assert Resource.limit == 10


def test_a_class_that_is_called_or_has_the_methods_of_http() -> None:
    @footfall.ignore_view
    class Called:
        def __call__(self) -> str:
            return "called"

    @footfall.ignore_view
    class Methods:
        def get(self) -> str:
            return "get"

    assert (Called()(), Methods().get()) == ("called", "get")


def test_a_class_that_answers_no_request_is_refused() -> None:
    # As a controller of Litestar has: an object that its decorator has made of a method.
    class Handler:
        def __call__(self) -> None: ...

    class Controller:
        get = Handler()

    for view in (Model, Controller):
        with pytest.raises(TypeError, match=view.__name__):
            footfall.ignore_view(view)
    assert isinstance(Controller.get, Handler)


# -- above the decorator that registers the view -----------------------------------------------


def registered_by_pyramid() -> Any:
    return pytest.importorskip("pyramid.view").view_config(route_name="page")(lambda request: None)


def registered_by_litestar() -> Any:
    async def page() -> str:
        return ""

    return pytest.importorskip("litestar").get("/page")(page)


def registered_by_fasthtml() -> Any:
    # Without a key it would write one into the working directory.
    app = pytest.importorskip("fasthtml.common").FastHTML(secret_key="for tests")
    return app.get("/page")(lambda: "")


@pytest.mark.parametrize(
    "registered", [registered_by_pyramid, registered_by_litestar, registered_by_fasthtml]
)
def test_a_view_that_shows_to_be_registered_is_refused_with_the_order(
    registered: Callable[[], Any],
) -> None:
    with pytest.raises(TypeError, match="below the decorators that register it"):
        footfall.ignore_view(registered())


def test_a_class_may_be_registered_already() -> None:
    """Its methods are replaced in the class itself."""

    @footfall.ignore_view
    @pytest.importorskip("pyramid.view").view_config(route_name="page")
    class Page:
        def __call__(self) -> str:
            return "page"

    assert Page()() == "page"


def registered_by_flask(mark: Any) -> Any:
    app = flask.Flask(__name__)
    mark(app.get("/page"))(lambda: "<h1>Page</h1>")
    Footfall(app, destinations=PLAUSIBLE)
    return lambda: call_wsgi(app, navigation("/page"))


def registered_by_fastapi(mark: Any) -> Any:
    app = fastapi.FastAPI()
    app.add_middleware(FootfallMiddleware, destinations=PLAUSIBLE)
    mark(app.get("/page"))(lambda: fastapi.Response("<h1>Page</h1>", media_type="text/html"))
    return lambda: call_asgi(app, navigation("/page"))


def registered_by_quart(mark: Any) -> Any:
    app = pytest.importorskip("quart").Quart(__name__)
    mark(app.get("/page"))(lambda: "<h1>Page</h1>")
    counted: Any = asgi.FootfallMiddleware(app, destinations=PLAUSIBLE)
    return lambda: call_asgi(counted, navigation("/page"))


def registered_by_bottle(mark: Any) -> Any:
    app = pytest.importorskip("bottle").Bottle()
    mark(app.get("/page"))(lambda: "<h1>Page</h1>")
    counted: Any = wsgi.FootfallMiddleware(app, destinations=PLAUSIBLE)
    return lambda: call_wsgi(counted, navigation("/page"))


@pytest.mark.parametrize(
    "registered",
    [registered_by_flask, registered_by_fastapi, registered_by_quart, registered_by_bottle],
)
def test_where_a_framework_keeps_the_function_itself_the_order_decides(
    registered: Callable[[Any], Any], footfall_outbox: Outbox
) -> None:
    """As docs/frameworks.md says: such a framework calls the function that it was given."""
    registered(lambda register: lambda view: register(footfall.ignore_view(view)))()
    assert list(footfall_outbox) == []
    registered(lambda register: lambda view: footfall.ignore_view(register(view)))()
    assert [event.name for event in footfall_outbox] == ["pageview"]
