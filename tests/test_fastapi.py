"""What is particular to FastAPI: it shares Starlette's class, which meets FastAPI's own types."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import fastapi
import pytest
import starlette.routing

from footfall import starlette as starlette_adapter
from footfall.fastapi import FootfallMiddleware
from footfall.testing import Outbox
from tests.support.adapters import PLAUSIBLE, call_asgi, navigation


def app_with(**options: Any) -> fastapi.FastAPI:
    app = fastapi.FastAPI()
    app.add_middleware(FootfallMiddleware, **options)

    @app.get("/users/{user_id}")
    def user(user_id: int) -> fastapi.Response:
        return fastapi.Response(f"<h1>{user_id}</h1>", media_type="text/html")

    return app


def test_the_class_is_starlettes() -> None:
    assert FootfallMiddleware is starlette_adapter.FootfallMiddleware


def test_wrong_options_fail_the_start_by_the_lifespan_protocol(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = app_with(destinatons=[PLAUSIBLE])
    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        messages.append(message)

    asyncio.run(app({"type": "lifespan", "state": {}}, receive, send))
    assert [message["type"] for message in messages] == ["lifespan.startup.failed"]
    assert "did you mean 'destinations'" in messages[0]["message"]
    assert caplog.messages == []
    # Without lifespan the app runs all the same, and the log says why nothing is counted.
    for _ in range(2):
        assert call_asgi(app, navigation("/users/17")).body == b"<h1>17</h1>"
    assert caplog.text.count("did you mean 'destinations'") == 1


@pytest.mark.skipif(
    '"route"' not in inspect.getsource(starlette.routing),
    reason="this Starlette sets no route in the scope",
)
def test_the_route_can_stand_for_the_path(footfall_outbox: Outbox) -> None:
    call_asgi(app_with(destinations=[PLAUSIBLE], path_mode="route"), navigation("/users/17"))
    assert [event.url for event in footfall_outbox] == ["https://example.com/users/%7Buser_id%7D"]
