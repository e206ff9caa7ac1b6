"""Detects client IPs that cannot be right, and names, once, the setting to change.

A wrong client IP causes no error. All visitors become one, or the vendor drops them as traffic of a
data centre, and the dashboard stays empty.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_network
from typing import Final, TypeAlias

from footfall.client_ip.addresses import PRIVATE_NETWORKS, Networks, anonymize, parse
from footfall.client_ip.header_rules import HeaderRule, rule_for
from footfall.client_ip.platforms import PLATFORMS, Platform
from footfall.client_ip.resolver import ClientIP
from footfall.model import Headers

_Check: TypeAlias = Callable[[str | None, str, Headers], str | None]

# One reader opens a few pages; fifty in a row from one address are an office, or a proxy.
_PAGEVIEWS = 50
# A reader has one or two browsers, an office of one make few more.
_BROWSERS = 5

FORWARD_REMEDY: Final = (
    "Behind a proxy, let it send the address (nginx: `proxy_set_header X-Forwarded-For "
    "$proxy_add_x_forwarded_for;`), or name the header that it sends "
    "(`client_ip_header='X-Real-IP'`)."
)
"""What makes a hit count that was skipped as `no_client_ip`, under most servers."""

# Its option is compared with what it says the peer is: `localhost` on a unix socket.
NO_CLIENT_IP_REMEDY: Final = (
    f"{FORWARD_REMEDY} waitress deletes these headers unless it is started with the proxy's "
    "address, `--trusted-proxy=ADDRESS --trusted-proxy-headers=x-forwarded-for`, which is "
    "`--trusted-proxy=localhost` on a unix socket."
)
"""The same under waitress, or where the server is not known."""

_COUNT_REMEDY = (
    "it is perhaps a proxy's; set trusted_proxies to the networks of all your proxies, or to their "
    "number, e.g. trusted_proxies=2"
)


class MisconfigurationDetector:
    """Checks the client IP of each pageview and warns, once for each kind, of

    - a `client_ip` function that failed
    - a platform's header that names another visitor than the default does; the default stays as it
      is, since anybody can write a header
    - one client IP for the first 50 pageviews, from 5 browsers or more.

    Keeps one address and the hashes of at most 50 browsers, until the third check is decided.
    Warnings contain no address.

    Args:
        resolver: What finds the client IPs.
        forward_remedy: What to change where it is a proxy's that does not send the visitor's.
    """

    def __init__(self, resolver: ClientIP, *, forward_remedy: str = NO_CLIENT_IP_REMEDY) -> None:
        self._resolver = resolver
        self._forward_remedy = f"it is private, perhaps a proxy's. {forward_remedy}"
        self._suspects = [
            (platform.sign.lower(), platform, rule_for(platform)) for platform in resolver.suspects
        ]
        self._address: str | None = None
        self._pageviews = 0
        self._browsers: set[int] = set()
        # The check that counts pageviews comes first, so that it gets every one.
        self._checks: list[_Check] = [self._same_address]
        if resolver.asks_function:
            self._checks.append(self._failed_function)
        if self._suspects:
            self._checks.append(self._other_platform)

    def observe(self, client_ip: str | None, user_agent: str, headers: Headers) -> str | None:
        """Check one pageview.

        Args:
            client_ip: The address that the resolver found, anonymised or not.
            user_agent: The browser's.
            headers: At least those in the resolver's `headers_read`.

        Returns:
            A warning that names the setting to change, or None. Each kind comes once.
        """
        for check in tuple(self._checks):
            text = check(client_ip, user_agent, headers)
            if text is not None:
                self._disable(check)
                return text
        return None

    def _disable(self, check: _Check) -> None:
        with suppress(ValueError):  # another thread was faster
            self._checks.remove(check)

    def _failed_function(
        self, _client_ip: str | None, _browser: str, _headers: Headers
    ) -> str | None:
        failure = self._resolver.failure
        if failure is None:
            return None
        return f"the client_ip function {failure}, so the peer counts as the visitor: correct it"

    def _other_platform(self, client_ip: str | None, _browser: str, headers: Headers) -> str | None:
        for sign, platform, rule in self._suspects:
            if sign not in headers:
                continue
            # Compares networks: an anonymised address is still the same visitor's.
            if _network(rule, headers) != (client_ip and anonymize(client_ip)):
                return (
                    f"requests carry {platform.sign}, as behind {platform.title}, whose visitor is "
                    f"another than the one found by {self._resolver.source!r}: if {platform.title} "
                    f"is in front of the app, set trusted_proxies={platform.name!r}; if not, a "
                    "visitor made the header up and all is well"
                )
        return None

    def _same_address(self, client_ip: str | None, browser: str, _headers: Headers) -> str | None:
        if client_ip is None:
            return None
        self._pageviews += 1
        self._browsers.add(hash(browser))
        self._address = self._address or client_ip
        is_same = client_ip == self._address
        if is_same and self._pageviews < _PAGEVIEWS:
            return None
        is_suspicious = is_same and len(self._browsers) >= _BROWSERS
        self._address = None
        self._browsers.clear()
        if is_suspicious:
            return (
                f"the first {_PAGEVIEWS} pageviews have one client IP, from at least {_BROWSERS} "
                f"browsers, found by {self._resolver.source!r}: {self._likely_cause(client_ip)}"
            )
        self._disable(self._same_address)
        return None

    def _likely_cause(self, client_ip: str) -> str:
        address = parse(client_ip)
        if address is None:
            return _COUNT_REMEDY
        for platform, edges in _PLATFORM_EDGES:
            if address in edges:
                return self._platform_remedy(platform)
        return self._forward_remedy if address in _PRIVATE else _COUNT_REMEDY

    def _platform_remedy(self, platform: Platform) -> str:
        if platform == self._resolver.platform:
            return (
                f"it is {platform.title}'s, so {platform.header} is dropped on its way to the app"
            )
        return f"it is {platform.title}'s; set trusted_proxies={platform.name!r}"


_PRIVATE = Networks(PRIVATE_NETWORKS)
_PLATFORM_EDGES = tuple(
    (platform, Networks(map(ip_network, platform.edges)))
    for platform in PLATFORMS.values()
    if platform.edges
)


def _network(rule: HeaderRule, headers: Headers) -> str:
    address = rule.find(tuple(map(headers.get, rule.header_names))).address
    return "" if address is None else anonymize(address.text)
