"""Warns of pages that are sent under a host which only a private network knows.

A proxy that replaces the Host header, as nginx does unless told otherwise, gives the app the name
of its upstream: `web:8000`, `10.0.0.5`. Its pages count, for a site of that name. On an intranet
the same name may be the site's own, so pages are sent all the same.
"""

from __future__ import annotations

from typing import Final

from footfall.common.internal_host import is_internal
from footfall.common.log import ThrottledLog
from footfall.config import Config
from footfall.model import Hit
from footfall.rules import url
from footfall.rules.pageview import HOST_REMEDY
from footfall.tracker.uncounted_pages import PROXY_HEADERS, request_facts

# Once pages of another host have counted, a client may have made one up: fewer are no cause.
_PAGES_BESIDE_OTHERS: Final = 10
# A site has few hosts, but a client may write any.
_MAX_HOSTS: Final = 64


class InternalHostDetector:
    """Looks at the host of each page that counts, and warns once.

    Of a host it needs one page, and ten where pages of an ordinary host have counted. It needs a
    proxy in front: a peer that the settings trust, or the header of a proxy. It says nothing of a
    host that the proxy names, and of one that the browser names as the page before.

    Args:
        config: The settings. With `base_url`, or without a destination elsewhere, it never warns.
        log: Where it warns.
    """

    def __init__(self, config: Config, log: ThrottledLog) -> None:
        self._config = config
        self._log = log
        self._is_done = config.url_options.base_url is not None or config.is_local_only
        self._has_seen_others = False
        # Each page looks here first, so that those of an ordinary host cost one look-up.
        self._settled: set[str] = set()
        self._pages: dict[str, int] = {}

    def observe(self, hit: Hit, origin: str) -> None:
        """Look at a hit that counts; `origin` is the scheme and host under which it is sent."""
        if self._is_done or origin in self._settled:
            return
        host = _host_of(origin)
        if not is_internal(host):
            self._has_seen_others = self._has_seen_others or host != url.UNKNOWN_HOST
            self._settle(origin)
        elif self._is_of_proxy(hit):
            if _is_named_by_others(hit, host, is_trusted=self._config.resolver.trusts(hit.peer)):
                self._settle(origin)
            else:
                self._count(hit, origin)

    def _is_of_proxy(self, hit: Hit) -> bool:
        return self._config.resolver.trusts(hit.peer) or not PROXY_HEADERS.isdisjoint(hit.headers)

    def _count(self, hit: Hit, origin: str) -> None:
        pages = self._pages.get(origin, 0) + 1
        if pages >= (_PAGES_BESIDE_OTHERS if self._has_seen_others else 1):
            self._is_done = True
            self._log.warn_once("internal_host", internal_host_warning(hit, origin, self._config))
        elif origin in self._pages or len(self._pages) < _MAX_HOSTS:
            self._pages[origin] = pages

    def _settle(self, origin: str) -> None:
        if len(self._settled) < _MAX_HOSTS:
            self._settled.add(origin)


def internal_host_warning(hit: Hit, origin: str, config: Config) -> str:
    """What was seen of a hit under such a host, and what to change.

    Args:
        hit: Its request.
        origin: The scheme and host under which it is sent.
        config: The settings.
    """
    names = ", ".join(destination.name for destination in config.all_destinations)
    return f"footfall: pages are sent to {names} under {_seen(hit, origin, config)}"


def internal_host_note(hit: Hit, origin: str, config: Config) -> str:
    """The same for an explanation; empty where the host is an ordinary one, or `base_url`'s."""
    if config.url_options.base_url is not None or not is_internal(_host_of(origin)):
        return ""
    return f"The page is sent under {_seen(hit, origin, config)}"


def _seen(hit: Hit, origin: str, config: Config) -> str:
    facts = request_facts(hit, config, config.resolver.trace(hit.peer, hit.headers))
    is_unbelieved = "x-forwarded-host" in hit.headers and not config.resolver.trusts(hit.peer)
    trust = "`X-Forwarded-Host` is not read: name the proxy in `trusted_proxies`. "
    return (
        f"the host {_host_of(origin)!r}, which only a private network knows ({facts}). "
        "If visitors know the site by another, the figures are another site's. "
        f"{trust if is_unbelieved else ''}{HOST_REMEDY} "
        f'If it is the one they use, say so: `base_url="{origin}"`.'
    )


def _is_named_by_others(hit: Hit, host: str, *, is_trusted: bool) -> bool:
    """True if the proxy says that visitors use this host, or a browser does."""
    if is_trusted and (
        "x-forwarded-host" in hit.headers or "host=" in hit.headers.get("forwarded", "").lower()
    ):
        return True
    referrer = url.scrub_url(hit.headers.get("referer", ""))
    return _host_of(referrer).partition("/")[0] == host


def _host_of(address: str) -> str:
    return address.partition("://")[2]
