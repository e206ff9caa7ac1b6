"""What is particular to Starlette: options that fail the start, and routes."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
import starlette.routing
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from footfall import asgi
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


# -- mounts in route templates ------------------------------------------------------------------


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
