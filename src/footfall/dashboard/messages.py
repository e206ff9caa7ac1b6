"""A request for the dashboard and the response to it, as every adapter has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from footfall.collector.response_headers import SECURITY_HEADERS

__all__ = ["DashboardRequest", "DashboardResponse", "text_response"]

_TEXT: Final = "text/plain; charset=utf-8"
# What a page is made of. The rest of a scope belongs to the app.
_TAKEN: Final = ("http_version", "method", "scheme", "query_string", "headers", "client", "server")


class DashboardResponse(NamedTuple):
    """A whole response."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class DashboardRequest:
    """A request below the path of the dashboard.

    Attributes:
        scope: As an ASGI server describes it, with the app's own root path.
        root: The path of the dashboard as a browser has it, without a slash at its end.
        path: What of the path follows that; empty, or with a slash at its beginning.
        is_debug: Whether the app is in debug mode.
        ask: Calls the owner's `dashboard_allow` with the request that the framework knows.
    """

    scope: Mapping[str, Any]
    root: str
    path: str
    is_debug: bool
    ask: Callable[[Any], object]

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """By lower-case name; repeated ones joined with commas."""
        found: dict[str, str] = {}
        for raw_name, raw_value in self.scope["headers"]:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            found[name] = f"{found[name]},{value}" if name in found else value
        return found

    @property
    def query(self) -> str:
        """The query as it was sent."""
        text: str = self.scope.get("query_string", b"").decode("latin-1")
        return text

    @property
    def peer(self) -> str | None:
        """The socket's other end, as the server reports it."""
        client = self.scope.get("client")
        return client[0] if client else None

    @property
    def is_secure(self) -> bool:
        """Whether the browser came over TLS, as far as the sender of the request says."""
        named = self.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
        return "https" in (named, self.scope.get("scheme"))

    def page_scope(self) -> dict[str, Any]:
        """The scope for the pages, whose root is that of the dashboard."""
        taken = {name: self.scope[name] for name in _TAKEN if name in self.scope}
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            **taken,
            "root_path": self.root,
            "path": self.root + (self.path or "/"),
        }


def text_response(
    status: int, text: str, headers: Sequence[tuple[str, str]] = ()
) -> DashboardResponse:
    """A response of one line."""
    body = f"{text}\n".encode()
    shown = [
        ("content-type", _TEXT),
        ("content-length", str(len(body))),
        *SECURITY_HEADERS.items(),
        ("cache-control", "no-store"),
        *headers,
    ]
    return DashboardResponse(status, shown, body)
