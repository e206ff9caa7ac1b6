"""How the visitor's address is found in what proxies wrote: which header, and which of its members.

A rule does not know the peer. It gets the values of the headers that it names, and returns the
member that decided, so that an address and its explanation are one value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import ip_network
from typing import NamedTuple, Protocol, TypeAlias

from footfall.client_ip.addresses import Address, Networks, parse, parse_forwarded
from footfall.client_ip.platforms import KNOWN_HEADERS, PSEUDO_IPV4, Platform
from footfall.model import Headers

ClientIPFunction: TypeAlias = Callable[[Headers, str | None], str | None]

# In this order: where both are present, X-Forwarded-For is believed.
LISTS = ("x-forwarded-for", "forwarded")

# More proxies than any real chain has.
MAX_MEMBERS = 50
# Enough for 50 members of 64 characters, with their commas and spaces.
_MAX_LIST_CHARS = 4096

_PSEUDO_IPV4 = Networks([ip_network(PSEUDO_IPV4)])


class RuleResult(NamedTuple):
    """What a rule found: a header's members from the right, and which of them decided.

    `position` is -1 when no member did. Without an address, the rule found nothing usable.
    """

    header: str
    members: Sequence[str]
    position: int
    address: Address | None
    reason: str


class HeaderRule(Protocol):
    """A way to find the visitor's address in the headers `header_names`, which are lower-case."""

    @property
    def header_names(self) -> tuple[str, ...]: ...

    def find(self, values: Sequence[str | None]) -> RuleResult:
        """Find the address in the values of those headers, in that order; None: header absent."""
        ...


def parser_for(header: str) -> Callable[[str], Address | None]:
    """The function that parses a member of that header."""
    return parse_forwarded if header == "forwarded" else parse


def list_members(text: str) -> list[str]:
    """The members of a list header from the right, empty ones included.

    A client can put kilobytes in front, so at most 50 members and 4,096 characters are read. What
    is cut off becomes one malformed member, at which a rule stops.
    """
    if "," not in text and len(text) <= _MAX_LIST_CHARS:
        return [text]
    members = text[-_MAX_LIST_CHARS:].rsplit(",", MAX_MEMBERS)
    if len(text) > _MAX_LIST_CHARS or len(members) > MAX_MEMBERS:
        members[0] = ""
    members.reverse()
    return members


def _first_present(names: Sequence[str], values: Sequence[str | None]) -> tuple[str, list[str]]:
    for index, text in enumerate(values):
        if text is not None:
            return names[index], list_members(text)
    return "", []


class RightmostUntrusted:
    """The first address from the right that is not a trusted proxy's."""

    header_names = LISTS

    def __init__(self, trusted: Networks) -> None:
        self._trusted = trusted

    def find(self, values: Sequence[str | None]) -> RuleResult:
        header, members = _first_present(self.header_names, values)
        parse_member = parser_for(header)
        position, farthest = -1, None
        reason = "there is no X-Forwarded-For and no Forwarded"
        for index, member in enumerate(members):
            if member.strip(" \t") == "unix:":
                continue  # nginx writes this for a peer on its unix socket: local, hence trusted
            address = parse_member(member)
            if address is None:
                reason = "stopped at a member that is no address"
                return RuleResult(header, members, index, None, reason)
            if address not in self._trusted:
                reason = "first address from the right that is no trusted proxy"
                return RuleResult(header, members, index, address, reason)
            position, farthest = index, address
            reason = "all are trusted proxies, so the farthest: a visitor on the intranet"
        return RuleResult(header, members, position, farthest, reason)


class NthFromRight:
    """Member N from the right; a private address is accepted, since the site owner counted N."""

    def __init__(self, count: int, header_names: tuple[str, ...]) -> None:
        self.header_names = header_names
        self._count = count

    def find(self, values: Sequence[str | None]) -> RuleResult:
        header, members = _first_present(self.header_names, values)
        number = f"number {self._count} from the right"
        if len(members) < self._count:
            reason = f"there is no {number}, only {len(members)}"
            return RuleResult(header, members, -1, None, reason)
        index = self._count - 1
        address = parser_for(header)(members[index])
        reason = number if address else f"{number} is no address"
        return RuleResult(header, members, index, address, reason)


class SingleHeader:
    """The last value of one header, which a proxy overwrites.

    When that is a pseudo address of Cloudflare's, `ipv6_header` is read in its place. A client
    cannot bring that about, since nobody connects from class E.
    """

    def __init__(self, header: str, ipv6_header: str = "") -> None:
        self.header_names = (header, ipv6_header) if ipv6_header else (header,)

    def find(self, values: Sequence[str | None]) -> RuleResult:
        found = self._last_value(0, values)
        if len(values) > 1 and found.address is not None and found.address in _PSEUDO_IPV4:
            real = self._last_value(1, values)
            # A pseudo address still distinguishes visitors; the peer's would not.
            return real if real.address is not None else found
        return found

    def _last_value(self, number: int, values: Sequence[str | None]) -> RuleResult:
        header, text = self.header_names[number], values[number]
        if text is None:
            return RuleResult(header, (), -1, None, f"there is no {header}")
        members = list_members(text)
        address = parse(members[0])
        reason = f"last value of {header}" + ("" if address else " is no address")
        return RuleResult(header, members, 0, address, reason)


def rule_for(platform: Platform) -> HeaderRule:
    """The rule that finds the visitor's address behind that platform."""
    if platform.count:
        return NthFromRight(platform.count, (platform.header.lower(),))
    return SingleHeader(platform.header.lower(), platform.ipv6_header.lower())


class CustomFunction:
    """The site owner's own function, called each time, since it may depend on anything."""

    def __init__(self, function: ClientIPFunction) -> None:
        declared = getattr(function, "headers_read", ())
        self.header_names = KNOWN_HEADERS.union(name.lower() for name in declared)
        self.failure: str | None = None
        self._function = function

    def find(self, peer: str | None, headers: Headers) -> RuleResult:
        """Call the function. The first mistake it makes is kept in `failure`."""
        try:
            text: object = self._function(headers, peer)
        except Exception as error:  # noqa: BLE001 - an owner's mistake must not break a request
            return self._failed((), f"raised {type(error).__name__}")
        if text is None:
            return RuleResult("callable", (), -1, None, "the client_ip function returned None")
        if not isinstance(text, str):
            return self._failed((), f"returned {type(text).__name__}")
        address = parse(text)
        if address is None:
            return self._failed((text,), "returned text that is no address")
        return RuleResult("callable", (text,), 0, address, "the client_ip function says so")

    def _failed(self, members: Sequence[str], what: str) -> RuleResult:
        self.failure = self.failure or what
        reason = f"the client_ip function {what}"
        return RuleResult("callable", members, len(members) - 1, None, reason)
