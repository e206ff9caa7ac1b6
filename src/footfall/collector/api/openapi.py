"""The collector's OpenAPI 3.1 document: `openapi.json` beside this file, which describes the API.

The web pages are left out. Tests compare the bounds in the document with the constants of the code.
"""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

__all__ = ["DOCUMENT_FILE", "route"]

DOCUMENT_FILE = Path(__file__).with_name("openapi.json")


async def _document(request: Request) -> Response:
    return FileResponse(DOCUMENT_FILE, media_type="application/json")


route = Route("/api/openapi.json", _document)
"""The route that serves the document as it is."""
