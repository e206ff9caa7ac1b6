"""The address at which a browser has the collector: scheme, host and port, root path."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple, Self
from urllib.parse import quote

from starlette.requests import Request

from footfall.collector.allowed_hosts import host_of
from footfall.common.loopback import is_loopback

__all__ = ["PublicAddress"]


class PublicAddress(NamedTuple):
    """Where the browser of a request has the collector."""

    scheme: str
    authority: str
    """Host and port, as in the Host header."""
    root: str
    """The root path, without a slash at its end."""

    @classmethod
    def of(cls, request: Request) -> Self:
        """The address of a request. Its texts may be shown as parts of a command."""
        authority = request.headers.get("host", "")
        if host_of(authority) is None:
            authority = "HOST"
        return cls(_scheme(request), authority, request.scope.get("root_path", ""))

    @property
    def url(self) -> str:
        """Its URL, without a slash at its end."""
        return f"{self.scheme}://{self.authority}{self.root}"

    def destination(self, domain: str) -> str:
        """The line by which an app sends its events for a site here."""
        is_default = (self.scheme == "http") == is_loopback(host_of(self.authority) or "")
        vendor = "collector" if is_default else f"collector+{self.scheme}"
        site = quote(domain, safe=",:")
        return f"{vendor}://{self.authority}{self.root}/{site}"


def _scheme(request: Request) -> str:
    """The scheme of the browser, which a proxy on this machine or a private network may name.

    It decides only on what the sender of the request gets: the cookie's `Secure`, and shown links.
    """
    scheme: str = request.scope["scheme"]
    named = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    if named not in ("http", "https") or not _is_near(request):
        return scheme
    return named


def _is_near(request: Request) -> bool:
    if request.client is None:  # a Unix socket
        return True
    try:
        return ipaddress.ip_address(request.client.host).is_private
    except ValueError:
        return False
