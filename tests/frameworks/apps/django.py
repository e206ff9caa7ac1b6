"""Django, under WSGI and under ASGI."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import django
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.test.utils import override_settings
from django.urls import include, path
from django.views import View

import footfall
from tests.frameworks import site
from tests.frameworks.page import SetUp


def page(request: HttpRequest, **_: Any) -> HttpResponse:
    return HttpResponse(site.PAGE)


def moved(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect("/page")


def data(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"page": 1})


def stream(request: HttpRequest) -> HttpResponseBase:
    async def later() -> AsyncIterator[str]:
        for chunk in site.CHUNKS:
            yield chunk

    # Django warns of an iterator of the other kind.
    return StreamingHttpResponse(later() if hasattr(request, "scope") else iter(site.CHUNKS))


def style(request: HttpRequest) -> HttpResponse:
    return HttpResponse(site.CSS, content_type="text/css")


def guide(request: HttpRequest) -> HttpResponseBase:
    return FileResponse(site.PDF.open("rb"))


def sign_up(request: HttpRequest) -> HttpResponse:
    return HttpResponse(site.sign_up())


def broken(request: HttpRequest) -> HttpResponse:
    return HttpResponse(site.fail())


async def props(request: HttpRequest) -> HttpResponse:
    return HttpResponse(site.with_props())


@footfall.ignore_view
def health(request: HttpRequest) -> HttpResponse:
    return HttpResponse(site.PAGE)


@footfall.ignore_view
class Health(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(site.PAGE)


class Form(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(site.PAGE)


urlpatterns = [
    path("page", Form.as_view()),
    path("moved", moved),
    path("data", data),
    path("stream", stream),
    path("style.css", style),
    path("guide.pdf", guide),
    path("signup", sign_up),
    path("users/<int:uid>", page),
    path("shop/", include([path("items/<slug:name>", page)])),
    path("broken", broken),
    path("props", props),
    path("health", health),
    path("health-class", Health.as_view()),
    path("café", page),
]

settings.configure(
    SECRET_KEY="for tests", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=[]
)
django.setup(set_prefix=False)


def make_wsgi(set_up: SetUp) -> Any:
    _load_settings(set_up)
    return WSGIHandler()


def make_asgi(set_up: SetUp) -> Any:
    _load_settings(set_up)
    return ASGIHandler()


def _load_settings(set_up: SetUp) -> None:
    names = set_up(MIDDLEWARE=[])
    # Never left: the handler has its middleware, and the next call replaces the options.
    override_settings(MIDDLEWARE=names["MIDDLEWARE"], FOOTFALL=names.get("FOOTFALL", {})).enable()
