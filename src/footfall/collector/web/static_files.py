"""The style sheets, scripts and images of the pages. They are few and small, so memory holds them.

A browser keeps them for five minutes and then asks whether they have changed: after an update, no
page must have the scripts of the version before for longer.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

__all__ = ["static_route"]

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
# Private, since a proxy does not know who may see them.
_CACHE: Final = "private, max-age=300"


class _StaticFile(NamedTuple):
    content: bytes
    media_type: str
    etag: str


@cache
def _files() -> dict[str, _StaticFile]:
    """All files, by name."""
    found = {}
    for path in _FOLDER.iterdir():
        if path.suffix in _TYPES:
            content = path.read_bytes()
            etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            found[path.name] = _StaticFile(content, _TYPES[path.suffix], etag)
    return found


async def _static(request: Request) -> Response:
    file = _files().get(request.path_params["name"])
    if file is None:
        raise HTTPException(404)
    headers = {"cache-control": _CACHE, "etag": file.etag}
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    return Response(file.content, headers=headers, media_type=file.media_type)


static_route: Final = Route("/static/{name}", _static)
"""Answers for every file, with 304 where the browser has it."""
