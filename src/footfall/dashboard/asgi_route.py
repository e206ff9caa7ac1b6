"""The dashboard in front of an ASGI app."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import copy_context
from typing import Any, Final, TypeAlias

from footfall.common.in_thread import in_thread
from footfall.common.path_prefix import is_below, path_below_root
from footfall.config import Config
from footfall.dashboard.dashboard_app import DashboardApp, dashboard_from
from footfall.dashboard.messages import DashboardRequest, DashboardResponse, text_response

__all__ = ["AsgiDashboard"]

_Scope: TypeAlias = MutableMapping[str, Any]
_Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_App: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

# Each has a thread while the file is read.
_MAX_AT_ONCE: Final = 32
_BUSY: Final = text_response(503, "Too many pages are being made.", [("retry-after", "5")])


class AsgiDashboard:
    """Answers the requests for the dashboard, and passes on all others.

    Args:
        config: Describes a dashboard.
        counting: The middleware that counts; it gets all other requests.
        app: The app of the site owner's, which may be in debug mode.

    Raises:
        ConfigError: `dashboard_allow` is for another framework.
    """

    def __init__(self, config: Config, counting: _App, app: object) -> None:
        self._dashboard = dashboard_from(config)
        self._path = self._dashboard.path
        self._counting = counting
        # A framework's own app is often wrapped as a method of it.
        self._owner = getattr(app, "__self__", app)
        self._running = 0

    async def __call__(self, scope: _Scope, receive: Any, send: _Send) -> None:
        path, root = scope.get("path"), scope.get("root_path", "")
        if root and path:
            path = path_below_root(path, root)
        if path and is_below(path, self._path):
            await self._answer(scope, root, path[len(self._path) :], send)
        else:
            await self._counting(scope, receive, send)

    async def _answer(self, scope: _Scope, root: str, path: str, send: _Send) -> None:
        request = DashboardRequest(
            scope=scope,
            root=root.rstrip("/") + self._path,
            path=path,
            is_debug=self._is_debug(scope),
            ask=await _asked(self._dashboard.allow, scope),
        )
        response = _BUSY
        if self._running < _MAX_AT_ONCE:
            self._running += 1
            try:
                response = await _respond(self._dashboard, request)
            finally:
                self._running -= 1
        await _send_response(send, response)

    def _is_debug(self, scope: _Scope) -> bool:
        return any(getattr(app, "debug", None) is True for app in (scope.get("app"), self._owner))


async def _asked(allow: object, scope: _Scope) -> Callable[[Any], object]:
    """What calls the owner's function; a coroutine of it runs here, on its own event loop."""
    if callable(allow) and inspect.iscoroutinefunction(allow):
        try:
            answer = await allow(_request_of(scope))
        except Exception as error:  # noqa: BLE001 -- the owner's function; the rules report it
            return _raising(error)
        return lambda _: answer
    return lambda function: function(_request_of(scope))


def _raising(error: Exception) -> Callable[[Any], object]:
    def ask(_: Any) -> object:
        raise error

    return ask


def _request_of(scope: _Scope) -> object:
    from starlette.requests import Request

    return Request(scope)


async def _respond(dashboard: DashboardApp, request: DashboardRequest) -> DashboardResponse:
    found: list[DashboardResponse] = []
    # The owner's function may want what the app's own middleware has set.
    context = copy_context()
    await in_thread(lambda: found.append(context.run(dashboard.respond, request)))
    return found[0]


async def _send_response(send: _Send, response: DashboardResponse) -> None:
    headers = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
