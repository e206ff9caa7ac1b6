"""The tag of the script, in each kind of template."""

from __future__ import annotations

import re
from typing import Any

import flask
import jinja2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import footfall
from footfall.complement.script_file import script_file
from footfall.flask import Footfall
from footfall.starlette import FootfallMiddleware
from tests.complement.support import OPTIONS
from tests.support.adapters import call_asgi, call_wsgi, navigation

NAME = script_file().name
TAG = f'<script defer src="/_stats/{NAME}"></script>'
BELOW = TAG.replace("/_stats", "/shop/_stats")


def test_flask_has_a_global() -> None:
    def site(**options: Any) -> flask.Flask:
        app = flask.Flask("site")
        Footfall(app, **options)
        app.add_url_rule("/", "a", lambda: flask.render_template_string("{{ footfall_script() }}"))
        return app

    assert site(**OPTIONS).test_client().get("/").text == TAG
    mounted = DispatcherMiddleware(NotFound(), {"/shop": site(**OPTIONS)})
    assert call_wsgi(mounted, navigation("/shop/")).body.decode() == BELOW
    assert site(**OPTIONS, enabled=False).test_client().get("/").text == ""


def test_jinja_elsewhere_takes_the_function() -> None:
    environment = jinja2.Environment(autoescape=True)
    environment.globals["footfall_script"] = footfall.script_tag
    template = environment.from_string("{{ footfall_script('a\"b') }}")

    def page(request: Request) -> HTMLResponse:
        return HTMLResponse(template.render())

    middleware = [Middleware(FootfallMiddleware, **OPTIONS)]
    app = Starlette(routes=[Mount("/inner", routes=[Route("/", page)])], middleware=middleware)
    tag = TAG.replace("></", ' nonce="a&quot;b"></')
    assert call_asgi(app, navigation("/inner/")).body.decode() == tag
    outer = Starlette(routes=[Mount("/shop", app)])
    below = tag.replace("/_stats", "/shop/_stats")
    assert call_asgi(outer, navigation("/shop/inner/")).body.decode() == below


@pytest.mark.parametrize("options", [{}, {"destinations": OPTIONS["destinations"]}])
def test_without_the_option_there_is_none(options: dict[str, Any]) -> None:
    app = flask.Flask("site")
    Footfall(app, **options)
    with app.test_request_context():
        assert footfall.script_tag() == ""


def test_a_nonce_may_be_any_object() -> None:
    app = flask.Flask("site")
    Footfall(app, **OPTIONS)

    class Lazy:
        def __str__(self) -> str:
            return "n"

    nonce: Any = Lazy()
    assert re.search(r' nonce="n">', footfall.script_tag(nonce))
