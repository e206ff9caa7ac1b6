"""What of a request may be stored: the headers of a fixed list, and a body up to a size.

A header that is not on the list may hold an address or a secret under a name that nobody thought
of, as every proxy and login service has its own. One that is on the list is left out where its
value holds the visitor's address in any spelling. The body is the event as the sender posted it.
"""

from __future__ import annotations

import re
import socket
from typing import Final, NamedTuple
from urllib.parse import unquote

from footfall.collector.wire import limits
from footfall.collector.wire.country import CDN_HEADERS
from footfall.collector.wire.parsing import split_uri
from footfall.common.bounded_cache import BoundedCache
from footfall.model import Headers

_MAX_VALUE_LENGTH: Final = 2_000

STORED_HEADERS: Final = frozenset(
    {
        # What the vendors read, but for the addresses.
        *("user-agent", "accept", "accept-language", "content-type", "host", "origin"),
        *("x-debug-request", "x-plausible-ip-type", *CDN_HEADERS),
        # How the body came.
        *("accept-encoding", "content-encoding", "content-length", "transfer-encoding"),
        # What a browser says of itself and of the request.
        *("dnt", "sec-gpc", "save-data", "purpose", "sec-purpose"),
        *(f"sec-fetch-{part}" for part in ("dest", "mode", "site", "storage-access", "user")),
        "sec-ch-ua",
        *(
            f"sec-ch-ua-{part}"
            for part in (
                *("arch", "bitness", "form-factors", "full-version", "full-version-list"),
                *("mobile", "model", "platform", "platform-version", "wow64"),
            )
        ),
        # The way through proxies.
        *("via", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"),
    }
)
"""The headers that are written to the file, by lower-case name."""

# At the start of each number, so that 1.2.3.4.5 holds two addresses.
_IPV4 = re.compile(r"(?<![0-9])(?=([0-9]{1,3}(?:\.[0-9]{1,3}){3})(?![0-9]))")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]+")
_IPV4_MAPPED: Final = bytes(10) + b"\xff\xff"
_IPV6_LOOPBACK: Final = bytes(15) + b"\x01"
# 45 characters and a port.
_MAX_IPV6_LENGTH = 51


def storable_headers(headers: Headers, client_ip: str) -> dict[str, str]:
    """The headers that may be stored; no value of more than 2,000 characters is.

    Of `Origin`, which has no more where a browser sends it, only scheme, host and port are.
    """
    visitor = _visitors[client_ip]
    found = {}
    for name, value in headers.items():
        if name in STORED_HEADERS and len(value) <= _MAX_VALUE_LENGTH:
            text = _origin(value) if name == "origin" else value
            if text and not (visitor and visitor.is_in(text)):
                found[name] = text
    return found


def storable_body(body: bytes) -> str | None:
    """The body as text, or None where it is too long."""
    return None if is_too_long(body) else body.decode("utf-8", "replace")


def is_too_long(body: bytes) -> bool:
    """Whether a body is longer than the inspector needs."""
    return len(body) > limits.STORED_BODY


def _origin(value: str) -> str:
    """Scheme, host and port; empty where the value is neither an origin nor `null`."""
    scheme, authority, *_ = split_uri(value)
    return f"{scheme}://{authority.rpartition('@')[2]}" if scheme else value * (value == "null")


class _Visitor(NamedTuple):
    """What is taken for the visitor's address, in lower case; any text, which then has no bytes."""

    text: str
    address: bytes | None

    def is_in(self, value: str) -> bool:
        if self.address is not None:
            return self.address in _addresses_in[value]
        return self.text in value.lower()


def _visitor(client_ip: str) -> _Visitor | None:
    """None for this machine's own: every `Host: 127.0.0.1` holds that, and it identifies nobody."""
    address = _bytes_of(client_ip)
    is_loopback = address == _IPV6_LOOPBACK or (
        address is not None and len(address) == 4 and address[0] == 127
    )
    return None if is_loopback or not client_ip else _Visitor(client_ip.lower(), address)


# A visitor sends several events.
_visitors: Final = BoundedCache(_visitor)


def _find_addresses(value: str) -> frozenset[bytes]:
    """The bytes of every address in a text."""
    text = unquote(value) if "%" in value else value
    found = [_bytes_of(candidate) for candidate in _IPV4.findall(text)]
    for run in _IPV6.findall(text):
        if run.count(":") > 1 and len(run) <= _MAX_IPV6_LENGTH:
            # The last part may be a port.
            found += [_bytes_of(run), _bytes_of(run.rpartition(":")[0])]
    return frozenset(each for each in found if each)


# Clients send the same few values.
_addresses_in: Final = BoundedCache(_find_addresses)


def _bytes_of(text: str) -> bytes | None:
    """The 4 or 16 bytes of an address, of IPv4 within IPv6 its 4; None where it is no address."""
    text = text.partition("%")[0].rstrip(".")
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    if family == socket.AF_INET:
        text = ".".join([part.lstrip("0") or "0" for part in text.split(".")])
    try:
        packed = socket.inet_pton(family, text)
    except (OSError, ValueError):
        return None
    return packed.removeprefix(_IPV4_MAPPED) if family == socket.AF_INET6 else packed
