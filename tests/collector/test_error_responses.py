"""What is answered where a request cannot be served."""

from __future__ import annotations

import asyncio
import json
import sqlite3

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from footfall.collector.error_responses import busy, database_error, http_error

REQUEST = Request({"type": "http"})


def _coded(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("it failed")
    error.sqlite_errorcode = code
    return error


def test_the_status_that_was_raised() -> None:
    response = asyncio.run(http_error(REQUEST, HTTPException(404, "nothing here")))
    assert (response.status_code, json.loads(bytes(response.body))) == (
        404,
        {"error": "nothing here"},
    )


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (sqlite3.SQLITE_BUSY, 503),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, 503),
        (sqlite3.SQLITE_FULL, 503),
        (sqlite3.SQLITE_READONLY, 503),
        (sqlite3.SQLITE_CORRUPT, 500),
    ],
)
def test_what_the_file_says(code: int, status: int) -> None:
    response = asyncio.run(database_error(REQUEST, _coded(code)))
    assert response.status_code == status
    assert ("retry-after" in response.headers) == (status == 503)


def test_a_busy_file_passes() -> None:
    assert asyncio.run(busy(REQUEST, TimeoutError())).headers["retry-after"]
