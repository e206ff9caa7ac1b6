"""ASGI middleware that refuses requests under a name that the collector does not know.

It stands before every route but the health probes, whose Host is whatever address the prober uses,
and which reveal nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from footfall.collector.allowed_hosts import AllowedHosts, address_of, host_of
from footfall.collector.ingest.endpoints import is_ingest, send_response
from footfall.collector.root_path import route_path
from footfall.collector.wire.messages import TEXT, IngestResponse
from footfall.common.log import ThrottledLog

PROBE_PATHS: Final = frozenset(
    {"/api/health", "/api/system/health/ready", "/api/system/health/live"}
)
"""Health probes need neither a name nor a token; they learn only whether the collector works."""

# The longest name of the DNS has 253 characters.
_MAX_NAME: Final = 253
_HEADERS: Final = (("cache-control", "no-store"), ("x-content-type-options", "nosniff"))


class HostCheck:
    """Refuses requests under a foreign name with 403, and those with several names with 400.

    Args:
        app: Answers all others.
        hosts: The names besides those of this machine; None for any name.
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str] | None) -> None:
        self._app = app
        self._hosts = None if hosts is None else AllowedHosts.of(hosts)
        self._log = ThrottledLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
            return
        await send_response(send, refusal, ())

    def _refusal(self, scope: Scope) -> IngestResponse | None:
        if self._hosts is None or route_path(scope) in PROBE_PATHS:
            return None
        given = [value for name, value in scope["headers"] if name == b"host"]
        if len(given) > 1:
            # RFC 9112, section 3.2.
            return _response(400, "A request has one Host header.")
        host = host_of(given[0].decode("latin-1")) if given else None
        if host is not None and (self._hosts.has(host) or host == _own_address(scope)):
            return None
        # Two kinds, so that a scanner of pages does not hide that events are lost.
        what = "an event" if is_ingest(scope) else "a request for a page"
        text = _reason(host)
        self._log.warn(what, f"footfall: {what} was refused: {text}")
        return _response(403, text)


def _reason(host: str | None) -> str:
    if host is None:
        return "the Host header is missing, or holds no name"
    host = host[:_MAX_NAME]
    return f"this collector does not know the name {host}; start it with --allowed-host {host}"


def _own_address(scope: Scope) -> str | None:
    """The IP address at which the connection arrived, where the server names it."""
    server = scope.get("server")
    # Some servers take a name from the Host header itself; that is no address.
    return address_of(server[0]) if server else None


def _response(status: int, text: str) -> IngestResponse:
    return IngestResponse(
        status=status, body=f"{text}\n".encode(), content_type=TEXT, headers=_HEADERS
    )
