"""Pyramid."""

from __future__ import annotations

from typing import Any

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPFound
from pyramid.response import FileResponse, Response

import footfall
from tests.frameworks import site
from tests.frameworks.page import SetUp


def page(request: Any) -> Any:
    return Response(site.PAGE)


def moved(request: Any) -> Any:
    return HTTPFound("/page")


def data(request: Any) -> Any:
    return Response(json_body={"page": 1})


def stream(request: Any) -> Any:
    return Response(app_iter=[chunk.encode() for chunk in site.CHUNKS])


def style(request: Any) -> Any:
    return Response(site.CSS, content_type="text/css")


def guide(request: Any) -> Any:
    return FileResponse(str(site.PDF), request)


def sign_up(request: Any) -> Any:
    return Response(site.sign_up())


def broken(request: Any) -> Any:
    return Response(site.fail())


def props(request: Any) -> Any:
    return Response(site.with_props())


@footfall.ignore_view
def health(request: Any) -> Any:
    return Response(site.PAGE)


@footfall.ignore_view
class Health:
    def __init__(self, request: Any) -> None:
        self.request = request

    def __call__(self) -> Any:
        return Response(site.PAGE)


VIEWS = {
    "/page": page,
    "/moved": moved,
    "/data": data,
    "/stream": stream,
    "/style.css": style,
    "/guide.pdf": guide,
    "/signup": sign_up,
    r"/users/{uid:\d{1,9}}": page,
    "/broken": broken,
    "/props": props,
    "/health": health,
    "/health-class": Health,
    "/café": page,
}


def add_shop(config: Any) -> None:
    config.add_route("item", "/items/{name}")
    config.add_view(page, route_name="item")


def make(set_up: SetUp) -> Any:
    config = Configurator()
    for path, view in VIEWS.items():
        config.add_route(path, path)
        config.add_view(view, route_name=path)
    config.include(add_shop, route_prefix="/shop")
    names = set_up(config=config)
    return names["app"] if "app" in names else config.make_wsgi_app()
