"""How members, Forwarded elements and peers are parsed; anonymised addresses."""

from __future__ import annotations

import doctest
from ipaddress import IPv4Address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import footfall.client_ip
import footfall.client_ip.addresses
from footfall.client_ip import anonymize
from tests.client_ip.common import (
    CLAIMED,
    CLIENT,
    CLIENT_V6,
    LONG,
    PROXY,
    XFF,
    addresses,
    cases,
    patiently,
    resolver,
)

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
        ("unspecified, as uWSGI has it", "0.0.0.0", None, True),
        ("unspecified IPv6", "::", None, True),
        ("unspecified with a port", "0.0.0.0:0", None, False),
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


# --- Anonymised addresses ----------------------------------------------------------------------


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


# --- The standard library, and the documentation -----------------------------------------------


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
    _assert_read_as(text, expected if expected and int(expected) else None)


@pytest.mark.parametrize(
    "text", ["1.2.3.4", "255.255.255.255", "0.0.0.1", "01.2.3.4", "256.1.1.1", "1.2.3", "1.2.3.4\n"]
)
def test_the_edges_of_ipv4_are_those_of_the_standard_library(text: str) -> None:
    try:
        expected = IPv4Address(text)
    except ValueError:
        expected = None
    _assert_read_as(text, expected)


def _assert_read_as(text: str, expected: IPv4Address | None) -> None:
    found = footfall.client_ip.addresses._parse_host(text)
    assert (found and (found.text, found.number)) == (expected and (str(expected), int(expected)))
