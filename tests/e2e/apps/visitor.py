"""Answers with the address of the visitor, as footfall finds it; over ASGI and WSGI."""

from __future__ import annotations

from typing import Any

from werkzeug.middleware.proxy_fix import ProxyFix

import footfall
from footfall import asgi as asgi_door
from footfall import wsgi as wsgi_door


async def _asgi(scope: Any, receive: Any, send: Any) -> None:
    body = footfall.current_visitor()["ip"].encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _wsgi(environ: Any, start_response: Any) -> list[bytes]:
    body = footfall.current_visitor()["ip"].encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


asgi = asgi_door.FootfallMiddleware(_asgi)
wsgi = wsgi_door.FootfallMiddleware(_wsgi)
# The usual remedy of Flask's manual, around footfall and within.
fixed_outside = ProxyFix(wsgi, x_for=1)
fixed_inside = wsgi_door.FootfallMiddleware(ProxyFix(_wsgi, x_for=1))
