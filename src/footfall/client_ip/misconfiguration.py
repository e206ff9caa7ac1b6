"""The watch: notices client IPs that cannot be right, and says once which setting to change.

A wrong client IP makes no noise of its own. All visitors become one, or the vendor drops them as
traffic of a data centre, and the dashboard stays empty without an error.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_network
from typing import TYPE_CHECKING, TypeAlias

from footfall.client_ip.addresses import PRIVATE_NETWORKS, Networks, anonymize, parse
from footfall.client_ip.header_rules import Rule, rule_of
from footfall.client_ip.platforms import PLATFORMS, Platform
from footfall.model import Headers

if TYPE_CHECKING:
    from footfall.client_ip.resolver import ClientIP

_Check: TypeAlias = Callable[[str | None, str, Headers], str | None]

# One reader opens a few pages; fifty in a row from one address are an office, or a proxy.
_PAGEVIEWS = 50
# A reader has one or two browsers, an office of one make few more.
_BROWSERS = 5

_SEND_IT = (
    "it is private, perhaps a proxy's; let that send the visitor's address "
    "(nginx: proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; "
    "waitress: trusted_proxy and trusted_proxy_headers), "
    "or name the header it sends, e.g. client_ip_header='X-Real-IP'"
)
_COUNT_THEM = (
    "it is perhaps a proxy's; set trusted_proxies to the networks of all your proxies, or to their "
    "number, e.g. trusted_proxies=2"
)


class MisconfigurationDetector:
    """Looks at the client IP of each pageview and warns, once for each kind, of

    - a `client_ip` function that failed
    - a platform's header naming another visitor than the default does; the default is not changed
      by that, since anybody can write a header
    - one client IP for the first 50 pageviews, from 5 browsers or more.

    Remembers one address and the hashes of at most 50 browsers, and neither once it has made up
    its mind. Warnings hold no address.
    """

    def __init__(self, resolver: ClientIP) -> None:
        self._resolver = resolver
        self._suspects = [
            (platform.sign.lower(), platform, rule_of(platform)) for platform in resolver.suspects
        ]
        self._address: str | None = None
        self._pageviews = 0
        self._browsers: set[int] = set()
        # The one that counts comes first, so that it sees every pageview.
        self._checks: list[_Check] = [self._same_address]
        if resolver.asks_function:
            self._checks.append(self._failed_function)
        if self._suspects:
            self._checks.append(self._other_platform)

    def observe(self, client_ip: str | None, user_agent: str, headers: Headers) -> str | None:
        """A warning that names the setting to change, or None. Each kind comes once, ever.

        `client_ip` is the resolver's answer, anonymised or not, for a pageview whose `headers` hold
        at least the resolver's `headers_read`.
        """
        for check in tuple(self._checks):
            text = check(client_ip, user_agent, headers)
            if text is not None:
                self._close(check)
                return text
        return None

    def _close(self, check: _Check) -> None:
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
            # By networks: an address that was anonymised since is still the same visitor's.
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
        self._close(self._same_address)
        return None

    def _likely_cause(self, client_ip: str) -> str:
        address = parse(client_ip)
        if address is None:
            return _COUNT_THEM
        for platform, edges in _EDGES:
            if address in edges:
                return self._what_to_do_about(platform)
        return _SEND_IT if address in _PRIVATE else _COUNT_THEM

    def _what_to_do_about(self, platform: Platform) -> str:
        if platform == self._resolver.platform:
            return (
                f"it is {platform.title}'s, so {platform.header} is dropped on its way to the app"
            )
        return f"it is {platform.title}'s; set trusted_proxies={platform.name!r}"


_PRIVATE = Networks(PRIVATE_NETWORKS)
_EDGES = tuple(
    (platform, Networks(map(ip_network, platform.edges)))
    for platform in PLATFORMS.values()
    if platform.edges
)


def _network(rule: Rule, headers: Headers) -> str:
    address = rule.find(tuple(map(headers.get, rule.reads))).address
    return "" if address is None else anonymize(str(address))
