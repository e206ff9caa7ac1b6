"""The dashboard in front of a WSGI app: mounts, debug mode, functions, and odd servers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import flask
import pytest
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from footfall import wsgi
from footfall.dashboard.wsgi_route import scope_of
from footfall.errors import ConfigError
from footfall.flask import Footfall
from tests.dashboard.support import local, opens, options, remote
from tests.support.adapters import call_wsgi


def site(path: Path, **given: Any) -> flask.Flask:
    app = flask.Flask("tests.dashboard.test_wsgi_route")
    app.secret_key = "for tests"

    @app.get("/page")
    def page() -> str:
        flask.session["role"] = "admin"
        return "<h1>Page</h1>"

    Footfall(app, **options(path, **given))
    return app


def test_a_mount_is_part_of_every_link(tmp_path: Path) -> None:
    # As a server or a dispatcher hands over an app below a path: its bytes, decoded as latin-1.
    app = DispatcherMiddleware(NotFound(), {"/caf\xc3\xa9": site(tmp_path)})
    answer = call_wsgi(app, local("/caf%C3%A9/stats"))
    assert 'href="/café/stats/live"'.encode() in answer.body
    assert call_wsgi(app, local("/caf%C3%A9/stats/live")).status == 200
    assert call_wsgi(app, local("/caf%C3%A9/page")).body == b"<h1>Page</h1>"


def test_debug_mode_is_that_of_the_app(tmp_path: Path) -> None:
    raw = remote(host="192.168.1.5:8000")
    app = site(tmp_path)
    assert not opens(lambda raw: call_wsgi(app, raw), raw)
    app.debug = True  # as `app.run(debug=True)` does later
    assert opens(lambda raw: call_wsgi(app, raw), raw)
    bare = flask.Flask("bare")
    bare.debug = True
    for inner in (bare, bare.wsgi_app):
        wrapped = wsgi.FootfallMiddleware(inner, **options(tmp_path))
        assert opens(partial(call_wsgi, wrapped), raw)


def test_the_function_may_use_flasks_own_request(tmp_path: Path) -> None:
    def may_look(request: flask.Request) -> bool:
        assert request is flask.request
        return flask.session.get("role") == "admin"

    app = site(tmp_path, dashboard_allow=may_look)
    client = app.test_client()
    assert client.get("/stats").status_code == 403
    client.get("/page")
    assert client.get("/stats").status_code == 200


def test_elsewhere_it_gets_the_environ(tmp_path: Path) -> None:
    def may_look(request: Any) -> bool:
        return bool(request.scope["wsgi_environ"]["REMOTE_ADDR"] == request.client.host)

    def app(environ: Any, start_response: Any) -> list[bytes]:
        raise AssertionError("not its path")

    wrapped = wsgi.FootfallMiddleware(app, **options(tmp_path, dashboard_allow=may_look))
    assert opens(lambda raw: call_wsgi(wrapped, raw), remote())


def test_staff_is_for_django(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is for Django"):
        Footfall(flask.Flask("x"), **options(tmp_path, dashboard_allow="staff"))


def test_a_request_without_a_path_is_the_apps(tmp_path: Path) -> None:
    seen: list[Any] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        seen.append(environ)
        return []

    wrapped = wsgi.FootfallMiddleware(app, **options(tmp_path))
    for environ in ({}, {"PATH_INFO": None}):
        assert wrapped(environ, lambda *_: lambda chunk: None) == []
    assert len(seen) == 2


def test_an_environ_as_a_scope() -> None:
    scope = scope_of(
        {
            "SCRIPT_NAME": "/a/",
            "PATH_INFO": "/b",
            "HTTP_X_A": "1€",
            "HTTP_ODD": 7,
            "SERVER_PROTOCOL": "HTTP/1.0",
        }
    )
    assert (scope["root_path"], scope["path"], scope["client"]) == ("/a", "/a/b", None)
    assert (scope["headers"], scope["http_version"]) == ([(b"x-a", b"1?")], "1.0")
