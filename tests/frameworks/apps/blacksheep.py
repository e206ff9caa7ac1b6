"""BlackSheep."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from blacksheep import Application, Content, Response, StreamedContent, file, html, json, redirect
from blacksheep.server.controllers import Controller
from blacksheep.server.routing import RoutesRegistry

import footfall
from tests.frameworks import site
from tests.frameworks.page import SetUp


def make(set_up: SetUp) -> Any:
    app = Application()
    get = app.router.get

    @get("/page")
    async def page() -> Response:
        return html(site.PAGE)

    @get("/moved")
    async def moved() -> Response:
        return redirect("/page")

    @get("/data")
    async def data() -> Response:
        return json({"page": 1})

    @get("/stream")
    async def stream() -> Response:
        async def chunks() -> AsyncIterator[bytes]:
            for chunk in site.CHUNKS:
                yield chunk.encode()

        return Response(200, content=StreamedContent(b"text/html", chunks))

    @get("/style.css")
    async def style() -> Response:
        return Response(200, content=Content(b"text/css", site.CSS.encode()))

    @get("/guide.pdf")
    async def guide() -> Response:
        return file(str(site.PDF), "application/pdf")

    @app.router.post("/signup")
    async def sign_up() -> Response:
        return html(site.sign_up())

    @get("/users/{int:uid}")
    async def user(uid: int) -> Response:
        return html(site.PAGE)

    @get("/shop/items/{name}")
    async def item(name: str) -> Response:
        return html(site.PAGE)

    @get("/broken")
    async def broken() -> Response:
        return html(site.fail())

    @get("/props")
    def props() -> Response:
        return html(site.with_props())

    @get("/health")
    @footfall.ignore_view
    async def health() -> Response:
        return html(site.PAGE)

    # Of this app alone, where the usual registry would be that of all apps.
    app.controllers_router = controllers = RoutesRegistry()

    @footfall.ignore_view
    class Health(Controller):
        @controllers.get("/health-class")
        async def show(self) -> Response:
            return html(site.PAGE)

    @get("/caf%C3%A9")
    async def coffee() -> Response:
        return html(site.PAGE)

    return set_up(app=app)["app"]
