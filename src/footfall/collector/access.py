"""Who may see the collector's page and API.

Events may come from anywhere; what they say may not go everywhere. On a loopback address the page
answers to this machine's own names alone, so that no website can reach it by pointing its own name
here (DNS rebinding). On any other address it wants a token. Nothing but DELETE changes anything,
and that is refused to pages of other origins.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from footfall.collector.ingest.endpoints import own_path

LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""The names of this machine, for itself."""

_COOKIE = "footfall_token"
# A month of not typing the token again.
_COOKIE_SECONDS = 30 * 86_400

# Probes have no token, and learn nothing but whether the collector is well.
_OPEN_PATHS = frozenset({"/api/health", "/api/system/health/ready", "/api/system/health/live"})

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# The page needs its own style sheet, script and stream, and nothing else from anywhere.
_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class AccessControl:
    """ASGI middleware in front of the page and the API.

    `hosts` are the names that the Host header may give, None for any; `token` is what a visitor
    must know, None for nothing. The page takes it once, as `?token=`, and keeps a cookie; the API
    takes it as `Authorization: Bearer`.
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str] | None, token: str | None) -> None:
        self._app = app
        self._hosts = hosts
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        app = self._objection(Request(scope)) or self._app
        await app(scope, receive, send_guarded)

    def _objection(self, request: Request) -> Response | None:
        """The answer for a request that may not pass."""
        if self._hosts is not None and _host(request) not in self._hosts:
            return _refuse(HTTPStatus.FORBIDDEN, "This collector answers to localhost only.")
        if request.method not in _SAFE_METHODS and _is_cross_origin(request):
            return _refuse(HTTPStatus.FORBIDDEN, "Pages of other origins may not do this.")
        if self._token is None or own_path(request.scope) in _OPEN_PATHS:
            return None
        return self._ask_for(self._token, request)

    def _ask_for(self, token: str, request: Request) -> Response | None:
        shown = request.query_params.get("token")
        if shown is not None and _is_same(shown, token):
            return _remember(token, request)
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        cookie = request.cookies.get(_COOKIE, "")
        if _is_same(bearer, token) or _is_same(cookie, _cookie(token)):
            return None
        text = "Open the page once with ?token=TOKEN, or send Authorization: Bearer TOKEN."
        return _refuse(HTTPStatus.UNAUTHORIZED, text, {"www-authenticate": "Bearer"})


def _host(request: Request) -> str:
    """The name in the Host header, without port and brackets."""
    host = request.headers.get("host", "").lower()
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _refuse(status: HTTPStatus, text: str, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{text}\n", status, headers)


def _remember(token: str, request: Request) -> Response:
    """Back to the same page, with the token in a cookie rather than in the address bar."""
    # One slash: two would begin the name of another host.
    path = "/" + quote(request.scope["path"].lstrip("/"))
    rest = [(key, value) for key, value in request.query_params.multi_items() if key != "token"]
    response = RedirectResponse(f"{path}?{urlencode(rest)}" if rest else path, HTTPStatus.SEE_OTHER)
    response.set_cookie(
        _COOKIE,
        _cookie(token),
        max_age=_COOKIE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=request.scope["scheme"] == "https",
    )
    return response


def _cookie(token: str) -> str:
    # Whoever reads the cookie jar does not learn the token.
    return hmac.new(token.encode(), b"footfall cookie", hashlib.sha256).hexdigest()


def _is_same(said: str, secret: str) -> bool:
    return hmac.compare_digest(said.encode(), secret.encode())


def _is_cross_origin(request: Request) -> bool:
    """Whether a browser sent this for a page of another origin. Programs send neither header."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host")
