"""Which header, and which of its members: the ways to find a client in what proxies wrote.

A rule knows nothing of peers. It is given the values of the headers it reads, and says which member
settled the matter, so that an answer and its explanation are one value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import ip_network
from typing import NamedTuple, Protocol, TypeAlias

from footfall.client_ip.addresses import Address, Networks, parse, parse_forwarded
from footfall.client_ip.platforms import KNOWN_HEADERS, PSEUDO_IPV4, Platform
from footfall.model import Headers

Ask: TypeAlias = Callable[[Headers, str | None], str | None]

# In this order: where both are present, X-Forwarded-For is believed.
LISTS = ("x-forwarded-for", "forwarded")

# More proxies than any real chain has.
MAX_MEMBERS = 50
# 50 members of 64 characters fit in, with their commas and spaces.
_MAX_LIST_CHARS = 4096

_PSEUDO_IPV4 = Networks([ip_network(PSEUDO_IPV4)])


class HeaderAddress(NamedTuple):
    """What a rule saw: a header's members from the right, and which one settled the matter.

    `at` is -1 when none did. Without an address, nothing usable was found.
    """

    header: str
    members: Sequence[str]
    at: int
    address: Address | None
    reason: str


class Rule(Protocol):
    """A way to find the client in the headers named by `reads`."""

    @property
    def reads(self) -> tuple[str, ...]: ...

    def find(self, values: Sequence[str | None]) -> HeaderAddress:
        """What those headers say, given their values in that order; None is an absent header."""
        ...


def reader_of(header: str) -> Callable[[str], Address | None]:
    """How a member of that header is read."""
    return parse_forwarded if header == "forwarded" else parse


def members_of(text: str) -> list[str]:
    """The members of a list header from the right, empty ones included.

    A client can put kilobytes in front, so at most 50 members and 4,096 characters are looked at.
    What is cut off is one malformed member: a walk that gets so far stops there.
    """
    members = text[-_MAX_LIST_CHARS:].rsplit(",", MAX_MEMBERS)
    if len(text) > _MAX_LIST_CHARS or len(members) > MAX_MEMBERS:
        members[0] = ""
    members.reverse()
    return members


def _first_present(reads: Sequence[str], values: Sequence[str | None]) -> tuple[str, list[str]]:
    for header, text in zip(reads, values, strict=True):
        if text is not None:
            return header, members_of(text)
    return "", []


class Walk:
    """From the right past every trusted proxy, to the first address that is none."""

    reads = LISTS

    def __init__(self, trusted: Networks) -> None:
        self._trusted = trusted

    def find(self, values: Sequence[str | None]) -> HeaderAddress:
        header, members = _first_present(self.reads, values)
        read = reader_of(header)
        farthest = HeaderAddress(
            header, members, -1, None, "there is no X-Forwarded-For and no Forwarded"
        )
        for at, member in enumerate(members):
            if member.strip(" \t") == "unix:":
                continue  # nginx's word for a peer on its unix socket: local, hence trusted
            address = read(member)
            if address is None:
                return HeaderAddress(
                    header, members, at, None, "stopped at a member that is no address"
                )
            if address not in self._trusted:
                reason = "first address from the right that is no trusted proxy"
                return HeaderAddress(header, members, at, address, reason)
            reason = "all are trusted proxies, so the farthest: a visitor on the intranet"
            farthest = HeaderAddress(header, members, at, address, reason)
        return farthest


class Position:
    """Number N from the right. The owner vouches for N, so a private address is an answer too."""

    def __init__(self, count: int, reads: tuple[str, ...]) -> None:
        self.reads = reads
        self._count = count

    def find(self, values: Sequence[str | None]) -> HeaderAddress:
        header, members = _first_present(self.reads, values)
        number = f"number {self._count} from the right"
        if len(members) < self._count:
            return HeaderAddress(
                header, members, -1, None, f"there is no {number}, only {len(members)}"
            )
        at = self._count - 1
        address = reader_of(header)(members[at])
        reason = number if address else f"{number} is no address"
        return HeaderAddress(header, members, at, address, reason)


class Single:
    """The last value of one header, which a proxy overwrites.

    `ipv6_header` is read in its place when it holds a pseudo address of Cloudflare's. A client
    cannot bring that about, since nobody connects from class E.
    """

    def __init__(self, header: str, ipv6_header: str = "") -> None:
        self.reads = (header, ipv6_header) if ipv6_header else (header,)

    def find(self, values: Sequence[str | None]) -> HeaderAddress:
        found = self._last_value(0, values)
        if len(values) > 1 and found.address is not None and found.address in _PSEUDO_IPV4:
            real = self._last_value(1, values)
            # A pseudo address still tells visitors apart; the peer would not.
            return real if real.address is not None else found
        return found

    def _last_value(self, index: int, values: Sequence[str | None]) -> HeaderAddress:
        header, text = self.reads[index], values[index]
        if text is None:
            return HeaderAddress(header, (), -1, None, f"there is no {header}")
        members = members_of(text)
        address = parse(members[0])
        reason = f"last value of {header}" + ("" if address else " is no address")
        return HeaderAddress(header, members, 0, address, reason)


def rule_of(platform: Platform) -> Rule:
    """How the visitor is found behind that platform."""
    if platform.count:
        return Position(platform.count, (platform.header.lower(),))
    return Single(platform.header.lower(), platform.ipv6_header.lower())


class Function:
    """The owner's own function, asked anew each time, for it may depend on anything."""

    def __init__(self, ask: Ask) -> None:
        declared = getattr(ask, "headers_read", ())
        self.reads = KNOWN_HEADERS.union(name.lower() for name in declared)
        self.failure: str | None = None
        self._ask = ask

    def find(self, peer: str | None, headers: Headers) -> HeaderAddress:
        """What the function says; whatever it does instead is remembered in `failure`."""
        try:
            text: object = self._ask(headers, peer)
        except Exception as error:  # noqa: BLE001 - the owner's mistake must not break a request
            return self._failed((), f"raised {type(error).__name__}")
        if text is None:
            return HeaderAddress("callable", (), -1, None, "the client_ip function returned None")
        if not isinstance(text, str):
            return self._failed((), f"returned {type(text).__name__}")
        address = parse(text)
        if address is None:
            return self._failed((text,), "returned text that is no address")
        return HeaderAddress("callable", (text,), 0, address, "the client_ip function says so")

    def _failed(self, members: Sequence[str], what: str) -> HeaderAddress:
        self.failure = self.failure or what
        return HeaderAddress(
            "callable", members, len(members) - 1, None, f"the client_ip function {what}"
        )
