"""What is particular to Flask: the application factory, settings, routes."""

from __future__ import annotations

import flask
import pytest
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from footfall import wsgi
from footfall.errors import ConfigError
from footfall.flask import Footfall
from footfall.testing import Outbox
from footfall.tracker import Tracker
from tests.support.adapters import PLAUSIBLE, call_wsgi, navigation


def app_with(**config: object) -> flask.Flask:
    app = flask.Flask("tests.test_flask")
    app.config.update(config)

    @app.get("/users/<int:user>")
    def view(user: int) -> str:
        return "<h1>User</h1>"

    return app


def test_a_factory_may_set_up_several_apps(footfall_outbox: Outbox) -> None:
    extension = Footfall()
    for domain in ("one.example", "two.example"):
        app = app_with(FOOTFALL={"destinations": [f"plausible://plausible.io/{domain}"]})
        extension.init_app(app)
        call_wsgi(app, navigation("/users/1"))
        tracker = app.extensions["footfall"]
        assert isinstance(tracker, Tracker)
        assert repr(tracker) == f"Tracker(plausible:{domain})"
    assert len(footfall_outbox) == 2


def test_arguments_take_precedence_over_settings() -> None:
    app = app_with(FOOTFALL={"destinations": [PLAUSIBLE], "bots": "count"})
    Footfall(app, bots="event")
    assert app.extensions["footfall"].config.bots == "event"


def test_a_second_set_up_is_refused() -> None:
    app = app_with()
    Footfall(app)
    with pytest.raises(RuntimeError, match="already set up"):
        Footfall(app)


def test_wrong_settings_stop_the_app() -> None:
    with pytest.raises(ConfigError, match="destinations"):
        Footfall(app_with(FOOTFALL={"destination": [PLAUSIBLE]}))


def test_the_route_can_stand_for_the_path(footfall_outbox: Outbox) -> None:
    app = app_with()
    Footfall(app, destinations=[PLAUSIBLE], path_mode="route")
    call_wsgi(app, navigation("/users/17"))
    assert [event.url for event in footfall_outbox] == ["https://example.com/users/%7Buser%7D"]


def test_the_route_is_known_to_any_middleware(footfall_outbox: Outbox) -> None:
    app = wsgi.FootfallMiddleware(app_with(), destinations=[PLAUSIBLE], path_mode="route")
    # As a server or a dispatcher hands over an app below a path: its bytes, decoded as latin-1.
    mounted = DispatcherMiddleware(NotFound(), {"/caf\xc3\xa9": app})
    call_wsgi(mounted, navigation("/caf%C3%A9/users/17"))
    assert [event.url for event in footfall_outbox] == [
        "https://example.com/caf%C3%A9/users/%7Buser%7D"
    ]


def test_a_broken_view_is_no_pageview(footfall_outbox: Outbox) -> None:
    app = app_with(PROPAGATE_EXCEPTIONS=False)

    @app.get("/broken")
    def broken() -> str:
        raise ZeroDivisionError

    Footfall(app, destinations=[PLAUSIBLE])
    assert call_wsgi(app, navigation("/broken")).status == 500
    assert list(footfall_outbox) == []
