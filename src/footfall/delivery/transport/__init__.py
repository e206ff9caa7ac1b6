"""The way out of the process: one method, `send`, that carries a Request and returns a Response.

A transport raises `NotSent` when the vendor surely saw nothing, so that the event may be sent
again, and `Ambiguous` when it may have. It never follows a redirect: a visitor's address goes to
the host that the owner wrote down, or nowhere. Two doors lead out, libcurl's and httpx2's; both
pass one fault table. Their libraries are loaded when they are chosen or used, never by an import.
"""

from __future__ import annotations

from typing import Protocol

from footfall.delivery.transport.choose import (
    TRANSPORT_NAMES,
    TransportName,
    choose,
    prepare,
    why_not,
)
from footfall.delivery.transport.curl import CurlTransport
from footfall.delivery.transport.http_common import (
    CONNECT_TIMEOUT_SECONDS,
    IDLE_SECONDS,
    MARK,
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    TOTAL_TIMEOUT_SECONDS,
)
from footfall.delivery.transport.httpx import HTTPXTransport
from footfall.delivery.transport.memory import MemoryTransport
from footfall.model import Request, Response


class Transport(Protocol):
    """Carries requests. Called from several threads at once; each call is one exchange."""

    def send(self, request: Request) -> Response:
        """Return the vendor's answer.

        Raises:
            NotSent: the vendor surely did not process the request.
            Ambiguous: it may have.
            ValueError: the request cannot be written as HTTP, now or ever.
        """
        ...


__all__ = [
    "CONNECT_TIMEOUT_SECONDS",
    "IDLE_SECONDS",
    "MARK",
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
    "prepare",
    "why_not",
]
