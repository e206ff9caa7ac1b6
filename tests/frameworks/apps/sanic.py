"""Sanic, as an ASGI app."""

from __future__ import annotations

from typing import Any

from sanic import Blueprint, Sanic
from sanic.response import file, html, json, raw, redirect
from sanic.views import HTTPMethodView

import footfall
from tests.frameworks import site
from tests.frameworks.page import SetUp

# Without it no second app of a process starts.
Sanic.test_mode = True


@footfall.ignore_view
class Health(HTTPMethodView):
    async def get(self, request: Any) -> Any:
        return html(site.PAGE)


def make(set_up: SetUp) -> Any:
    app: Any = Sanic("site", configure_logging=False)

    @app.get("/page")
    async def page(request: Any) -> Any:
        return html(site.PAGE)

    @app.get("/moved")
    async def moved(request: Any) -> Any:
        return redirect("/page")

    @app.get("/data")
    async def data(request: Any) -> Any:
        return json({"page": 1})

    @app.get("/stream")
    async def stream(request: Any) -> None:
        response = await request.respond(content_type=site.HTML)
        for chunk in site.CHUNKS:
            await response.send(chunk)

    @app.get("/style.css")
    async def style(request: Any) -> Any:
        return raw(site.CSS, content_type="text/css")

    @app.get("/guide.pdf")
    async def guide(request: Any) -> Any:
        return await file(site.PDF)

    @app.post("/signup")
    async def sign_up(request: Any) -> Any:
        return html(site.sign_up())

    @app.get("/users/<uid:int>")
    async def user(request: Any, uid: int) -> Any:
        return html(site.PAGE)

    shop = Blueprint("shop", url_prefix="/shop")

    @shop.get("/items/<name>")
    async def item(request: Any, name: str) -> Any:
        return html(site.PAGE)

    app.blueprint(shop)

    @app.get("/broken")
    async def broken(request: Any) -> Any:
        return html(site.fail())

    @app.get("/props")
    async def props(request: Any) -> Any:
        return html(site.with_props())

    @app.get("/health")
    @footfall.ignore_view
    async def health(request: Any) -> Any:
        return html(site.PAGE)

    app.add_route(Health.as_view(), "/health-class")

    @app.get("/café")
    async def coffee(request: Any) -> Any:
        return html(site.PAGE)

    return set_up(app=app)["app"]
