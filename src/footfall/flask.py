"""The adapter for Flask.

    footfall = Footfall()
    footfall.init_app(app)   # reads app.config["FOOTFALL"]; or Footfall(app, destinations=[...])

Wraps `app.wsgi_app`, so that it sees error pages, redirects and streamed responses as the visitor
does; `after_request` hooks do not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Unpack

from footfall import script_tag, wsgi
from footfall.config import Options, as_options
from footfall.tracker.shared_tracker import shared_tracker

if TYPE_CHECKING:
    from flask import Flask


class _FlaskSite:
    """The app as the dashboard asks it: the owner's function may use Flask's own request."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def is_debug(self) -> bool:
        return self._app.debug

    def ask(self, allow: Callable[[Any], object], environ: dict[str, Any]) -> object:
        import flask

        with self._app.request_context(environ):
            return allow(flask.request)


class Footfall:
    """Counts the pageviews of one or several Flask apps.

    Args:
        app: The app to set up at once; otherwise call `init_app`. Raises what that raises.
        options: See `footfall.config.Config`. They take precedence over `app.config["FOOTFALL"]`.
    """

    def __init__(self, app: Flask | None = None, **options: Unpack[Options]) -> None:
        self._options = options
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Set up `app`; its tracker is then in `app.extensions["footfall"]`.

        Raises:
            ConfigError: the options cannot work.
            RuntimeError: the app is set up already.
        """
        if "footfall" in app.extensions:
            raise RuntimeError("footfall is already set up for this app: call init_app once")
        options = {**as_options(app.config.get("FOOTFALL") or {}), **self._options}
        tracker = shared_tracker(options)
        app.extensions["footfall"] = tracker
        middleware = wsgi.FootfallMiddleware(app.wsgi_app, tracker=tracker)
        if middleware.dashboard is not None:
            middleware.dashboard.site = _FlaskSite(app)
        if tracker.config.complement_options is not None:
            app.add_template_global(script_tag, "footfall_script")
        app.wsgi_app = middleware  # type: ignore[method-assign]  # the documented way to wrap a Flask app


__all__ = ["Footfall"]
