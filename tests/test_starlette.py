"""What is particular to Starlette: options that fail the start, and routes."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any, Final

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


def test_a_wrong_variable_fails_the_start_in_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTFALL_MAX_QUEUE", "many")
    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        messages.append(message)

    app = Starlette()
    app.add_middleware(FootfallMiddleware, destinations=[PLAUSIBLE])
    asyncio.run(app({"type": "lifespan", "state": {}}, receive, send))
    assert [message["type"] for message in messages] == ["lifespan.startup.failed"]
    assert "FOOTFALL_MAX_QUEUE" in messages[0]["message"]


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


async def plain_app(scope: Any, receive: Any, send: Any) -> None:
    """An app that is no Starlette app, and has no routes that it tells."""
    await HTMLResponse("<h1>Page</h1>")(scope, receive, send)


def starlette_app() -> Starlette:
    inner = Starlette(routes=[Route("/users/{uid:int}", page), Route("/secret/{x}", page)])
    return Starlette(
        routes=[
            Mount("/tenant/{tid}", inner),
            Mount("/team/{team}", routes=[Mount("/room/{room:int}", inner)]),
            Mount("/files/{folder:path}/at", inner),
            Mount("/plain", inner),
            Mount("/number/{tid:int}", inner),
            Mount("/share/{key:uuid}", inner),
            Mount("/rate/{rate:float}", inner),
            Mount("/files/of/an/app", plain_app),
            Mount("/by/{name}", plain_app),
        ]
    )


KEY: Final = "2f1c8a9e-6a3b-4f0d-8f5e-1b2c3d4e5f60"
STARLETTE = {
    "a mount": ("/tenant/42/users/7", "/tenant/%7Btid%7D/users/%7Buid%7D"),
    "a value like its route": ("/tenant/users/users/7", "/tenant/%7Btid%7D/users/%7Buid%7D"),
    "a value like its mount": ("/tenant/tenant/users/7", "/tenant/%7Btid%7D/users/%7Buid%7D"),
    "a value like the other": ("/tenant/7/users/7", "/tenant/%7Btid%7D/users/%7Buid%7D"),
    "two mounts": ("/team/a/room/3/users/7", "/team/%7Bteam%7D/room/%7Broom%7D/users/%7Buid%7D"),
    "a path": ("/files/a/b/at/users/7", "/files/%7Bfolder%7D/at/users/%7Buid%7D"),
    "a number with a zero in front": (
        "/number/042/users/7",
        "/number/%7Btid%7D/users/%7Buid%7D",
    ),
    "a UUID in capitals": (
        f"/share/{KEY.upper()}/users/7",
        "/share/%7Bkey%7D/users/%7Buid%7D",
    ),
    "a number with a zero at its end": ("/rate/1.50/users/7", "/rate/%7Brate%7D/users/%7Buid%7D"),
    "an app of another kind": ("/files/of/an/app/one", "/files/of/an/app/one"),
    "another page of it": ("/files/of/an/app/two", "/files/of/an/app/two"),
    "an app of another kind, by a parameter": ("/by/anna/one", "/by/anna/one"),
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
