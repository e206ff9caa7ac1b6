"""What is particular to WSGI: start_response, the iterable, latin-1 paths."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any
from wsgiref.validate import validator

import pytest

from footfall.testing import Outbox
from footfall.wsgi import FootfallMiddleware
from tests.support.adapters import PLAUSIBLE, Raw, call_wsgi, navigation


def wrapped(app: Any) -> FootfallMiddleware:
    return FootfallMiddleware(app, destinations=[PLAUSIBLE])


def test_both_sides_keep_to_the_specification(footfall_outbox: Outbox) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [b"ok"]

    checked = validator(wrapped(validator(app)))

    def call(environ: Any, start_response: Any) -> Any:
        environ["SERVER_PROTOCOL"] = "HTTP/1.1"
        return checked(environ, start_response)

    assert call_wsgi(call, navigation("/page")).body == b"ok"
    assert len(footfall_outbox) == 1


def test_the_iterable_is_the_apps_own() -> None:
    class Body:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"ok"])

    body = Body()

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "text/html")])
        return body

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}
    assert wrapped(app)(environ, lambda *_: lambda _: None) is body


def test_a_generator_app_is_counted_once_it_starts(footfall_outbox: Outbox) -> None:
    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/html")])
        yield b"o"
        yield b"k"

    assert call_wsgi(wrapped(app), navigation("/page")).body == b"ok"
    assert len(footfall_outbox) == 1


def test_an_error_page_that_replaces_a_page_does_not_count_twice(footfall_outbox: Outbox) -> None:
    seen: list[Any] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html")])
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            start_response("500 Oops", [("Content-Type", "text/html")], sys.exc_info())
        return [b"sorry"]

    def server(status: str, headers: Any, exc_info: Any = None) -> Any:
        seen.append((status, exc_info is not None))
        return lambda chunk: None

    environ: dict[str, Any] = {"REQUEST_METHOD": "GET", "PATH_INFO": "/page"}
    wrapped(app)(environ, server)
    assert seen == [("200 OK", False), ("500 Oops", True)]
    assert len(footfall_outbox) == 0


def test_a_server_without_the_third_argument_is_served(footfall_outbox: Outbox) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b"ok"]

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}
    server: Any = lambda status, headers: lambda chunk: None  # noqa: E731 -- its arity is the test
    assert wrapped(app)(environ, server) == [b"ok"]


def test_the_mount_point_is_part_of_the_path(footfall_outbox: Outbox) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b"ok"]

    def mounted(environ: Any, start_response: Any) -> Any:
        return wrapped(app)({**environ, "SCRIPT_NAME": "/shop"}, start_response)

    call_wsgi(mounted, navigation("/caf%C3%A9"))
    assert [event.url for event in footfall_outbox] == ["https://example.com/shop/caf%C3%A9"]


def test_a_status_that_is_no_number_is_counted_as_an_error_and_served() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("OK", [("Content-Type", "text/html")])
        return [b"ok"]

    adapter = wrapped(app)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/"}
    assert adapter(environ, lambda *_: lambda _: None) == [b"ok"]
    assert adapter.tracker.recorder.errors.value == 1


@pytest.mark.parametrize("header", ["content-type", "Content-Type", "Content-type", "CONTENT-TYPE"])
def test_header_names_may_be_written_in_any_case(footfall_outbox: Outbox, header: str) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [(header, "TEXT/HTML")])
        return [b"ok"]

    raw: Raw = navigation("/page")
    call_wsgi(wrapped(app), raw)
    assert len(footfall_outbox) == 1


@pytest.mark.parametrize("path", ["/page", "/admin/users"])
def test_an_app_may_name_what_it_starts_its_response_with(
    path: str, footfall_outbox: Outbox
) -> None:
    """The specification has positions, and the functions of most servers have these names, too."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        page = [("Content-Type", "text/html")]
        start_response(status="200 OK", headers=page)
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            start_response("500 Oops", page, exc_info=sys.exc_info())
        return [b"sorry"]

    assert call_wsgi(wrapped(app), navigation(path)).status == 500
    assert len(footfall_outbox) == 0
