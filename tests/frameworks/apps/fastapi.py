"""FastAPI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import (
    FileResponse,
    HTMLResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.endpoints import HTTPEndpoint

import footfall
from tests.frameworks import site
from tests.frameworks.page import SetUp


def make(set_up: SetUp) -> Any:
    app: Any = FastAPI(default_response_class=HTMLResponse)

    @app.get("/page")
    @app.get("/users/{uid}")
    def page(uid: int = 0) -> str:
        return site.PAGE

    @app.get("/moved")
    def moved() -> Response:
        return RedirectResponse("/page")

    @app.get("/data", response_class=Response)
    def data() -> Response:
        return Response('{"page": 1}', media_type="application/json")

    @app.get("/stream")
    def stream() -> Response:
        def chunks() -> Iterator[str]:
            yield from site.CHUNKS

        return StreamingResponse(chunks(), media_type="text/html")

    @app.get("/style.css")
    def style() -> Response:
        return Response(site.CSS, media_type="text/css")

    @app.get("/guide.pdf")
    def guide() -> Response:
        return FileResponse(site.PDF)

    @app.post("/signup")
    def sign_up() -> str:
        return site.sign_up()

    shop = APIRouter(prefix="/shop")

    @shop.get("/items/{name}")
    async def item(name: str) -> str:
        return site.PAGE

    app.include_router(shop)

    @app.get("/broken")
    async def broken() -> str:
        return site.fail()

    @app.get("/props")
    async def props() -> str:
        return site.with_props()

    @app.get("/health")
    @footfall.ignore_view
    def health(verbose: bool = False) -> str:
        return site.PAGE

    # FastAPI has no class-based views; Starlette's are those of its apps, too.
    @footfall.ignore_view
    class Health(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            return HTMLResponse(site.PAGE)

    app.add_route("/health-class", Health)

    @app.get("/café")
    async def coffee() -> str:
        return site.PAGE

    return set_up(app=app)["app"]
