"""An app without footfall, which a server runs beside one with it."""

from __future__ import annotations

from typing import Any


def wsgi(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", "2")])
    return [b"ok"]
