"""An app that answers with whatever a path asks for, and with the reasons that it has counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import footfall
from footfall.wsgi import FootfallMiddleware

ANSWERS = {
    "/asset.js": ("200 OK", "text/javascript"),
    "/prices.pdf": ("200 OK", "application/pdf"),
    "/download": ("200 OK", "text/csv"),
    "/data": ("200 OK", "application/json"),
    "/moved": ("302 Found", "text/html"),
    "/missing": ("404 Not Found", "text/html"),
    "/broken": ("500 Internal Server Error", "text/html"),
    "/cached": ("304 Not Modified", ""),
    "/docs/node.js": ("200 OK", "text/html; charset=utf-8"),
}


def app(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    status, content_type = ANSWERS.get(path, ("200 OK", "text/html; charset=utf-8"))
    headers = [("content-type", content_type)] if content_type else []
    if path == "/download":
        headers.append(("content-disposition", 'attachment; filename="a.csv"'))
    start_response(status, headers)
    return [] if status.startswith("304") else [b"<title>x</title>" + path.encode("latin-1")]


_counted = FootfallMiddleware(app)


def wsgi(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The app, and beside it what it has counted."""
    if environ["PATH_INFO"] != "/reasons":
        return _counted(environ, start_response)
    start_response("200 OK", [("content-type", "application/json")])
    return [json.dumps(footfall.stats()["reasons"]).encode()]
