"""The presets: what each platform sends, who may say it, and how a platform is recognised."""

from __future__ import annotations

import datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from footfall.client_ip import ClientIP, platforms
from footfall.client_ip.platforms import (
    CHOSEN_BY_CLIENT,
    KNOWN_HEADERS,
    PLATFORMS,
    PRIVATE,
    Platform,
    detect,
)
from footfall.model import Headers
from tests.client_ip.common import ATTACKER, CLAIMED, CLIENT, CLIENT_V6, EDGE, XFF


def cases(*rows: tuple[Any, ...]) -> list[Any]:
    """Parameters whose first member is the preset and whose second completes the id."""
    return [pytest.param(row[0], *row[2:], id=f"{row[0]}, {row[1]}") for row in rows]


@pytest.mark.parametrize(
    ("preset", "peer", "headers", "expected"),
    cases(
        ("cloudflare", "straight to the app", EDGE, {"cf-connecting-ip": CLIENT}, CLIENT),
        ("cloudflare", "IPv6 edge", "2606:4700::1", {"cf-connecting-ip": CLIENT_V6}, CLIENT_V6),
        ("cloudflare", "then nginx", "127.0.0.1", {"cf-connecting-ip": CLIENT}, CLIENT),
        ("cloudflare", "then a unix socket", None, {"cf-connecting-ip": CLIENT}, CLIENT),
        ("cloudflare", "past it", ATTACKER, {"cf-connecting-ip": CLAIMED}, ATTACKER),
        ("cloudflare", "past it, unknown peer", "testclient", {"cf-connecting-ip": CLAIMED}, None),
        ("cloudflare", "next network is not its own", "104.28.0.1", {"cf-connecting-ip": CLAIMED},
         "104.28.0.1"),
        ("cloudflare", "header dropped", EDGE, {XFF: CLAIMED}, EDGE),
        ("cloudflare", "header malformed", EDGE, {"cf-connecting-ip": "junk", XFF: CLAIMED}, EDGE),
        ("cloudflare", "True-Client-IP is the client's", EDGE,
         {"true-client-ip": CLAIMED, "cf-connecting-ip": CLIENT}, CLIENT),
        ("cloudflare", "pseudo IPv4", EDGE,
         {"cf-connecting-ip": "240.16.0.1", "cf-connecting-ipv6": CLIENT_V6}, CLIENT_V6),
        ("cloudflare", "pseudo IPv4, real one missing", EDGE, {"cf-connecting-ip": "240.16.0.1"},
         "240.16.0.1"),
        ("cloudflare", "pseudo IPv4, real one malformed", EDGE,
         {"cf-connecting-ip": "240.16.0.1", "cf-connecting-ipv6": "x"}, "240.16.0.1"),
        ("cloudflare", "IPv6 header without pseudo IPv4 is the client's", EDGE,
         {"cf-connecting-ip": CLIENT, "cf-connecting-ipv6": "2001:db8::bad"}, CLIENT),
        ("cloudflare", "IPv6 header alone is the client's", EDGE,
         {"cf-connecting-ipv6": "2001:db8::bad"}, EDGE),
        ("cloudflare", "a worker's own address", EDGE, {"cf-connecting-ip": "2a06:98c0:3600::103"},
         "2a06:98c0:3600::103"),
        ("fly", "IPv4", "172.16.3.4", {"fly-client-ip": CLIENT, XFF: f"{CLIENT}, 66.241.124.1"},
         CLIENT),
        ("fly", "IPv6", "fdaa:0:1::3", {"fly-client-ip": CLIENT_V6}, CLIENT_V6),
        ("fly", "past it", ATTACKER, {"fly-client-ip": CLAIMED}, ATTACKER),
        ("fly", "without the header", "172.16.3.4", {XFF: CLAIMED}, "172.16.3.4"),
        ("heroku", "plain", "10.1.2.3", {XFF: CLIENT}, CLIENT),
        ("heroku", "claims in front", "10.1.2.3", {XFF: f"{CLAIMED}, {CLIENT}"}, CLIENT),
        ("heroku", "past it", ATTACKER, {XFF: CLAIMED}, ATTACKER),
        ("heroku", "Forwarded is the client's", "10.1.2.3", {"forwarded": f"for={CLAIMED}"},
         "10.1.2.3"),
        ("render", "plain", "10.2.3.4", {"cf-connecting-ip": CLIENT, XFF: f"{CLIENT}, {EDGE}"},
         CLIENT),
        ("render", "past it", ATTACKER, {"cf-connecting-ip": CLAIMED}, ATTACKER),
        ("render", "past it, from Cloudflare", EDGE, {"cf-connecting-ip": CLAIMED}, EDGE),
        ("railway", "plain", "100.64.0.2", {"x-real-ip": CLIENT}, CLIENT),
        ("railway", "past it", ATTACKER, {"x-real-ip": CLAIMED}, ATTACKER),
        ("aws-alb", "plain", "10.0.5.5", {XFF: CLIENT}, CLIENT),
        ("aws-alb", "with port", "10.0.5.5", {XFF: f"{CLAIMED}, {CLIENT}:4711"}, CLIENT),
        ("aws-alb", "IPv6 with port", "10.0.5.5", {XFF: f"[{CLIENT_V6}]:4711"}, CLIENT_V6),
        ("aws-alb", "VPC of public addresses", "52.1.2.3", {XFF: CLIENT}, CLIENT),
        ("aws-alb", "a client inside the VPC", "10.0.5.5", {XFF: f"{CLAIMED}, 10.0.7.7"},
         "10.0.7.7"),
        ("aws-alb", "header removed", "10.0.5.5", {"forwarded": f"for={CLAIMED}"}, "10.0.5.5"),
        ("cloudfront+alb", "plain", "10.0.5.5", {XFF: f"{CLAIMED}, {CLIENT}, 130.176.1.1"}, CLIENT),
        ("cloudfront+alb", "past CloudFront", "10.0.5.5", {XFF: CLIENT}, "10.0.5.5"),
        ("gcp-lb", "IPv4", "35.191.4.4", {XFF: f"{CLAIMED},{CLIENT},34.117.1.1"}, CLIENT),
        ("gcp-lb", "the other range", "130.211.1.9", {XFF: f"{CLIENT},34.117.1.1"}, CLIENT),
        ("gcp-lb", "then a proxy", "10.8.0.3", {XFF: f"{CLIENT},34.117.1.1"}, CLIENT),
        ("gcp-lb", "past it", ATTACKER, {XFF: f"{CLAIMED},34.117.1.1"}, ATTACKER),
        ("cloud-run", "plain", "169.254.1.1", {XFF: f"{CLAIMED}, {CLIENT}"}, CLIENT),
        ("azure-front-door", "plain", "147.243.9.9",
         {"x-azure-socketip": CLIENT, "x-azure-clientip": CLAIMED}, CLIENT),
        ("azure-front-door", "then App Service", "169.254.130.1", {"x-azure-socketip": CLIENT},
         CLIENT),
        ("azure-app-service", "plain", "169.254.130.1", {XFF: f"{CLAIMED}, {CLIENT}:51234"},
         CLIENT),
        ("azure-app-service", "past it", ATTACKER, {XFF: CLAIMED}, ATTACKER),
        ("envoy", "plain", "10.42.0.9", {"x-envoy-external-address": CLIENT}, CLIENT),
        ("envoy", "past it", ATTACKER, {"x-envoy-external-address": CLAIMED}, ATTACKER),
        ("nginx", "on loopback", "127.0.0.1", {XFF: f"{CLAIMED}, {CLIENT}"}, CLIENT),
        ("nginx", "on a unix socket", "unix:", {XFF: f"{CLAIMED}, {CLIENT}"}, CLIENT),
        ("nginx", "a client on the intranet", "127.0.0.1", {XFF: f"{CLAIMED}, 192.168.1.50"},
         "192.168.1.50"),
        ("nginx", "past it", ATTACKER, {XFF: CLAIMED}, ATTACKER),
        ("nginx", "which speaks uwsgi", CLIENT, {XFF: CLAIMED}, CLIENT),
    ),
)  # fmt: skip
def test_a_preset_finds_the_visitor(
    preset: str, peer: str | None, headers: Headers, expected: str | None
) -> None:
    assert ClientIP(trusted_proxies=preset, environ={}).resolve(peer, headers) == expected


@pytest.mark.parametrize(
    ("environ", "source"),
    [
        pytest.param({}, "auto", id="nothing"),
        pytest.param({"PATH": "/bin", "PORT": "8080"}, "auto", id="nothing we know"),
        pytest.param({"FLY_APP_NAME": "x"}, "preset fly (from FLY_APP_NAME)", id="fly"),
        pytest.param({"RENDER": "true"}, "preset render (from RENDER)", id="render"),
        pytest.param({"DYNO": "web.1"}, "preset heroku (from DYNO)", id="heroku"),
        pytest.param({"K_SERVICE": "x"}, "preset cloud-run (from K_SERVICE)", id="cloud run"),
        pytest.param(
            {"K_SERVICE": "x", "KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "auto", id="knative"
        ),
        pytest.param(
            {"RAILWAY_ENVIRONMENT": "x"}, "preset railway (from RAILWAY_ENVIRONMENT)", id="railway"
        ),
        pytest.param(
            {"RAILWAY_ENVIRONMENT_NAME": "x"},
            "preset railway (from RAILWAY_ENVIRONMENT_NAME)",
            id="railway, newer variable",
        ),
        pytest.param(
            {"WEBSITE_SITE_NAME": "x"},
            "preset azure-app-service (from WEBSITE_SITE_NAME)",
            id="azure app service",
        ),
        pytest.param({"FLY_APP_NAME": ""}, "auto", id="empty variable"),
        pytest.param({"HTTP_FLY_CLIENT_IP": "x"}, "auto", id="a header in CGI's spelling"),
    ],
)
def test_the_default_follows_the_environment(environ: dict[str, str], source: str) -> None:
    assert ClientIP(environ=environ).source == source


def test_a_platform_that_was_detected_is_noted() -> None:
    (note,) = ClientIP(environ={"FLY_APP_NAME": "x"}).notes
    assert note.level == "info"
    assert "FLY_APP_NAME" in note.text
    assert "trusted_proxies='fly'" in note.text


def test_a_platform_that_was_detected_is_the_preset_itself() -> None:
    detected, named = ClientIP(environ={"DYNO": "web.1"}), ClientIP(trusted_proxies="heroku")
    assert detected.platform is named.platform is PLATFORMS["heroku"]
    assert detected.resolve("10.1.1.1", {XFF: f"{CLAIMED}, {CLIENT}"}) == CLIENT


@pytest.mark.parametrize(
    "settings",
    [
        {"trusted_proxies": "private"},
        {"trusted_proxies": ["10.0.0.0/8"]},
        {"trusted_proxies": 1},
        {"client_ip_header": "X-Real-IP"},
        {"client_ip": lambda headers, peer: None},
    ],
    ids=["a group", "networks", "a number", "a header", "a function"],
)
def test_the_environment_does_not_overrule_a_setting(settings: dict[str, Any]) -> None:
    found = ClientIP(**settings, environ={"FLY_APP_NAME": "x"})
    assert found.platform is None
    assert found.notes == ()


def test_the_first_platform_that_fits_is_taken() -> None:
    detected = detect({"K_SERVICE": "x", "DYNO": "web.1"})
    assert detected is not None
    assert detected == (PLATFORMS["heroku"], "DYNO")


# --- The table of platforms --------------------------------------------------------------------

every_platform = pytest.mark.parametrize("platform", PLATFORMS.values(), ids=list(PLATFORMS))


@every_platform
def test_a_platform_is_filed_under_its_name(platform: Platform) -> None:
    assert PLATFORMS[platform.name] is platform
    assert platform.name == platform.name.lower()


@every_platform
def test_a_platform_names_its_source_and_the_day_it_was_read(platform: Platform) -> None:
    assert platform.source
    assert datetime.date.fromisoformat(platform.read) >= datetime.date(2026, 1, 1)


@every_platform
def test_a_platforms_networks_are_networks(platform: Platform) -> None:
    for network in (*(platform.peers or ()), *platform.edges):
        assert str(ip_network(network)) == network


@every_platform
def test_a_platforms_headers_reach_a_function(platform: Platform) -> None:
    for header in filter(None, (platform.header, platform.ipv6_header, platform.sign)):
        assert header.lower() in KNOWN_HEADERS


@every_platform
def test_no_platform_reads_a_header_that_its_client_chooses(platform: Platform) -> None:
    assert platform.header.lower() not in CHOSEN_BY_CLIENT


@every_platform
def test_a_single_header_is_believed_from_known_peers_or_with_a_caveat(platform: Platform) -> None:
    assert platform.peers is not None or platform.count or platform.caveat


@every_platform
def test_a_preset_reads_one_header(platform: Platform) -> None:
    found = ClientIP(trusted_proxies=platform.name, environ={})
    expected = {platform.header.lower(), platform.ipv6_header.lower()} - {""}
    assert found.headers_read == expected


def test_no_two_platforms_share_a_variable() -> None:
    variables = [name for platform in PLATFORMS.values() for name in platform.environment]
    assert len(variables) == len(set(variables))


def test_private_networks_are_spelt_out_once() -> None:
    networks = [ip_network(network) for network in PRIVATE]
    assert len(networks) == len(set(networks)) == 9


def test_public_names_are_there() -> None:
    assert all(hasattr(platforms, name) for name in platforms.__all__)


_PAGE = Path(__file__).parents[2] / "docs" / "proxies.md"
_PLACES = {0: "", 1: ", the last of its addresses", 2: ", the second from its end"}


def test_the_manual_lists_every_preset() -> None:
    def row(each: Platform) -> str:
        variables = ", ".join(f"`{name}`" for name in each.environment)
        place = f"`{each.header}`{_PLACES[each.count]}"
        cells = (f"`{each.name}`", each.title, place, variables, each.caveat)
        return " ".join(f"| {cell} |".replace("|  |", "| |") for cell in cells).replace("| |", "|")

    table = "\n".join(map(row, PLATFORMS.values()))
    assert table in _PAGE.read_text(encoding="utf-8")
