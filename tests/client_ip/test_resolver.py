"""The resolver as a whole: rewritten peers, spoofing, traces, the cache, properties."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

import footfall.client_ip
import footfall.client_ip.addresses
from footfall.client_ip import ClientIP, Hop
from footfall.client_ip.platforms import KNOWN_HEADERS, PLATFORMS
from footfall.model import Headers
from tests.client_ip.common import (
    ATTACKER,
    CLAIMED,
    CLIENT,
    CLIENT_V6,
    EDGE,
    LONG,
    PROXY,
    SIGNS,
    XFF,
    addresses,
    cases,
    patiently,
    raises,
    resolver,
    returns,
)

# --- The settings of an object -----------------------------------------------------------------


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
        ("function", {"client_ip": raises}, set(KNOWN_HEADERS)),
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
        ("function", {"client_ip": raises}, [None, CLIENT, "testclient"], []),
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


# --- Servers and middleware that rewrote the peer ----------------------------------------------


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
        ("function", {"client_ip": returns("8.8.8.8")}, PROXY, {},
         "the client_ip function says so", ["trusted 10.0.0.1", "chosen 8.8.8.8"]),
        ("function, junk", {"client_ip": returns("junk")}, PROXY, {},
         "the client_ip function returned text that is no address" + PEER_ANSWERS,
         ["chosen 10.0.0.1", "invalid junk"]),
        ("function, raising", {"client_ip": raises}, None, {},
         "the client_ip function raised KeyError" + NO_ADDRESS, ["trusted local"]),
        ("function, None", {"client_ip": returns(None)}, PROXY, {},
         "the client_ip function returned None" + PEER_ANSWERS, ["chosen 10.0.0.1"]),
    ),
)  # fmt: skip
def test_a_trace_gives_every_hop_a_verdict(
    settings: dict[str, Any], peer: str | None, headers: Headers, reason: str, hops: list[str]
) -> None:
    found = ClientIP(**settings, environ={})
    trace = found.trace(peer, headers)
    assert trace.reason == reason
    assert [f"{hop.verdict} {hop.text}" for hop in trace.hops] == hops
    assert trace.client_ip == found.resolve(peer, headers)
    assert trace.source == found.source


def test_a_hop_has_its_source_text_and_address() -> None:
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


def test_a_cached_address_is_the_same_address() -> None:
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


@patiently
@given(found=resolvers, peer=peers, headers=all_headers)
@example(resolver(), "\udc80", {XFF: "\udc80"})
@example(resolver(), PROXY, {XFF: "," * LONG})
def test_a_result_is_none_or_a_canonical_address(
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
def test_a_trace_agrees_with_the_address(
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
