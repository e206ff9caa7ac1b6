"""Access to the collector's pages and API.

Events are accepted from anybody; reading them requires a token where others can reach the
collector. The API changes data by DELETE, and by POST and PUT below `/api/v1/sites`; all methods
but GET, HEAD and OPTIONS are refused to pages of other origins.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from footfall.collector.access_token import (
    SHARED_PATH,
    entry_headers,
    has_cookie,
    has_token,
)
from footfall.collector.csrf import is_forged
from footfall.collector.host_check import PROBE_PATHS
from footfall.collector.public_address import PublicAddress
from footfall.collector.response_headers import SECURITY_HEADERS
from footfall.collector.root_path import route_path


class AccessControl:
    """ASGI middleware in front of the pages and the API.

    Args:
        app: Answers the requests that are allowed.
        token: The token that a request must carry, None for no token. Pages accept it once, as
            `?token=`, and set a cookie; the API accepts it as `Authorization: Bearer`.
    """

    def __init__(self, app: ASGIApp, *, token: str | None) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
                # Starlette's redirect to the path without its last slash names scheme and port,
                # which are others before a proxy.
                if location := headers.get("location"):
                    headers["location"] = urlsplit(location)._replace(scheme="", netloc="").geturl()
            await send(message)

        app = self._rejection(Request(scope)) or self._app
        await app(scope, receive, send_with_headers)

    def _rejection(self, request: Request) -> Response | None:
        """The response to a request that is not allowed, None for one that is."""
        if is_forged(request):
            return _reject(HTTPStatus.FORBIDDEN, "Pages of other origins may not do this.")
        path = route_path(request.scope)
        # The address of a shared dashboard is its secret.
        if self._token is None or path in PROBE_PATHS or path.startswith(SHARED_PATH):
            return None
        return self._check_token(self._token, request)

    def _check_token(self, token: str, request: Request) -> Response | None:
        address = PublicAddress.of(request)
        entry = entry_headers(
            token,
            root=address.root,
            path=route_path(request.scope),
            query=request.scope["query_string"].decode("latin-1"),
            is_secure=address.scheme == "https",
        )
        if entry is not None:
            return Response(status_code=HTTPStatus.SEE_OTHER, headers=dict(entry))
        is_given = has_token(request.headers.get("authorization", ""), [token])
        if is_given or has_cookie(request.headers.get("cookie", ""), token):
            return None
        text = "Open the page once with ?token=TOKEN, or send Authorization: Bearer TOKEN."
        return _reject(HTTPStatus.UNAUTHORIZED, text, {"www-authenticate": "Bearer"})


def _reject(status: HTTPStatus, text: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{text}\n", status, headers)
