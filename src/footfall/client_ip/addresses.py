"""How a peer and the members of a header are parsed into addresses, and found in networks.

Parsers never raise. Their steps are numbered, since the order decides what counts as malformed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from ipaddress import (
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    ip_network,
)
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, TypeVar

from footfall.client_ip.platforms import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Network: TypeAlias = IPv4Network | IPv6Network
_N = TypeVar("_N", IPv4Network, IPv6Network)

# The longest sensible address, with zone, brackets and port, fits in.
MAX_ADDRESS_CHARS = 64
# Enough for by=, proto= and host= beside for=.
_MAX_ELEMENT_CHARS = 256

# The numbers of an IPv4 address, without leading zeros.
_OCTETS = {str(number): number for number in range(256)}
# RFC 7239, section 6: obfport = "_" 1*(ALPHA / DIGIT / "." / "_" / "-")
_OBFUSCATED_PORT = re.compile(r"_[A-Za-z0-9._-]+")


class Address(NamedTuple):
    """An address: its canonical text, and its number, which networks are compared with.

    Each new visitor has one, and an `IPv4Address` takes three times as long to make and to print.
    """

    text: str
    number: int
    is_v6: bool

    def __str__(self) -> str:
        return self.text


def parse(text: str) -> Address | None:
    """Parse the address in a peer, a header value or a member of a list.

    Brackets and a port are optional, as real proxies treat them. `unknown`, obfuscated names,
    shorthand, leading zeros, networks and unspecified addresses are malformed.

    Returns:
        The address without port and zone, IPv4-mapped IPv6 as IPv4; None when it is malformed.
    """
    # Nearly every text is a plain IPv4 address, for which no step but the last does anything.
    return _ipv4(text) or _parse_node(text, _is_port)


def parse_forwarded(element: str) -> Address | None:
    """Parse the address of `for=` in one element of a Forwarded header (RFC 7239, section 4).

    The header is cut at commas and semicolons regardless of quotes: no address contains either,
    and a client's unmatched quote makes a splitter that respects quotes skip the trusted end.
    """
    if len(element) > _MAX_ELEMENT_CHARS:
        return None
    pairs = [pair.partition("=") for pair in element.split(";")]
    nodes = [value for name, _, value in pairs if name.strip(" \t").lower() == "for"]
    # A name may occur once in an element; of two, the client may have written either.
    return _parse_node(nodes[0], _is_forwarded_port) if len(nodes) == 1 else None


def _parse_node(text: str, is_port: Callable[[str], bool]) -> Address | None:
    # 1. Strip surrounding space; refuse what is too long.
    text = text.strip(" \t")
    if len(text) > MAX_ADDRESS_CHARS:
        return None
    # 2. Strip one pair of quotes.
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    # 3. to 5. Brackets and port.
    host, port = _split_port(text)
    if port is not None and not is_port(port):
        return None
    return _parse_host(host)


def _split_port(text: str) -> tuple[str, str | None]:
    """Split a node into host and port; a missing port is None, a malformed node has no host."""
    # 3. Brackets hold IPv6, and only a port may follow.
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or ":" not in host or (rest and rest[0] != ":"):
            return "", None
        return host, rest[1:] if rest else None
    # 4. A single colon separates IPv4 from its port.
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, port
    # 5. No colon, or bare IPv6.
    return text, None


def _is_port(text: str) -> bool:
    return len(text) <= 5 and text.isascii() and text.isdigit() and int(text) <= 65535


def _is_forwarded_port(text: str) -> bool:
    return _is_port(text) or _OBFUSCATED_PORT.fullmatch(text) is not None


def _parse_host(host: str) -> Address | None:
    # 6. and 7. As the standard library does: a zone on IPv6 only, no loose spelling of numbers.
    if ":" not in host:
        return _ipv4(host)
    try:
        v6 = IPv6Address(host)
    except ValueError:
        return None
    # 8. A dual-stack visitor has one identity. (6. A zone has no meaning on another machine.)
    if mapped := v6.ipv4_mapped:
        return _ipv4(str(mapped))
    # 9. 0.0.0.0 and :: are unspecified.
    number = int(v6)
    bare = IPv6Address(number) if "%" in host else v6
    return Address(str(bare), number, True) if number else None


def _ipv4(text: str) -> Address | None:
    octets = text.split(".", 4)
    if len(octets) != 4:
        return None
    a, b, c, d = octets
    try:
        number = _OCTETS[a] << 24 | _OCTETS[b] << 16 | _OCTETS[c] << 8 | _OCTETS[d]
    except KeyError:
        return None
    # Without leading zeros an address has one spelling.
    return Address(text, number, False) if number else None


def anonymize(address: str) -> str:
    """Cut an address to its network, /24 of IPv4 and /48 of IPv6; "" for what is not an address.

    >>> anonymize("203.0.113.77"), anonymize("2001:db8:1234:5678:9abc::1")
    ('203.0.113.0', '2001:db8:1234::')

    These are the bits that Google Analytics dropped and Ahoy drops. Visitors of one network with
    the same browser become one, so unique visitors are undercounted; the country mostly survives.
    """
    parsed = parse(address)
    if parsed is None:
        return ""
    if parsed.is_v6:
        return str(IPv6Address(parsed.number >> 80 << 80))
    return parsed.text[: parsed.text.rindex(".")] + ".0"


class Networks:
    """A set of networks; looking an address up takes one bisection, however many there are."""

    def __init__(self, networks: Iterable[Network]) -> None:
        known = tuple(networks)
        self._v4 = _bounds(net for net in known if isinstance(net, IPv4Network))
        self._v6 = _bounds(net for net in known if isinstance(net, IPv6Network))

    def __contains__(self, address: Address) -> bool:
        starts, ends = self._v6 if address.is_v6 else self._v4
        number = address.number
        index = bisect_right(starts, number) - 1
        return index >= 0 and number <= ends[index]


def _bounds(networks: Iterable[_N]) -> tuple[list[int], list[int]]:
    """First and last address of each network, merged and in order."""
    merged = list(collapse_addresses(networks))
    starts = [int(network.network_address) for network in merged]
    return starts, [int(network.broadcast_address) for network in merged]


PRIVATE_NETWORKS: tuple[Network, ...] = tuple(map(ip_network, PRIVATE))


class Peer(NamedTuple):
    """The socket's other end: a process on this machine, an address, or neither.

    `"unknown"` is Starlette's `testclient`, an adapter's comma list, or garbage.
    """

    kind: Literal["local", "address", "unknown"]
    address: Address | None = None


# How servers spell a unix socket: "localhost" is waitress's, the unspecified address uWSGI's. No
# connection comes from that address.
_LOCAL_PEERS = frozenset({"@", "localhost", "0.0.0.0", "::"})  # noqa: S104 -- read, not bound
_LOCAL = Peer("local")
_UNKNOWN = Peer("unknown")


def classify_peer(peer: str | None) -> Peer:
    """Whether a server's name for the peer is a local socket, an address or anything else."""
    if not peer or peer in _LOCAL_PEERS or peer.startswith(("/", "unix:")):
        return _LOCAL
    address = parse(peer)
    return _UNKNOWN if address is None else Peer("address", address)
