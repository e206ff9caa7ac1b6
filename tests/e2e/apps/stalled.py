"""One page under every path, whose hook may hold footfall's worker thread for ever."""

from __future__ import annotations

import os
import threading
from typing import Any

from footfall import asgi as asgi_adapter
from footfall import wsgi as wsgi_adapter
from footfall.model import Hit

BODY = b"<!doctype html><title>A page</title>"


def wait(hit: Hit) -> bool:
    if "WORKER_STALLS" in os.environ:
        threading.Event().wait()
    return True


async def _asgi(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    headers = [(b"content-type", b"text/html"), (b"content-length", b"%d" % len(BODY))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


def _wsgi(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(BODY)))])
    return [BODY]


OPTIONS: dict[str, Any] = {"should_track": wait, "exclude": ["/excluded/**"]}

asgi = asgi_adapter.FootfallMiddleware(_asgi, **OPTIONS)
wsgi = wsgi_adapter.FootfallMiddleware(_wsgi, **OPTIONS)
