"""Hosting platforms and CDNs: the header in which each of them names the visitor.

Facts only: a new platform is one more value in `PLATFORMS`. A preset reads exactly one header, and
wherever the platform's own addresses are known, only when the peer is one of them. A request never
shows which platform it came through, since a visitor can write its headers; `detect` reads the
environment of the process, which a visitor cannot change.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CHOSEN_BY_CLIENT",
    "KNOWN_HEADERS",
    "PLATFORMS",
    "PRIVATE",
    "PSEUDO_IPV4",
    "Detected",
    "Platform",
    "detect",
]

PRIVATE: tuple[str, ...] = (
    "127.0.0.0/8",
    "::1/128",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    # Link-local: Cloud Run's and App Service's front ends connect from here.
    "169.254.0.0/16",
    # Shared address space of RFC 6598: Railway and some Kubernetes clusters.
    "100.64.0.0/10",
    "fc00::/7",
    "fe80::/10",
)
"""Networks no visitor from the internet can connect from.

Spelt out, because `ipaddress.is_private` means something else: it is true of documentation and
reserved ranges, false of 100.64.0.0/10, and has changed between patch releases of Python.
"""

PSEUDO_IPV4 = "240.0.0.0/4"
"""Class E: where Cloudflare's Pseudo IPv4 puts a hash of an IPv6 address.

developers.cloudflare.com/network/pseudo-ipv4/, read 2026-11-21.
"""

_CLOUDFLARE: tuple[str, ...] = (
    "103.21.244.0/22",
    "103.22.200.0/22",
    "103.31.4.0/22",
    "104.16.0.0/13",
    "104.24.0.0/14",
    "108.162.192.0/18",
    "131.0.72.0/22",
    "141.101.64.0/18",
    "162.158.0.0/15",
    "172.64.0.0/13",
    "173.245.48.0/20",
    "188.114.96.0/20",
    "190.93.240.0/20",
    "197.234.240.0/22",
    "198.41.128.0/17",
    "2400:cb00::/32",
    "2405:8100::/32",
    "2405:b500::/32",
    "2606:4700::/32",
    "2803:f800::/32",
    "2a06:98c0::/29",
    "2c0f:f248::/32",
)

_GOOGLE_FRONT_ENDS: tuple[str, ...] = ("35.191.0.0/16", "130.211.0.0/22")

_FRONT_DOOR: tuple[str, ...] = ("147.243.0.0/16",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """How one platform names the visitor, and the source of that knowledge."""

    # What goes into `trusted_proxies="…"`.
    name: str
    # As its makers write it, for messages.
    title: str
    # The one header that is read, in its makers' spelling.
    header: str
    # 0: the header holds the visitor's address. N: it holds a list, N-th from the right.
    count: int = 0
    # Read in place of `header` when that holds an address of PSEUDO_IPV4.
    ipv6_header: str = ""
    # Networks whose peers are believed, as local sockets are; None believes any peer.
    peers: tuple[str, ...] | None = PRIVATE
    # Variables of the environment that this platform alone sets for its apps.
    environment: tuple[str, ...] = ()
    # A variable that shows that `environment` was set by somebody else.
    environment_unless: str = ""
    # A header that suggests this platform is in front of an app whose settings do not name it.
    sign: str = ""
    # Public addresses its proxies connect from: good enough to recognise a mistake by.
    edges: tuple[str, ...] = ()
    # What the site owner has to know before relying on it.
    caveat: str = ""
    # The page behind these facts, and the day it was read.
    source: str
    read: str


PLATFORMS: Mapping[str, Platform] = MappingProxyType(
    {
        platform.name: platform
        for platform in (
            Platform(
                name="cloudflare",
                title="Cloudflare",
                header="CF-Connecting-IP",
                ipv6_header="CF-Connecting-IPv6",
                # PRIVATE too: a proxy of one's own often stands between Cloudflare and the app.
                # The list drifts; with trusted_proxies=[…] an owner can give a newer one, which is
                # then walked through X-Forwarded-For.
                peers=(*_CLOUDFLARE, *PRIVATE),
                sign="CF-Connecting-IP",
                edges=_CLOUDFLARE,
                caveat="Who reaches the app or its proxy without Cloudflare can write the header: "
                "let only Cloudflare's networks in.",
                source="https://developers.cloudflare.com/fundamentals/reference/http-headers/ and "
                "https://www.cloudflare.com/ips/ (networks as of 2026-06-07)",
                read="2026-11-21",
            ),
            Platform(
                name="fly",
                title="Fly.io",
                # The rightmost X-Forwarded-For member is the app's own public address.
                header="Fly-Client-IP",
                environment=("FLY_APP_NAME",),
                sign="Fly-Client-IP",
                caveat="With another CDN in front of Fly.io the header names that CDN.",
                source="https://fly.io/docs/networking/request-headers/",
                read="2026-11-21",
            ),
            Platform(
                name="heroku",
                title="Heroku",
                header="X-Forwarded-For",
                count=1,
                environment=("DYNO",),
                caveat="Needs Router 2.0: the legacy router appended to the first of several "
                "lines, so that a client could add one behind it.",
                source="https://devcenter.heroku.com/articles/http-routing",
                read="2026-11-21",
            ),
            Platform(
                name="render",
                title="Render",
                # Render stands behind Cloudflare: X-Forwarded-For ends with Cloudflare's edge.
                header="CF-Connecting-IP",
                ipv6_header="CF-Connecting-IPv6",
                environment=("RENDER",),
                source="https://rohitpaulk.com/articles/render-rails-remote-ip",
                read="2026-11-21",
            ),
            Platform(
                name="railway",
                title="Railway",
                header="X-Real-IP",
                environment=("RAILWAY_ENVIRONMENT", "RAILWAY_ENVIRONMENT_NAME"),
                source="https://docs.railway.com/networking/public-networking/specs-and-limits",
                read="2026-11-21",
            ),
            Platform(
                name="aws-alb",
                title="AWS Application Load Balancer",
                header="X-Forwarded-For",
                count=1,
                # A VPC may use any addresses, public ones too.
                peers=None,
                caveat="Needs the load balancer's default mode for X-Forwarded-For, append.",
                source="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/"
                "x-forwarded-headers.html",
                read="2026-11-21",
            ),
            Platform(
                name="cloudfront+alb",
                title="CloudFront with an AWS load balancer",
                header="X-Forwarded-For",
                count=2,
                peers=None,
                caveat="Who reaches the load balancer without CloudFront can write the header.",
                source="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/"
                "RequestAndResponseBehaviorCustomOrigin.html",
                read="2026-11-21",
            ),
            Platform(
                name="gcp-lb",
                title="Google Cloud external Application Load Balancer",
                # Ends with the visitor and then the load balancer's own address.
                header="X-Forwarded-For",
                count=2,
                peers=(*_GOOGLE_FRONT_ENDS, *PRIVATE),
                edges=_GOOGLE_FRONT_ENDS,
                caveat="In front of Cloud Run one more address was seen on the right: check "
                "yours with `footfall explain` and give the number instead.",
                source="https://cloud.google.com/load-balancing/docs/https",
                read="2026-11-21",
            ),
            Platform(
                name="cloud-run",
                title="Google Cloud Run",
                header="X-Forwarded-For",
                count=1,
                peers=None,
                environment=("K_SERVICE",),
                # Knative sets K_SERVICE as well, in a cluster, and adds hops of its own.
                environment_unless="KUBERNETES_SERVICE_HOST",
                caveat="Without a load balancer in front; with one, see gcp-lb.",
                source="https://cloud.google.com/run/docs/container-contract",
                read="2026-11-21",
            ),
            Platform(
                name="azure-front-door",
                title="Azure Front Door",
                # X-Azure-ClientIP follows what the client claims; this one is the TCP source.
                header="X-Azure-SocketIP",
                # Its networks are many and change by the week.
                peers=None,
                sign="X-Azure-FDID",
                edges=_FRONT_DOOR,
                caveat="Who reaches the app without Front Door can write the header: let only "
                "the service tag AzureFrontDoor.Backend in.",
                source="https://learn.microsoft.com/azure/frontdoor/front-door-http-headers-protocol",
                read="2026-11-21",
            ),
            Platform(
                name="azure-app-service",
                title="Azure App Service",
                # The member is written as address:port.
                header="X-Forwarded-For",
                count=1,
                environment=("WEBSITE_SITE_NAME",),
                source="seen in the field; no page of the vendor states it",
                read="2026-11-21",
            ),
            Platform(
                name="envoy",
                title="Envoy or Istio",
                header="X-Envoy-External-Address",
                caveat="As good as Envoy's use_remote_address and xff_num_trusted_hops.",
                source="https://www.envoyproxy.io/docs/envoy/latest/configuration/http/"
                "http_conn_man/headers",
                read="2026-11-21",
            ),
            Platform(
                name="nginx",
                title="nginx",
                # One nginx, next to the app; a client on the intranet cannot hide behind it.
                header="X-Forwarded-For",
                count=1,
                caveat="Needs proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for.",
                source="https://nginx.org/en/docs/http/ngx_http_proxy_module.html",
                read="2026-11-21",
            ),
        )
    }
)
"""Every preset by its name. One with `peers=None` does not check the peer."""

CHOSEN_BY_CLIENT: Mapping[str, str] = MappingProxyType(
    {
        "fastly-client-ip": "Fastly keeps what the client sent unless your VCL resets it",
        "true-client-ip": "Akamai and Cloudflare pass on what the client sent unless a rule "
        "overwrites it",
        "x-azure-clientip": "Front Door lets the client influence it; the preset "
        "'azure-front-door' reads X-Azure-SocketIP",
    }
)
"""Headers, lower-case, that a client can write unless a setting at the platform prevents it.

Fastly's page on Fastly-Client-IP, Cloudflare's on http-headers and Microsoft's on
front-door-http-headers-protocol, read 2026-11-21.
"""

KNOWN_HEADERS: frozenset[str] = frozenset(
    {
        "b-forwarded-for",
        "cf-connecting-ip",
        "cf-connecting-ipv6",
        "cf-pseudo-ipv4",
        "client-ip",
        "cloudfront-viewer-address",
        "do-connecting-ip",
        "fastly-client-ip",
        "fly-client-ip",
        "forwarded",
        "forwarded-for",
        "true-client-ip",
        "x-appengine-user-ip",
        "x-azure-clientip",
        "x-azure-fdid",
        "x-azure-socketip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-envoy-external-address",
        "x-forwarded",
        "x-forwarded-for",
        "x-nf-client-connection-ip",
        "x-original-forwarded-for",
        "x-real-ip",
        "x-vercel-forwarded-for",
    }
)
"""Lower-case names of the headers that may carry a client's address: what a function gets."""


class Detected(NamedTuple):
    """A platform, and the variable that identified it."""

    platform: Platform
    variable: str


def detect(environ: Mapping[str, str]) -> Detected | None:
    """Detect the platform of this process by its environment; None when no variable names one.

    An empty variable counts as unset. When two platforms match, the first in `PLATFORMS` is taken.
    """
    for platform in PLATFORMS.values():
        if platform.environment_unless and environ.get(platform.environment_unless):
            continue
        for variable in platform.environment:
            if environ.get(variable):
                return Detected(platform, variable)
    return None
