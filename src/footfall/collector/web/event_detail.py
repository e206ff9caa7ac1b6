"""Everything that is known of one event or hit, for its page.

An event that a vendor's own script sent has no decision and no steps to the client IP; one that is
only in the file has no address and no response. What is unknown is None, and is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from footfall.client_ip import Hop, Trace
from footfall.collector.storage.recent_events import RecentEvent
from footfall.collector.storage.stored_events import StoredEvent
from footfall.collector.web import reason_texts
from footfall.collector.web.reason_texts import ReasonText
from footfall.collector.wire.browser import Browser, detect_browser
from footfall.collector.wire.messages import (
    Campaign,
    HitExchange,
    IncomingEvent,
    IncomingRequest,
    IngestResponse,
    ReceivedHit,
    iso_time,
)
from footfall.events.curl_command import curl_command
from footfall.model import Step
from footfall.rules.bot_detection import Bot, classify

_PLAUSIBLE_PATH: Final = "/api/event"
# For events that were kept without their path.
_SWETRIX_PATH: Final = "/log"
# Some ten screens.
_MAX_COMMAND: Final = 20_000


class TimelineEntry(NamedTuple):
    """A step in the life of a hit: its name, ISO time, and milliseconds after the first step."""

    name: str
    time: str
    after_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDetail:
    """All that is known of one hit, or of the event that it became."""

    key: str
    reason_text: ReasonText
    received_at: float
    name: str
    domain: str
    url: str | None
    path: str
    hostname: str | None
    referrer: str | None
    # The page of this site before it, which is no referrer.
    previous: str | None = None
    source: str | None
    campaign: Campaign
    props: Mapping[str, str] = field(default_factory=dict)
    revenue: tuple[str, str] | None = None
    user_agent: str
    agent: Browser
    bot: Bot | None
    visitor: str | None = None
    session: str | None = None
    vendor: str | None = None
    client_ip: str | None
    trace: Trace | None = None
    steps: Sequence[Step] = ()
    hit: HitExchange | None = None
    # The request as a command; for an event that is only in the file, headers and body instead.
    curl: str | None = None
    headers: Mapping[str, str] | None = None
    body: Any = None
    response: str | None = None
    timeline: Sequence[TimelineEntry] = ()

    @property
    def time(self) -> str:
        return iso_time(self.received_at)

    @property
    def cause(self) -> str:
        """What led to the reason; empty for an event that counts, whose page says it all."""
        if self.reason_text.status == "tracked":
            return ""
        return reason_texts.cause_of(self.reason_text.reason, self.user_agent, self.steps)


def detail_of_hit(hit: ReceivedHit) -> EventDetail:
    """The details of a hit that did not count."""
    return EventDetail(
        key=f"u{hit.id}",
        reason_text=reason_texts.of_hit(hit.reason),
        received_at=hit.received_at,
        name=hit.name,
        domain=hit.domain,
        url=hit.url,
        path=hit.path,
        hostname=hit.hostname,
        referrer=hit.referrer,
        previous=hit.previous,
        source=None,
        campaign=hit.campaign,
        user_agent=hit.user_agent,
        agent=detect_browser(hit.user_agent),
        bot=classify(hit.user_agent),
        client_ip=hit.client_ip,
        trace=hit.trace,
        steps=hit.steps,
        hit=hit.exchange,
        timeline=_timeline(hit, hit.received_at),
    )


def detail_of_event(
    entry: StoredEvent, recent: RecentEvent | None, collector_url: str
) -> EventDetail:
    """The details of an event.

    Args:
        entry: The event as it is in the file.
        recent: Its request and response, while they are in memory.
        collector_url: Where the browser has the collector, for the request as a command.
    """
    incoming, response, hit = recent or (None, None, None)
    return EventDetail(
        key=str(entry.id),
        reason_text=reason_texts.of_event(
            entry.reason, hit.reason if hit else None, entry.hostname
        ),
        received_at=entry.received_at / 1_000,
        name=entry.name,
        domain=entry.domain,
        url=entry.url,
        path=entry.path or "(no page)",
        hostname=entry.hostname,
        referrer=entry.referrer,
        previous=hit.previous if hit else None,
        source=entry.source,
        campaign=entry.campaign,
        props=entry.props,
        revenue=entry.revenue,
        user_agent=entry.user_agent,
        agent=Browser(entry.browser, entry.os, entry.device),
        bot=classify(entry.user_agent),
        visitor=entry.visitor,
        session=entry.session,
        vendor=entry.vendor,
        client_ip=entry.client_ip,
        trace=hit.trace if hit else _vendor_trace(incoming),
        steps=hit.steps if hit else (),
        hit=hit.exchange if hit else None,
        curl=_curl(entry, incoming.request, collector_url) if incoming else None,
        headers=entry.headers,
        body=entry.body,
        response=_as_http(response) if response else None,
        timeline=_timeline(hit, entry.received_at / 1_000),
    )


def _vendor_trace(incoming: IncomingEvent | None) -> Trace | None:
    """How the vendor finds the client IP: a header names it, or else it is the peer."""
    if incoming is None:
        return None
    peer, address = incoming.request.peer, incoming.client_ip
    if peer == address:
        hops = [Hop("peer", peer, peer, "chosen")]
        return Trace(client_ip=address, source=incoming.vendor, reason=_NO_HEADER, hops=tuple(hops))
    named = [name for name, value in incoming.request.headers.items() if address in value]
    header = named[0] if named else "header"
    return Trace(
        client_ip=address,
        source=incoming.vendor,
        reason="headers of the sender are believed",
        hops=(Hop("peer", peer, peer, "trusted"), Hop(header, address, address, "chosen")),
    )


_NO_HEADER: Final = "no header names another, so the sender is the visitor"


def _curl(entry: StoredEvent, request: IncomingRequest, collector_url: str) -> str | None:
    if not request.body:
        return None
    # A report names the path at which the app has the collector, which may be another.
    is_plausible = entry.vendor == "plausible"
    path = _PLAUSIBLE_PATH if is_plausible else request.path or _SWETRIX_PATH
    command = curl_command(f"{collector_url}{path}", request.headers, request.body)
    # A part of a command would be another command.
    return command if len(command) <= _MAX_COMMAND else None


def _as_http(response: IngestResponse) -> str:
    head = [
        f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
        f"content-type: {response.content_type}",
    ]
    head += [f"{name}: {value}" for name, value in response.headers]
    return "\n".join([*head, "", response.body.decode("utf-8", "replace")])


def _timeline(hit: ReceivedHit | None, received_at: float) -> list[TimelineEntry]:
    if hit is None:
        return [TimelineEntry("Received", iso_time(received_at), 0.0)]
    times = (
        ("Captured", hit.captured_at),
        ("Decided", hit.decided_at),
        ("Sent", hit.sent_at),
        ("Received", received_at),
    )
    # The sender's clock may be wrong, and name a time that no calendar has.
    return [
        TimelineEntry(name, _iso_time(at), round((at - hit.captured_at) * 1_000, 1))
        for name, at in times
    ]


def _iso_time(at: float) -> str:
    try:
        return iso_time(at)
    except (OverflowError, OSError, ValueError):
        return ""
