"""Quart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from quart import Blueprint, Quart, Response, redirect, send_file
from quart.typing import ResponseReturnValue
from quart.views import MethodView

import footfall
from tests.frameworks import site
from tests.frameworks.page import SetUp


def make(set_up: SetUp) -> Any:
    app = Quart(__name__)
    # Quart runs these in threads.
    app.add_url_rule("/page", view_func=lambda: site.PAGE, endpoint="page")
    app.add_url_rule("/signup", view_func=site.sign_up, methods=["POST"])
    app.add_url_rule("/broken", view_func=site.fail)

    @app.get("/moved")
    async def moved() -> ResponseReturnValue:
        return redirect("/page")

    @app.get("/data")
    async def data() -> ResponseReturnValue:
        return {"page": 1}

    @app.get("/stream")
    async def stream() -> ResponseReturnValue:
        async def chunks() -> AsyncIterator[str]:
            for chunk in site.CHUNKS:
                yield chunk

        return chunks()

    @app.get("/style.css")
    async def style() -> ResponseReturnValue:
        return Response(site.CSS, content_type="text/css")

    @app.get("/guide.pdf")
    async def guide() -> ResponseReturnValue:
        return await send_file(site.PDF)

    @app.get("/users/<int:uid>")
    async def user(uid: int) -> ResponseReturnValue:
        return site.PAGE

    shop = Blueprint("shop", __name__, url_prefix="/shop")

    @shop.get("/items/<name>")
    async def item(name: str) -> ResponseReturnValue:
        return site.PAGE

    app.register_blueprint(shop)

    @app.get("/props")
    async def props() -> ResponseReturnValue:
        return site.with_props()

    @app.get("/health")
    @footfall.ignore_view
    async def health() -> ResponseReturnValue:
        return site.PAGE

    @footfall.ignore_view
    class Health(MethodView):
        async def get(self) -> ResponseReturnValue:
            return site.PAGE

    app.add_url_rule("/health-class", view_func=Health.as_view("health_class"))

    @app.get("/café")
    async def coffee() -> ResponseReturnValue:
        return site.PAGE

    return set_up(app=app)["app"]
