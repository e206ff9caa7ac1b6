"""The collector's description of itself: OpenAPI 3.1, at `GET /api/openapi.json`.

It is built from Python, so that bounds and names are those of the code. `ingest.py` describes where
events go, `stats.py` and `sites.py` what Plausible's API can be asked, `own.py` the rest, and
`schema_helpers.py` has the bricks. Pages are left out.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import footfall
from footfall.collector.api.openapi import ingest, own, schema_helpers, sites, stats

__all__ = ["document", "route"]

_ABOUT: Final = (
    "Takes events as Plausible and Swetrix do, and answers questions about them as Plausible does."
)


def document() -> dict[str, Any]:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "footfall collector",
            "description": _ABOUT,
            "version": footfall.__version__,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "security": [{}, {"token": []}],
        "paths": {**ingest.PATHS, **stats.PATHS, **sites.PATHS, **own.PATHS},
        "components": {
            "schemas": {**schema_helpers.SCHEMAS, **stats.SCHEMAS, **sites.SCHEMAS, **own.SCHEMAS},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


async def _show(request: Request) -> Response:
    return JSONResponse(document())


route = Route("/api/openapi.json", _show)
"""Where it is shown."""
