"""`@footfall.ignore_view`: a mark that every framework's views can carry."""

from __future__ import annotations

from typing import Any

import fastapi
import flask
import pytest
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

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
