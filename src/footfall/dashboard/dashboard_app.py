"""The dashboard of one app: decides who may look, and makes the page.

The pages are an ASGI app that never waits (`footfall.collector.pages`), so it is run to its end in
the thread of the request, without an event loop or a thread of its own: under every server, also
after a fork, among greenlets, and in uWSGI without threads. a2wsgi would need such a thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, TypeAlias, cast

from footfall.client_ip import ClientIP
from footfall.common.log import ThrottledLog, error_location
from footfall.config import STAFF, Config, DashboardOptions
from footfall.dashboard.access_rules import AccessRules
from footfall.dashboard.messages import DashboardRequest, DashboardResponse, text_response
from footfall.errors import ConfigError, Fault

__all__ = ["DashboardApp", "dashboard_from"]

_Message: TypeAlias = MutableMapping[str, Any]
_Pages: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]

_UNAVAILABLE: Final = text_response(
    503, "The figures cannot be shown at the moment; the app's log says why."
)


class DashboardApp:
    """Answers the requests below the path of the dashboard.

    Args:
        options: What is shown, and to whom.
        resolver: Finds the visitor's address.
    """

    def __init__(self, options: DashboardOptions, resolver: ClientIP) -> None:
        self.path: Final = options.path
        self.allow: Final = options.allow
        self._file = options.file
        self._shared = (
            {options.file.domain: options.share_token}
            if options.file.domain is not None and options.share_token is not None
            else {}
        )
        self._log = ThrottledLog()
        self._rules = AccessRules(options, resolver, self._log)
        # The store that they were made for, and the pages.
        self._pages: tuple[object, _Pages] | None = None

    def respond(self, request: DashboardRequest) -> DashboardResponse:
        """The response to a request. Never raises; reads the file, so it may take a moment."""
        try:
            response = self._rules.refusal(request) or self._page(request)
        except Exception as error:  # noqa: BLE001 -- the app must go on
            cause = str(error) if isinstance(error, ConfigError | sqlite3.Error) else ""
            self._log.warn(
                "dashboard",
                f"footfall: the dashboard could not be shown: {cause or error_location(error)}",
            )
            response = _UNAVAILABLE
        body = b"" if request.scope["method"] == "HEAD" else response.body
        return response._replace(body=body)

    def _page(self, request: DashboardRequest) -> DashboardResponse:
        # Loads Starlette and jinja2, which an app whose dashboard nobody opens need not have.
        from footfall.collector.pages import create_pages
        from footfall.collector.site_file import site_file

        file = site_file(self._file)
        store = file.store
        if self._pages is None or self._pages[0] is not store:
            self._pages = store, create_pages(store, file.rejected, file.recent_hits, self._shared)
        return _run(self._pages[1], request.page_scope())


def dashboard_from(config: Config, *, knows_staff: bool = False) -> DashboardApp:
    """The dashboard that a config describes.

    Args:
        config: One with `dashboard_options`.
        knows_staff: Whether the framework can tell who is staff.

    Raises:
        ConfigError: It cannot, and is asked to.
    """
    options = cast("DashboardOptions", config.dashboard_options)
    if options.allow == STAFF and not knows_staff:
        remedy = "is for Django; give a function of the request that returns True or False"
        raise ConfigError(Fault("dashboard_allow", STAFF, remedy))
    return DashboardApp(options, config.resolver)


def _run(pages: _Pages, scope: _Message) -> DashboardResponse:
    """Run an app that never waits to its end, and collect its response."""
    messages: list[_Message] = []

    async def receive() -> _Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: _Message) -> None:
        messages.append(message)

    run = cast("Any", pages(scope, receive, send))
    try:
        run.send(None)
    except StopIteration:
        start, *parts = messages
    else:
        run.close()
        raise RuntimeError("a page of the dashboard waits")
    headers = [
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]
    ]
    body = b"".join(part.get("body", b"") for part in parts)
    return DashboardResponse(start["status"], headers, body)
