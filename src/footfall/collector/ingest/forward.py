"""Passing on: what the collector took goes on to a vendor, as the app itself would send it.

Each destination has a lane of its own, so retries, pauses and counters are those of an app. The
visitor's address and User-Agent, the URL, the props and the revenue stay as they were. Not passed
on: what was dropped for an unknown domain, a script's `engagement`, which only the script may send,
and what another collector has passed on already, for that is how loops begin.
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

__all__ = ["Forward", "event_of", "refuse_loops"]

# RFC 9110, section 7.6.3: who passed a message on says so.
_VIA: Final = "1.1 footfall"
# What the vendor would not have counted either way.
_NOT_PASSED_ON: Final = frozenset({"not_found", "no_session_for_engagement"})


class Forward:
    """The way on to one or several vendors. `take` never waits."""

    def __init__(
        self, destinations: Sequence[Destination], transport: Transport | None = None
    ) -> None:
        transport = _Signed(transport or choose("auto", timeout_seconds=TOTAL_TIMEOUT_SECONDS))
        self._lanes = [Lane(place, transport, Limits()) for place in destinations]

    def take(self, arrivals: Sequence[IncomingEvent]) -> None:
        """Queue what is to be passed on, each event once for each destination."""
        events = [event for event in map(event_of, arrivals) if event is not None]
        for lane in self._lanes:
            for event in filter(lane.takes, events):
                lane.offer(event)

    def stats(self) -> dict[str, dict[str, Any]]:
        """What became of the events, by destination; closed as `footfall.stats()` is."""
        return {
            lane.destination.name: {**asdict(lane.counters()), "is_paused": lane.is_paused}
            for lane in self._lanes
        }

    def close(self, timeout_seconds: float) -> bool:
        """Deliver what waits for so long. True if nothing was lost."""
        deadline = time.monotonic() + timeout_seconds
        for lane in self._lanes:
            lane.expedite()
        lossless = [lane.wait(deadline) for lane in self._lanes]
        return all(lossless)


class _Signed:
    """A transport that tells the other end that the event was passed on."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, request: Request) -> Response:
        return self._transport.send(replace(request, headers={**request.headers, "via": _VIA}))


def event_of(arrival: IncomingEvent) -> Event | None:
    """The event to pass on, as it was, or None where it is not to be."""
    headers = arrival.received.headers
    is_known = bool(arrival.client_ip) and _is_sendable(arrival.name)
    if arrival.reason in _NOT_PASSED_ON or not is_known or _VIA in headers.get("via", ""):
        return None
    return Event(
        name=arrival.name,
        url=arrival.url or _url(arrival),
        referrer=arrival.referrer,
        visitor=Visitor(
            client_ip=arrival.client_ip,
            user_agent=arrival.user_agent,
            language=headers.get("accept-language", ""),
            headers={name: headers[name] for name in VISITOR_HEADERS & headers.keys()},
        ),
        props=arrival.props,
        revenue=_revenue(arrival.revenue),
        interactive=arrival.interactive,
        time=arrival.received.at,
    )


def refuse_loops(destinations: Sequence[Destination], port: int) -> None:
    """Raise for destinations that are the collector itself, which listens on `port`.

    Raises:
        ConfigError: with a fault for each of them.
    """
    faults = [
        Fault("forward", place.endpoint, "is this collector itself; name where events should go")
        for place in destinations
        if _port_of(place.endpoint) == port and _is_this_machine(place.endpoint)
    ]
    if faults:
        raise ConfigError(faults)


def _is_sendable(name: str) -> bool:
    try:
        check_event_name(name)
    except EventError:
        return False
    return True


def _url(arrival: IncomingEvent) -> str:
    """The URL of an event that came without: Swetrix takes it in parts."""
    query = _sent_query(arrival.received.body) or _campaign_query(arrival.campaign)
    host = arrival.hostname or UNKNOWN_HOST
    path = f"/{(arrival.path or '').lstrip('/')}"
    return f"https://{host}{path}?{query}" if query else f"https://{host}{path}"


def _sent_query(body: bytes) -> str:
    try:
        query = json.loads(body).get("qs")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return query.lstrip("?") if isinstance(query, str) else ""


def _campaign_query(campaign: Campaign) -> str:
    told: Mapping[str, str | None] = campaign._asdict()
    return urlencode({f"utm_{name}": value for name, value in told.items() if value})


def _revenue(sent: tuple[str, str] | None) -> Revenue | None:
    try:
        return Revenue(sent[0], Decimal(sent[1])) if sent else None
    except InvalidOperation:
        return None


def _port_of(endpoint: str) -> int:
    parts = urlsplit(endpoint)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _is_this_machine(endpoint: str) -> bool:
    """Whether a name leads here: only one's own addresses can be listened on."""
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
