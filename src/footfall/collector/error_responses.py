"""What the collector answers where a request cannot be served."""

from __future__ import annotations

import sqlite3

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from footfall.collector.wire.messages import RETRY_SOON

__all__ = ["busy", "database_error", "http_error"]

# Another process has locked the file, or the disk is full. Only writing meets these.
_UNWRITABLE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY})


async def http_error(request: Request, error: Exception) -> Response:
    """The status that a route has raised, with its text."""
    assert isinstance(error, HTTPException)  # noqa: S101 -- Starlette's types do not know
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def busy(request: Request, error: Exception) -> Response:
    """503: the file cannot be written at the moment."""
    content = {"error": "The database cannot be written at the moment"}
    return JSONResponse(content, 503, dict(RETRY_SOON))


async def database_error(request: Request, error: Exception) -> Response:
    """503 where writing failed, and 500 where reading did."""
    # The low byte is the kind of the error.
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in _UNWRITABLE:
        return await busy(request, error)
    return JSONResponse({"error": f"The database cannot be read: {error}"}, 500)
