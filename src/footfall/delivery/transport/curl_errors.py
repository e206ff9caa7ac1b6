"""What libcurl's error numbers say about the vendor: did it see the request, or not?

Pure. The numbers are part of libcurl's ABI and never change (curl/curl.h, read 2026-11-21). What
counts beside them is how many bytes of the request left for the vendor: none means that it saw
nothing, whatever the number, since neither a TLS handshake nor a proxy's CONNECT is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from footfall.errors import Ambiguous, NotSent, TimedOut, TransportError

NEVER_LEFT: Final[Mapping[int, str]] = {
    3: "the URL is none",
    4: "this libcurl was built without what the URL needs",
    5: "the proxy's name has no address",
    6: "the vendor's name has no address",
    7: "nobody listens there, or the proxy refuses to connect",
    35: "the TLS handshake failed, or what answered speaks no TLS",
    53: "there is no such TLS engine",
    54: "the TLS engine could not be chosen",
    58: "there is something wrong with a certificate on this machine",
    59: "no TLS cipher suits both sides",
    60: "the certificate is expired, of another host, or nobody here vouches for it",
    64: "TLS was asked for and could not be had",
    66: "the TLS engine did not start",
    77: "the file of certificate authorities cannot be read",
    82: "the list of revoked certificates cannot be read",
    83: "the certificate's issuer is not the expected one",
    90: "the certificate's key is not the pinned one",
    91: "the certificate's status is not valid",
    97: "the handshake with the proxy failed",
}
"""Errors that come before the request, and also end a repetition on a new connection: the vendor
had closed the reused one before any byte came back."""

MAY_HAVE_LEFT: Final[Mapping[int, str]] = {
    1: "what came back is not HTTP/1; before the request: no such scheme",
    8: "what came back is not HTTP",
    16: "the peer answered in HTTP/2, which nobody has asked for",
    18: "the answer broke off",
    23: "the answer was cut where it grew too long",
    26: "the request's body could not be read",
    27: "this process is out of memory",
    28: "no answer in time; before the request: no connection in time",
    42: "the answer was cut where it grew too long",
    43: "libcurl was called with something that it does not understand",
    52: "the vendor closed without a word",
    55: "the connection broke while the request was sent",
    56: "the connection broke while the answer was read",
    61: "the answer's encoding is broken",
    65: "the request would have had to be sent again",
    81: "the socket was not ready",
    100: "something in the answer is too large",
}
"""Errors that come before or after the request; afterwards the vendor may have counted it. Numbers
in neither table belong to other protocols, and are read as these are: a doubt is not a refusal."""


TIMED_OUT: Final = 28


def meaning(code: int, sentence: str, bytes_sent: int) -> TransportError:
    """The error to raise for libcurl's `code`.

    Args:
        sentence: libcurl's own words.
        bytes_sent: Of the request's head, to the vendor, in all its attempts.
    """
    if code in NEVER_LEFT or not bytes_sent:
        return NotSent(sentence or NEVER_LEFT.get(code, "no connection"))
    if code == TIMED_OUT:
        return TimedOut(sentence or MAY_HAVE_LEFT[code])
    return Ambiguous(sentence or MAY_HAVE_LEFT.get(code, "the exchange failed"))
