"""The request that each proxy and platform makes of a visitor's: who connects, and which headers.

What the presets of `footfall.client_ip` read, as these pages say that it is sent; each preset has
its source in `client_ip/platforms.py`. Addresses are examples of the networks that they come from.
"""

from __future__ import annotations

from typing import Final, NamedTuple

VISITOR: Final = "203.0.113.7"
"""The visitor's address: one for documents (RFC 5737)."""

_CLOUDFLARE: Final = "104.16.0.1"


class ProxiedRequest(NamedTuple):
    """Who connects to the app, and the headers that tell of the visitor."""

    peer: str
    headers: dict[str, str]
    remedy: str
    """What makes the visitor's address count, where other settings do not."""


def _forwarded(peer: str, chain: str, remedy: str, **headers: str) -> ProxiedRequest:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return ProxiedRequest(peer, {"x-forwarded-for": chain, **named}, remedy)


_OWN: Final = (
    "Remove `trusted_proxies`, `client_ip_header` and `client_ip`: a proxy on this machine or in "
    'its network is believed without them. Or name its network: trusted_proxies=["10.0.0.0/8"].'
)


def _preset(name: str) -> str:
    return f'Set trusted_proxies="{name}".'


PROXIED_REQUESTS: Final[dict[str, ProxiedRequest]] = {
    **dict.fromkeys(
        ("apache", "caddy", "haproxy", "nginx", "traefik"), _forwarded("127.0.0.1", VISITOR, _OWN)
    ),
    "aws-alb": _forwarded("10.0.1.5", VISITOR, _preset("aws-alb")),
    "azure-app-service": _forwarded(
        "169.254.130.1", f"{VISITOR}:51234", _preset("azure-app-service")
    ),
    "azure-front-door": _forwarded(
        "147.243.0.1", VISITOR, _preset("azure-front-door"), x_azure_socketip=VISITOR
    ),
    "cloud-run": _forwarded("169.254.1.1", VISITOR, _preset("cloud-run")),
    "cloudflare": _forwarded(_CLOUDFLARE, VISITOR, _preset("cloudflare"), cf_connecting_ip=VISITOR),
    "cloudflare+nginx": _forwarded(
        "127.0.0.1", f"{VISITOR}, {_CLOUDFLARE}", _preset("cloudflare"), cf_connecting_ip=VISITOR
    ),
    "cloudfront+alb": _forwarded("10.0.1.5", f"{VISITOR}, 130.176.0.1", _preset("cloudfront+alb")),
    "envoy": _forwarded("10.0.1.5", VISITOR, _preset("envoy"), x_envoy_external_address=VISITOR),
    "fly": _forwarded(
        "172.16.0.1", f"{VISITOR}, 66.241.124.1", _preset("fly"), fly_client_ip=VISITOR
    ),
    "gcp-lb": _forwarded("35.191.0.1", f"{VISITOR}, 34.120.0.1", _preset("gcp-lb")),
    "heroku": _forwarded("10.1.2.3", VISITOR, _preset("heroku")),
    "railway": _forwarded("100.64.0.2", VISITOR, _preset("railway"), x_real_ip=VISITOR),
    "render": _forwarded(
        "10.1.2.3", f"{VISITOR}, {_CLOUDFLARE}", _preset("render"), cf_connecting_ip=VISITOR
    ),
}
