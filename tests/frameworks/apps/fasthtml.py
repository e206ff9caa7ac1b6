"""FastHTML."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fasthtml.common import FastHTML
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

import footfall
from tests.frameworks import site
from tests.frameworks.page import SetUp


def make(set_up: SetUp) -> Any:
    # A session's key would be written to a file.
    app = FastHTML(secret_key="for tests")

    @app.get("/page")
    def page() -> Response:
        return HTMLResponse(site.PAGE)

    @app.get("/café")
    def coffee() -> Response:
        return HTMLResponse(site.PAGE)

    @app.get("/moved")
    def moved() -> Response:
        return RedirectResponse("/page")

    @app.get("/data")
    def data() -> Response:
        return JSONResponse({"page": 1})

    @app.get("/stream")
    async def stream() -> Response:
        async def chunks() -> AsyncIterator[str]:
            for chunk in site.CHUNKS:
                yield chunk

        return StreamingResponse(chunks(), media_type="text/html")

    @app.get("/style.css")
    def style() -> Response:
        return Response(site.CSS, media_type="text/css")

    @app.get("/guide.pdf")
    def guide() -> Response:
        return FileResponse(site.PDF)

    @app.post("/signup")
    def sign_up() -> Response:
        return HTMLResponse(site.sign_up())

    @app.get("/users/{uid}")
    def user(uid: int) -> Response:
        return HTMLResponse(site.PAGE)

    @app.get("/shop/items/{name}")
    def item(name: str) -> Response:
        return HTMLResponse(site.PAGE)

    @app.get("/broken")
    def broken() -> Response:
        return HTMLResponse(site.fail())

    @app.get("/props")
    def props() -> Response:
        return HTMLResponse(site.with_props())

    @app.get("/health")
    @footfall.ignore_view
    def health() -> Response:
        return HTMLResponse(site.PAGE)

    @app.route("/health-class")
    @footfall.ignore_view
    class Health:
        def get() -> Response:  # type: ignore[misc]  # FastHTML calls it without an instance
            return HTMLResponse(site.PAGE)

    return set_up(app=app)["app"]
