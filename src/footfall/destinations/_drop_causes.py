"""Why a vendor may have dropped an event: the likeliest cause that the event itself shows.

Vendors do not say why. A destination tries the causes in the order of how well the event proves
them. Each text names the evidence and the remedy, and never the visitor's address.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, NamedTuple

from footfall.client_ip.addresses import PRIVATE_NETWORKS, Networks, parse
from footfall.client_ip.platforms import PLATFORMS
from footfall.destinations import _response_status, _validation
from footfall.rules.bot_detection import classify

if TYPE_CHECKING:
    from footfall.model import Event


class Cause(NamedTuple):
    """A stable word, by which each cause is logged only once, and a clause for the log line."""

    kind: str
    text: str


def address_cause(event: Event) -> Cause | None:
    """The cause where the event's IP address cannot be a visitor's: private, or a proxy's."""
    address = parse(event.visitor.client_ip or "")
    if address is None:
        return None
    if address in _PRIVATE:
        return Cause(
            "private_address",
            "its address is private, so it is a proxy's or this server's and not the visitor's; "
            "set trusted_proxies or client_ip_header, as `footfall explain` shows",
        )
    for title, name, networks in _PLATFORM_NETWORKS:
        if address in networks:
            return Cause(
                "proxy_address",
                f"its address is {title}'s, so it is a proxy's and not the visitor's; "
                f"set trusted_proxies={name!r}",
            )
    return None


def bot_cause(event: Event) -> Cause | None:
    """The cause where the event's user agent names a bot."""
    bot = classify(event.visitor.user_agent) if event.visitor.user_agent.strip() else None
    if bot is None:
        return None
    label = _response_status.one_line(f"{bot.name}, {bot.kind}" if bot.name else bot.kind)
    return Cause(
        "bot",
        f"its user agent matches a bot's ({label}); then nothing is lost, and the default "
        "bots='skip' saves the request",
    )


def unknown_site_cause(site: str) -> Cause:
    """The cause where the vendor has not kept any event so far."""
    return Cause(
        "unknown_site",
        f"it knows no site {site!r}, or has for less than a minute, since it has kept no event so "
        "far; compare the name with the vendor's, letter by letter",
    )


def referrer_cause(event: Event) -> Cause | None:
    """The cause where the event has a referrer: vendors keep lists of spam sites."""
    host = _validation.host_of(event.referrer or "")
    if not host:
        return None
    return Cause(
        "referrer",
        f"its referrer {_response_status.one_line(host)} is on the vendor's list of spam; "
        "then nothing is lost",
    )


_PRIVATE = Networks(PRIVATE_NETWORKS)
_PLATFORM_NETWORKS = tuple(
    (platform.title, platform.name, Networks(map(ip_network, platform.edges)))
    for platform in PLATFORMS.values()
    if platform.edges
)
