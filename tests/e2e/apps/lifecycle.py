"""One page under every path, over ASGI and WSGI, for tests that stop servers."""

from __future__ import annotations

from typing import Any

from footfall import asgi as asgi_adapter
from footfall import wsgi as wsgi_adapter

BODY = b"<!doctype html><title>A page</title>"
HEADERS = {"content-type": "text/html; charset=utf-8", "content-length": str(len(BODY))}


async def _asgi(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


def _wsgi(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [*HEADERS.items()])
    return [BODY]


asgi = asgi_adapter.FootfallMiddleware(_asgi)
wsgi = wsgi_adapter.FootfallMiddleware(_wsgi)
