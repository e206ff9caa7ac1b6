"""Falcon, under WSGI and under ASGI."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, BinaryIO

import falcon
import falcon.asgi

import footfall
from tests.frameworks import site
from tests.frameworks.page import SetUp


def show_page(response: Any) -> None:
    response.content_type, response.text = falcon.MEDIA_HTML, site.PAGE


def show_moved(response: Any) -> None:
    response.status = falcon.HTTP_302
    response.set_header("location", "/page")


def show_data(response: Any) -> None:
    response.media = {"page": 1}


def show_style(response: Any) -> None:
    response.content_type, response.text = "text/css", site.CSS


def show_guide(response: Any) -> None:
    response.content_type = "application/pdf"
    file = site.PDF.open("rb")
    stream = AsyncFile(file) if isinstance(response, falcon.asgi.Response) else file
    response.set_stream(stream, site.PDF.stat().st_size)


class AsyncFile:
    """A file as Falcon reads it under ASGI."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    async def read(self, size: int) -> bytes:
        return self.file.read(size)

    async def close(self) -> None:
        self.file.close()


def show_props(response: Any) -> None:
    response.content_type, response.text = falcon.MEDIA_HTML, site.with_props()


def show_broken(response: Any) -> None:
    response.text = site.fail()


def show_signup(response: Any) -> None:
    response.content_type, response.text = falcon.MEDIA_HTML, site.sign_up()


async def chunks() -> AsyncIterator[bytes]:
    for chunk in site.CHUNKS:
        yield chunk.encode()


def show_stream(response: Any) -> None:
    response.content_type = falcon.MEDIA_HTML
    if isinstance(response, falcon.asgi.Response):
        response.stream = chunks()
    else:
        response.stream = [chunk.encode() for chunk in site.CHUNKS]


class Shown:
    def __init__(self, show: Any) -> None:
        self.show = show


class Resource(Shown):
    """A resource for WSGI."""

    def on_get(self, request: Any, response: Any, **_: Any) -> None:
        self.show(response)

    def on_post(self, request: Any, response: Any) -> None:
        self.show(response)


class AsyncResource(Shown):
    """A resource for ASGI."""

    async def on_get(self, request: Any, response: Any, **_: Any) -> None:
        self.show(response)

    async def on_post(self, request: Any, response: Any) -> None:
        self.show(response)


@footfall.ignore_view
class Health(Resource): ...


@footfall.ignore_view
class AsyncHealth(AsyncResource): ...


class Probe:
    @footfall.ignore_view
    def on_get(self, request: Any, response: Any) -> None:
        show_page(response)


class AsyncProbe:
    @footfall.ignore_view
    async def on_get(self, request: Any, response: Any) -> None:
        show_page(response)


def _add_routes(app: Any, resource: Any) -> None:
    app.add_route("/page", resource(show_page))
    app.add_route("/moved", resource(show_moved))
    app.add_route("/data", resource(show_data))
    app.add_route("/stream", resource(show_stream))
    app.add_route("/style.css", resource(show_style))
    app.add_route("/guide.pdf", resource(show_guide))
    app.add_route("/signup", resource(show_signup))
    app.add_route("/users/{uid:int(min=1)}", resource(show_page))
    app.add_route("/shop/items/{name}", resource(show_page))
    app.add_route("/broken", resource(show_broken))
    app.add_route("/props", resource(show_props))
    app.add_route("/café", resource(show_page))


def make_wsgi(set_up: SetUp) -> Any:
    app: Any = falcon.App()
    _add_routes(app, Resource)
    app.add_route("/health", Probe())
    app.add_route("/health-class", Health(show_page))
    return set_up(app=app)["app"]


def make_asgi(set_up: SetUp) -> Any:
    app: Any = falcon.asgi.App()
    _add_routes(app, AsyncResource)
    app.add_route("/health", AsyncProbe())
    app.add_route("/health-class", AsyncHealth(show_page))
    return set_up(app=app)["app"]
