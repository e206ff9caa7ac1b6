"""One handle of libcurl: its options, one exchange after the other, and its end.

What stays the same from one POST to the next is set once; a POST costs two options and one
`perform`. A handle serves one thread at a time, of one process: freeing one that a forked child has
inherited would say goodbye on a TLS connection that its parent goes on using.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any, Final

from footfall.delivery.transport import curl_errors, http_common
from footfall.delivery.transport.ca_bundle import authorities
from footfall.delivery.transport.curl_response import CurlResponse
from footfall.delivery.transport.proxies import proxy_for
from footfall.errors import Ambiguous, TransportError
from footfall.model import Headers, Request, Response

# CURLOPT_SUPPRESS_CONNECT_HEADERS, for which pycurl has no name (curl/curl.h, read 2026-11-21).
_SUPPRESS_CONNECT_HEADERS: Final = 265
# What libcurl or pycurl would write by themselves; a name without a value takes a header away.
_UNWANTED: Final = [b"Accept:", b"Expect:"]
_UNWANTED_IF_MISSING: Final = {"content-type": b"Content-Type:", "user-agent": b"User-Agent:"}


class CurlHandle:
    """A libcurl handle set up for POSTs.

    Args:
        timeout: Seconds for one whole exchange.
        connect_timeout: Seconds for the connection alone.
        idle: Seconds after which an idle connection is not used again.
    """

    # No process has this number, so one that was never finished is never freed either.
    _owner = 0

    def __init__(self, timeout: float, connect_timeout: float, idle: float) -> None:
        import pycurl

        self._lib: Any = pycurl
        self._idle = idle
        self._url = ""
        self._incoming = CurlResponse()
        self._curl: Any = pycurl.Curl()
        self._unpin = _pinned(self._curl)
        self._owner = os.getpid()
        self._set_up(timeout, connect_timeout)

    def _set_up(self, timeout: float, connect_timeout: float) -> None:
        lib, trusted = self._lib, authorities()
        options = {
            lib.POST: 1,
            lib.HTTP_VERSION: lib.CURL_HTTP_VERSION_1_1,
            lib.PROTOCOLS: lib.PROTO_HTTP | lib.PROTO_HTTPS,
            # A visitor's address goes to the host that the owner wrote down, or nowhere.
            lib.FOLLOWLOCATION: 0,
            lib.TIMEOUT_MS: max(1, int(timeout * 1000)),
            lib.CONNECTTIMEOUT_MS: max(1, int(connect_timeout * 1000)),
            # The app's signals and alarms are its own.
            lib.NOSIGNAL: 1,
            lib.DNS_CACHE_TIMEOUT: int(http_common.DNS_SECONDS),
            # One exchange at a time, with one host.
            lib.MAXCONNECTS: 1,
            lib.MAXLIFETIME_CONN: http_common.MAX_CONNECTION_AGE_SECONDS,
            # The defaults, written down: nothing in here may ever turn them off.
            lib.SSL_VERIFYPEER: 1,
            lib.SSL_VERIFYHOST: 2,
            lib.HEADERFUNCTION: self._incoming.take_head,
            lib.WRITEFUNCTION: self._incoming.take_body,
            # What a proxy says of its tunnel is no answer of the vendor's.
            _SUPPRESS_CONNECT_HEADERS: 1,
        }
        if trusted.file:
            options[lib.CAINFO] = trusted.file
        if trusted.folder:
            options[lib.CAPATH] = trusted.folder
        for option, value in options.items():
            self._curl.setopt(option, value)

    def exchange(self, request: Request) -> Response:
        """Send `request` and return its answer; see `Transport.send`."""
        lib, curl, incoming = self._lib, self._curl, self._incoming
        if request.url != self._url:
            self._turn_to(request.url)
        curl.setopt(lib.HTTPHEADER, _lines(request.headers))
        curl.setopt(lib.POSTFIELDS, request.body)
        incoming.begin()
        try:
            curl.perform()
        except lib.error as error:
            if not incoming.is_headed:
                raise self._meaning(*error.args) from error
        if not incoming.is_headed:
            # To libcurl that is an answer, too.
            raise Ambiguous("the answer broke off in its head")
        response = incoming.response()
        idle = self._idle
        if "keep-alive" in response.headers:
            idle = http_common.idle_seconds(response.headers, idle)
        if idle != self._idle_now:
            self._keep_idle(idle)
        return response

    def _turn_to(self, url: str) -> None:
        lib, curl, proxy = self._lib, self._curl, proxy_for(url)
        curl.setopt(lib.URL, url)
        # Never absent: libcurl would read the environment itself, for each request anew.
        curl.setopt(lib.PROXY, proxy.url if proxy else "")
        curl.setopt(lib.NOPROXY, "")
        curl.setopt(lib.PROXYUSERNAME, proxy.user if proxy else "")
        curl.setopt(lib.PROXYPASSWORD, proxy.password if proxy else "")
        self._keep_idle(self._idle)
        self._url = url

    def _keep_idle(self, seconds: float) -> None:
        """Let a connection wait for so long; libcurl counts whole seconds, and 0 as for ever."""
        self._curl.setopt(self._lib.MAXAGE_CONN, max(1, int(seconds)))
        self._curl.setopt(self._lib.FORBID_REUSE, int(seconds < 1))
        self._idle_now = seconds

    def _meaning(self, code: int, sentence: str) -> TransportError:
        fault = self._incoming.fault
        if fault is not None:
            return Ambiguous(fault)
        return curl_errors.meaning(code, sentence, self._curl.getinfo(self._lib.REQUEST_SIZE))

    def __del__(self, getpid: Callable[[], int] = os.getpid) -> None:
        if self._owner == getpid():
            self._curl.close()
            self._unpin()


def _lines(headers: Headers) -> list[bytes]:
    """The header lines of a request as libcurl takes them, without what it would add."""
    lines = http_common.header_lines(headers)
    if "" in headers.values():
        # libcurl's way to write a header that has no value.
        lines = [b"%b;" % line[:-2] if line.endswith(b": ") else line for line in lines]
    lines += _UNWANTED
    for name, line in _UNWANTED_IF_MISSING.items():
        if name not in headers:
            lines.append(line)
    return lines


def _pinned(handle: object) -> Callable[[], object]:
    """Keep `handle` from being freed by anybody, a child's exit included, until it is unpinned."""
    import ctypes

    pin = ctypes.py_object(handle)
    ctypes.pythonapi.Py_IncRef(pin)
    return functools.partial(ctypes.pythonapi.Py_DecRef, pin)
