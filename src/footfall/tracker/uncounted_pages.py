"""The warnings of causes that hide every page of a site, and cause no error anywhere.

They say what was seen, without a visitor's address, and the line to change.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from footfall.client_ip import Trace
from footfall.client_ip.misconfiguration import FORWARD_REMEDY, NO_CLIENT_IP_REMEDY
from footfall.client_ip.platforms import KNOWN_HEADERS
from footfall.common.log import ThrottledLog
from footfall.common.loopback import is_loopback
from footfall.config import Config, is_off_in
from footfall.model import Hit
from footfall.rules import pageview
from footfall.rules.pageview import LOCALHOST_REMEDY

PROXY_HEADERS: Final = KNOWN_HEADERS | {"x-forwarded-host", "x-forwarded-proto"}
"""Those that show a proxy in front of the app."""

# A host name is shorter, and so is what a server calls its peer.
_MAX_TEXT_CHARS: Final = 80

LOOKS: Final = 1000
"""How many requests an `InactiveDetector` looks at: an app without pages must not pay for ever."""


class InactiveCause(NamedTuple):
    """What hides every page, without a full stop, and a sentence with what to change."""

    text: str
    remedy: str


def inactive_cause(config: Config, environ: Mapping[str, str]) -> InactiveCause:
    """Why nothing is counted with a Config that is not active.

    `environ` has the variables that the Config was loaded with.
    """
    if config.enabled:
        return InactiveCause(
            "no destination is configured",
            'Set `destinations`, such as "plausible://plausible.io/example.com", or '
            "FOOTFALL_DESTINATIONS in the environment.",
        )
    if is_off_in(environ):
        return InactiveCause(
            "FOOTFALL_ENABLED is off", "Remove it from the environment, or set it to 1."
        )
    return InactiveCause("the option `enabled` is off", "Remove it from the app's settings.")


class InactiveDetector:
    """Warns, once, of a page that visitors see while nothing is counted.

    Args:
        config: The settings, which are not active.
        environ: The variables that they were loaded with.
        log: Where it warns.
    """

    def __init__(self, config: Config, environ: Mapping[str, str], log: ThrottledLog) -> None:
        self._config = config
        self._cause = inactive_cause(config, environ)
        self._log = log
        self._looks_left = LOOKS
        # This runs in the request: no function of the app's.
        self._options = replace(config.pageview_options, track_localhost=False, is_bot=None)

    def observe(self, hit: Hit) -> bool:
        """Look at a hit; True once there is no need to look at another."""
        self._looks_left -= 1
        if not pageview.decide(hit, self._options).is_counted:
            return self._looks_left <= 0
        names = ", ".join(destination.name for destination in self._config.all_destinations)
        consequence = f"While that is so, nothing reaches {names}. " if names else ""
        self._log.warn_once(
            "inactive",
            f"footfall: a page was not counted, since {self._cause.text} "
            f"(Host {hit.host[:_MAX_TEXT_CHARS]!r}). {consequence}{self._cause.remedy}",
        )
        return True


def local_host_warning(hit: Hit, host: str, config: Config) -> str:
    """What was seen of a hit that did not count for its host, and what to change.

    That is right at a developer's desk; behind a proxy that replaces the Host header, as nginx does
    unless told otherwise, no page counts.

    Args:
        hit: Its request.
        host: What was taken for the host that visitors see.
        config: The settings, with a destination that is not on this machine.
    """
    trace = config.resolver.trace(hit.peer, hit.headers)
    names = ", ".join(destination.name for destination in config.all_destinations)
    return (
        "footfall: a page was not counted, since its host is this machine's "
        # A client may send anything; a literal stays on its line.
        f"(Host {host[:_MAX_TEXT_CHARS]!r}; {request_facts(hit, config, trace)}). "
        f"While that is so, nothing reaches {names}. {LOCALHOST_REMEDY}"
    )


def no_client_ip_warning(hit: Hit | None, config: Config) -> str:
    """What was seen of a hit whose visitor's address is not known, and what to change.

    Args:
        hit: Its request; None for an event that was tracked outside one.
        config: The settings.
    """
    if hit is None:
        return "footfall: an event without a client IP was not counted; give its visitor an address"
    trace = config.resolver.trace(hit.peer, hit.headers)
    return (
        f"footfall: a hit without a client IP was not counted: {trace.reason} "
        f"({request_facts(hit, config, trace)}). {forward_remedy(hit.peer)}"
    )


def forward_remedy(peer: str | None = None) -> str:
    """How the visitor's address comes to the app, under the server that runs it.

    `peer` is what that says of a hit's peer.
    """
    # Nothing but waitress calls a unix socket so.
    is_waitress = peer == "localhost" or "waitress.server" in sys.modules
    return NO_CLIENT_IP_REMEDY if is_waitress else FORWARD_REMEDY


def request_facts(hit: Hit, config: Config, trace: Trace) -> str:
    """What the request shows of a proxy in front, without an address."""
    seen = sorted((config.resolver.headers_read | PROXY_HEADERS) & hit.headers.keys())
    return f"peer {_described_peer(trace)}; proxy headers: {', '.join(seen) or 'none'}"


def _described_peer(trace: Trace) -> str:
    peer = trace.hops[0]
    if peer.address is None:
        local = peer.text == "local"
        return (
            "a local socket" if local else f"{peer.text[:_MAX_TEXT_CHARS]!r}, which is no address"
        )
    return "on this machine" if is_loopback(peer.address) else "elsewhere"
