"""Whose address is it? Tables of peers, headers and members; spoofing; settings; properties."""

from __future__ import annotations

import asyncio
import doctest
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

import footfall.client_ip
import footfall.client_ip.addresses
from footfall.client_ip import ClientIP, Hop, MisconfigurationDetector, Note, anonymize
from footfall.client_ip.platforms import KNOWN_HEADERS, PLATFORMS
from footfall.errors import ConfigError
from footfall.model import Headers

CLIENT = "203.0.113.9"
CLIENT_V6 = "2001:db8:1234::9"
PROXY = "10.0.0.1"
ATTACKER = "198.51.100.66"
CLAIMED = "6.6.6.6"
EDGE = "162.158.1.1"  # Cloudflare's

XFF = "x-forwarded-for"

# A busy machine is no fault of a property.
patiently = hypothesis_settings(deadline=None)


def resolver(trusted_proxies: Any = "auto", **settings: Any) -> ClientIP:
    """A resolver in an empty environment."""
    return ClientIP(trusted_proxies=trusted_proxies, environ={}, **settings)


def cases(*rows: tuple[Any, ...]) -> list[Any]:
    """Parameters whose first member is the id."""
    return [pytest.param(*row[1:], id=row[0]) for row in rows]


# --- The default ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    cases(
        # Where it is right.
        ("laptop", "127.0.0.1", {}, "127.0.0.1"),
        ("bare server", CLIENT, {}, CLIENT),
        ("bare server, X-Forwarded-For sent", ATTACKER, {XFF: CLAIMED}, ATTACKER),
        ("bare server, Forwarded sent", ATTACKER, {"forwarded": f"for={CLAIMED}"}, ATTACKER),
        ("proxy on 127.0.0.1", "127.0.0.1", {XFF: CLIENT}, CLIENT),
        ("proxy on ::1", "::1", {XFF: CLIENT}, CLIENT),
        ("proxy on mapped loopback", "::ffff:127.0.0.1", {XFF: CLIENT}, CLIENT),
        ("proxy on unix socket, None", None, {XFF: CLIENT}, CLIENT),
        ("proxy on unix socket, path", "/run/app.sock", {XFF: CLIENT}, CLIENT),
        ("docker compose", "172.18.0.5", {XFF: CLIENT}, CLIENT),
        ("docker compose, two proxies", "172.18.0.5", {XFF: f"{CLIENT}, 172.18.0.2"}, CLIENT),
        ("kubernetes ingress, 10.x", "10.42.1.7", {XFF: f"{CLIENT}, 10.42.0.1"}, CLIENT),
        ("kubernetes ingress, 100.64.x", "100.64.1.7", {XFF: CLIENT}, CLIENT),
        ("kubernetes ingress, ULA", "fd00::7", {XFF: CLIENT_V6}, CLIENT_V6),
        ("heroku", "10.1.2.3", {XFF: f"{CLAIMED}, {CLIENT}"}, CLIENT),
        ("aws alb", "10.1.2.3", {XFF: f"{CLIENT}:51234"}, CLIENT),
        ("cloud run without load balancer", "169.254.1.1", {XFF: CLIENT}, CLIENT),
        ("link-local IPv6 proxy with zone", "fe80::1%eth0", {XFF: CLIENT}, CLIENT),
        # Where it is wrong, though never spoofable: what presets are for.
        ("railway", "100.64.0.2", {"x-real-ip": CLIENT}, "100.64.0.2"),
        ("fly.io", "172.16.3.4", {XFF: f"{CLIENT}, 66.241.124.1", "fly-client-ip": CLIENT},
         "66.241.124.1"),
        ("render", "10.2.3.4", {XFF: f"{CLIENT}, {EDGE}", "cf-connecting-ip": CLIENT}, EDGE),
        ("google load balancer", "35.191.4.4", {XFF: f"{CLIENT}, 34.1.1.1"}, "35.191.4.4"),
        ("cloudflare to the app", EDGE, {XFF: CLIENT, "cf-connecting-ip": CLIENT}, EDGE),
        ("cloudflare, then nginx", "127.0.0.1", {XFF: f"{CLIENT}, {EDGE}"}, EDGE),
        ("azure front door", "147.243.9.9", {"x-azure-socketip": CLIENT}, "147.243.9.9"),
        # No hopping to other headers.
        ("X-Real-IP", PROXY, {"x-real-ip": CLAIMED}, PROXY),
        ("CF-Connecting-IP", PROXY, {"cf-connecting-ip": CLAIMED}, PROXY),
        ("True-Client-IP", PROXY, {"true-client-ip": CLAIMED}, PROXY),
        ("Client-IP", PROXY, {"client-ip": CLAIMED}, PROXY),
        ("Fly-Client-IP", PROXY, {"fly-client-ip": CLAIMED}, PROXY),
        ("X_Forwarded_For", PROXY, {"x_forwarded_for": CLAIMED}, PROXY),
        # X-Forwarded-For outranks Forwarded, even when it is of no use.
        ("both agree", PROXY, {XFF: CLIENT, "forwarded": f"for={CLIENT}"}, CLIENT),
        ("both disagree", PROXY, {XFF: CLIENT, "forwarded": f"for={CLAIMED}"}, CLIENT),
        ("malformed, and Forwarded", PROXY, {XFF: "unknown", "forwarded": f"for={CLAIMED}"}, PROXY),
        ("empty, and Forwarded", PROXY, {XFF: "", "forwarded": f"for={CLAIMED}"}, PROXY),
        ("only Forwarded", PROXY, {"forwarded": f"for={CLIENT}"}, CLIENT),
    ),
)  # fmt: skip
def test_the_default_by_deployment(
    peer: str | None, headers: Headers, expected: str | None
) -> None:
    assert resolver().resolve(peer, headers) == expected


@pytest.mark.parametrize(
    ("chain", "expected"),
    cases(
        ("one hop", CLIENT, CLIENT),
        ("private hops are skipped", f"{CLIENT}, 192.168.1.1, 10.9.9.9", CLIENT),
        ("a public hop is the answer", f"{CLIENT}, 8.8.8.8, 10.9.9.9", "8.8.8.8"),
        ("what the client wrote is not reached", f"{CLAIMED}, {CLIENT}", CLIENT),
        ("a private claim is not reached", f"10.6.6.6, {CLIENT}", CLIENT),
        ("all private: the farthest", "192.168.1.50, 10.9.9.9", "192.168.1.50"),
        ("all private, one", "192.168.1.50", "192.168.1.50"),
        ("malformed on the right", f"{CLIENT}, unknown", PROXY),
        ("malformed behind a proxy", f"{CLAIMED}, unknown, 10.9.9.9", PROXY),
        ("malformed on the left is not reached", f"junk, {CLIENT}", CLIENT),
        ("obfuscated", f"{CLAIMED}, _hidden", PROXY),
        ("empty member at the end", f"{CLIENT}, ", PROXY),
        ("empty member in the middle", f"{CLAIMED},, 10.9.9.9", PROXY),
        ("empty member in front", f", {CLIENT}", CLIENT),
        ("only a comma", ",", PROXY),
        ("only spaces", "  ", PROXY),
        ("unix: is a local hop", f"{CLIENT}, unix:", CLIENT),
        ("unix: between proxies", f"{CLIENT}, unix:, 10.9.9.9", CLIENT),
        ("unix: alone", "unix:", PROXY),
        ("unix: with a path is malformed", f"{CLIENT}, unix:/run/x", PROXY),
        ("unix: farthest", "unix:, 10.9.9.9", "10.9.9.9"),
        ("tabs and spaces", f"\t 6.6.6.6\t ,\t{CLIENT} \t", CLIENT),
        ("no spaces", f"{CLAIMED},{CLIENT},10.9.9.9", CLIENT),
        ("two lines joined", f"{CLAIMED},{CLIENT}", CLIENT),
        ("two lines joined, the proxy's list second", f"{CLAIMED}, 7.7.7.7,{CLIENT}, 10.9.9.9",
         CLIENT),
        ("semicolons do not separate", f"{CLAIMED};{CLIENT}", PROXY),
        ("documentation ranges are public", "192.0.2.1", "192.0.2.1"),
        ("benchmark range is public", "198.18.0.1", "198.18.0.1"),
        ("class E is public", "240.1.2.3", "240.1.2.3"),
        ("IPv4-mapped hop is skipped", f"{CLIENT}, ::ffff:10.9.9.9", CLIENT),
    ),
)  # fmt: skip
def test_the_walk_from_the_right(chain: str, expected: str) -> None:
    assert resolver().resolve(PROXY, {XFF: chain}) == expected


LONG = 64 * 1024


@pytest.mark.parametrize(
    ("chain", "expected"),
    cases(
        ("50 proxies, the client farthest", ",".join([CLIENT] + ["10.9.9.9"] * 49), CLIENT),
        ("50 trusted members", ",".join(["10.0.0.50"] + ["10.9.9.9"] * 49), "10.0.0.50"),
        ("51 members are too many to walk", ",".join([CLIENT] + ["10.9.9.9"] * 50), PROXY),
        ("endless proxies", ",".join(["10.9.9.9"] * 5000), PROXY),
        ("kilobytes in front", "x" * LONG + f",{CLIENT}", CLIENT),
        ("kilobytes of commas in front", "," * LONG + CLIENT, CLIENT),
        ("kilobytes of spaces in front", " " * LONG + f"{CLIENT}", PROXY),
        ("kilobytes without a comma", "1" * LONG, PROXY),
        ("kilobytes behind", f"{CLIENT}," + "x" * LONG, PROXY),
        ("a member cut by the limit", "1" * 4090 + ".2.3.4", PROXY),
        ("a walk into the cut", f"203.0.113.{'9' * 5000},10.9.9.9", PROXY),
        ("an address at the limit", "8.8.8.8," + " " * 4080 + "10.9.9.9", "8.8.8.8"),
        # Of "18.8.8.8" the last 4,096 characters hold all but the first.
        ("an address cut in two by the limit", "18.8.8.8," + " " * 4080 + "10.9.9.9", PROXY),
    ),
)
def test_long_headers_are_read_up_to_a_limit(chain: str, expected: str) -> None:
    assert resolver().resolve(PROXY, {XFF: chain}) == expected


# --- Members -----------------------------------------------------------------------------------

MEMBERS = cases(
    ("IPv4", "203.0.113.9", "203.0.113.9"),
    ("IPv4 in quotes", '"203.0.113.9"', "203.0.113.9"),
    ("IPv4 with port", "203.0.113.9:8080", "203.0.113.9"),
    ("IPv4 with port 0", "203.0.113.9:0", "203.0.113.9"),
    ("IPv4 with port 65535", "203.0.113.9:65535", "203.0.113.9"),
    ("IPv4 with port 65536", "203.0.113.9:65536", None),
    ("IPv4 with six digits of port", "203.0.113.9:000080", None),
    ("IPv4 with empty port", "203.0.113.9:", None),
    ("IPv4 with named port", "203.0.113.9:http", None),
    ("IPv4 with negative port", "203.0.113.9:-1", None),
    ("IPv4 with full-width port", "203.0.113.9:８０", None),
    ("IPv4 with obfuscated port outside Forwarded", "203.0.113.9:_x", None),
    ("IPv4 with two ports", "203.0.113.9:80:80", None),
    ("port alone", ":8080", None),
    ("IPv4 with port in quotes", '"203.0.113.9:8080"', "203.0.113.9"),
    ("one quote", '"203.0.113.9', None),
    ("two pairs of quotes", '""203.0.113.9""', None),
    ("quotes around nothing", '""', None),
    ("a single quote character", '"', None),
    ("IPv6", "2001:db8::1", "2001:db8::1"),
    ("IPv6 upper case, uncompressed", "2001:0DB8:0:0:0:0:0:00FF", "2001:db8::ff"),
    ("IPv6 in brackets", "[2001:db8::1]", "2001:db8::1"),
    ("IPv6 with port", "[2001:db8::1]:443", "2001:db8::1"),
    ("IPv6 with port in quotes", '"[2001:db8::1]:443"', "2001:db8::1"),
    ("IPv6 with text behind the bracket", "[2001:db8::1]x", None),
    ("IPv6 with port and no colon", "[2001:db8::1]443", None),
    ("IPv6 with empty port", "[2001:db8::1]:", None),
    ("IPv6 with large port", "[2001:db8::1]:65536", None),
    ("IPv6 in two brackets", "[[2001:db8::1]]", None),
    ("bracket not closed", "[2001:db8::1", None),
    ("bracket not opened", "2001:db8::1]", None),
    ("empty brackets", "[]", None),
    ("IPv4 in brackets", "[203.0.113.9]", None),
    ("IPv6 with zone", "2001:db8::1%eth0", "2001:db8::1"),
    ("IPv6 with zone in brackets", "[2001:db8::1%eth0]:80", "2001:db8::1"),
    ("IPv6 with empty zone", "2001:db8::1%", None),
    ("IPv4 with zone", "203.0.113.9%eth0", None),
    ("IPv4-mapped", "::ffff:203.0.113.9", "203.0.113.9"),
    ("IPv4-mapped in hex", "::ffff:cb00:7109", "203.0.113.9"),
    ("IPv4-mapped with port", "[::ffff:203.0.113.9]:80", "203.0.113.9"),
    ("IPv4-mapped with zone", "::ffff:203.0.113.9%eth0", "203.0.113.9"),
    ("NAT64 stays IPv6", "64:ff9b::cb00:7109", "64:ff9b::cb00:7109"),
    ("6to4 stays IPv6", "2002:cb00:7109::1", "2002:cb00:7109::1"),
    ("unspecified IPv4", "0.0.0.0", None),
    ("unspecified IPv6", "::", None),
    ("unspecified mapped", "::ffff:0.0.0.0", None),
    ("leading zeros", "203.000.113.009", None),
    ("octal", "010.0.0.1", None),
    ("shorthand", "127.1", None),
    ("integer", "2130706433", None),
    ("hex", "0x7f000001", None),
    ("network", "203.0.113.0/24", None),
    ("out of range", "203.0.113.256", None),
    ("three parts", "203.0.113", None),
    ("five parts", "203.0.113.9.9", None),
    ("full-width digits", "２０３.0.113.9", None),
    ("unknown", "unknown", None),
    ("obfuscated", "_hidden", None),
    ("host name", "example.com", None),
    ("localhost", "localhost", None),
    ("empty", "", None),
    ("NUL inside", "203.0.113.9\0", None),
    ("newline behind", "203.0.113.9\n", None),
    ("space inside", "203.0. 113.9", None),
    ("lone surrogate", "203.0.113.9\udc80", None),
    ("minus", "-1.2.3.4", None),
    ("64 characters, spaces aside", f"{'[2001:db8::1%' + 'z' * 50}]", "2001:db8::1"),
    ("65 characters", f"{'[2001:db8::1%' + 'z' * 51}]", None),
)


@pytest.mark.parametrize(("member", "expected"), MEMBERS)
def test_how_a_member_is_read(member: str, expected: str | None) -> None:
    assert resolver().resolve(PROXY, {XFF: member}) == (expected or PROXY)


@pytest.mark.parametrize(("member", "expected"), MEMBERS)
def test_a_single_header_is_read_like_a_member(member: str, expected: str | None) -> None:
    found = resolver(client_ip_header="X-Real-IP").resolve(PROXY, {"x-real-ip": member})
    assert found == (expected or PROXY)


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    cases(
        ("token", "for=203.0.113.9", CLIENT),
        ("quoted", 'for="203.0.113.9"', CLIENT),
        ("name in any case", "FOR=203.0.113.9", CLIENT),
        ("port, quoted", 'for="203.0.113.9:47011"', CLIENT),
        ("port, unquoted", "for=203.0.113.9:47011", CLIENT),
        ("obfuscated port", 'for="203.0.113.9:_p0rt.x-y"', CLIENT),
        ("obfuscated port, malformed", 'for="203.0.113.9:_p/rt"', PROXY),
        ("obfuscated port without name", 'for="203.0.113.9:_"', PROXY),
        ("IPv6", 'for="[2001:db8:1234::9]"', CLIENT_V6),
        ("IPv6 with port", 'for="[2001:DB8:1234::9]:4711"', CLIENT_V6),
        ("IPv6 with obfuscated port", 'for="[2001:db8:1234::9]:_x"', CLIENT_V6),
        ("brackets, unquoted", "for=[2001:db8:1234::9]", CLIENT_V6),
        ("no brackets", 'for="2001:db8:1234::9"', CLIENT_V6),
        ("no brackets, unquoted", "for=2001:db8:1234::9", CLIENT_V6),
        ("among other pairs", "by=10.0.0.3;for=203.0.113.9;proto=https;host=a.example", CLIENT),
        ("spaces behind semicolons", "proto=https; for=203.0.113.9; by=10.0.0.3", CLIENT),
        ("spaces round the equals sign", "for = 203.0.113.9", CLIENT),
        ("semicolon at the end", "for=203.0.113.9;", CLIENT),
        ("proxies are skipped", f"for={CLIENT}, for=10.9.9.9, for=192.168.1.1;by=x", CLIENT),
        ("two lines joined", f"for={CLAIMED},for={CLIENT}", CLIENT),
        ("no for", "proto=https", PROXY),
        ("no for on the right", f"for={CLAIMED}, proto=https", PROXY),
        ("for twice", f"for={CLIENT};for={CLAIMED}", PROXY),
        ("for without a value", "for=", PROXY),
        ("for without an equals sign", "for", PROXY),
        ("unknown", f"for={CLAIMED}, for=unknown", PROXY),
        ("obfuscated", f"for={CLAIMED}, for=_hidden", PROXY),
        ("a bare address is no pair", CLIENT, PROXY),
        ("empty", "", PROXY),
        ("empty member at the end", f"for={CLIENT},", PROXY),
        ("unmatched quote of a client", f'for="{CLAIMED}, for={CLIENT}', CLIENT),
        ("unmatched quote, semicolon", f'for="x;for={CLAIMED}, for={CLIENT}', CLIENT),
        ("comma in quotes", f'host="a,b";for={CLAIMED}, for={CLIENT}', CLIENT),
        ("escaped quotes are not undone", f'for="\\"{CLIENT}\\""', PROXY),
        ("256 characters", f"for={CLIENT};host=" + "h" * 235, CLIENT),
        ("257 characters", f"for={CLIENT};host=" + "h" * 236, PROXY),
        ("all private: the farthest", "for=192.168.1.50, for=10.9.9.9", "192.168.1.50"),
    ),
)
def test_how_forwarded_is_read(forwarded: str, expected: str) -> None:
    assert resolver().resolve(PROXY, {"forwarded": forwarded}) == expected


# --- The peer ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "alone", "believed"),
    cases(
        ("None", None, None, True),
        ("empty", "", None, True),
        ("@", "@", None, True),
        ("path of a socket", "/run/app.sock", None, True),
        ("long path of a socket", "/" + "x" * 300, None, True),
        ("unix:", "unix:", None, True),
        ("unix: with path", "unix:/run/app.sock", None, True),
        ("localhost", "localhost", None, True),
        ("loopback", "127.0.0.1", "127.0.0.1", True),
        ("all of 127/8", "127.8.9.10", "127.8.9.10", True),
        ("IPv6 loopback", "::1", "::1", True),
        ("10/8, first", "10.0.0.0", "10.0.0.0", True),
        ("10/8, last", "10.255.255.255", "10.255.255.255", True),
        ("just below 10/8", "9.255.255.255", "9.255.255.255", False),
        ("just above 10/8", "11.0.0.0", "11.0.0.0", False),
        ("172.16/12, last", "172.31.255.255", "172.31.255.255", True),
        ("just above 172.16/12", "172.32.0.0", "172.32.0.0", False),
        ("192.168/16", "192.168.7.7", "192.168.7.7", True),
        ("169.254/16", "169.254.169.126", "169.254.169.126", True),
        ("100.64/10, last", "100.127.255.255", "100.127.255.255", True),
        ("just above 100.64/10", "100.128.0.0", "100.128.0.0", False),
        ("fd00::", "fd12::1", "fd12::1", True),
        ("fe80:: with zone", "fe80::1%eth0", "fe80::1", True),
        ("just above fe80::/10", "fec0::1", "fec0::1", False),
        ("public", CLIENT, CLIENT, False),
        ("public IPv6", CLIENT_V6, CLIENT_V6, False),
        ("documentation range", "192.0.2.7", "192.0.2.7", False),
        ("with port", "10.0.0.1:51234", "10.0.0.1", True),
        ("in brackets with port", "[::1]:51234", "::1", True),
        ("in quotes", '"10.0.0.1"', "10.0.0.1", True),
        ("mapped", "::ffff:203.0.113.9", CLIENT, False),
        ("starlette's test client", "testclient", None, False),
        ("comma list of an adapter", f"{CLIENT}, 10.0.0.1", None, False),
        ("host name", "example.com", None, False),
        ("localhost in capitals", "LOCALHOST", None, False),
        ("unspecified", "0.0.0.0", None, False),
        ("a space", " ", None, False),
        ("garbage", "\udc80\0", None, False),
        ("long garbage", "x" * LONG, None, False),
    ),
)
def test_what_the_peer_stands_for(peer: str | None, alone: str | None, believed: bool) -> None:
    found = resolver()
    assert found.resolve(peer, {}) == alone
    assert found.trusts(peer) is believed
    assert found.resolve(peer, {XFF: CLIENT_V6}) == (CLIENT_V6 if believed else alone)


# --- Networks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trusted", "peer", "chain", "expected"),
    cases(
        ("replaces the default", ["203.0.113.0/24"], PROXY, CLIENT_V6, PROXY),
        ("'private' brings it back", ["private", "198.51.100.0/24"], PROXY, CLIENT, CLIENT),
        ("a public proxy", ["198.51.100.0/24"], "198.51.100.7", CLIENT, CLIENT),
        ("an address", ["198.51.100.7"], "198.51.100.7", CLIENT, CLIENT),
        ("the next address", ["198.51.100.7"], "198.51.100.8", CLIENT, "198.51.100.8"),
        ("no prefix of text", ["198.51.100.7"], "198.51.100.77", CLIENT, "198.51.100.77"),
        ("public proxies in the chain", ["private", "198.51.100.0/24"], PROXY,
         f"{CLAIMED}, {CLIENT}, 198.51.100.7", CLIENT),
        ("a private client is no proxy", ["127.0.0.1"], "127.0.0.1", f"{CLAIMED}, 192.168.1.50",
         "192.168.1.50"),
        ("all trusted: the farthest", ["10.0.0.0/8"], PROXY, "10.5.5.5, 10.6.6.6", "10.5.5.5"),
        ("a local socket is believed", ["198.51.100.0/24"], None, CLIENT, CLIENT),
        ("no proxies at all", [], "127.0.0.1", CLAIMED, "127.0.0.1"),
        ("no proxies at all, local socket", [], None, CLAIMED, None),
        ("IPv6 network", ["2001:db8:ff::/48"], "2001:db8:ff::1", CLIENT_V6, CLIENT_V6),
        ("IPv4 peer, IPv6 networks", ["2001:db8:ff::/48"], PROXY, CLIENT_V6, PROXY),
        ("IPv4 written as IPv6", ["::ffff:10.0.0.0/104"], PROXY, CLIENT, CLIENT),
        ("IPv4 written as IPv6, outside", ["::ffff:10.0.0.0/104"], "11.0.0.1", CLIENT, "11.0.0.1"),
        ("overlapping networks", ["10.0.0.0/8", "10.1.0.0/16", "10.0.0.1"], "10.2.3.4", CLIENT,
         CLIENT),
        ("neighbouring networks", ["10.0.0.0/9", "10.128.0.0/9"], "10.200.0.1", CLIENT, CLIENT),
        ("below every network", ["10.0.0.0/8"], "1.1.1.1", CLIENT, "1.1.1.1"),
        ("network object", [ip_network("10.0.0.0/8")], PROXY, CLIENT, CLIENT),
        ("address object", [ip_address(PROXY)], PROXY, CLIENT, CLIENT),
        ("tuple", ("10.0.0.0/8",), PROXY, CLIENT, CLIENT),
        ("set", {"10.0.0.0/8", "127.0.0.1"}, PROXY, CLIENT, CLIENT),
        ("netmask", ["10.0.0.0/255.0.0.0"], PROXY, CLIENT, CLIENT),
        ("text", "10.0.0.0/8, 198.51.100.7", "198.51.100.7", CLIENT, CLIENT),
        ("text with 'private'", "198.51.100.7,private", PROXY, CLIENT, CLIENT),
        ("text with commas to spare", ",10.0.0.0/8,,", PROXY, CLIENT, CLIENT),
        ("'private'", "private", PROXY, CLIENT, CLIENT),
        ("'Private '", " Private ", PROXY, CLIENT, CLIENT),
        ("unknown peer", ["0.0.0.0/0", "::/0"], "testclient", CLIENT, None),
        ("public peer", ["10.0.0.0/8"], ATTACKER, CLAIMED, ATTACKER),
    ),
)  # fmt: skip
def test_listed_networks(trusted: Any, peer: str | None, chain: str, expected: str | None) -> None:
    assert resolver(trusted).resolve(peer, {XFF: chain}) == expected


# --- Number of proxies -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "peer", "headers", "expected"),
    cases(
        ("one proxy", 1, PROXY, {XFF: CLIENT}, CLIENT),
        ("one proxy, claims in front", 1, PROXY, {XFF: f"{CLAIMED}, {CLIENT}"}, CLIENT),
        ("two proxies", 2, PROXY, {XFF: f"{CLAIMED}, {CLIENT}, 198.51.100.7"}, CLIENT),
        ("three proxies", 3, PROXY, {XFF: f"{CLIENT}, 8.8.8.8, 10.1.1.1"}, CLIENT),
        ("a private answer counts", 1, PROXY, {XFF: f"{CLAIMED}, 192.168.1.50"}, "192.168.1.50"),
        ("the peer is not checked", 1, ATTACKER, {XFF: CLIENT}, CLIENT),
        ("repairs a peer that was rewritten", 1, CLAIMED, {XFF: f"{CLAIMED}, {CLIENT}"}, CLIENT),
        ("local socket", 1, None, {XFF: CLIENT}, CLIENT),
        ("unknown peer", 1, "testclient", {XFF: CLIENT}, CLIENT),
        ("list too short", 2, PROXY, {XFF: CLIENT}, PROXY),
        ("list too short, local socket", 2, "@", {XFF: CLIENT}, None),
        ("no list", 1, PROXY, {}, PROXY),
        ("malformed there", 2, PROXY, {XFF: f"{CLAIMED}, junk, {CLIENT}"}, PROXY),
        ("malformed elsewhere", 2, PROXY, {XFF: f"junk, {CLIENT}, junk"}, CLIENT),
        ("empty members have a place", 2, PROXY, {XFF: f"{CLIENT},"}, CLIENT),
        ("with port", 1, PROXY, {XFF: f"{CLIENT}:51234"}, CLIENT),
        ("Forwarded", 1, PROXY, {"forwarded": f"for={CLAIMED}, for={CLIENT}"}, CLIENT),
        ("fifty", 50, PROXY, {XFF: ",".join([CLIENT] + ["10.9.9.9"] * 49)}, CLIENT),
        ("fifty of more", 50, PROXY, {XFF: ",".join(["x", CLIENT] + ["10.9.9.9"] * 49)}, CLIENT),
        ("as text", "2", PROXY, {XFF: f"{CLAIMED}, {CLIENT}, 8.8.8.8"}, CLIENT),
        ("none", 0, "127.0.0.1", {XFF: CLAIMED}, "127.0.0.1"),
        ("none, local socket", 0, None, {XFF: CLAIMED}, None),
        ("none, as text", "0", PROXY, {XFF: CLAIMED}, PROXY),
    ),
)
def test_a_number_of_proxies(
    count: Any, peer: str | None, headers: Headers, expected: str | None
) -> None:
    assert resolver(count).resolve(peer, headers) == expected


addresses = st.ip_addresses().filter(
    lambda address: int(address) != 0 and getattr(address, "ipv4_mapped", None) is None
)


@patiently
@given(chain=st.lists(addresses, max_size=6), count=st.integers(1, 4))
def test_a_plain_list_is_counted_as_werkzeug_counts(chain: list[Any], count: int) -> None:
    header = ", ".join(map(str, chain))
    environ = {"REMOTE_ADDR": PROXY, "HTTP_X_FORWARDED_FOR": header}
    app: Any = ProxyFix(lambda environ, start_response: [], x_for=count, x_proto=0)
    app(environ, None)
    assert resolver(count).resolve(PROXY, {XFF: header}) == environ["REMOTE_ADDR"]


# --- One header --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    cases(
        ("its value", PROXY, {"x-real-ip": CLIENT}, CLIENT),
        ("the peer is not checked", ATTACKER, {"x-real-ip": CLIENT}, CLIENT),
        ("local socket", "", {"x-real-ip": CLIENT}, CLIENT),
        ("unknown peer", "testclient", {"x-real-ip": CLIENT}, CLIENT),
        ("repeated: the last", PROXY, {"x-real-ip": f"{CLAIMED},{CLIENT}"}, CLIENT),
        ("repeated: the last is malformed", PROXY, {"x-real-ip": f"{CLAIMED},junk"}, PROXY),
        ("missing", PROXY, {}, PROXY),
        ("missing, and another header", PROXY, {XFF: CLAIMED}, PROXY),
        ("missing, local socket", "@", {}, None),
        ("empty", PROXY, {"x-real-ip": ""}, PROXY),
        ("private", PROXY, {"x-real-ip": "192.168.1.50"}, "192.168.1.50"),
        ("long", PROXY, {"x-real-ip": "x" * LONG}, PROXY),
    ),
)
def test_one_header(peer: str, headers: Headers, expected: str | None) -> None:
    assert resolver(client_ip_header="X-Real-IP").resolve(peer, headers) == expected


# --- A function --------------------------------------------------------------------------------


def _raises(headers: Headers, peer: str | None) -> str | None:
    raise KeyError(CLIENT)


def _returns(value: object) -> Callable[[Headers, str | None], Any]:
    return lambda headers, peer: value


@pytest.mark.parametrize(
    ("function", "expected", "failure"),
    cases(
        ("an address", _returns(f"[{CLIENT_V6}]:80"), CLIENT_V6, None),
        ("None", _returns(None), PROXY, None),
        ("raises", _raises, PROXY, "raised KeyError"),
        ("junk", _returns("junk"), PROXY, "returned text that is no address"),
        ("empty", _returns(""), PROXY, "returned text that is no address"),
        ("list", _returns(f"{CLIENT}, {PROXY}"), PROXY, "returned text that is no address"),
        ("bytes", _returns(b"1.2.3.4"), PROXY, "returned bytes"),
        ("number", _returns(7), PROXY, "returned int"),
    ),
)
def test_a_function_answers_or_the_peer_does(
    function: Any, expected: str, failure: str | None
) -> None:
    found = resolver(client_ip=function)
    assert found.resolve(PROXY, {}) == expected
    assert found.trace(PROXY, {}).client_ip == expected
    assert found.failure == failure


def test_a_function_gets_headers_and_peer() -> None:
    found = resolver(client_ip=lambda headers, peer: headers[peer or ""])
    assert found.resolve("x", {"x": CLIENT}) == CLIENT


def test_a_function_is_asked_each_time() -> None:
    answers = iter([CLIENT, CLIENT_V6])
    found = resolver(client_ip=lambda headers, peer: next(answers))
    assert [found.resolve(PROXY, {}), found.resolve(PROXY, {})] == [CLIENT, CLIENT_V6]


def test_a_function_that_fails_on_a_local_socket_leaves_no_address() -> None:
    assert resolver(client_ip=_raises).resolve(None, {}) is None


def test_only_the_first_failure_of_a_function_is_kept() -> None:
    answers = iter(["junk", 7])
    found = resolver(client_ip=lambda headers, peer: next(answers))
    assert found.failure is None
    found.resolve(PROXY, {})
    found.resolve(PROXY, {})
    assert found.failure == "returned text that is no address"


def test_the_other_forms_have_no_failure() -> None:
    assert resolver().failure is None


# --- Servers and middleware that rewrote the peer -----------------------------------------------


def behind_uvicorn(peer: str, headers: Mapping[str, str], trusted: str = "127.0.0.1") -> str:
    """The peer as uvicorn's proxy middleware leaves it."""
    scope: dict[str, Any] = {
        "type": "http",
        "client": (peer, 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }

    async def app(scope: Any, receive: Any, send: Any) -> None:
        pass

    asyncio.run(ProxyHeadersMiddleware(app, trusted)(scope, None, None))  # type: ignore[arg-type]
    return str(scope["client"][0])


def behind_proxy_fix(peer: str, headers: Mapping[str, str]) -> str:
    """The peer as werkzeug's ProxyFix leaves it, for one proxy."""
    environ = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": headers[XFF]}
    app: Any = ProxyFix(lambda environ, start_response: [])
    app(environ, None)
    return environ["REMOTE_ADDR"]


@pytest.mark.parametrize("rewrite", [behind_uvicorn, behind_proxy_fix])
@pytest.mark.parametrize("trusted", ["auto", "private", 1, ["127.0.0.1"], "nginx", "heroku"])
@pytest.mark.parametrize("client", [CLIENT, CLIENT_V6])
def test_a_peer_that_was_rewritten_changes_nothing(
    rewrite: Callable[..., str], trusted: Any, client: str
) -> None:
    headers = {XFF: f"{CLAIMED}, {client}"}
    found = resolver(trusted)
    rewritten = rewrite("127.0.0.1", headers)
    assert rewritten == client
    assert found.resolve(rewritten, headers) == found.resolve("127.0.0.1", headers) == client


def test_a_port_that_proxy_fix_left_in_the_peer_is_dropped() -> None:
    headers = {XFF: f"{CLIENT}:51234"}
    assert behind_proxy_fix("127.0.0.1", headers) == f"{CLIENT}:51234"
    assert resolver().resolve(f"{CLIENT}:51234", headers) == CLIENT


def test_a_number_of_proxies_repairs_what_a_trusting_uvicorn_did() -> None:
    headers = {XFF: f"{CLAIMED}, {CLIENT}"}
    peer = behind_uvicorn("127.0.0.1", headers, trusted="*")
    assert peer == CLAIMED
    assert resolver(1).resolve(peer, headers) == CLIENT


# --- Spoofing ----------------------------------------------------------------------------------

SPOOFS = cases(
    ("one claim", CLAIMED),
    ("a private claim", "10.6.6.6"),
    ("loopback", "127.0.0.1"),
    ("a chain", f"{CLAIMED}, 10.6.6.6, 127.0.0.1"),
    ("an open quote", f'"{CLAIMED}'),
    ("an open bracket", "[::1"),
    ("trailing comma", f"{CLAIMED},"),
    ("trailing backslash", f"{CLAIMED}\\"),
    ("unix:", "unix:"),
    ("junk", "\0\udc80;=\"',"),
    ("sixty members", ", ".join([CLAIMED] * 60)),
    ("kilobytes", "x" * LONG),
)


@pytest.mark.parametrize("claim", SPOOFS)
@pytest.mark.parametrize("trusted", ["auto", "private", ["127.0.0.1"], 1, "nginx", "heroku"])
def test_no_claim_outweighs_what_the_proxy_appended(claim: str, trusted: Any) -> None:
    headers = {XFF: f"{claim}, {CLIENT}"}
    assert resolver(trusted).resolve("127.0.0.1", headers) == CLIENT


@pytest.mark.parametrize("claim", SPOOFS)
def test_no_claim_outweighs_what_the_proxy_appended_to_forwarded(claim: str) -> None:
    headers = {"forwarded": f"for={claim}, for={CLIENT}"}
    assert resolver().resolve("127.0.0.1", headers) == CLIENT


@pytest.mark.parametrize("claim", SPOOFS)
@pytest.mark.parametrize(
    "trusted", ["auto", "private", ["10.0.0.0/8"], [], 0, "cloudflare", "fly", "gcp-lb", "nginx"]
)
def test_no_header_outweighs_a_public_peer(claim: str, trusted: Any) -> None:
    headers = dict.fromkeys(KNOWN_HEADERS, claim) | {"forwarded": f"for={claim}"}
    assert resolver(trusted).resolve(ATTACKER, headers) == ATTACKER


@pytest.mark.parametrize("claim", SPOOFS)
def test_no_other_header_outweighs_the_one_that_was_named(claim: str) -> None:
    headers = dict.fromkeys(KNOWN_HEADERS, claim) | {"x-real-ip": CLIENT}
    assert resolver(client_ip_header="X-Real-IP").resolve("127.0.0.1", headers) == CLIENT


# --- Settings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "source"),
    cases(
        ("default", {}, "auto"),
        ("auto in capitals", {"trusted_proxies": " AUTO "}, "auto"),
        ("private", {"trusted_proxies": "private"}, "proxies in private"),
        ("networks", {"trusted_proxies": ["private", "10.0.0.0/8"]},
         "proxies in private, 10.0.0.0/8"),
        ("many networks",
         {"trusted_proxies": ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "::1"]},
         "proxies in 10.0.0.1, 10.0.0.2, 10.0.0.3 and 2 more"),
        ("a set, in order", {"trusted_proxies": {"10.0.0.3", "10.0.0.1", "10.0.0.2"}},
         "proxies in 10.0.0.1, 10.0.0.2, 10.0.0.3"),
        ("network text", {"trusted_proxies": "10.0.0.0/8,private"},
         "proxies in 10.0.0.0/8, private"),
        ("empty list", {"trusted_proxies": []}, "peer only"),
        ("zero", {"trusted_proxies": 0}, "peer only"),
        ("one", {"trusted_proxies": 1}, "1 proxy"),
        ("two", {"trusted_proxies": "2"}, "2 proxies"),
        ("preset", {"trusted_proxies": "fly"}, "preset fly"),
        ("preset in capitals", {"trusted_proxies": " Cloudflare"}, "preset cloudflare"),
        ("preset with underscore", {"trusted_proxies": "aws_alb"}, "preset aws-alb"),
        ("header", {"client_ip_header": "X-Real-IP"}, "header X-Real-IP"),
        ("header with spaces", {"client_ip_header": " x-real-ip "}, "header x-real-ip"),
        ("function", {"client_ip": _raises}, "callable _raises"),
        ("object", {"client_ip": partial(_raises)}, "callable partial"),
        ("'auto' beside a header", {"trusted_proxies": "auto", "client_ip_header": "X-A"},
         "header X-A"),
    ),
)  # fmt: skip
def test_source_says_where_answers_come_from(settings: dict[str, Any], source: str) -> None:
    found = ClientIP(**settings, environ={})
    assert found.source == source
    assert repr(found) == f"<ClientIP: {source}>"


@pytest.mark.parametrize(
    ("settings", "remedies"),
    cases(
        ("mistyped preset", {"trusted_proxies": "cloudflair"}, ["did you mean 'cloudflare'?"]),
        ("mistyped private", {"trusted_proxies": "privat"}, ["did you mean 'private'?"]),
        ("mistyped auto", {"trusted_proxies": "atuo"}, ["did you mean 'auto'?"]),
        ("unheard-of word", {"trusted_proxies": "qqqqqq"}, ["write 'auto', 'private', a list"]),
        ("empty", {"trusted_proxies": ""}, ["write 'auto', 'private', a list"]),
        ("spaces", {"trusted_proxies": "  "}, ["write 'auto', 'private', a list"]),
        ("only commas", {"trusted_proxies": " , "}, ["write 'auto', 'private', a list"]),
        ("star", {"trusted_proxies": "*"}, ["give the number of proxies"]),
        ("True", {"trusted_proxies": True}, ["write 'auto', 'private', a list"]),
        ("False", {"trusted_proxies": False}, ["write 'auto', 'private', a list"]),
        ("None", {"trusted_proxies": None}, ["write 'auto', 'private', a list"]),
        ("float", {"trusted_proxies": 1.0}, ["write 'auto', 'private', a list"]),
        ("bytes", {"trusted_proxies": b"10.0.0.0/8"}, ["write 'auto', 'private', a list"]),
        ("mapping", {"trusted_proxies": {"a": 1}}, ["write 'auto', 'private', a list"]),
        ("one network object", {"trusted_proxies": ip_network("10.0.0.0/8")}, ["write 'auto'"]),
        ("negative", {"trusted_proxies": -1}, ["between 0 and 50"]),
        ("negative text", {"trusted_proxies": "-1"}, ["between 0 and 50"]),
        ("too many", {"trusted_proxies": 51}, ["between 0 and 50"]),
        ("host bits", {"trusted_proxies": ["10.0.0.1/8"]}, ["write '10.0.0.0/8'"]),
        ("host bits, text", {"trusted_proxies": "10.0.0.1/8"}, ["write '10.0.0.0/8'"]),
        ("host bits, IPv6", {"trusted_proxies": ["2001:db8::1/32"]}, ["write '2001:db8::/32'"]),
        ("prefix too long", {"trusted_proxies": ["10.0.0.0/33"]}, ["write a network such as"]),
        ("zone", {"trusted_proxies": ["fe80::1%eth0"]}, ["without its zone"]),
        ("zone in a network", {"trusted_proxies": ["fe80::%eth0/10"]}, ["without its zone"]),
        ("localhost", {"trusted_proxies": ["localhost"]}, ["write '127.0.0.1'"]),
        ("host name", {"trusted_proxies": ["proxy.example"]}, ["write a network such as"]),
        ("empty item", {"trusted_proxies": [""]}, ["write a network such as"]),
        ("number in a list", {"trusted_proxies": [1]}, ["write a network, an address"]),
        ("True in a list", {"trusted_proxies": [True]}, ["write a network, an address"]),
        ("None in a list", {"trusted_proxies": [None]}, ["write a network, an address"]),
        ("bytes in a list", {"trusted_proxies": [b"\x0a\0\0\1"]}, ["write a network, an address"]),
        ("preset in a list", {"trusted_proxies": ["cloudflare"]},
         ["stands alone: trusted_proxies='cloudflare'"]),
        ("preset in text", {"trusted_proxies": "10.0.0.0/8,aws_alb"},
         ["trusted_proxies='aws-alb'"]),
        ("auto in a list", {"trusted_proxies": ["auto"]}, ["trusted_proxies='auto'"]),
        ("mistyped private in a list", {"trusted_proxies": ["privte"]},
         ["did you mean 'private'?"]),
        ("several faults", {"trusted_proxies": ["10.0.0.1/8", "x", 3]},
         ["write '10.0.0.0/8'", "write a network such as", "write a network, an address"]),
        ("X-Forwarded-For as header", {"client_ip_header": "X-Forwarded-For"},
         ["set trusted_proxies"]),
        ("Forwarded as header", {"client_ip_header": "forwarded "}, ["set trusted_proxies"]),
        ("empty header", {"client_ip_header": ""}, ["write the name of one header"]),
        ("header with a colon", {"client_ip_header": "X-Real-IP:"},
         ["write the name of one header"]),
        ("two headers", {"client_ip_header": "X-Real-IP, X-A"}, ["write the name of one header"]),
        ("header as bytes", {"client_ip_header": b"x-real-ip"}, ["write the name of one header"]),
        ("header in WSGI's spelling", {"client_ip_header": "HTTP_X_REAL_IP"}, ["'X-Real-Ip'"]),
        ("header with underscores", {"client_ip_header": "X_Real_IP"}, ["'X-Real-Ip'"]),
        ("no function", {"client_ip": "X-Real-IP"}, ["write a function"]),
        ("header and networks", {"client_ip_header": "X-A", "trusted_proxies": "private"},
         ["set one of"]),
        ("header and no proxies", {"client_ip_header": "X-A", "trusted_proxies": []},
         ["set one of"]),
        ("header and function", {"client_ip_header": "X-A", "client_ip": _raises}, ["set one of"]),
        ("everything wrong",
         {"client_ip_header": "Forwarded", "client_ip": 7, "trusted_proxies": "cloud"},
         ["set trusted_proxies", "write a function", "did you mean 'cloud", "set one of"]),
    ),
)  # fmt: skip
def test_every_fault_is_told_with_its_remedy(settings: dict[str, Any], remedies: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        ClientIP(**settings, environ={})
    told = [fault.remedy for fault in raised.value.faults]
    assert len(told) == len(remedies)
    for remedy, part in zip(told, remedies, strict=True):
        assert part in remedy
    assert {fault.option for fault in raised.value.faults} <= {
        "trusted_proxies",
        "client_ip_header",
        "client_ip",
    }


async def _async_function(headers: Headers, peer: str | None) -> str | None:
    return None


class _AsyncObject:
    async def __call__(self, headers: Headers, peer: str | None) -> str | None:
        return None


@pytest.mark.parametrize("function", [_async_function, partial(_async_function), _AsyncObject()])
def test_an_async_function_is_refused(function: Any) -> None:
    with pytest.raises(ConfigError, match="write a plain function"):
        resolver(client_ip=function)


@pytest.mark.parametrize("names", ["x-one", [1], 7])
def test_headers_read_of_a_function_are_names(names: Any) -> None:
    function = partial(_raises)
    function.headers_read = names  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match="collection of header names"):
        resolver(client_ip=function)


@pytest.mark.parametrize(
    ("settings", "notes"),
    cases(
        ("default", {}, []),
        ("networks", {"trusted_proxies": ["10.0.0.0/8"]}, []),
        ("preset", {"trusted_proxies": "fly"}, []),
        ("all of IPv4", {"trusted_proxies": ["0.0.0.0/0"]}, [("warning", "0.0.0.0/0")]),
        ("all of IPv6", {"trusted_proxies": ["::/0"]}, [("warning", "::/0")]),
        ("all of both", {"trusted_proxies": "0.0.0.0/0,::/0"},
         [("warning", "0.0.0.0/0"), ("warning", "::/0")]),
        ("all of IPv4, written as IPv6", {"trusted_proxies": ["::ffff:0:0/96"]},
         [("warning", "0.0.0.0/0")]),
        ("an honest header", {"client_ip_header": "X-Real-IP"}, []),
        ("Fastly's", {"client_ip_header": "Fastly-Client-IP"}, [("warning", "Fastly keeps")]),
        ("Akamai's", {"client_ip_header": "True-Client-IP"}, [("warning", "Akamai")]),
        ("Front Door's", {"client_ip_header": "X-Azure-ClientIP"},
         [("warning", "azure-front-door")]),
    ),
)  # fmt: skip
def test_notes_for_the_owner(settings: dict[str, Any], notes: list[tuple[str, str]]) -> None:
    found = ClientIP(**settings, environ={}).notes
    assert [note.level for note in found] == [level for level, _ in notes]
    for note, (_, part) in zip(found, notes, strict=True):
        assert isinstance(note, Note)
        assert part in note.text


SIGNS = {
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "fly-client-ip",
    "x-azure-fdid",
    "x-azure-socketip",
}


@pytest.mark.parametrize(
    ("settings", "expected"),
    cases(
        ("default", {}, {XFF, "forwarded"} | SIGNS),
        ("private", {"trusted_proxies": "private"}, {XFF, "forwarded"}),
        ("networks", {"trusted_proxies": ["10.0.0.0/8"]}, {XFF, "forwarded"}),
        ("count", {"trusted_proxies": 1}, {XFF, "forwarded"}),
        ("never", {"trusted_proxies": 0}, set()),
        ("heroku", {"trusted_proxies": "heroku"}, {XFF}),
        ("cloudflare", {"trusted_proxies": "cloudflare"},
         {"cf-connecting-ip", "cf-connecting-ipv6"}),
        ("railway", {"trusted_proxies": "railway"}, {"x-real-ip"}),
        ("header", {"client_ip_header": "X-Real-IP"}, {"x-real-ip"}),
        ("function", {"client_ip": _raises}, set(KNOWN_HEADERS)),
    ),
)  # fmt: skip
def test_headers_read(settings: dict[str, Any], expected: set[str]) -> None:
    assert ClientIP(**settings, environ={}).headers_read == expected


def test_a_function_can_ask_for_further_headers() -> None:
    def function(headers: Headers, peer: str | None) -> str | None:
        return headers.get("x-ours")

    function.headers_read = ["X-Ours"]  # type: ignore[attr-defined]
    assert resolver(client_ip=function).headers_read == KNOWN_HEADERS | {"x-ours"}


@pytest.mark.parametrize(
    ("settings", "trusted", "distrusted"),
    cases(
        ("default", {}, [None, "127.0.0.1", PROXY, "/run/x"], [CLIENT, "testclient"]),
        ("networks", {"trusted_proxies": ["203.0.113.0/24"]}, [CLIENT, None],
         [PROXY, "testclient"]),
        ("never, []", {"trusted_proxies": []}, [], [None, "127.0.0.1", CLIENT]),
        ("never, 0", {"trusted_proxies": 0}, [], [None, "127.0.0.1", CLIENT]),
        ("count", {"trusted_proxies": 1}, [None, CLIENT, "testclient"], []),
        ("header", {"client_ip_header": "X-A"}, [None, CLIENT, "testclient"], []),
        ("function", {"client_ip": _raises}, [None, CLIENT, "testclient"], []),
        ("cloudflare", {"trusted_proxies": "cloudflare"}, [EDGE, PROXY, None],
         [CLIENT, "testclient"]),
        ("preset for any peer", {"trusted_proxies": "aws-alb"}, [CLIENT, PROXY, None], []),
    ),
)  # fmt: skip
def test_who_may_speak_for_the_client(
    settings: dict[str, Any], trusted: list[str | None], distrusted: list[str | None]
) -> None:
    found = ClientIP(**settings, environ={})
    assert [found.trusts(peer) for peer in trusted] == [True] * len(trusted)
    assert [found.trusts(peer) for peer in distrusted] == [False] * len(distrusted)


# --- Traces ------------------------------------------------------------------------------------

PEER_ANSWERS = "; the peer is the answer"
NO_ADDRESS = "; the peer has no address"
WALKED = "first address from the right that is no trusted proxy"
STOPPED = "stopped at a member that is no address"
DISTRUSTED = "the peer is no trusted proxy, so headers are not believed"


@pytest.mark.parametrize(
    ("settings", "peer", "headers", "reason", "hops"),
    cases(
        ("walk", {}, PROXY, {XFF: "6.6.6.6, 8.8.8.8, 10.9.9.9"}, WALKED,
         ["trusted 10.0.0.1", "trusted 10.9.9.9", "chosen 8.8.8.8", "skipped 6.6.6.6"]),
        ("stopped", {}, PROXY, {XFF: "6.6.6.6, unknown, 10.9.9.9"}, STOPPED + PEER_ANSWERS,
         ["chosen 10.0.0.1", "trusted 10.9.9.9", "invalid unknown", "skipped 6.6.6.6"]),
        ("intranet", {}, PROXY, {XFF: "10.5.5.5, 10.6.6.6"},
         "all are trusted proxies, so the farthest: a visitor on the intranet",
         ["trusted 10.0.0.1", "trusted 10.6.6.6", "chosen 10.5.5.5"]),
        ("unix:", {}, PROXY, {XFF: "8.8.8.8, unix:"}, WALKED,
         ["trusted 10.0.0.1", "trusted unix:", "chosen 8.8.8.8"]),
        ("public peer", {}, "8.8.8.8", {XFF: "6.6.6.6"}, DISTRUSTED + PEER_ANSWERS,
         ["chosen 8.8.8.8", "skipped 6.6.6.6"]),
        ("unknown peer", {}, "testclient", {XFF: "6.6.6.6"}, DISTRUSTED + NO_ADDRESS,
         ["invalid testclient", "skipped 6.6.6.6"]),
        ("local socket", {}, "/run/x", {XFF: "8.8.8.8:80"}, WALKED,
         ["trusted local", "chosen 8.8.8.8:80"]),
        ("local socket, nothing", {}, None, {},
         "there is no X-Forwarded-For and no Forwarded" + NO_ADDRESS, ["trusted local"]),
        ("Forwarded", {}, PROXY, {"forwarded": "for=8.8.8.8"}, WALKED,
         ["trusted 10.0.0.1", "chosen for=8.8.8.8"]),
        ("never", {"trusted_proxies": 0}, None, {XFF: "6.6.6.6"},
         "headers are never read" + NO_ADDRESS, ["invalid local"]),
        ("count", {"trusted_proxies": 2}, PROXY, {XFF: "6.6.6.6, 8.8.8.8, 9.9.9.9"},
         "number 2 from the right",
         ["trusted 10.0.0.1", "trusted 9.9.9.9", "chosen 8.8.8.8", "skipped 6.6.6.6"]),
        ("count, too short", {"trusted_proxies": 2}, PROXY, {XFF: "6.6.6.6"},
         "there is no number 2 from the right, only 1" + PEER_ANSWERS,
         ["chosen 10.0.0.1", "skipped 6.6.6.6"]),
        ("count, malformed", {"trusted_proxies": 1}, PROXY, {XFF: ""},
         "number 1 from the right is no address" + PEER_ANSWERS, ["chosen 10.0.0.1", "invalid "]),
        ("header", {"client_ip_header": "X-A"}, "testclient", {"x-a": "6.6.6.6, 8.8.8.8"},
         "last value of x-a", ["trusted testclient", "chosen 8.8.8.8", "skipped 6.6.6.6"]),
        ("header, malformed", {"client_ip_header": "X-A"}, PROXY, {"x-a": "z" * 70},
         "last value of x-a is no address" + PEER_ANSWERS,
         ["chosen 10.0.0.1", "invalid " + "z" * 64]),
        ("header, missing", {"client_ip_header": "X-A"}, PROXY, {},
         "there is no x-a" + PEER_ANSWERS, ["chosen 10.0.0.1"]),
        ("function", {"client_ip": _returns("8.8.8.8")}, PROXY, {},
         "the client_ip function says so", ["trusted 10.0.0.1", "chosen 8.8.8.8"]),
        ("function, junk", {"client_ip": _returns("junk")}, PROXY, {},
         "the client_ip function returned text that is no address" + PEER_ANSWERS,
         ["chosen 10.0.0.1", "invalid junk"]),
        ("function, raising", {"client_ip": _raises}, None, {},
         "the client_ip function raised KeyError" + NO_ADDRESS, ["trusted local"]),
        ("function, None", {"client_ip": _returns(None)}, PROXY, {},
         "the client_ip function returned None" + PEER_ANSWERS, ["chosen 10.0.0.1"]),
    ),
)  # fmt: skip
def test_a_trace_tells_the_part_of_every_hop(
    settings: dict[str, Any], peer: str | None, headers: Headers, reason: str, hops: list[str]
) -> None:
    found = ClientIP(**settings, environ={})
    trace = found.trace(peer, headers)
    assert trace.reason == reason
    assert [f"{hop.verdict} {hop.text}" for hop in trace.hops] == hops
    assert trace.client_ip == found.resolve(peer, headers)
    assert trace.source == found.source


def test_a_hop_tells_where_it_stood_and_what_it_means() -> None:
    trace = resolver().trace("10.0.0.1:80", {XFF: "unknown, [2001:DB8::1]:80"})
    assert trace.hops == (
        Hop("peer", "10.0.0.1:80", "10.0.0.1", "trusted"),
        Hop(XFF, "[2001:DB8::1]:80", "2001:db8::1", "chosen"),
        Hop(XFF, "unknown", None, "skipped"),
    )


def test_a_trace_prints_itself() -> None:
    trace = resolver().trace("@", {XFF: ", 10.9.9.9"})
    assert str(trace).splitlines() == [
        "no client IP (auto: stopped at a member that is no address; the peer has no address)",
        "  trusted  local     peer",
        "  trusted  10.9.9.9  x-forwarded-for",
        "  invalid  (empty)   x-forwarded-for",
    ]


def test_a_trace_of_kilobytes_stays_short() -> None:
    trace = resolver().trace("p" * LONG, {XFF: f"{'x' * LONG}," + "y," * LONG})
    assert len(trace.hops) <= 52
    assert max(len(hop.text) for hop in trace.hops) <= 64


# --- Anonymised addresses ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "expected"),
    cases(
        ("IPv4", "203.0.113.77", "203.0.113.0"),
        ("IPv4 already", "203.0.113.0", "203.0.113.0"),
        ("IPv6", "2001:db8:1234:5678:9abc::1", "2001:db8:1234::"),
        ("IPv6 with zone", "fe80::1%eth0", "fe80::"),
        ("mapped", "::ffff:203.0.113.77", "203.0.113.0"),
        ("loopback", "127.0.0.1", "127.0.0.0"),
        ("last", "255.255.255.255", "255.255.255.0"),
        ("all ones", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff::"),
        ("with port", "203.0.113.77:80", "203.0.113.0"),
        ("no address", "junk", ""),
        ("empty", "", ""),
    ),
)
def test_anonymize(address: str, expected: str) -> None:
    assert anonymize(address) == expected


@patiently
@given(address=addresses)
def test_anonymize_keeps_the_network_and_nothing_else(address: Any) -> None:
    network = ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False)
    assert anonymize(str(address)) == str(network.network_address)


# --- The watch ---------------------------------------------------------------------------------


def warnings_of(
    found: ClientIP, *pageviews: tuple[str | None, str, Headers], times: int = 1
) -> list[str]:
    watch = MisconfigurationDetector(found)
    told = [watch.observe(*pageview) for _ in range(times) for pageview in pageviews]
    return [text for text in told if text]


def visits(client_ip: str, *, pageviews: int = 50, browsers: int = 5) -> list[Any]:
    return [(client_ip, f"Browser/{n % browsers}", {}) for n in range(pageviews)]


@pytest.mark.parametrize(
    ("client_ip", "setting"),
    cases(
        ("Cloudflare's edge", EDGE, "set trusted_proxies='cloudflare'"),
        ("Cloudflare's IPv6 edge", "2606:4700::1", "set trusted_proxies='cloudflare'"),
        ("a Google front end", "35.191.7.7", "set trusted_proxies='gcp-lb'"),
        ("Azure Front Door", "147.243.1.1", "set trusted_proxies='azure-front-door'"),
        ("loopback", "127.0.0.1", "client_ip_header='X-Real-IP'"),
        ("private", "10.0.0.7", "proxy_set_header X-Forwarded-For"),
        ("public", "8.8.8.8", "trusted_proxies=2"),
        ("anonymised edge", "162.158.1.0", "set trusted_proxies='cloudflare'"),
        ("anonymised away", "::", "trusted_proxies=2"),
    ),
)
def test_one_address_for_all_browsers_is_warned_of(client_ip: str, setting: str) -> None:
    (text,) = warnings_of(resolver(), *visits(client_ip), times=3)
    assert setting in text
    assert client_ip not in text
    assert "'auto'" in text


@pytest.mark.parametrize(
    "pageviews",
    cases(
        ("too few pageviews", visits(EDGE, pageviews=49)),
        ("too few browsers", visits(EDGE, browsers=4)),
        ("another visitor at the end", [*visits(EDGE, pageviews=49), *visits("8.8.8.8")]),
        ("another visitor early", [("8.8.8.8", "B", {}), *visits(EDGE), *visits(EDGE)]),
        ("five browsers too late", [*visits(EDGE, browsers=4), *visits(EDGE)]),
        ("unknown visitors", [(None, f"Browser/{n}", {}) for n in range(60)]),
    ),
)
def test_different_or_few_visitors_are_not_warned_of(pageviews: list[Any]) -> None:
    assert warnings_of(resolver(), *pageviews) == []


def test_a_preset_whose_header_is_dropped_is_warned_of() -> None:
    (text,) = warnings_of(resolver("cloudflare"), *visits(EDGE))
    assert "CF-Connecting-IP is dropped" in text


def test_unknown_visitors_do_not_count() -> None:
    pageviews = [(None, "B", {}), *visits(EDGE)]
    assert len(warnings_of(resolver(), *pageviews)) == 1


@pytest.mark.parametrize(
    ("headers", "name"),
    cases(
        ("cloudflare", {"cf-connecting-ip": CLIENT}, "cloudflare"),
        ("fly", {"fly-client-ip": CLIENT_V6}, "fly"),
        ("front door", {"x-azure-fdid": "55ce4ed1", "x-azure-socketip": CLIENT},
         "azure-front-door"),
        ("front door, id alone", {"x-azure-fdid": "55ce4ed1"}, "azure-front-door"),
        ("malformed", {"cf-connecting-ip": "junk"}, "cloudflare"),
    ),
)  # fmt: skip
@pytest.mark.parametrize("client_ip", [PROXY, None])
def test_a_platform_that_names_another_visitor_is_warned_of(
    headers: Headers, name: str, client_ip: str | None
) -> None:
    (text,) = warnings_of(resolver(), (client_ip, "B", headers), times=60)
    assert f"set trusted_proxies={name!r}" in text
    assert PLATFORMS[name].title in text
    assert CLIENT not in text


@pytest.mark.parametrize(
    ("found", "client_ip", "headers"),
    cases(
        ("it names the same visitor", resolver(), CLIENT, {"cf-connecting-ip": CLIENT}),
        ("the same, mapped", resolver(), CLIENT, {"cf-connecting-ip": f"::ffff:{CLIENT}"}),
        ("the same, anonymised", resolver(), "203.0.113.0", {"cf-connecting-ip": CLIENT}),
        ("no platform", resolver(), PROXY, {"x-real-ip": CLIENT}),
        ("a preset was chosen", resolver("nginx"), PROXY, {"cf-connecting-ip": CLIENT}),
        ("networks were listed", resolver(["private"]), PROXY, {"cf-connecting-ip": CLIENT}),
    ),
)
def test_a_platform_is_not_warned_of_when(
    found: ClientIP, client_ip: str, headers: Headers
) -> None:
    assert warnings_of(found, (client_ip, "B", headers)) == []


def test_a_platform_in_front_of_the_detected_one_is_warned_of() -> None:
    found = ClientIP(environ={"DYNO": "web.1"})
    headers = {XFF: f"{CLIENT}, {EDGE}", "cf-connecting-ip": CLIENT}
    (text,) = warnings_of(found, (found.resolve(PROXY, headers), "B", headers))
    assert "set trusted_proxies='cloudflare'" in text


def test_a_function_that_failed_is_warned_of_once() -> None:
    found = resolver(client_ip=_raises)
    (text,) = warnings_of(found, (found.resolve(PROXY, {}), "B", {}), times=3)
    assert "raised KeyError" in text
    assert CLIENT not in text


def test_each_kind_of_warning_comes_once() -> None:
    told = warnings_of(
        resolver(), *[(EDGE, f"B/{n}", {"cf-connecting-ip": CLIENT}) for n in range(200)]
    )
    assert len(told) == 2


@patiently
@given(
    pageviews=st.lists(
        st.tuples(
            st.none() | st.text(),
            st.text(),
            st.dictionaries(st.sampled_from(sorted(SIGNS)), st.text()),
        )
    )
)
def test_the_watch_never_raises(pageviews: list[Any]) -> None:
    warnings_of(resolver(), *pageviews)


def test_threads_that_race_for_a_warning_do_no_harm() -> None:
    watch = MisconfigurationDetector(resolver())
    pageview = partial(watch.observe, EDGE, "B", {"cf-connecting-ip": CLIENT})
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: pageview(), range(2000)))
    check = watch._other_platform
    watch._disable(check)
    assert pageview() is None


# --- The cache ---------------------------------------------------------------------------------


def test_the_cache_is_bounded_and_long_texts_stay_out() -> None:
    found = resolver()
    for n in range(5000):
        found.resolve(PROXY, {XFF: f"8.{n // 250}.{n % 250}.1"})
    found.resolve(PROXY, {XFF: "x" * 257})
    found.resolve("x" * 257, {})
    found.trusts("x" * 258)
    assert found._cached_address.cache_info().currsize == 2048
    assert found._cached_peer.cache_info().currsize == 1


def test_a_cached_answer_is_the_same_answer() -> None:
    found = resolver()
    first = found.resolve(PROXY, {XFF: CLIENT})
    assert found.resolve(PROXY, {XFF: CLIENT}) == first == CLIENT
    assert found.resolve(PROXY, {"forwarded": f"for={CLIENT_V6}"}) == CLIENT_V6
    assert found.resolve(ATTACKER, {XFF: CLIENT}) == ATTACKER
    assert found._cached_address.cache_info().hits == 1


def test_threads_share_a_resolver() -> None:
    found = resolver()
    clients = [f"8.8.{n % 7}.{n % 200 + 1}" for n in range(2000)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda client: found.resolve(PROXY, {XFF: client}), clients))
    assert answers == clients


# --- Properties --------------------------------------------------------------------------------

FORMS: dict[str, dict[str, Any]] = {
    "auto": {},
    "list": {"trusted_proxies": ["10.0.0.0/8", "fd00::/8"]},
    "count 1": {"trusted_proxies": 1},
    "count 3": {"trusted_proxies": 3},
    "never": {"trusted_proxies": 0},
    "header": {"client_ip_header": "X-Real-IP"},
    "function": {"client_ip": lambda headers, peer: headers["x-real-ip"]},
    **{name: {"trusted_proxies": name} for name in PLATFORMS},
}

resolvers = st.sampled_from([ClientIP(**settings, environ={}) for settings in FORMS.values()])
# Pieces that mean something to a parser, so that arbitrary text comes near to being right.
pieces = st.sampled_from(
    [
        CLIENT,
        CLIENT_V6,
        PROXY,
        "::1",
        "240.1.2.3",
        ",",
        ", ",
        ";",
        "for=",
        '"',
        "[",
        "]",
        ":80",
        "unix:",
        "unknown",
        "_x",
        "%eth0",
        " ",
        "\t",
        "=",
        "\0",
        "\udc80",
        "é",
        "0",
        "x" * 70,
        "10.9.9.9," * 60,
    ]
)
texts = st.one_of(st.text(), st.lists(pieces, max_size=12).map("".join))
all_headers = st.dictionaries(st.sampled_from(sorted(KNOWN_HEADERS)), texts)
peers = st.one_of(st.none(), texts, addresses.map(str))
public = addresses.filter(
    lambda address: (
        not any(
            address in ip_network(network)
            for network in (
                "0.0.0.0/8",
                "127.0.0.0/8",
                "10.0.0.0/8",
                "172.16.0.0/12",
                "192.168.0.0/16",
                "169.254.0.0/16",
                "100.64.0.0/10",
                "::1/128",
                "fc00::/7",
                "fe80::/10",
            )
        )
    )
).map(str)


@patiently
@given(found=resolvers, peer=peers, headers=all_headers)
@example(resolver(), "\udc80", {XFF: "\udc80"})
@example(resolver(), PROXY, {XFF: "," * LONG})
def test_an_answer_is_none_or_a_canonical_address(
    found: ClientIP, peer: str | None, headers: Headers
) -> None:
    answer = found.resolve(peer, headers)
    if answer is not None:
        address = ip_address(answer)
        assert answer == str(address)
        assert int(address) != 0
        assert getattr(address, "ipv4_mapped", None) is None
        assert "%" not in answer
    assert isinstance(found.trusts(peer), bool)


@patiently
@given(found=resolvers, peer=peers, headers=all_headers)
def test_a_trace_agrees_with_the_answer(
    found: ClientIP, peer: str | None, headers: Headers
) -> None:
    trace = found.trace(peer, headers)
    assert trace.client_ip == found.resolve(peer, headers)
    assert [hop.address for hop in trace.hops if hop.verdict == "chosen"] == (
        [trace.client_ip] if trace.client_ip else []
    )
    assert str(trace).startswith(trace.client_ip or "no client IP")


@patiently
@given(
    trusted=st.sampled_from(["auto", "private", ["10.0.0.0/8"], 1, "nginx", "aws-alb"]),
    claim=texts,
    client=public,
)
def test_behind_an_appending_proxy_its_word_is_the_answer(
    trusted: Any, claim: str, client: str
) -> None:
    assert resolver(trusted).resolve(PROXY, {XFF: f"{claim}, {client}"}) == client


@patiently
@given(claim=texts, client=public, trusted=st.sampled_from(["auto", ["10.0.0.0/8"], 1]))
def test_behind_a_proxy_that_appends_to_forwarded_its_word_is_the_answer(
    claim: str, client: str, trusted: Any
) -> None:
    headers = {
        "forwarded": f'{claim},for="[{client}]"' if ":" in client else f"{claim},for={client}"
    }
    assert resolver(trusted).resolve(PROXY, headers) == client


@patiently
@given(count=st.integers(1, 5), claim=texts, hops=st.lists(addresses, min_size=5, max_size=5))
def test_behind_n_proxies_the_farthest_one_decides(count: int, claim: str, hops: list[Any]) -> None:
    appended = [str(hop) for hop in hops[:count]]
    headers = {XFF: ", ".join([claim, *appended])}
    assert resolver(count).resolve(ATTACKER, headers) == appended[0]


@patiently
@given(peer=public, headers=all_headers)
def test_a_public_peer_is_its_own_answer(peer: str, headers: Headers) -> None:
    assert resolver().resolve(peer, headers) == peer


@patiently
@given(
    lines=st.lists(st.lists(texts, min_size=1, max_size=3).map(", ".join), min_size=1, max_size=4)
)
def test_a_space_between_joined_lines_changes_nothing(lines: list[str]) -> None:
    """ASGI adapters join lines with a comma, WSGI servers with a comma or a comma and a space."""
    found = resolver()
    joined = ",".join(lines)
    if len(joined) + len(lines) > 4096:
        return
    assert found.resolve(PROXY, {XFF: joined}) == found.resolve(PROXY, {XFF: ", ".join(lines)})


# --- The room itself ---------------------------------------------------------------------------


def test_the_environment_is_read_from_the_process_when_none_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for platform in PLATFORMS.values():
        for variable in platform.environment:
            monkeypatch.delenv(variable, raising=False)
    assert ClientIP().source == "auto"
    monkeypatch.setenv("FLY_APP_NAME", "example")
    found = ClientIP()
    monkeypatch.delenv("FLY_APP_NAME")
    assert found.source == "preset fly (from FLY_APP_NAME)"


def test_public_names_are_sorted_and_there() -> None:
    names = footfall.client_ip.__all__
    assert names == sorted(names)
    assert all(hasattr(footfall.client_ip, name) for name in names)


@pytest.mark.parametrize("module", [footfall.client_ip, footfall.client_ip.addresses])
def test_the_examples_in_the_documentation_run(module: Any) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@given(text=st.from_regex(r"([0-9]{1,4}[.x ]?){3,5}", fullmatch=True))
def test_an_ipv4_address_is_read_as_the_standard_library_does(text: str) -> None:
    try:
        expected = IPv4Address(text)
    except ValueError:
        expected = None
    assert footfall.client_ip.addresses._parse_host(text) == (
        expected if expected and int(expected) else None
    )


@pytest.mark.parametrize(
    "text", ["1.2.3.4", "255.255.255.255", "0.0.0.1", "01.2.3.4", "256.1.1.1", "1.2.3", "1.2.3.4\n"]
)
def test_the_edges_of_ipv4_are_those_of_the_standard_library(text: str) -> None:
    try:
        expected = IPv4Address(text)
    except ValueError:
        expected = None
    assert footfall.client_ip.addresses._parse_host(text) == expected
