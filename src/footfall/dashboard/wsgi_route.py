"""The dashboard in front of a WSGI app."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Protocol, TypeAlias

from footfall.common.path_prefix import is_below
from footfall.config import Config
from footfall.dashboard.dashboard_app import dashboard_from
from footfall.dashboard.messages import DashboardRequest

__all__ = ["PlainApp", "SiteApp", "WsgiDashboard", "scope_of"]

_Environ: TypeAlias = dict[str, Any]


class SiteApp(Protocol):
    """What the dashboard asks of the app in front of which it is."""

    def is_debug(self) -> bool:
        """Whether the app is in debug mode."""
        ...

    def ask(self, allow: Callable[[Any], object], environ: _Environ) -> object:
        """Call the owner's function with the request as the framework has it."""
        ...


class PlainApp:
    """Any WSGI app: the function gets Starlette's request, whose scope has the environ."""

    def __init__(self, app: object) -> None:
        # A framework's own app is often wrapped as a method of it.
        self._owner = getattr(app, "__self__", app)

    def is_debug(self) -> bool:
        """Whether the app says that it is."""
        return getattr(self._owner, "debug", None) is True

    def ask(self, allow: Callable[[Any], object], environ: _Environ) -> object:
        """Call the function."""
        from starlette.requests import Request

        return allow(Request({**scope_of(environ), "wsgi_environ": environ}))


class WsgiDashboard:
    """Answers the requests for the dashboard, and passes on all others.

    Args:
        config: Describes a dashboard.
        counting: The middleware that counts; it gets all other requests.
        site: The app behind it.

    Raises:
        ConfigError: `dashboard_allow` is for another framework.
    """

    def __init__(
        self,
        config: Config,
        counting: Callable[[_Environ, Any], Iterable[bytes]],
        site: SiteApp,
    ) -> None:
        self.site = site
        """May be replaced by an adapter that knows the framework."""
        self._dashboard = dashboard_from(config)
        self._path = self._dashboard.path
        self._counting = counting

    def __call__(self, environ: _Environ, start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if not (isinstance(path, str) and is_below(path, self._path)):
            return self._counting(environ, start_response)
        scope = scope_of(environ)
        request = DashboardRequest(
            scope=scope,
            root=scope["root_path"] + self._path,
            path=_decoded(path[len(self._path) :]),
            is_debug=self.site.is_debug(),
            ask=lambda allow: self.site.ask(allow, environ),
        )
        status, headers, body = self._dashboard.respond(request)
        start_response(f"{status} {HTTPStatus(status).phrase}", [*headers])
        return [body]


def scope_of(environ: _Environ) -> dict[str, Any]:
    """A request as an ASGI server describes it."""
    root = _decoded(environ.get("SCRIPT_NAME", "")).rstrip("/")
    address = environ.get("REMOTE_ADDR")
    headers = [
        (
            key.removeprefix("HTTP_").replace("_", "-").lower().encode("latin-1"),
            value.encode("latin-1", "replace"),
        )
        for key, value in environ.items()
        if key.startswith("HTTP_") and isinstance(value, str)
    ]
    return {
        "type": "http",
        "http_version": environ.get("SERVER_PROTOCOL", "").removeprefix("HTTP/"),
        "method": environ.get("REQUEST_METHOD", "GET"),
        "scheme": environ.get("wsgi.url_scheme", "http"),
        "root_path": root,
        "path": root + _decoded(environ.get("PATH_INFO", "")),
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1", "replace"),
        "headers": headers,
        "client": (address, 0) if address else None,
        "server": (environ.get("SERVER_NAME", ""), None),
    }


def _decoded(path: str) -> str:
    """The path's text: WSGI decodes its bytes as latin-1 (PEP 3333)."""
    return path.encode("latin-1", "replace").decode("utf-8", "replace")
