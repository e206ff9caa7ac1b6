"""What the settings mean, and everything that can be wrong with them. Runs at start only."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Literal, NamedTuple, TypeAlias

from footfall.client_ip.addresses import PRIVATE_NETWORKS, Network, Networks
from footfall.client_ip.header_rules import (
    LISTS,
    MAX_MEMBERS,
    CustomFunction,
    HeaderRule,
    NthFromRight,
    RightmostUntrusted,
    SingleHeader,
    rule_for,
)
from footfall.client_ip.platforms import CHOSEN_BY_CLIENT, PLATFORMS, Platform, detect
from footfall.errors import ConfigError, Fault

_Proxy: TypeAlias = str | IPv4Address | IPv6Address | Network
TrustedProxies: TypeAlias = str | int | Sequence[_Proxy] | Set[_Proxy]

_FORMS = (
    "'auto', 'private', a list of networks such as ['private', '203.0.113.0/24'], the number of "
    f"proxies in front of the app, or one of {', '.join(PLATFORMS)}"
)
_COUNT_INSTEAD = "give the number of proxies in front of the app instead, e.g. trusted_proxies=1"

# RFC 9110, section 5.6.2: the characters of a header's name, here in lower case.
_HEADER_NAME = re.compile(r"[!#$%&'*+.^`|~0-9a-z_-]+")
_MAPPED = IPv6Network("::ffff:0:0/96")


class Note(NamedTuple):
    """Something the site owner may want to read when the app starts."""

    level: Literal["info", "warning"]
    text: str


class ParsedSettings(NamedTuple):
    """What `ClientIP` works with. With neither a rule nor a function, no header is read."""

    source: str
    rule: HeaderRule | None = None
    function: CustomFunction | None = None
    # The peers whose headers are believed, along with local sockets; None: all.
    trusted_peers: Networks | None = None
    notes: tuple[Note, ...] = ()
    # The preset in use.
    platform: Platform | None = None
    # Platforms in front of which the default would be wrong.
    suspects: tuple[Platform, ...] = ()


_PEER_ONLY = ParsedSettings("peer only")
_SUSPECTS = tuple(platform for platform in PLATFORMS.values() if platform.sign)


def parse_settings(
    trusted_proxies: object, client_ip_header: object, client_ip: object, environ: Mapping[str, str]
) -> ParsedSettings:
    """Turn the arguments of `ClientIP` into a rule or a function.

    Raises:
        ConfigError: with every fault of all three settings.
    """
    faults: list[Fault] = []
    found: list[ParsedSettings] = []
    if client_ip_header is not None:
        found.append(_from_header(client_ip_header, faults))
    if client_ip is not None:
        found.append(_from_function(client_ip, faults))
    if not found or not _is_default(trusted_proxies):
        found.append(_from_proxies(trusted_proxies, environ, faults))
    if len(found) > 1:
        remedy = "set one of trusted_proxies, client_ip_header and client_ip, not several"
        faults.append(Fault("trusted_proxies", trusted_proxies, remedy))
    if faults:
        raise ConfigError(faults)
    return found[0]


def _is_default(trusted_proxies: object) -> bool:
    return isinstance(trusted_proxies, str) and trusted_proxies.strip().lower() == "auto"


def _from_proxies(value: object, environ: Mapping[str, str], faults: list[Fault]) -> ParsedSettings:
    if isinstance(value, str):
        return _from_text(value, environ, faults)
    if isinstance(value, int) and not isinstance(value, bool):
        return _from_count(value, faults)
    if isinstance(value, Sequence | Set) and not isinstance(value, bytes | bytearray | memoryview):
        # A set has no order of its own, and `source` should read the same in every process.
        return _from_networks(sorted(value, key=str) if isinstance(value, Set) else value, faults)
    faults.append(Fault("trusted_proxies", value, f"write {_FORMS}"))
    return _PEER_ONLY


def _from_text(value: str, environ: Mapping[str, str], faults: list[Fault]) -> ParsedSettings:
    """A word, a number, or networks separated by commas, as environment variables hold them."""
    text = value.strip().lower()
    name = text.replace("_", "-")
    if text == "auto":
        return _from_environment(environ)
    if name in PLATFORMS:
        return _from_platform(PLATFORMS[name])
    if re.fullmatch(r"-?[0-9]{1,9}", text):
        return _from_count(int(text), faults)
    items = [item.strip() for item in value.split(",") if item.strip()]
    if text == "private" or (items and re.search(r"[.:/,]", text)):
        return _from_networks(items, faults)
    if text == "*":
        remedy = f"whoever connects could then choose an address; {_COUNT_INSTEAD}"
    else:
        remedy = _nearest(name, ("auto", "private", *PLATFORMS)) + f"write {_FORMS}"
    faults.append(Fault("trusted_proxies", value, remedy))
    return _PEER_ONLY


def _nearest(word: str, known: Iterable[str]) -> str:
    matches = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {matches[0]!r}? Otherwise " if matches else ""


def _from_environment(environ: Mapping[str, str]) -> ParsedSettings:
    detected = detect(environ)
    if detected is None:
        private = Networks(PRIVATE_NETWORKS)
        return ParsedSettings(
            "auto", RightmostUntrusted(private), trusted_peers=private, suspects=_SUSPECTS
        )
    platform, variable = detected
    chosen = _from_platform(platform)
    text = (
        f"{variable} is set, so client IPs are found as behind {platform.title}; "
        f"trusted_proxies={platform.name!r} says the same, trusted_proxies='private' prevents it"
    )
    return chosen._replace(
        source=f"{chosen.source} (from {variable})", notes=(Note("info", text),), suspects=_SUSPECTS
    )


def _from_platform(platform: Platform) -> ParsedSettings:
    peers = None if platform.peers is None else Networks(map(ip_network, platform.peers))
    return ParsedSettings(
        f"preset {platform.name}", rule_for(platform), trusted_peers=peers, platform=platform
    )


def _from_count(count: int, faults: list[Fault]) -> ParsedSettings:
    if not 0 <= count <= MAX_MEMBERS:
        remedy = f"the number of proxies in front of the app is between 0 and {MAX_MEMBERS}"
        faults.append(Fault("trusted_proxies", count, remedy))
        return _PEER_ONLY
    if count == 0:
        return _PEER_ONLY
    return ParsedSettings(
        "1 proxy" if count == 1 else f"{count} proxies", NthFromRight(count, LISTS)
    )


def _from_networks(items: Iterable[object], faults: list[Fault]) -> ParsedSettings:
    networks: list[Network] = []
    names: list[str] = []
    for item in items:
        try:
            networks.extend(_networks(item))
        except ValueError as error:
            faults.append(Fault("trusted_proxies", item, str(error)))
        names.append(str(item).strip())
    if not networks:
        return _PEER_ONLY
    trusted = Networks(networks)
    return ParsedSettings(
        f"proxies in {_listed(names)}",
        RightmostUntrusted(trusted),
        trusted_peers=trusted,
        notes=tuple(_wildcard_note(network) for network in networks if network.prefixlen == 0),
    )


def _listed(names: Sequence[str], shown: int = 3) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def _wildcard_note(network: Network) -> Note:
    text = f"trusted_proxies holds {network}, so whoever connects can choose an address"
    return Note("warning", f"{text}; {_COUNT_INSTEAD}")


def _networks(item: object) -> tuple[Network, ...]:
    """The networks of one item of a list.

    Raises:
        ValueError: its text is the remedy.
    """
    if not isinstance(item, str | IPv4Address | IPv6Address | IPv4Network | IPv6Network):
        raise ValueError("write a network, an address or 'private'")
    text = str(item).strip().lower()
    if text == "private":
        return PRIVATE_NETWORKS
    if "%" in text:
        raise ValueError("write the address without its zone")
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(_network_remedy(text)) from None
    try:
        ip_network(text)
    except ValueError:
        raise ValueError(f"has bits set beyond the prefix; write '{network}'") from None
    return (_unmapped(network),)


def _network_remedy(text: str) -> str:
    if text.replace("_", "-") in (*PLATFORMS, "auto"):
        return f"a preset stands alone: trusted_proxies={text.replace('_', '-')!r}"
    if text == "localhost":
        return "names are not looked up; write '127.0.0.1' or 'private'"
    return _nearest(text, ("private",)) + "write a network such as '10.0.0.0/8', or an address"


def _unmapped(network: Network) -> Network:
    """An IPv4 network written as IPv6, as IPv4, since peers are compared in that form."""
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        return IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    return network


def _from_header(header: object, faults: list[Fault]) -> ParsedSettings:
    name = header.strip() if isinstance(header, str) else ""
    key = name.lower()
    remedy = _header_remedy(key)
    if remedy:
        faults.append(Fault("client_ip_header", header, remedy))
        return _PEER_ONLY
    notes: tuple[Note, ...] = ()
    if key in CHOSEN_BY_CLIENT:
        notes = (Note("warning", f"client_ip_header={name!r}: {CHOSEN_BY_CLIENT[key]}"),)
    return ParsedSettings(f"header {name}", SingleHeader(key), notes=notes)


def _header_remedy(key: str) -> str:
    if key in LISTS:
        return (
            "is a list that begins with whatever the client sent; set trusted_proxies to your "
            "proxies' networks, or to their number, instead"
        )
    if not _HEADER_NAME.fullmatch(key):
        return "write the name of one header, e.g. 'X-Real-IP'"
    if "_" in key:
        sent = key.removeprefix("http_").replace("_", "-").title()
        return f"write it as it is sent, {sent!r}: servers drop names with underscores"
    return ""


def _from_function(function: object, faults: list[Fault]) -> ParsedSettings:
    remedy = _function_remedy(function)
    if remedy or not callable(function):
        faults.append(Fault("client_ip", function, remedy))
        return _PEER_ONLY
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return ParsedSettings(f"callable {name}", function=CustomFunction(function))


def _function_remedy(function: object) -> str:
    if not callable(function):
        return "write a function (headers, peer) -> str | None"
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        type(function).__call__
    ):
        return "write a plain function: it is called outside any event loop"
    names = getattr(function, "headers_read", ())
    is_collection = isinstance(names, Collection) and not isinstance(names, str)
    if not is_collection or not all(isinstance(name, str) for name in names):
        return "its headers_read has to be a collection of header names"
    return ""
