"""The complement in front of a WSGI app: odd servers, mounts, headers of the app's own."""

from __future__ import annotations

import io
from typing import Any

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from footfall import wsgi
from footfall.complement.wsgi_route import read_body
from footfall.testing import Outbox
from tests.complement.support import OPTIONS, posted
from tests.support.adapters import call_wsgi, navigation
from tests.support.raw_requests import send_wsgi

PAGE = [("Content-Type", "text/html"), ("Server-Timing", "db;dur=5")]


def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", PAGE)
    return [b"<h1>Page</h1>"]


def test_the_apps_own_figures_stay() -> None:
    steps: list[Any] = []
    send_wsgi(wsgi.FootfallMiddleware(app, **OPTIONS), navigation(), steps)
    [headers] = [step[2] for step in steps if step[0] == "start"]
    assert headers[:2] == PAGE
    assert headers[2][0] == "Server-Timing"


def test_a_mount_is_part_of_the_path(footfall_outbox: Outbox) -> None:
    mounted = DispatcherMiddleware(NotFound(), {"/shop": wsgi.FootfallMiddleware(app, **OPTIONS)})
    assert call_wsgi(mounted, posted(target="/shop/_stats")).status == 204
    assert [event.url for event in footfall_outbox] == ["https://example.com/page"]


class Broken(io.BytesIO):
    def read(self, *_: Any) -> bytes:
        raise OSError


BODIES = {
    "a report": ({"CONTENT_LENGTH": "2", "wsgi.input": io.BytesIO(b"{}more")}, b"{}"),
    "no length": ({"wsgi.input": io.BytesIO(b"{}")}, None),
    "a length that is none": ({"CONTENT_LENGTH": "x", "wsgi.input": io.BytesIO(b"{}")}, None),
    "too long": ({"CONTENT_LENGTH": "2049", "wsgi.input": io.BytesIO(b"")}, None),
    "no stream": ({"CONTENT_LENGTH": "2"}, None),
    "a stream that breaks": ({"CONTENT_LENGTH": "2", "wsgi.input": Broken()}, None),
}


@pytest.mark.parametrize(("environ", "expected"), BODIES.values(), ids=BODIES.keys())
def test_a_body_is_read_up_to_its_limit(environ: dict[str, Any], expected: bytes | None) -> None:
    assert read_body(environ) == expected


def test_an_illegal_response_is_the_servers_to_judge() -> None:
    def odd(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("two hundred", PAGE)
        return [b""]

    steps: list[Any] = []
    send_wsgi(wsgi.FootfallMiddleware(odd, **OPTIONS), navigation(), steps)
    assert steps[0] == ("start", "two hundred", PAGE, False)


def test_an_error_page_may_replace_the_page() -> None:
    def failing(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", PAGE)
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            start_response("500 Oops", [("Content-Type", "text/html")], (None, None, None))
        return [b""]

    steps: list[Any] = []
    wrapped = wsgi.FootfallMiddleware(failing, **OPTIONS)
    send_wsgi(wrapped, navigation(), steps)
    assert [(step[1], len(step[2])) for step in steps if step[0] == "start"] == [
        ("200 OK", 3),
        ("500 Oops", 1),
    ]
    wrapped.tracker.process_all()
    assert wrapped.tracker.stats()["reasons"] == {"error": 1}
