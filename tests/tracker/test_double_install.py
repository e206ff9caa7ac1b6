"""A middleware that is installed twice: each page would count twice, without a warning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask
import pytest
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware

from footfall import asgi, starlette, wsgi
from footfall.flask import Footfall
from footfall.tracker import Tracker
from footfall.tracker.double_install import warn_if_installed_twice
from tests.support.adapters import PLAUSIBLE, call_asgi, call_wsgi, navigation


def wsgi_page(environ: wsgi.Environ, start_response: wsgi.StartResponse) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<h1>Page</h1>"]


async def asgi_page(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
    raise NotImplementedError


OTHER = "plausible://plausible.io/example.org"


def wsgi_around_wsgi(first: str, second: str) -> None:
    wsgi.FootfallMiddleware(
        wsgi.FootfallMiddleware(wsgi_page, destinations=first), destinations=second
    )


def asgi_around_asgi(first: str, second: str) -> None:
    asgi.FootfallMiddleware(
        asgi.FootfallMiddleware(asgi_page, destinations=first), destinations=second
    )


def wsgi_around_flask(first: str, second: str) -> None:
    app = flask.Flask("tests.tracker.test_double_install")
    Footfall(app, destinations=first)
    wsgi.FootfallMiddleware(app, destinations=second)


def starlette_with_another_between(first: str, second: str) -> None:
    app = Starlette()
    app.add_middleware(starlette.FootfallMiddleware, destinations=first)
    app.add_middleware(GZipMiddleware)
    app.add_middleware(starlette.FootfallMiddleware, destinations=second)
    call_asgi(app, navigation("/page"))


Twice = Callable[[str, str], None]
TWICE = [wsgi_around_wsgi, asgi_around_asgi, wsgi_around_flask, starlette_with_another_between]


@pytest.mark.parametrize("twice", TWICE)
def test_a_middleware_around_itself_is_warned_about(
    twice: Twice, caplog: pytest.LogCaptureFixture
) -> None:
    twice(PLAUSIBLE, f"{PLAUSIBLE},{OTHER}")
    assert caplog.messages == [
        "footfall: this app already has a middleware for plausible:example.com, so each page "
        "counts twice; remove one of the two middlewares"
    ]


@pytest.mark.parametrize("twice", TWICE)
def test_two_for_different_destinations_are_no_warning(
    twice: Twice, caplog: pytest.LogCaptureFixture
) -> None:
    twice(PLAUSIBLE, OTHER)
    assert caplog.messages == []


def test_one_that_is_switched_off_counts_nothing_twice(caplog: pytest.LogCaptureFixture) -> None:
    inner = wsgi.FootfallMiddleware(wsgi_page, destinations=PLAUSIBLE, enabled=False)
    app: Any = wsgi.FootfallMiddleware(inner, destinations=PLAUSIBLE)
    assert call_wsgi(app, navigation("/page")).body == b"<h1>Page</h1>"
    assert caplog.messages == []


def test_an_app_that_wraps_itself_ends_the_search(caplog: pytest.LogCaptureFixture) -> None:
    def endless(*_: object) -> None: ...

    vars(endless)["app"] = endless
    warn_if_installed_twice(endless, Tracker.from_options({}, environ={}))
    assert caplog.messages == []
