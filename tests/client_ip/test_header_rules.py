"""Each rule on tables of headers: the default, networks, a number, one header, a function."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.middleware.proxy_fix import ProxyFix

from footfall.model import Headers
from tests.client_ip.common import (
    ATTACKER,
    CLAIMED,
    CLIENT,
    CLIENT_V6,
    EDGE,
    LONG,
    PROXY,
    XFF,
    addresses,
    cases,
    patiently,
    raises,
    resolver,
    returns,
)

# --- The default -------------------------------------------------------------------------------


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
def test_a_list_is_read_from_the_right(chain: str, expected: str) -> None:
    assert resolver().resolve(PROXY, {XFF: chain}) == expected


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


@pytest.mark.parametrize(
    ("function", "expected", "failure"),
    cases(
        ("an address", returns(f"[{CLIENT_V6}]:80"), CLIENT_V6, None),
        ("None", returns(None), PROXY, None),
        ("raises", raises, PROXY, "raised KeyError"),
        ("junk", returns("junk"), PROXY, "returned text that is no address"),
        ("empty", returns(""), PROXY, "returned text that is no address"),
        ("list", returns(f"{CLIENT}, {PROXY}"), PROXY, "returned text that is no address"),
        ("bytes", returns(b"1.2.3.4"), PROXY, "returned bytes"),
        ("number", returns(7), PROXY, "returned int"),
    ),
)
def test_a_function_gives_the_address_or_the_peer_is_taken(
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
    assert resolver(client_ip=raises).resolve(None, {}) is None


def test_only_the_first_failure_of_a_function_is_kept() -> None:
    answers = iter(["junk", 7])
    found = resolver(client_ip=lambda headers, peer: next(answers))
    assert found.failure is None
    found.resolve(PROXY, {})
    found.resolve(PROXY, {})
    assert found.failure == "returned text that is no address"


def test_the_other_forms_have_no_failure() -> None:
    assert resolver().failure is None
