"""Which of libcurl's error numbers mean that the vendor did not see the request.

Pure. The numbers are part of libcurl's ABI and never change (curl/curl.h, read 2026-11-21). What
matters beside them is how many bytes of the request were sent to the vendor: none means that it saw
nothing, whatever the number, since neither a TLS handshake nor a proxy's CONNECT is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from footfall.errors import Ambiguous, NotSent, TimedOut, TransportError

NEVER_LEFT: Final[Mapping[int, str]] = {
    3: "the URL is invalid",
    4: "this libcurl was built without what the URL needs",
    5: "the proxy's name has no address",
    6: "the vendor's name has no address",
    7: "nothing listens there, or the proxy refuses to connect",
    35: "the TLS handshake failed, or the server does not speak TLS",
    53: "there is no such TLS engine",
    54: "the TLS engine could not be chosen",
    58: "a certificate on this machine is unusable",
    59: "no TLS cipher suits both sides",
    60: "the certificate is expired, of another host, or of an unknown authority",
    64: "TLS was required and is not available",
    66: "the TLS engine did not start",
    77: "the file of certificate authorities cannot be read",
    82: "the list of revoked certificates cannot be read",
    83: "the certificate's issuer is not the expected one",
    90: "the certificate's key is not the pinned one",
    91: "the certificate's status is not valid",
    97: "the handshake with the proxy failed",
}
"""Errors before the request is sent. They also end a repetition on a new connection, where the
vendor had closed the reused one before any byte came back."""

MAY_HAVE_LEFT: Final[Mapping[int, str]] = {
    1: "what came back is not HTTP/1; before the request: no such scheme",
    8: "what came back is not HTTP",
    16: "the server answered in HTTP/2, which was not requested",
    18: "the response broke off",
    23: "the response was cut where it grew too long",
    26: "the request's body could not be read",
    27: "this process is out of memory",
    28: "no response in time; before the request: no connection in time",
    42: "the response was cut where it grew too long",
    43: "libcurl was called with an invalid argument",
    52: "the vendor closed the connection without a response",
    55: "the connection broke while the request was sent",
    56: "the connection broke while the response was read",
    61: "the response's encoding is broken",
    65: "the request would have had to be sent again",
    81: "the socket was not ready",
    100: "a part of the response is too large",
}
"""Errors before or after the request is sent; after it, the vendor may have counted the event.
Numbers in neither table belong to other protocols and are treated as these are, to be safe."""

TIMED_OUT: Final = 28
UNRESOLVED: Final = frozenset({5, 6})
"""The proxy's or the vendor's name has no address."""


def error_of(code: int, message: str, bytes_sent: int) -> TransportError:
    """The error to raise for libcurl's `code`.

    Args:
        message: libcurl's own.
        bytes_sent: Of the request's head, to the vendor, in all its attempts.
    """
    if code in NEVER_LEFT or not bytes_sent:
        return NotSent(message or NEVER_LEFT.get(code, "no connection"))
    if code == TIMED_OUT:
        return TimedOut(message or MAY_HAVE_LEFT[code])
    return Ambiguous(message or MAY_HAVE_LEFT.get(code, "the exchange failed"))
