"""What a request costs an app without the complement: nothing."""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import footfall
from footfall import asgi, wsgi
from tests.complement.support import OPTIONS
from tests.support.adapters import call_asgi, call_wsgi, navigation

SOURCE = str(Path(footfall.__file__).parent)


def wsgi_app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b""]


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"text/html")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def visit_wsgi(options: dict[str, Any]) -> Callable[[], Any]:
    wrapped = wsgi.FootfallMiddleware(wsgi_app, **options)
    return lambda: call_wsgi(wrapped, navigation())


def visit_asgi(options: dict[str, Any]) -> Callable[[], Any]:
    wrapped = asgi.FootfallMiddleware(asgi_app, **options)
    return lambda: call_asgi(wrapped, navigation())


def lines_run(request: Callable[[], Any]) -> list[str]:
    """The lines of footfall that a request runs, each as `file: code`."""
    lines = []

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        file = frame.f_code.co_filename
        if not file.startswith(SOURCE):
            return None
        if event == "line":
            lines.append(f"{file}: {linecache.getline(file, frame.f_lineno)}")
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        request()
    finally:
        sys.settrace(before)
    return lines


@pytest.mark.parametrize("visit", [visit_wsgi, visit_asgi])
def test_without_the_option_no_line_of_a_request_knows_of_it(
    visit: Callable[[dict[str, Any]], Callable[[], Any]],
) -> None:
    def lines_about_it(options: dict[str, Any]) -> list[str]:
        lines = lines_run(visit(options))
        assert any("exchange_of" in line for line in lines), "the request is not seen"
        return [line for line in lines if "complement" in line or "_front" in line]

    assert lines_about_it({"destinations": OPTIONS["destinations"]}) == []
    assert lines_about_it(OPTIONS) != []
