"""The site of the examples in Starlette. It runs in the folder of the examples."""

from __future__ import annotations

import pages
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

import footfall
from footfall.starlette import FootfallMiddleware


async def sign_up(_request: Request) -> Response:
    footfall.track("Signup", props={"plan": "pro"})
    return RedirectResponse("/thanks", status_code=303)


async def everything_else(request: Request) -> Response:
    status, headers, body = pages.response_for(request.url.path)
    return Response(body, status, dict(headers))


app = Starlette(
    routes=[
        Route("/signup", sign_up, methods=["POST"]),
        Route("/{path:path}", everything_else),
    ]
)
app.add_middleware(FootfallMiddleware, destinations=pages.DESTINATIONS, before_send=pages.show)
