"""Transports: each has one method, `send`, that carries a Request and returns a Response.

A transport raises `NotSent` when the vendor surely saw nothing, so that the event may be sent
again, and `Ambiguous` when it may have. It never follows a redirect: a visitor's address is sent to
the host that the site owner configured, or to none. There are two over the network, on libcurl and
on httpx2, and both pass one table of faults. Their libraries are loaded when they are chosen or
used, never by an import.
"""

from footfall.delivery.transport.base import Transport
from footfall.delivery.transport.choose import (
    TRANSPORT_NAMES,
    TransportName,
    choose,
    preload,
    why_unavailable,
)
from footfall.delivery.transport.curl import CurlTransport
from footfall.delivery.transport.http_common import (
    CONNECT_TIMEOUT_SECONDS,
    IDLE_SECONDS,
    MARKER_HEADER,
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    TOTAL_TIMEOUT_SECONDS,
)
from footfall.delivery.transport.httpx import HTTPXTransport
from footfall.delivery.transport.memory import MemoryTransport

__all__ = [
    "CONNECT_TIMEOUT_SECONDS",
    "IDLE_SECONDS",
    "MARKER_HEADER",
    "MAX_BODY_BYTES",
    "MAX_HEAD_BYTES",
    "TOTAL_TIMEOUT_SECONDS",
    "TRANSPORT_NAMES",
    "CurlTransport",
    "HTTPXTransport",
    "MemoryTransport",
    "Transport",
    "TransportName",
    "choose",
    "preload",
    "why_unavailable",
]
