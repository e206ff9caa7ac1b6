"""`ClientIP`: takes the settings once, then finds one address for each peer and its headers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from footfall.client_ip.addresses import MAX_ADDRESS_CHARS, Address, classify_peer
from footfall.client_ip.header_rules import ClientIPFunction, RuleResult, parser_for, rule_for
from footfall.client_ip.platforms import Platform
from footfall.client_ip.trusted_proxies import Note, ParsedSettings, TrustedProxies, parse_settings
from footfall.model import Headers

# Longer texts are rare, and would let a client fill the cache with kilobytes.
_MAX_CACHED_CHARS = 256
# A visitor's pageviews come in bursts; about a megabyte at worst.
_MAX_ADDRESSES = 2048
# Peers are few: some proxies, or each visitor once on a server without any.
_MAX_PEERS = 512

_NEVER_READ = RuleResult("", (), -1, None, "headers are never read")

HopVerdict: TypeAlias = Literal["trusted", "chosen", "invalid", "skipped"]


class Hop(NamedTuple):
    """One step on the way from the app to the visitor.

    Attributes:
        source: `"peer"`, a lower-case header name, or `"callable"`.
        text: What the server or the header says there, cut to 64 characters.
        address: Its canonical form; None when the text is not an address.
        verdict: `trusted` may name the hop after it, `chosen` is the result, `invalid` ended the
            search without one, `skipped` was not believed.
    """

    source: str
    text: str
    address: str | None
    verdict: HopVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """How an address was found. Its text is full of addresses, so keep it out of logs.

    Attributes:
        client_ip: What `ClientIP.resolve` returns for the same peer and headers.
        source: `ClientIP.source`.
        reason: Why this address, in words.
        hops: From the app outwards.
    """

    client_ip: str | None
    source: str
    reason: str
    hops: tuple[Hop, ...]

    def __str__(self) -> str:
        shown = [hop.address or hop.text or "(empty)" for hop in self.hops]
        width = max(map(len, shown))
        lines = [
            f"  {hop.verdict:7}  {text:{width}}  {hop.source}"
            for hop, text in zip(self.hops, shown, strict=True)
        ]
        head = f"{self.client_ip or 'no client IP'} ({self.source}: {self.reason})"
        return "\n".join([head, *lines])


class _CheckedPeer(NamedTuple):
    """A peer, and whether this resolver believes it."""

    is_local: bool
    address: Address | None
    is_trusted: bool


class ClientIP:
    """Finds the visitor's address behind the proxies that the site owner trusts.

    Threads may share an object. It keeps the last 2,048 addresses in memory.

    Args:
        trusted_proxies: One of

            - `"auto"`: peers that cannot be on the internet (`platforms.PRIVATE` and local
              sockets) are proxies; or the preset of the platform that this process's environment
              shows
            - `"private"`: the first of these, whatever the environment says
            - a preset: one of the names in `platforms.PLATFORMS`
            - networks and addresses, `"private"` among them if wanted, in a list or separated by
              commas. They replace the default. Local sockets are trusted too; `[]` reads no header
            - the number of proxies in front of the app, counting the one that connects to it; 0
              reads no header. Nobody may reach the app past them: the peer is not checked.
        client_ip_header: Instead, the one header that a proxy overwrites with the visitor's
            address. The peer is not checked either.
        client_ip: Instead, a function `(headers, peer)`. It gets the headers in
            `platforms.KNOWN_HEADERS`, and those that its own attribute `headers_read` names. When
            it raises or returns no address, the peer is the result, and `failure` says why.
        environ: Defaults to the process's environment.

    Raises:
        ConfigError: with every fault of the three settings.
    """

    source: str
    """The rule in use, for logs: "auto", "preset fly (from FLY_APP_NAME)", "2 proxies"."""

    notes: tuple[Note, ...]
    """What the site owner may want to read when the app starts."""

    headers_read: frozenset[str]
    """Lower-case names of all headers that `resolve` or a `MisconfigurationDetector` may read."""

    platform: Platform | None
    """The preset in use, with its caveat and its source."""

    suspects: tuple[Platform, ...]
    """Platforms in front of which the default in use would be wrong."""

    def __init__(
        self,
        *,
        trusted_proxies: TrustedProxies = "auto",
        client_ip_header: str | None = None,
        client_ip: ClientIPFunction | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        variables = os.environ if environ is None else environ
        settings = parse_settings(trusted_proxies, client_ip_header, client_ip, variables)
        self.source = settings.source
        self.notes = settings.notes
        self.platform = settings.platform
        self.suspects = settings.suspects
        self.headers_read = _headers_read(settings)
        self._rule = settings.rule
        self._function = settings.function
        self._trusted_peers = settings.trusted_peers
        self._header_names = settings.rule.header_names if settings.rule else ()
        self._cached_address = lru_cache(maxsize=_MAX_ADDRESSES)(self._find_address)
        self._cached_peer = lru_cache(maxsize=_MAX_PEERS)(self._check_peer)

    def __repr__(self) -> str:
        return f"<ClientIP: {self.source}>"

    @property
    def asks_function(self) -> bool:
        """True if addresses come from a `client_ip` function, which may fail."""
        return self._function is not None

    @property
    def reads_no_header(self) -> bool:
        """True if the settings say that no proxy is in front: the peer is the visitor."""
        return self._rule is None and self._function is None

    @property
    def failure(self) -> str | None:
        """What first went wrong in the `client_ip` function; None as long as nothing has."""
        return self._function.failure if self._function else None

    def resolve(self, peer: str | None, headers: Headers) -> str | None:
        """Find the visitor's address. Never raises.

        Args:
            peer: The socket's other end as the server reports it.
            headers: By lower-case name; repeated lines joined with commas in their order.

        Returns:
            One address in canonical form; None when it cannot be known.
        """
        if self._function is not None:
            found = self._function.find(peer, headers).address
            return _text(found or self._checked_peer(peer).address)
        texts = (peer, *map(headers.get, self._header_names))
        return self._cached_address(texts) if _are_cacheable(texts) else self._find_address(texts)

    def trusts(self, peer: str | None) -> bool:
        """Whether this peer's headers are believed, X-Forwarded-Proto and -Host included.

        True of every peer where the settings name no networks: a number, a header, a function, and
        presets without networks.
        """
        if peer is not None and len(peer) > _MAX_CACHED_CHARS:
            return self._check_peer(peer).is_trusted
        return self._cached_peer(peer).is_trusted

    def trace(self, peer: str | None, headers: Headers) -> Trace:
        """The result of `resolve` for the same arguments, with its reason and every hop."""
        checked = self._checked_peer(peer)
        found = self._apply_rule(peer, headers)
        if found is not _NEVER_READ and not checked.is_trusted:
            reason = "the peer is no trusted proxy, so headers are not believed"
            found = found._replace(position=-1, address=None, reason=reason)
        reason = found.reason
        if found.address is None:
            reason += "; the peer is the answer" if checked.address else "; the peer has no address"
        return Trace(
            client_ip=_text(found.address or checked.address),
            source=self.source,
            reason=reason,
            hops=(_peer_hop(peer, checked, found), *_member_hops(found)),
        )

    def _find_address(self, texts: tuple[str | None, ...]) -> str | None:
        peer, *values = texts
        checked = self._checked_peer(peer)
        if self._rule is not None and checked.is_trusted:
            return _text(self._rule.find(values).address or checked.address)
        return _text(checked.address)

    def _checked_peer(self, peer: str | None) -> _CheckedPeer:
        return self._cached_peer(peer) if _are_cacheable((peer,)) else self._check_peer(peer)

    def _check_peer(self, peer: str | None) -> _CheckedPeer:
        kind, address = classify_peer(peer)
        if self._rule is None and self._function is None:
            is_trusted = False
        elif self._trusted_peers is None or kind == "local":
            is_trusted = True
        else:
            is_trusted = address is not None and address in self._trusted_peers
        return _CheckedPeer(kind == "local", address, is_trusted)

    def _apply_rule(self, peer: str | None, headers: Headers) -> RuleResult:
        if self._function is not None:
            return self._function.find(peer, headers)
        if self._rule is None:
            return _NEVER_READ
        return self._rule.find(tuple(map(headers.get, self._header_names)))


def _peer_hop(peer: str | None, checked: _CheckedPeer, found: RuleResult) -> Hop:
    verdict: HopVerdict = "trusted" if checked.is_trusted else "invalid"
    if found.address is None and checked.address is not None:
        verdict = "chosen"
    text = "local" if checked.is_local else _shortened(peer or "")
    return Hop("peer", text, _text(checked.address), verdict)


def _headers_read(settings: ParsedSettings) -> frozenset[str]:
    names = set(settings.rule.header_names if settings.rule else ())
    if settings.function is not None:
        names |= settings.function.header_names
    for platform in settings.suspects:
        names.update((platform.sign.lower(), *rule_for(platform).header_names))
    return frozenset(names)


def _member_hops(found: RuleResult) -> Iterable[Hop]:
    parse_member = parser_for(found.header)
    for index, member in enumerate(found.members):
        verdict = _member_verdict(index, found)
        yield Hop(found.header, _shortened(member), _text(parse_member(member)), verdict)


def _member_verdict(index: int, found: RuleResult) -> HopVerdict:
    if index > found.position:
        return "skipped"
    if index < found.position:
        return "trusted"
    return "invalid" if found.address is None else "chosen"


def _are_cacheable(texts: tuple[str | None, ...]) -> bool:
    # A loop, because all() with a generator takes seven times as long, and each request pays it.
    for text in texts:  # noqa: SIM110
        if text is not None and len(text) > _MAX_CACHED_CHARS:
            return False
    return True


def _shortened(text: str) -> str:
    return text[:_MAX_CACHED_CHARS].strip(" \t")[:MAX_ADDRESS_CHARS]


def _text(address: Address | None) -> str | None:
    return None if address is None else address.text
