"""What of a request may be stored: the headers of a fixed list, and a body up to a size.

A header that is not on the list may hold an address or a secret under a name that nobody thought
of, as every proxy and login service has its own. One that is on the list is left out where its
value holds the visitor's address in any spelling. The body is the event as the sender posted it.
"""

from __future__ import annotations

import ipaddress
import re
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
    """The visitor's address in its canonical spelling. None checks it, so it may be any text."""

    address: str
    is_valid: bool

    def is_in(self, value: str) -> bool:
        if self.is_valid:
            return self.address in _addresses_in[value]
        return self.address in value.lower()


def _visitor(client_ip: str) -> _Visitor | None:
    """None for this machine's own: every `Host: 127.0.0.1` holds that, and it identifies nobody."""
    address = _canonical(client_ip)
    if address is None:
        return _Visitor(client_ip.lower(), is_valid=False) if client_ip else None
    is_loopback = ipaddress.ip_address(address).is_loopback
    return None if is_loopback else _Visitor(address, is_valid=True)


# A visitor sends several events.
_visitors: Final = BoundedCache(_visitor)


def _find_addresses(value: str) -> frozenset[str]:
    """Every address in a text, in its canonical spelling."""
    text = unquote(value) if "%" in value else value
    found = [_canonical(candidate) for candidate in _IPV4.findall(text)]
    for run in _IPV6.findall(text):
        if run.count(":") > 1 and len(run) <= _MAX_IPV6_LENGTH:
            # The last part may be a port.
            found += [_canonical(run), _canonical(run.rpartition(":")[0])]
    return frozenset(each for each in found if each)


# Clients send the same few values.
_addresses_in: Final = BoundedCache(_find_addresses)


def _canonical(text: str) -> str | None:
    """An address as Python spells it, IPv4 within IPv6 as IPv4; None where it is no address."""
    text = text.partition("%")[0].rstrip(".")
    if ":" not in text:
        text = ".".join(part.lstrip("0") or "0" for part in text.split("."))
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if address.version == 6 else None
    return str(mapped or address)
