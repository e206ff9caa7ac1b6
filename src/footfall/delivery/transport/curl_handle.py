"""One handle of libcurl: its options, one exchange after the other, and how it is freed.

What stays the same from one POST to the next is set once; a POST costs two options. A handle
belongs to one process: freeing one that a forked child has inherited would send a TLS
`close_notify` on a connection that its parent goes on using.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from footfall.common.clock import monotonic
from footfall.delivery.transport import curl_errors, http_common
from footfall.delivery.transport.ca_bundle import find_ca_bundle
from footfall.delivery.transport.curl_response import ConnectionEnds, CurlResponse
from footfall.delivery.transport.proxies import SOCKS_SCHEMES, proxy_for
from footfall.errors import Ambiguous, NotSent
from footfall.model import Headers, Request, Response

# CURLOPT_SUPPRESS_CONNECT_HEADERS, for which pycurl has no name (curl/curl.h, read 2026-11-21).
_SUPPRESS_CONNECT_HEADERS: Final = 265
# Headers that libcurl or pycurl would add; a name without a value removes a header.
_UNWANTED: Final = (b"Accept:", b"Expect:")


class CurlOptions(NamedTuple):
    """What a transport asks of its handles, in seconds; see `CurlTransport`."""

    timeout: float
    connect_timeout: float
    idle: float


class CurlHandle:
    """A libcurl handle set up for POSTs to one URL.

    Args:
        ends: Of all connections.

    Raises:
        NotSent: the proxy for this URL cannot be used.
    """

    # No process has this number: a handle whose `__init__` failed is not freed by `__del__`.
    _pid = 0

    def __init__(self, options: CurlOptions, url: str, ends: ConnectionEnds) -> None:
        import pycurl

        self.options = options
        self.url = url
        self._proxy = proxy_for(url, {"http", "https", *SOCKS_SCHEMES})
        self._lib: Any = pycurl
        self._is_secure = url.startswith("https:")
        self.incoming = CurlResponse(ends, is_secure=self._is_secure)
        self.curl: Any = pycurl.Curl()
        self._unpin = pinned(self.curl)
        self._pid = os.getpid()
        self._asks_resolver = False
        self._set_up()
        self._keep_idle(options.idle)

    def _set_up(self) -> None:
        lib, bundle, proxy = self._lib, find_ca_bundle(), self._proxy
        options = {
            lib.URL: self.url,
            lib.POST: 1,
            lib.PROTOCOLS: lib.PROTO_HTTP | lib.PROTO_HTTPS,
            # A visitor's address is sent to the host that the site owner configured, or to none.
            lib.FOLLOWLOCATION: 0,
            lib.TIMEOUT_MS: max(1, int(self.options.timeout * 1000)),
            lib.CONNECTTIMEOUT_MS: max(1, int(self.options.connect_timeout * 1000)),
            # libcurl must not change the app's signals and alarms.
            lib.NOSIGNAL: 1,
            lib.DNS_CACHE_TIMEOUT: int(http_common.DNS_SECONDS),
            lib.MAXLIFETIME_CONN: http_common.MAX_CONNECTION_AGE_SECONDS,
            # libcurl's defaults, made explicit: nothing here may ever turn them off.
            lib.SSL_VERIFYPEER: 1,
            lib.SSL_VERIFYHOST: 2,
            lib.HEADERFUNCTION: self.incoming.add_header_line,
            lib.WRITEFUNCTION: self.incoming.add_body_chunk,
            # A proxy's response to CONNECT is not the vendor's response.
            _SUPPRESS_CONNECT_HEADERS: 1,
            # Always set: without a value libcurl would read the environment itself.
            lib.PROXY: proxy.url if proxy else "",
            lib.NOPROXY: "",
            lib.PROXYUSERNAME: proxy.user if proxy else "",
            lib.PROXYPASSWORD: proxy.password if proxy else "",
        }
        if bundle.file:
            options[lib.CAINFO] = bundle.file
        if bundle.folder:
            options[lib.CAPATH] = bundle.folder
        if self._is_secure and lib.version_info()[4] & lib.VERSION_HTTP2:
            options[lib.HTTP_VERSION] = lib.CURL_HTTP_VERSION_2TLS
            # While a connection is being made, it is not known yet whether one is enough.
            options[lib.PIPEWAIT] = 1
            options[lib.PREREQFUNCTION] = self.incoming.allow_request
        else:
            options[lib.HTTP_VERSION] = lib.CURL_HTTP_VERSION_1_1
        for option, value in options.items():
            self.curl.setopt(option, value)

    def prepare(self, request: Request, *, is_name_stale: bool) -> None:
        """Set what is to be sent next, to the handle's URL.

        Args:
            is_name_stale: Whether the resolver is to be asked again for the server's name.

        Raises:
            ValueError: it is no valid HTTP.
        """
        lib, curl = self._lib, self.curl
        curl.setopt(lib.HTTPHEADER, _lines(request.headers))
        curl.setopt(lib.POSTFIELDS, request.body)
        if is_name_stale is not self._asks_resolver:
            # With 0, what libcurl has cached is dropped.
            seconds = 0 if is_name_stale else int(http_common.DNS_SECONDS)
            curl.setopt(lib.DNS_CACHE_TIMEOUT, seconds)
            self._asks_resolver = is_name_stale
        self.incoming.reset()

    def result(self, code: int, message: str) -> Response | Exception:
        """What has become of the exchange; libcurl's error number is 0 for success."""
        incoming = self.incoming
        if not incoming.has_head:
            # Without any, the exchange is a success for libcurl.
            return self._error_of(code, message) if code else Ambiguous("no complete head came")
        response = incoming.response()
        idle = self.options.idle
        if "keep-alive" in response.headers:
            idle = http_common.idle_seconds(response.headers, idle)
        if idle != self._idle_now:
            self._keep_idle(idle)
        return response

    def _error_of(self, code: int, message: str) -> Exception:
        fault, alive_at = self.incoming.fault, self.incoming.alive_at
        if fault is not None:
            return Ambiguous(fault)
        if alive_at is not None:
            if self._repeated_at() < alive_at:
                return NotSent("the server refused the request, and then ended the connection")
            return Ambiguous("the connection ended before an answer")
        return curl_errors.error_of(code, message, self.curl.getinfo(self._lib.REQUEST_SIZE))

    def _repeated_at(self) -> float:
        """When libcurl began to repeat the request, or somewhat later."""
        lib, curl = self._lib, self.curl
        # For libcurl it is a redirect to the same URL.
        seconds: float = curl.getinfo(lib.TOTAL_TIME) - curl.getinfo(lib.REDIRECT_TIME)
        return monotonic() - seconds

    def _keep_idle(self, seconds: float) -> None:
        """Let a connection be idle for so long; libcurl takes whole seconds, and 0 as unlimited."""
        self.curl.setopt(self._lib.MAXAGE_CONN, max(1, int(seconds)))
        self.curl.setopt(self._lib.FORBID_REUSE, int(seconds < 1))
        self._idle_now = seconds

    def __del__(self, getpid: Callable[[], int] = os.getpid) -> None:
        if self._pid == getpid():
            self.curl.close()
            self._unpin()


def _lines(headers: Headers) -> list[bytes]:
    """The header lines of a request as libcurl takes them, and lines against what it would add."""
    lines = http_common.header_lines(headers)
    if "" in headers.values():
        # libcurl's syntax for a header without a value.
        lines = [b"%b;" % line[:-2] if line.endswith(b": ") else line for line in lines]
    lines += _UNWANTED
    if "content-type" not in headers:
        lines.append(b"Content-Type:")
    if "user-agent" not in headers:
        lines.append(b"User-Agent:")
    return lines


def pinned(handle: object) -> Callable[[], object]:
    """Take an extra reference to `handle`, so that nothing frees it until the result is called.

    At its exit a forked child drops every other reference, and `Curl`'s destructor would then send
    `close_notify` on the parent's connection; Python cannot keep an object alive so long.
    """
    import ctypes

    pin = ctypes.py_object(handle)
    ctypes.pythonapi.Py_IncRef(pin)
    return functools.partial(ctypes.pythonapi.Py_DecRef, pin)
