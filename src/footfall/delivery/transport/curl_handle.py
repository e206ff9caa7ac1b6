"""One handle of libcurl: its options, one exchange after the other, and how it is freed.

What stays the same from one POST to the next is set once; a POST costs two options and one
`perform`. A handle serves one thread at a time, of one process: freeing one that a forked child has
inherited would send a TLS `close_notify` on a connection that its parent goes on using.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any, Final

from footfall.delivery.transport import curl_errors, http_common
from footfall.delivery.transport.ca_bundle import find_ca_bundle
from footfall.delivery.transport.curl_response import CurlResponse
from footfall.delivery.transport.proxies import SOCKS_SCHEMES, proxy_for
from footfall.errors import Ambiguous, TransportError
from footfall.model import Headers, Request, Response

# CURLOPT_SUPPRESS_CONNECT_HEADERS, for which pycurl has no name (curl/curl.h, read 2026-11-21).
_SUPPRESS_CONNECT_HEADERS: Final = 265
# Headers that libcurl or pycurl would add; a name without a value removes a header.
_UNWANTED: Final = [b"Accept:", b"Expect:"]
_UNWANTED_IF_MISSING: Final = {"content-type": b"Content-Type:", "user-agent": b"User-Agent:"}


class CurlHandle:
    """A libcurl handle set up for POSTs.

    Args:
        timeout: Seconds for one whole exchange.
        connect_timeout: Seconds for the connection alone.
        idle: Seconds after which an idle connection is not used again.
    """

    # No process has this number: a handle whose `__init__` failed is not freed by `__del__`.
    _pid = 0

    def __init__(self, timeout: float, connect_timeout: float, idle: float) -> None:
        import pycurl

        self._lib: Any = pycurl
        self._idle = idle
        self._url = ""
        self._response = CurlResponse()
        self._curl: Any = pycurl.Curl()
        self._unpin = _pinned(self._curl)
        self._pid = os.getpid()
        self._set_up(timeout, connect_timeout)

    def _set_up(self, timeout: float, connect_timeout: float) -> None:
        lib, bundle = self._lib, find_ca_bundle()
        options = {
            lib.POST: 1,
            lib.HTTP_VERSION: lib.CURL_HTTP_VERSION_1_1,
            lib.PROTOCOLS: lib.PROTO_HTTP | lib.PROTO_HTTPS,
            # A visitor's address is sent to the host that the site owner configured, or to none.
            lib.FOLLOWLOCATION: 0,
            lib.TIMEOUT_MS: max(1, int(timeout * 1000)),
            lib.CONNECTTIMEOUT_MS: max(1, int(connect_timeout * 1000)),
            # libcurl must not change the app's signals and alarms.
            lib.NOSIGNAL: 1,
            lib.DNS_CACHE_TIMEOUT: int(http_common.DNS_SECONDS),
            # One exchange at a time, with one host.
            lib.MAXCONNECTS: 1,
            lib.MAXLIFETIME_CONN: http_common.MAX_CONNECTION_AGE_SECONDS,
            # libcurl's defaults, made explicit: nothing here may ever turn them off.
            lib.SSL_VERIFYPEER: 1,
            lib.SSL_VERIFYHOST: 2,
            lib.HEADERFUNCTION: self._response.add_header_line,
            lib.WRITEFUNCTION: self._response.add_body_chunk,
            # A proxy's response to CONNECT is not the vendor's response.
            _SUPPRESS_CONNECT_HEADERS: 1,
        }
        if bundle.file:
            options[lib.CAINFO] = bundle.file
        if bundle.folder:
            options[lib.CAPATH] = bundle.folder
        for option, value in options.items():
            self._curl.setopt(option, value)

    def exchange(self, request: Request) -> Response:
        """Send `request` and return its response; see `Transport.send`."""
        lib, curl, incoming = self._lib, self._curl, self._response
        if request.url != self._url:
            self._set_url(request.url)
        curl.setopt(lib.HTTPHEADER, _lines(request.headers))
        curl.setopt(lib.POSTFIELDS, request.body)
        incoming.reset()
        try:
            curl.perform()
        except lib.error as error:
            if not incoming.has_head:
                raise self._error_of(*error.args) from error
        if not incoming.has_head:
            # For libcurl that is a success.
            raise Ambiguous("the response broke off in its head")
        response = incoming.response()
        idle = self._idle
        if "keep-alive" in response.headers:
            idle = http_common.idle_seconds(response.headers, idle)
        if idle != self._idle_now:
            self._keep_idle(idle)
        return response

    def _set_url(self, url: str) -> None:
        lib, curl = self._lib, self._curl
        proxy = proxy_for(url, {"http", "https", *SOCKS_SCHEMES})
        curl.setopt(lib.URL, url)
        # Always set: without a value libcurl would read the environment itself, for each request.
        curl.setopt(lib.PROXY, proxy.url if proxy else "")
        curl.setopt(lib.NOPROXY, "")
        curl.setopt(lib.PROXYUSERNAME, proxy.user if proxy else "")
        curl.setopt(lib.PROXYPASSWORD, proxy.password if proxy else "")
        self._keep_idle(self._idle)
        self._url = url

    def _keep_idle(self, seconds: float) -> None:
        """Let a connection be idle for so long; libcurl takes whole seconds, and 0 as unlimited."""
        self._curl.setopt(self._lib.MAXAGE_CONN, max(1, int(seconds)))
        self._curl.setopt(self._lib.FORBID_REUSE, int(seconds < 1))
        self._idle_now = seconds

    def _error_of(self, code: int, message: str) -> TransportError:
        fault = self._response.fault
        if fault is not None:
            return Ambiguous(fault)
        return curl_errors.error_of(code, message, self._curl.getinfo(self._lib.REQUEST_SIZE))

    def __del__(self, getpid: Callable[[], int] = os.getpid) -> None:
        if self._pid == getpid():
            self._curl.close()
            self._unpin()


def _lines(headers: Headers) -> list[bytes]:
    """The header lines of a request as libcurl takes them, and lines against what it would add."""
    lines = http_common.header_lines(headers)
    if "" in headers.values():
        # libcurl's syntax for a header without a value.
        lines = [b"%b;" % line[:-2] if line.endswith(b": ") else line for line in lines]
    lines += _UNWANTED
    for name, line in _UNWANTED_IF_MISSING.items():
        if name not in headers:
            lines.append(line)
    return lines


def _pinned(handle: object) -> Callable[[], object]:
    """Take an extra reference to `handle`, so that nothing frees it until the result is called.

    At its exit a forked child drops every other reference, and `Curl`'s destructor would then send
    `close_notify` on the parent's connection; Python cannot keep an object alive so long.
    """
    import ctypes

    pin = ctypes.py_object(handle)
    ctypes.pythonapi.Py_IncRef(pin)
    return functools.partial(ctypes.pythonapi.Py_DecRef, pin)
