"""The complement in front of an ASGI app: bodies in parts, mounts, headers of the app's own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from footfall import asgi
from footfall.testing import Outbox
from tests.complement.support import OPTIONS, body, posted
from tests.dashboard.support import local, opens, options
from tests.support.adapters import call_asgi, call_wsgi, navigation


async def app(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"text/html"), (b"server-timing", b"db;dur=5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"<h1>Page</h1>"})


def scope_of(method: str = "POST", path: str = "/_stats") -> dict[str, Any]:
    raw = posted() if method == "POST" else navigation(path)
    return {
        "type": "http",
        "method": method,
        "scheme": "https",
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower(), value) for name, value in raw.headers],
        "client": (raw.peer, 1),
    }


def answers(messages: list[dict[str, Any]], application: Any, **scope: Any) -> list[Any]:
    """What is sent in response to a request whose body comes in these messages."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(application(scope_of(**scope), receive, send))
    return sent


def part(content: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": content, "more_body": more}


def test_a_body_may_come_in_parts(footfall_outbox: Outbox) -> None:
    wrapped = asgi.FootfallMiddleware(app, **OPTIONS)
    content = body()
    parts = [part(content[:9], more=True), part(content[9:], more=False)]
    assert answers(parts, wrapped)[0]["status"] == 204
    assert len(footfall_outbox) == 1


def test_no_more_is_read_than_a_report_has() -> None:
    wrapped = asgi.FootfallMiddleware(app, **OPTIONS)
    parts = [part(b" " * 2_000, more=True) for _ in range(9)]
    assert answers(parts, wrapped)[0]["status"] == 204
    assert len(parts) == 7
    assert wrapped.tracker.stats()["reasons"] == {"complement_invalid": 1}


def test_a_visitor_may_be_gone() -> None:
    wrapped = asgi.FootfallMiddleware(app, **OPTIONS)
    assert answers([{"type": "http.disconnect"}], wrapped)[0]["status"] == 204
    assert wrapped.tracker.stats()["reasons"] == {"complement_invalid": 1}


def test_the_apps_own_figures_stay() -> None:
    sent = answers([], asgi.FootfallMiddleware(app, **OPTIONS), method="GET", path="/page")
    names = [name for name, _ in sent[0]["headers"]]
    assert names == [b"content-type", b"server-timing", b"server-timing"]
    assert sent[0]["headers"][1][1] == b"db;dur=5"


def test_a_mount_is_part_of_the_path(footfall_outbox: Outbox) -> None:
    mounted = Starlette(routes=[Mount("/shop", asgi.FootfallMiddleware(app, **OPTIONS))])
    assert call_asgi(mounted, posted(target="/shop/_stats")).status == 204
    assert [event.url for event in footfall_outbox] == ["https://example.com/page"]


def test_a_scope_without_a_path_is_the_apps() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message["type"])

    scope: Any = {"type": "http", "method": "GET"}
    asyncio.run(asgi.FootfallMiddleware(app, **OPTIONS)(scope, None, send))  # type: ignore[arg-type]  # not called
    assert sent == ["http.response.start", "http.response.body"]


def test_an_illegal_message_is_the_servers_to_judge() -> None:
    async def odd(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "headers": 7})

    wrapped = asgi.FootfallMiddleware(odd, **OPTIONS)
    assert answers([], wrapped, method="GET", path="/page") == [
        {"type": "http.response.start", "headers": 7}
    ]


def test_other_scopes_are_the_apps() -> None:
    seen: list[str] = []

    async def other(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    scope: Any = {"type": "websocket", "path": "/_stats"}
    asyncio.run(asgi.FootfallMiddleware(other, **OPTIONS)(scope, None, None))  # type: ignore[arg-type]  # neither is called
    assert seen == ["websocket"]


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
def test_it_stands_beside_the_dashboard(tmp_path: Any, kind: str) -> None:
    from footfall import wsgi

    def wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b""]

    given = options(tmp_path, complement="/_stats", track_localhost=True)
    asgi_site, wsgi_site = (
        asgi.FootfallMiddleware(app, **given),
        wsgi.FootfallMiddleware(wsgi_app, **given),
    )
    site, call = (asgi_site, call_asgi) if kind == "asgi" else (wsgi_site, call_wsgi)
    assert opens(lambda raw: call(site, raw), local())
    assert call(site, navigation("/_stats/c.js")).status == 200
    assert "footfall;desc" in str(call(site, navigation("/page")).headers)
    asgi_site.tracker.close()
