"""Forwarding: the collector sends the events that it received on to a vendor, as the app would.

Each destination has a lane of its own, so retries, pauses and counters are those of an app. The
visitor's address and User-Agent, the URL, the props and the revenue are forwarded unchanged. Not
forwarded are events that were dropped for an unknown domain, a script's `engagement`, which only
the script may send, and events that another collector forwarded, which could make a loop.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from footfall.collector.wire.messages import Campaign, IncomingEvent
from footfall.delivery import Lane, Limits
from footfall.delivery.transport import TOTAL_TIMEOUT_SECONDS, Transport, choose
from footfall.destinations import VISITOR_HEADERS, Destination, check_event_name
from footfall.errors import ConfigError, EventError, Fault
from footfall.model import Event, Request, Response, Revenue, Visitor
from footfall.rules.url import UNKNOWN_HOST

__all__ = ["Forward", "event_of", "reject_loops"]

# RFC 9110, section 7.6.3: an intermediary adds itself to `Via`.
_VIA: Final = "1.1 footfall"
# The vendor would not count these either.
_NOT_FORWARDED: Final = frozenset({"not_found", "no_session_for_engagement"})


class Forward:
    """Sends events on to one or several destinations, in threads of its own."""

    def __init__(
        self, destinations: Sequence[Destination], transport: Transport | None = None
    ) -> None:
        transport = transport or choose("auto", timeout_seconds=TOTAL_TIMEOUT_SECONDS)
        transport = _ViaTransport(transport)
        self._lanes = [Lane(destination, transport, Limits()) for destination in destinations]

    def enqueue(self, incoming: Sequence[IncomingEvent]) -> None:
        """Queue events, each once for each destination that takes it. Never waits."""
        events = [event for event in map(event_of, incoming) if event is not None]
        for lane in self._lanes:
            for event in filter(lane.takes, events):
                lane.offer(event)

    def stats(self) -> dict[str, dict[str, Any]]:
        """Counters by destination, which add up as those of `footfall.stats()` do."""
        return {
            lane.destination.name: {**asdict(lane.counters()), "is_paused": lane.is_paused}
            for lane in self._lanes
        }

    def close(self, timeout_seconds: float) -> bool:
        """Deliver what is queued, for at most `timeout_seconds`. True if no event was lost."""
        deadline = time.monotonic() + timeout_seconds
        for lane in self._lanes:
            lane.expedite()
        lossless = [lane.wait(deadline) for lane in self._lanes]
        return all(lossless)


class _ViaTransport:
    """A transport that adds a `Via` header, by which another collector recognises the events."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, request: Request) -> Response:
        return self._transport.send(replace(request, headers={**request.headers, "via": _VIA}))


def event_of(incoming: IncomingEvent) -> Event | None:
    """The event to forward, or None where it is not forwarded."""
    headers = incoming.request.headers
    is_valid = incoming.is_declared and bool(incoming.client_ip) and _is_sendable(incoming.name)
    if incoming.reason in _NOT_FORWARDED or not is_valid or _VIA in headers.get("via", ""):
        return None
    return Event(
        name=incoming.name,
        url=incoming.url or _url(incoming),
        referrer=incoming.referrer,
        visitor=Visitor(
            client_ip=incoming.client_ip,
            user_agent=incoming.user_agent,
            language=headers.get("accept-language", ""),
            headers={name: headers[name] for name in VISITOR_HEADERS & headers.keys()},
        ),
        props=incoming.props,
        revenue=_revenue(incoming.revenue),
        interactive=incoming.interactive,
        time=incoming.request.at,
    )


def reject_loops(destinations: Sequence[Destination], port: int) -> None:
    """Reject destinations that are the collector itself, which listens on `port`.

    Raises:
        ConfigError: with a fault for each of them.
    """
    faults = [
        Fault(
            "forward", destination.endpoint, "is this collector itself; name where events should go"
        )
        for destination in destinations
        if _port_of(destination.endpoint) == port and _is_this_machine(destination.endpoint)
    ]
    if faults:
        raise ConfigError(faults)


def _is_sendable(name: str) -> bool:
    try:
        check_event_name(name)
    except EventError:
        return False
    return True


def _url(incoming: IncomingEvent) -> str:
    """The URL of an event that has none: Swetrix events carry its parts."""
    query = _sent_query(incoming.request.body) or _campaign_query(incoming.campaign)
    host = incoming.hostname or UNKNOWN_HOST
    path = f"/{(incoming.path or '').lstrip('/')}"
    return f"https://{host}{path}?{query}" if query else f"https://{host}{path}"


def _sent_query(body: bytes) -> str:
    try:
        query = json.loads(body).get("qs")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return query.lstrip("?") if isinstance(query, str) else ""


def _campaign_query(campaign: Campaign) -> str:
    fields: Mapping[str, str | None] = campaign._asdict()
    return urlencode({f"utm_{name}": value for name, value in fields.items() if value})


def _revenue(sent: tuple[str, str] | None) -> Revenue | None:
    try:
        return Revenue(sent[0], Decimal(sent[1])) if sent else None
    except InvalidOperation:
        return None


def _port_of(endpoint: str) -> int:
    parts = urlsplit(endpoint)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _is_this_machine(endpoint: str) -> bool:
    """Whether the host is this machine: only a machine's own addresses can be bound."""
    try:
        found = socket.getaddrinfo(urlsplit(endpoint).hostname, 0, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return False
    return any(_is_own(family, address) for family, _, _, _, address in found)


def _is_own(family: int, address: Any) -> bool:
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(address)
        except OSError:
            return False
    return True
