"""What is particular to Starlette: options that fail the start, and routes."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
import starlette.routing

from footfall.starlette import FootfallMiddleware
from footfall.testing import Outbox
from tests.support.adapters import PLAUSIBLE, call_asgi, navigation

# Older versions do not set the route in the scope; the path is sent then.
needs_route = pytest.mark.skipif(
    '"route"' not in inspect.getsource(starlette.routing),
    reason="this Starlette sets no route in the scope",
)


def test_wrong_options_fail_the_start_by_the_lifespan_protocol(
    caplog: pytest.LogCaptureFixture,
) -> None:
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    async def view(request: Any) -> HTMLResponse:
        return HTMLResponse("ok")

    app = Starlette(routes=[Route("/page", view)])
    wrong: dict[str, Any] = {"destinatons": [PLAUSIBLE]}
    app.add_middleware(FootfallMiddleware, **wrong)
    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        messages.append(message)

    asyncio.run(app({"type": "lifespan", "state": {}}, receive, send))
    assert [message["type"] for message in messages] == ["lifespan.startup.failed"]
    assert "did you mean 'destinations'" in messages[0]["message"]
    # The server logs it, so the middleware must not.
    assert caplog.messages == []
    # Without lifespan the app runs all the same, and the log says why nothing is counted.
    for _ in range(2):
        assert call_asgi(app, navigation("/page")).body == b"ok"
    assert caplog.text.count("did you mean 'destinations'") == 1


@needs_route
def test_the_frameworks_route_can_stand_for_the_path(footfall_outbox: Outbox) -> None:
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.routing import Mount, Route

    async def view(request: Any) -> HTMLResponse:
        return HTMLResponse("ok")

    app = Starlette(routes=[Route("/users/{id}", view), Mount("/files", routes=[])])
    app.add_middleware(FootfallMiddleware, destinations=[PLAUSIBLE], path_mode="route")
    call_asgi(app, navigation("/users/17"))
    assert [event.url for event in footfall_outbox] == ["https://example.com/users/%7Bid%7D"]


@needs_route
def test_a_mount_point_is_part_of_the_route(footfall_outbox: Outbox) -> None:
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse
    from starlette.routing import Mount, Route

    async def view(request: Any) -> HTMLResponse:
        return HTMLResponse("ok")

    pages = [Route("/page/{id}", view)]
    app = Starlette(routes=[Mount("/shop", routes=pages), Mount("/blog", routes=pages)])
    app.add_middleware(FootfallMiddleware, destinations=[PLAUSIBLE], path_mode="route")
    call_asgi(app, navigation("/shop/page/1"))
    call_asgi(app, navigation("/blog/page/1"))
    assert [event.url for event in footfall_outbox] == [
        "https://example.com/shop/page/%7Bid%7D",
        "https://example.com/blog/page/%7Bid%7D",
    ]
