"""Connections for the httpx2 transport, one to each host, for one exchange at a time."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

import httpcore2

from footfall.delivery.transport.dns_cache import DNSCache
from footfall.delivery.transport.http_common import MAX_HOSTS
from footfall.delivery.transport.httpcore_deadline import Backend, ExchangeDeadline
from footfall.delivery.transport.proxies import proxy_for
from footfall.errors import NotSent

if TYPE_CHECKING:
    import ssl

_inherited: Final[list[object]] = []
"""What a forked child must not use: kept, so that nothing closes it. A lock in it may be held."""


class Route(NamedTuple):
    """What is needed to send to one URL."""

    url: httpcore2.URL
    host: bytes
    origin: HostConnection

    @property
    def is_secure(self) -> bool:
        return self.url.scheme == b"https"


class HostConnection:
    """The connection to one host, direct or through a proxy."""

    def __init__(self, url: str, backend: Backend) -> None:
        self._origin = httpcore2.URL(url).origin
        self._backend = backend
        self._direct: httpcore2.HTTPConnection | None = None
        self._pool = self._proxied(url)

    def _proxied(self, url: str) -> httpcore2.ConnectionPool | None:
        proxy = proxy_for(url, {"http", "https", "socks5", "socks5h"})
        if proxy is None:
            return None
        if proxy.url.startswith("socks") and find_spec("socksio") is None:
            raise NotSent("a SOCKS proxy needs `pip install socksio`, or `footfall[curl]`")
        credentials = (proxy.user, proxy.password) if proxy.user else None
        return httpcore2.ConnectionPool(
            ssl_context=tls_context(),
            proxy=httpcore2.Proxy(proxy.url, auth=credentials),
            max_connections=1,
            network_backend=self._backend,
        )

    def connection(self) -> httpcore2.HTTPConnection | httpcore2.ConnectionPool:
        """What sends the next request: the connection of the last one, while it may be used."""
        if self._pool is not None:
            return self._pool
        if self._direct is None or self._direct.is_closed() or self._direct.has_expired():
            self.close()
            self._direct = httpcore2.HTTPConnection(
                origin=self._origin, ssl_context=tls_context(), network_backend=self._backend
            )
        return self._direct

    def close(self) -> None:
        """Close the connection. The next request opens another."""
        with suppress(OSError):
            if self._direct is not None:
                self._direct.close()
            if self._pool is not None:
                self._pool.close()


class Connections:
    """Connections for one exchange at a time, with the deadline of that exchange.

    Args:
        dns: Shared by all of a transport.
    """

    def __init__(self, dns: DNSCache) -> None:
        self.exchange = ExchangeDeadline()
        self._backend = Backend(self.exchange, dns)
        self._origins: dict[tuple[str, str], HostConnection] = {}
        self._routes: dict[str, Route] = {}
        self._pid = os.getpid()

    def route_to(self, url: str) -> Route:
        """The route to `url`; cached, since parsing a URL costs as much as a header."""
        route = self._routes.get(url)
        return route or self._find(url)

    def _find(self, url: str) -> Route:
        if len(self._routes) >= MAX_HOSTS:
            self.close()
        parts = urlsplit(url)
        key = (parts.scheme, parts.netloc)
        origin = self._origins.get(key)
        if origin is None:
            origin = self._origins[key] = HostConnection(url, self._backend)
        route = Route(httpcore2.URL(url), parts.netloc.encode("ascii"), origin)
        self._routes[url] = route
        return route

    def close(self, getpid: Callable[[], int] = os.getpid) -> None:
        """Close the connections, unless they are those of a parent process."""
        if self._pid != getpid():
            _inherited.append(self._origins)
            return
        for origin in self._origins.values():
            origin.close()
        self._origins.clear()
        self._routes.clear()

    def __del__(self) -> None:
        self.close()


_tls_context: ssl.SSLContext | None = None


def tls_context() -> ssl.SSLContext:
    """One TLS context for the process: making one costs 20 ms. Safe to share across a fork."""
    global _tls_context
    if _tls_context is None:
        _tls_context = httpcore2.default_ssl_context()
    return _tls_context
