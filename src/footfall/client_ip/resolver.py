"""The resolver: settings in the constructor, then one address for each peer and its headers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from footfall.client_ip.addresses import MAX_ADDRESS_CHARS, Address, classify
from footfall.client_ip.header_rules import Ask, HeaderAddress, reader_of, rule_of
from footfall.client_ip.settings import Note, Plan, TrustedProxies, plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from footfall.client_ip.platforms import Platform
    from footfall.model import Headers

# Longer texts are rare, and would let a client fill the cache with kilobytes.
_MAX_CACHED_CHARS = 256
# A visitor's pageviews come in bursts; about a megabyte at worst.
_MAX_ANSWERS = 2048
# Peers are few: some proxies, or each visitor once on a server without any.
_MAX_PEERS = 512

_NEVER_READ = HeaderAddress("", (), -1, None, "headers are never read")

Verdict: TypeAlias = Literal["trusted", "chosen", "invalid", "skipped"]


class Hop(NamedTuple):
    """One station on the way from the app to the visitor.

    `source` is `"peer"`, a lower-case header name or `"callable"`; `text` is what stood there, cut
    to 64 characters; `address` is None when that is no address. The verdict tells its part:
    `trusted` may speak for the hop after it, `chosen` is the answer, `invalid` ended the search
    without one, `skipped` was not believed.
    """

    source: str
    text: str
    address: str | None
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """How an answer was found: a sentence, and the hops from the app outwards.

    `client_ip` is what `ClientIP.resolve` returns for the same peer and headers. The text of a
    trace is for the owner's eyes, since it is full of addresses.
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


class _Speaker(NamedTuple):
    """A peer as one resolver sees it."""

    is_local: bool
    address: Address | None
    is_trusted: bool


class ClientIP:
    """Finds the visitor's address behind the proxies that its owner trusts.

    `trusted_proxies` is one of

    - `"auto"`: peers the internet cannot be (`platforms.PRIVATE` and local sockets) are proxies; or
      the preset of the platform on which, by its environment, this process runs
    - `"private"`: the first of these, whatever the environment says
    - a preset: one of the names in `platforms.PLATFORMS`
    - networks and addresses, with `"private"` as one of them, in a list or with commas in between.
      They replace the default. A local socket is believed with them; `[]` reads no header at all
    - the number of proxies in front of the app, with the one that connects to it; 0 reads no
      header. The peer is not checked, so nobody may reach the app past those proxies.

    `client_ip_header` names, instead, one header that a proxy overwrites with the visitor's
    address; the peer is not checked either. `client_ip` is a function `(headers, peer)` that is
    asked instead of any rule. It is given the headers of `platforms.KNOWN_HEADERS`, and those it
    names itself in an attribute `headers_read`. When it raises, or returns what is no address, the
    peer is the answer and `failure` tells. `environ` stands for the process's environment.

    Threads may share an object. It keeps the last 2,048 answers in memory, addresses included.

    Raises: ConfigError, with every fault of the three settings.
    """

    source: str
    """Where answers come from, for logs: "auto", "preset fly (from FLY_APP_NAME)", "2 proxies"."""

    notes: tuple[Note, ...]
    """What the owner may want to read when the app starts."""

    headers_read: frozenset[str]
    """Lower-case names of all headers that `resolve` or a `MisconfigurationDetector` may read."""

    platform: Platform | None
    """The preset in use, with its caveat and where we know it from."""

    suspects: tuple[Platform, ...]
    """Platforms in front of which the default in use would be wrong."""

    def __init__(
        self,
        *,
        trusted_proxies: TrustedProxies = "auto",
        client_ip_header: str | None = None,
        client_ip: Ask | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        variables = os.environ if environ is None else environ
        chosen = plan(trusted_proxies, client_ip_header, client_ip, variables)
        self.source = chosen.source
        self.notes = chosen.notes
        self.platform = chosen.platform
        self.suspects = chosen.suspects
        self.headers_read = _headers_read(chosen)
        self._rule = chosen.rule
        self._function = chosen.function
        self._peers = chosen.peers
        self._reads = chosen.rule.reads if chosen.rule else ()
        self._cached_answer = lru_cache(maxsize=_MAX_ANSWERS)(self._answer)
        self._cached_speaker = lru_cache(maxsize=_MAX_PEERS)(self._look_at)

    def __repr__(self) -> str:
        return f"<ClientIP: {self.source}>"

    @property
    def asks_function(self) -> bool:
        """True if the owner's `client_ip` function is asked, which may fail."""
        return self._function is not None

    @property
    def failure(self) -> str | None:
        """What first went wrong in the `client_ip` function; None as long as nothing has."""
        return self._function.failure if self._function else None

    def resolve(self, peer: str | None, headers: Headers) -> str | None:
        """The visitor's address in canonical form, or None when nobody can know it.

        `peer` is the socket's other end as the server reports it; `headers` has lower-case names,
        and repeated lines joined with a comma in the order in which they came. Never raises.
        """
        if self._function is not None:
            return _text(self._function.find(peer, headers).address or self._speaker(peer).address)
        texts = (peer, *map(headers.get, self._reads))
        return self._cached_answer(texts) if _are_short(texts) else self._answer(texts)

    def trusts(self, peer: str | None) -> bool:
        """May this peer speak for the client? Asked for X-Forwarded-Proto and -Host as well.

        True of every peer where the owner vouches for the proxies: a number, a header, a function,
        and presets without networks.
        """
        if peer is not None and len(peer) > _MAX_CACHED_CHARS:
            return self._look_at(peer).is_trusted
        return self._cached_speaker(peer).is_trusted

    def trace(self, peer: str | None, headers: Headers) -> Trace:
        """The answer of `resolve`, with its reason and every hop."""
        speaker = self._speaker(peer)
        found = self._found(peer, headers)
        if found is not _NEVER_READ and not speaker.is_trusted:
            reason = "the peer is no trusted proxy, so headers are not believed"
            found = found._replace(at=-1, address=None, reason=reason)
        reason = found.reason
        if found.address is None:
            reason += "; the peer is the answer" if speaker.address else "; the peer has no address"
        return Trace(
            client_ip=_text(found.address or speaker.address),
            source=self.source,
            reason=reason,
            hops=(_peer_hop(peer, speaker, found), *_member_hops(found)),
        )

    def _answer(self, texts: tuple[str | None, ...]) -> str | None:
        peer, *values = texts
        speaker = self._speaker(peer)
        if self._rule is not None and speaker.is_trusted:
            return _text(self._rule.find(values).address or speaker.address)
        return _text(speaker.address)

    def _speaker(self, peer: str | None) -> _Speaker:
        return self._cached_speaker(peer) if _are_short((peer,)) else self._look_at(peer)

    def _look_at(self, peer: str | None) -> _Speaker:
        kind, address = classify(peer)
        if self._rule is None and self._function is None:
            is_trusted = False
        elif self._peers is None or kind == "local":
            is_trusted = True
        else:
            is_trusted = address is not None and address in self._peers
        return _Speaker(kind == "local", address, is_trusted)

    def _found(self, peer: str | None, headers: Headers) -> HeaderAddress:
        if self._function is not None:
            return self._function.find(peer, headers)
        if self._rule is None:
            return _NEVER_READ
        return self._rule.find(tuple(map(headers.get, self._reads)))


def _peer_hop(peer: str | None, speaker: _Speaker, found: HeaderAddress) -> Hop:
    verdict: Verdict = "trusted" if speaker.is_trusted else "invalid"
    if found.address is None and speaker.address is not None:
        verdict = "chosen"
    text = "local" if speaker.is_local else _cut(peer or "")
    return Hop("peer", text, _text(speaker.address), verdict)


def _headers_read(chosen: Plan) -> frozenset[str]:
    names = set(chosen.rule.reads if chosen.rule else ())
    if chosen.function is not None:
        names |= chosen.function.reads
    for platform in chosen.suspects:
        names.update((platform.sign.lower(), *rule_of(platform).reads))
    return frozenset(names)


def _member_hops(found: HeaderAddress) -> Iterable[Hop]:
    read = reader_of(found.header)
    for at, member in enumerate(found.members):
        verdict = _member_verdict(at, found)
        yield Hop(found.header, _cut(member), _text(read(member)), verdict)


def _member_verdict(at: int, found: HeaderAddress) -> Verdict:
    if at > found.at:
        return "skipped"
    if at < found.at:
        return "trusted"
    return "invalid" if found.address is None else "chosen"


def _are_short(texts: tuple[str | None, ...]) -> bool:
    # A loop, because all() with a generator takes seven times as long, and this is asked each time.
    for text in texts:  # noqa: SIM110
        if text is not None and len(text) > _MAX_CACHED_CHARS:
            return False
    return True


def _cut(text: str) -> str:
    return text[:_MAX_CACHED_CHARS].strip(" \t")[:MAX_ADDRESS_CHARS]


def _text(address: Address | None) -> str | None:
    return None if address is None else str(address)
