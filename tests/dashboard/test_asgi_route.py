"""The dashboard in front of an ASGI app: mounts, debug mode, functions, and other scopes."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from footfall import asgi
from footfall.dashboard.asgi_route import AsgiDashboard
from footfall.errors import ConfigError
from footfall.starlette import FootfallMiddleware
from tests.dashboard.support import header, local, opens, options, remote
from tests.support.adapters import call_asgi


async def page(request: Request) -> HTMLResponse:
    return HTMLResponse("<h1>Page</h1>")


def site(path: Path, *, debug: bool = False, **given: Any) -> Starlette:
    middleware = [Middleware(FootfallMiddleware, **options(path, **given))]
    return Starlette(debug=debug, routes=[Route("/page", page)], middleware=middleware)


def test_a_mount_is_part_of_every_link(tmp_path: Path) -> None:
    app = Starlette(routes=[Mount("/shop", site(tmp_path))])
    answer = call_asgi(app, local("/shop/stats"))
    assert b'href="/shop/stats/live"' in answer.body
    assert call_asgi(app, local("/shop/stats/live")).status == 200
    assert call_asgi(app, local("/shop/page")).body == b"<h1>Page</h1>"
    assert call_asgi(app, local("/stats")).status == 404


@pytest.mark.parametrize("target", ["/stats/live", "/shop/stats/live"])
def test_a_server_may_leave_the_root_path_out(tmp_path: Path, target: str) -> None:
    inner = asgi.FootfallMiddleware(site(tmp_path, enabled=False), **options(tmp_path))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await inner({**scope, "root_path": "/shop"}, receive, send)

    assert b'href="/shop/stats/live"' in call_asgi(app, local(target)).body


def test_debug_mode_is_that_of_the_app(tmp_path: Path) -> None:
    raw = remote(host="192.168.1.5:8000")
    assert not opens(lambda raw: call_asgi(site(tmp_path), raw), raw)
    assert opens(lambda raw: call_asgi(site(tmp_path, debug=True), raw), raw)
    wrapped = asgi.FootfallMiddleware(Starlette(debug=True), **options(tmp_path))
    assert opens(lambda raw: call_asgi(wrapped, raw), raw)


def test_the_function_gets_the_request_of_the_app(tmp_path: Path) -> None:
    async def may_look(request: Request) -> bool:
        await asyncio.sleep(0)
        request.session["seen"] = True
        return request.url.path == "/stats" and request.client is not None

    app = site(tmp_path, dashboard_allow=may_look)
    app.add_middleware(SessionMiddleware, secret_key="for tests")
    answer = call_asgi(app, remote())
    assert answer.status == 200
    assert "session=" in (header(answer, "set-cookie") or "")
    assert call_asgi(app, remote("/stats/live")).status == 403


def test_the_function_sees_the_context_of_the_request(tmp_path: Path) -> None:
    user = ContextVar("user", default="nobody")
    inner = site(tmp_path, dashboard_allow=lambda request: user.get() == "ada")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        user.set("ada")
        await inner(scope, receive, send)

    assert call_asgi(inner, local()).status == 403
    assert call_asgi(app, local()).status == 200


def test_a_coroutine_that_fails_refuses(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def may_look(request: Request) -> bool:
        raise ZeroDivisionError

    app = site(tmp_path, dashboard_allow=may_look)
    assert call_asgi(app, local()).status == 403
    assert "dashboard_allow failed: ZeroDivisionError in " in caplog.text


def test_staff_is_for_django(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is for Django"):
        asgi.FootfallMiddleware(Starlette(), **options(tmp_path, dashboard_allow="staff"))


def test_other_scopes_are_the_apps(tmp_path: Path) -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    wrapped = asgi.FootfallMiddleware(app, **options(tmp_path))
    asyncio.run(wrapped({"type": "websocket", "path": "/stats"}, None, None))  # type: ignore[arg-type]  # neither is called
    assert seen == ["websocket"]


def test_a_scope_without_a_path_is_the_apps(tmp_path: Path) -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    wrapped = asgi.FootfallMiddleware(app, **options(tmp_path))
    asyncio.run(wrapped({"type": "http"}, None, None))  # type: ignore[arg-type]  # neither is called
    assert seen == ["http"]


def test_a_busy_dashboard_says_so(tmp_path: Path) -> None:
    app = asgi.FootfallMiddleware(site(tmp_path, enabled=False), **options(tmp_path))
    assert isinstance(app._front, AsgiDashboard)
    app._front._running = 32
    answer = call_asgi(app, local())
    assert (answer.status, header(answer, "retry-after")) == (503, "5")
    app._front._running = 0
    assert opens(lambda raw: call_asgi(app, raw), local())
    assert app._front._running == 0
