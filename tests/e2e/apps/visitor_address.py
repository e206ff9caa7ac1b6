"""Responds with the visitor's address as footfall finds it, over ASGI and WSGI."""

from __future__ import annotations

from typing import Any

from werkzeug.middleware.proxy_fix import ProxyFix

import footfall
from footfall import asgi as asgi_adapter
from footfall import wsgi as wsgi_adapter


async def _asgi(scope: Any, receive: Any, send: Any) -> None:
    body = footfall.current_visitor()["ip"].encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _wsgi(environ: Any, start_response: Any) -> list[bytes]:
    body = footfall.current_visitor()["ip"].encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


asgi = asgi_adapter.FootfallMiddleware(_asgi)
wsgi = wsgi_adapter.FootfallMiddleware(_wsgi)
# What Flask's manual recommends behind a proxy, once around footfall and once inside it.
fixed_outside = ProxyFix(wsgi, x_for=1)
fixed_inside = wsgi_adapter.FootfallMiddleware(ProxyFix(_wsgi, x_for=1))
