"""A middleware that is installed twice, or in an app that is mounted in another with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flask
import pytest
from asgiref.wsgi import WsgiToAsgi
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import footfall
from footfall import asgi, starlette, wsgi
from footfall.flask import Footfall
from footfall.testing import Outbox
from footfall.tracker import Tracker
from footfall.tracker.double_install import warn_if_installed_twice
from tests.support.adapters import PLAUSIBLE, call_asgi, call_wsgi, navigation


def wsgi_page(environ: wsgi.Environ, start_response: wsgi.StartResponse) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<h1>Page</h1>"]


async def asgi_page(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
    raise NotImplementedError


OTHER = "plausible://plausible.io/example.org"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


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


def about_middlewares(caplog: pytest.LogCaptureFixture) -> list[str]:
    # A vendor of an earlier test may be gone meanwhile, which is another warning.
    return [text for text in caplog.messages if "middleware" in text]


Twice = Callable[[str, str], None]
TWICE = [wsgi_around_wsgi, asgi_around_asgi, wsgi_around_flask, starlette_with_another_between]


@pytest.mark.parametrize("twice", TWICE)
def test_a_middleware_around_itself_is_warned_about(
    twice: Twice, caplog: pytest.LogCaptureFixture
) -> None:
    twice(PLAUSIBLE, f"{PLAUSIBLE},{OTHER}")
    # A request may have shown it since.
    assert about_middlewares(caplog)[:1] == [
        "footfall: this app already has a middleware for plausible:example.com, which counts "
        "nothing now; remove one of the two middlewares"
    ]


@pytest.mark.parametrize("twice", TWICE)
def test_two_for_different_destinations_are_no_warning(
    twice: Twice, caplog: pytest.LogCaptureFixture
) -> None:
    twice(PLAUSIBLE, OTHER)
    assert about_middlewares(caplog) == []


def test_one_that_is_switched_off_counts_nothing_twice(caplog: pytest.LogCaptureFixture) -> None:
    inner = wsgi.FootfallMiddleware(wsgi_page, destinations=PLAUSIBLE, enabled=False)
    app: Any = wsgi.FootfallMiddleware(inner, destinations=PLAUSIBLE)
    assert call_wsgi(app, navigation("/page")).body == b"<h1>Page</h1>"
    assert about_middlewares(caplog) == []


def test_an_app_that_wraps_itself_ends_the_search(caplog: pytest.LogCaptureFixture) -> None:
    def endless(*_: object) -> None: ...

    vars(endless)["app"] = endless
    warn_if_installed_twice(endless, Tracker.from_options({}, environ={}))
    assert about_middlewares(caplog) == []


# -- seen in a request -------------------------------------------------------------------------


async def track_and_respond(request: Request) -> HTMLResponse:
    footfall.track("Signup")
    return HTMLResponse("<h1>Page</h1>")


def starlette_in_starlette(inner: str, outer: str) -> Callable[[str], object]:
    mounted = Starlette(routes=[Route("/page", track_and_respond)])
    mounted.add_middleware(starlette.FootfallMiddleware, destinations=inner)
    app = Starlette(routes=[Mount("/sub", mounted)])
    app.add_middleware(starlette.FootfallMiddleware, destinations=outer)
    return lambda target: call_asgi(app, navigation(target))


def flask_view() -> str:
    footfall.track("Signup")
    return "<h1>Page</h1>"


def flask_of(destinations: str) -> flask.Flask:
    app = flask.Flask("tests.tracker.test_double_install")
    app.add_url_rule("/page", view_func=flask_view)
    Footfall(app, destinations=destinations)
    return app


def flask_in_flask(inner: str, outer: str) -> Callable[[str], object]:
    app = flask_of(outer)
    app.wsgi_app = wsgi.FootfallMiddleware(  # type: ignore[method-assign]
        DispatcherMiddleware(app, {"/sub": flask_of(inner)}), destinations=outer
    )
    return lambda target: call_wsgi(app.wsgi_app, navigation(target))


def flask_in_starlette(inner: str, outer: str) -> Callable[[str], object]:
    app: Any = Starlette(routes=[Mount("/sub", WsgiToAsgi(flask_of(inner)))])  # type: ignore[no-untyped-call]
    app.add_middleware(starlette.FootfallMiddleware, destinations=outer)
    return lambda target: call_asgi(app, navigation(target))


def behind_a_layer(inner: str, outer: str) -> Callable[[str], object]:
    mounted = Starlette(routes=[Route("/sub/page", track_and_respond)])
    mounted.add_middleware(starlette.FootfallMiddleware, destinations=inner)

    async def layer(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        headers = [(name, value) for name, value in scope["headers"] if name not in REWRITTEN]
        headers += [(name, b"rewritten.example") for name in REWRITTEN]
        await mounted({**scope, "headers": headers}, receive, send)

    app: Any = asgi.FootfallMiddleware(layer, destinations=outer)
    return lambda target: call_asgi(app, navigation(target))


REWRITTEN = (b"host", b"accept-language", b"x-forwarded-for", b"sec-fetch-site")


def behind_a_wsgi_layer(inner: str, outer: str) -> Callable[[str], object]:
    mounted = DispatcherMiddleware(flask_of(inner), {"/sub": flask_of(inner)})

    def layer(environ: wsgi.Environ, start_response: wsgi.StartResponse) -> Any:
        names = {f"HTTP_{name.decode().upper().replace('-', '_')}" for name in REWRITTEN}
        return mounted({**environ, **dict.fromkeys(names, "rewritten.example")}, start_response)

    app: Any = wsgi.FootfallMiddleware(layer, destinations=outer)
    return lambda target: call_wsgi(app, navigation(target))


def a_wsgi_app_behind_a_layer(inner: str, outer: str) -> Callable[[str], object]:
    mounted: Any = WsgiToAsgi(flask_of(inner))  # type: ignore[no-untyped-call]

    async def layer(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        headers = [(name, value) for name, value in scope["headers"] if name != b"accept"]
        changed = {"headers": [*headers, (b"accept", b"text/html")], "client": ("10.0.0.1", 1)}
        await mounted({**scope, **changed}, receive, send)

    app: Any = Starlette(routes=[Mount("/sub", layer)])
    app.add_middleware(starlette.FootfallMiddleware, destinations=outer)
    return lambda target: call_asgi(app, navigation(target))


Mounted = Callable[[str, str], Callable[[str], object]]
MOUNTED: list[Mounted] = [
    starlette_in_starlette,
    flask_in_flask,
    flask_in_starlette,
    behind_a_layer,
    behind_a_wsgi_layer,
    a_wsgi_app_behind_a_layer,
]


@pytest.mark.parametrize("mounted", MOUNTED)
@pytest.mark.parametrize("mode", ["thread", "sync"])
def test_a_mounted_apps_own_middleware_counts_nothing(
    mounted: Mounted,
    mode: str,
    footfall_outbox: Outbox,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FOOTFALL_MODE", mode)
    call = mounted(PLAUSIBLE, PLAUSIBLE)
    for _ in range(2):
        call("/sub/page")
    names = sorted(event.name for event in footfall_outbox)
    assert names == ["Signup", "Signup", "pageview", "pageview"]
    assert {event.url for event in footfall_outbox} == {"https://example.com/sub/page"}
    [text] = [r.message for r in caplog.records if "is mounted in another" in r.message]
    assert "plausible:example.com" in text


@pytest.mark.parametrize("mounted", MOUNTED)
def test_a_mounted_app_may_count_for_a_destination_of_its_own(
    mounted: Mounted, footfall_outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    mounted(OTHER, PLAUSIBLE)("/sub/page")
    assert sorted(event.name for event in footfall_outbox) == ["Signup", "pageview", "pageview"]
    assert not [r for r in caplog.records if "is mounted in another" in r.message]


def test_a_page_that_a_view_requests_from_another_app_counts(footfall_outbox: Outbox) -> None:
    inner = wsgi.FootfallMiddleware(wsgi_page, destinations=PLAUSIBLE)

    def view(environ: wsgi.Environ, start_response: wsgi.StartResponse) -> list[bytes]:
        call_wsgi(inner, navigation("/inner", headers={"User-Agent": FIREFOX}))
        return wsgi_page(environ, start_response)

    call_wsgi(wsgi.FootfallMiddleware(view, destinations=PLAUSIBLE), navigation("/outer"))
    assert sorted(event.url[-6:] for event in footfall_outbox) == ["/inner", "/outer"]
