"""Starlette."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Mount, Route

import footfall
from tests.frameworks import site
from tests.frameworks.page import SetUp


async def page(request: Request) -> Response:
    return HTMLResponse(site.PAGE)


async def moved(request: Request) -> Response:
    return RedirectResponse("/page")


async def data(request: Request) -> Response:
    return JSONResponse({"page": 1})


async def stream(request: Request) -> Response:
    async def chunks() -> AsyncIterator[str]:
        for chunk in site.CHUNKS:
            yield chunk

    return StreamingResponse(chunks(), media_type="text/html")


async def style(request: Request) -> Response:
    return Response(site.CSS, media_type="text/css")


async def guide(request: Request) -> Response:
    return FileResponse(site.PDF)


async def sign_up(request: Request) -> Response:
    return HTMLResponse(site.sign_up())


async def broken(request: Request) -> Response:
    return HTMLResponse(site.fail())


# Not a coroutine: Starlette runs it in a thread, where the request must still be known.
def props(request: Request) -> Response:
    return HTMLResponse(site.with_props())


@footfall.ignore_view
async def health(request: Request) -> Response:
    return HTMLResponse(site.PAGE)


@footfall.ignore_view
class Health(HTTPEndpoint):
    async def get(self, request: Request) -> Response:
        return HTMLResponse(site.PAGE)


ROUTES = [
    Route("/page", page),
    Route("/moved", moved),
    Route("/data", data),
    Route("/stream", stream),
    Route("/style.css", style),
    Route("/guide.pdf", guide),
    Route("/signup", sign_up, methods=["POST"]),
    Route("/users/{uid:int}", page),
    Mount("/shop", routes=[Route("/items/{name}", page)]),
    Route("/broken", broken),
    Route("/props", props),
    Route("/health", health),
    Route("/health-class", Health),
    Route("/café", page),
]


def make(set_up: SetUp) -> Any:
    return set_up(app=Starlette(routes=ROUTES))["app"]
