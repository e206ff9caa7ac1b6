"""Which transport is used: libcurl's where it is installed and fits, else httpx2's."""

from __future__ import annotations

import select
from typing import Final, Literal, TypeAlias

from footfall.common.interpreters import allows_daemon_threads
from footfall.delivery.transport.base import Transport
from footfall.delivery.transport.curl import CurlTransport
from footfall.delivery.transport.greenlets import is_patched
from footfall.delivery.transport.httpx import HTTPXTransport
from footfall.delivery.transport.memory import MemoryTransport

TransportName: TypeAlias = Literal["auto", "curl", "httpx"]

TRANSPORT_NAMES: Final[tuple[str, ...]] = ("auto", "curl", "httpx")
"""The names by which an option may choose a transport."""


def why_unavailable(name: str) -> str | None:
    """What to do before this transport can be used; None if nothing.

    Loads libcurl for `"curl"`: one that was built against another TLS library fails only then.
    """
    if name != "curl":
        return None
    if not allows_daemon_threads():
        # Not even tried: the second try corrupts the memory of the process (Python 3.13.0).
        return 'write "auto": pycurl cannot be loaded in an isolated interpreter'
    try:
        import pycurl
    except ImportError as error:
        return f'run `pip install "footfall[curl]"`, or write "auto" ({error})'
    if not hasattr(pycurl, "PREREQFUNCTION"):
        return f'run `pip install -U "footfall[curl]"`: {pycurl.version} is too old'
    if not hasattr(select, "poll"):
        return 'write "auto": it needs select.poll(), which this system has not'
    return None


def choose(
    choice: TransportName | Transport, *, timeout_seconds: float, is_offline: bool = False
) -> Transport:
    """The transport that `choice` names, or `choice` itself if it is one.

    Args:
        choice: `"curl"` must be installed, see `why_unavailable`; `"auto"` uses it where it is.
            Under greenlets neither waits for libcurl, see `CurlTransport`.
        timeout_seconds: For one whole exchange.
        is_offline: True where nothing may be sent, as in a test run.
    """
    if not isinstance(choice, str):
        return choice
    if is_offline:
        return MemoryTransport()
    httpx = HTTPXTransport(timeout_seconds=timeout_seconds)
    lacks_curl = choice == "auto" and (is_patched() or why_unavailable("curl") is not None)
    if choice == "httpx" or lacks_curl:
        return httpx
    return CurlTransport(timeout_seconds=timeout_seconds, under_greenlets=httpx)


def preload(transport: Transport) -> None:
    """Import now what the first exchange would import in its thread, for our own transports.

    A fork at that moment would leave its child with a module, or a lock in OpenSSL, that is held
    for ever by a thread that the child does not have.
    """
    if isinstance(transport, CurlTransport | HTTPXTransport):
        transport.preload()
