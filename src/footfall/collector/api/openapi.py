"""The collector's OpenAPI 3.1 document: `openapi.json` beside this file, which describes the API.

Its server is the root path below which it was asked for. The web pages are left out. Tests compare
the bounds in the document with the constants of the code.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

__all__ = ["DOCUMENT_FILE", "route"]

DOCUMENT_FILE = Path(__file__).with_name("openapi.json")


async def _document(request: Request) -> Response:
    document = await run_in_threadpool(_read)
    servers = [{"url": request.scope.get("root_path", "") or "/"}]
    return JSONResponse({**document, "servers": servers})


@cache
def _read() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(DOCUMENT_FILE.read_text(encoding="utf-8"))
    return document


route = Route("/api/openapi.json", _document)
"""The route that serves the document."""
