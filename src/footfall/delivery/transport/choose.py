"""Which door leads out: libcurl's where it may be taken, else httpx2's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from footfall.delivery.transport.curl import CurlTransport
from footfall.delivery.transport.gevent import is_cooperative
from footfall.delivery.transport.httpx import HTTPXTransport
from footfall.delivery.transport.memory import MemoryTransport

if TYPE_CHECKING:
    from footfall.delivery.transport import Transport

TransportName: TypeAlias = Literal["auto", "curl", "httpx"]

TRANSPORT_NAMES: Final[tuple[str, ...]] = ("auto", "curl", "httpx")
"""What may be written where a transport is asked for."""


def why_not(name: str) -> str | None:
    """What to do before this transport can be had; None if nothing.

    Loads libcurl for `"curl"`: one that was built against another TLS library fails only then.
    """
    if name != "curl":
        return None
    try:
        import pycurl
    except ImportError as error:
        return f'run `pip install "footfall[curl]"`, or write "auto" ({error})'
    if not hasattr(pycurl, "MAXLIFETIME_CONN"):
        return f'run `pip install -U "footfall[curl]"`: {pycurl.version} is too old'
    return None


def choose(
    wish: TransportName | Transport, *, timeout_seconds: float, stays_here: bool = False
) -> Transport:
    """The transport that `wish` names, or `wish` itself if it is one.

    Args:
        stays_here: True where nothing may leave the machine, as in a test run.
    """
    if not isinstance(wish, str):
        return wish
    if stays_here:
        return MemoryTransport()
    if wish == "curl":
        return CurlTransport(timeout_seconds=timeout_seconds)
    httpx = HTTPXTransport(timeout_seconds=timeout_seconds)
    if wish == "httpx" or is_cooperative() or why_not("curl") is not None:
        return httpx
    return CurlTransport(timeout_seconds=timeout_seconds, under_gevent=httpx)


def prepare(transport: Transport) -> None:
    """Load now what the first exchange of one of our doors would load on its thread.

    A fork at that moment would leave its child with a module, or a lock in OpenSSL, that is held
    for ever by a thread that the child does not have.
    """
    if isinstance(transport, CurlTransport | HTTPXTransport):
        transport.prepare()
