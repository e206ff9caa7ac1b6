"""The route templates that frameworks tell, as pages and as rules of what counts."""

from __future__ import annotations

from typing import Any

import pytest
from bottle import Bottle  # type: ignore[import-untyped]
from litestar import Litestar, MediaType, get
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from footfall import asgi, wsgi
from footfall.testing import Outbox
from tests.support.adapters import PLAUSIBLE, call_asgi, call_wsgi, navigation
from tests.test_starlette import needs_route


async def page(request: Request) -> HTMLResponse:
    return HTMLResponse("<h1>Page</h1>")


def starlette_app() -> Starlette:
    inner = Starlette(routes=[Route("/users/{uid:int}", page), Route("/secret/{x}", page)])
    return Starlette(
        routes=[
            Mount("/tenant/{tid}", inner),
            Mount("/team/{team}", routes=[Mount("/room/{room:int}", inner)]),
            Mount("/files/{folder:path}/at", inner),
            Mount("/plain", inner),
        ]
    )


STARLETTE = {
    "a mount": ("/tenant/42/users/7", "/tenant/%7Btid%7D/users/%7Buid%7D"),
    "a value like its route": ("/tenant/users/users/7", "/tenant/%7Btid%7D/users/%7Buid%7D"),
    "a value like its mount": ("/tenant/tenant/users/7", "/tenant/%7Btid%7D/users/%7Buid%7D"),
    "a value like the other": ("/tenant/7/users/7", "/tenant/%7Btid%7D/users/%7Buid%7D"),
    "two mounts": ("/team/a/room/3/users/7", "/team/%7Bteam%7D/room/%7Broom%7D/users/%7Buid%7D"),
    "a path": ("/files/a/b/at/users/7", "/files/%7Bfolder%7D/at/users/%7Buid%7D"),
    "a mount without parameters": ("/plain/users/7", "/plain/users/%7Buid%7D"),
}


@needs_route
@pytest.mark.parametrize(("target", "expected"), STARLETTE.values(), ids=STARLETTE)
def test_mounts_of_starlette(target: str, expected: str, footfall_outbox: Outbox) -> None:
    app: Any = starlette_app()
    app = asgi.FootfallMiddleware(app, destinations=[PLAUSIBLE], path_mode="route")
    assert call_asgi(app, navigation(target)).status == 200
    assert [event.url for event in footfall_outbox] == [f"https://example.com{expected}"]


@needs_route
def test_a_rule_may_name_the_parameters_of_a_mount(footfall_outbox: Outbox) -> None:
    app: Any = starlette_app()
    exclude = ["/tenant/{tid}/secret/{x}"]
    app = asgi.FootfallMiddleware(app, destinations=[PLAUSIBLE], exclude=exclude)
    for target in ("/tenant/42/secret/x", "/tenant/42/users/7"):
        call_asgi(app, navigation(target))
    assert [event.url for event in footfall_outbox] == ["https://example.com/tenant/42/users/7"]


def test_litestar(footfall_outbox: Outbox) -> None:
    @get("/users/{uid:int}", media_type=MediaType.HTML, sync_to_thread=False)
    def user() -> str:
        return "<h1>7</h1>"

    app = asgi.FootfallMiddleware(
        Litestar([user], logging_config=None),  # type: ignore[arg-type]  # its own names for the same types
        destinations=[PLAUSIBLE],
        path_mode="route",
    )
    assert call_asgi(app, navigation("/users/7")).body == b"<h1>7</h1>"
    assert [event.url for event in footfall_outbox] == ["https://example.com/users/%7Buid%7D"]


BOTTLE = {"/users/7": "/users/%7Buid%7D", "/plain/7": "/plain/%7Bid%7D"}


@pytest.mark.parametrize(("target", "expected"), BOTTLE.items(), ids=BOTTLE)
def test_bottle(target: str, expected: str, footfall_outbox: Outbox) -> None:
    app = Bottle()
    for rule in ("/users/<uid:int>", "/plain/<id>"):
        app.route(rule, callback=lambda **_: "<h1>Page</h1>")
    wrapped = wsgi.FootfallMiddleware(app, destinations=[PLAUSIBLE], path_mode="route")
    assert call_wsgi(wrapped, navigation(target)).status == 200
    assert [event.url for event in footfall_outbox] == [f"https://example.com{expected}"]
