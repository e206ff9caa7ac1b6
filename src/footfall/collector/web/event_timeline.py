"""The story of one hit, as far as it is known: what the page of an event tells, in its order.

Of an event sent by a vendor's own script there is no decision and no way to the address; of one
that is only in the file, no address and no answer. What is not known is None, and not shown.
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
from footfall.collector.wire.browser import Browser, browser
from footfall.collector.wire.messages import (
    Campaign,
    HitFacts,
    IncomingEvent,
    IncomingRequest,
    IngestResponse,
    ReceivedHit,
    iso_time,
)
from footfall.events.curl_command import curl_command
from footfall.model import Step
from footfall.rules.user_agent import Bot, classify

# Where the vendors listen, for events that were kept without their path.
_PATHS: Final = {"plausible": "/api/event", "swetrix": "/log"}


class TimelineEntry(NamedTuple):
    """Something that happened, and how many milliseconds after the first."""

    name: str
    time: str
    after_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTimeline:
    """All that is known of one hit."""

    key: str
    verdict: ReasonText
    received_at: float
    name: str
    domain: str
    url: str | None
    path: str
    hostname: str | None
    referrer: str | None
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
    hit: HitFacts | None = None
    # The command, or without the addresses what is left of the request.
    curl: str | None = None
    headers: Mapping[str, str] | None = None
    body: Any = None
    answer: str | None = None
    moments: Sequence[TimelineEntry] = ()

    @property
    def time(self) -> str:
        return iso_time(self.received_at)


def story_of_hit(hit: ReceivedHit) -> EventTimeline:
    """The story of a hit that did not count."""
    return EventTimeline(
        key=f"u{hit.number}",
        verdict=reason_texts.of_hit(hit.reason),
        received_at=hit.received_at,
        name=hit.name,
        domain=hit.domain,
        url=hit.url,
        path=hit.path,
        hostname=hit.hostname,
        referrer=hit.referrer,
        source=None,
        campaign=hit.campaign,
        user_agent=hit.user_agent,
        agent=browser(hit.user_agent),
        bot=classify(hit.user_agent),
        client_ip=hit.client_ip,
        trace=hit.trace,
        steps=hit.steps,
        hit=hit.request,
        moments=_moments(hit, hit.received_at),
    )


def story_of_event(entry: StoredEvent, told: RecentEvent | None) -> EventTimeline:
    """The story of an event; `told` is how it came, while that is remembered."""
    arrival, answer, hit = told or (None, None, None)
    return EventTimeline(
        key=str(entry.id),
        verdict=reason_texts.of_event(entry.reason, hit.reason if hit else None),
        received_at=entry.received_at / 1_000,
        name=entry.name,
        domain=entry.domain,
        url=entry.url,
        path=entry.path or "(no page)",
        hostname=entry.hostname,
        referrer=entry.referrer,
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
        trace=hit.trace if hit else _believed(arrival),
        steps=hit.steps if hit else (),
        hit=hit.request if hit else None,
        curl=_curl(entry, arrival.received) if arrival else None,
        headers=entry.headers,
        body=entry.body,
        answer=_raw(answer) if answer else None,
        moments=_moments(hit, entry.received_at / 1_000),
    )


def _believed(arrival: IncomingEvent | None) -> Trace | None:
    """Whom the vendor takes for the visitor: what a header says, else who sent the request."""
    if arrival is None:
        return None
    peer, address = arrival.received.peer, arrival.client_ip
    if peer == address:
        hops = [Hop("peer", peer, peer, "chosen")]
        return Trace(client_ip=address, source=arrival.vendor, reason=_NO_HEADER, hops=tuple(hops))
    named = [name for name, value in arrival.received.headers.items() if address in value]
    header = named[0] if named else "header"
    return Trace(
        client_ip=address,
        source=arrival.vendor,
        reason="headers of the sender are believed",
        hops=(Hop("peer", peer, peer, "trusted"), Hop(header, address, address, "chosen")),
    )


_NO_HEADER: Final = "no header names another, so the sender is the visitor"


def _curl(entry: StoredEvent, received: IncomingRequest) -> str | None:
    if not received.body:
        return None
    host = received.headers.get("host", "127.0.0.1:8321")
    path = received.path or _PATHS.get(entry.vendor, "/")
    body = received.body.decode("utf-8", "replace")
    return curl_command(f"http://{host}{path}", received.headers, body)


def _raw(answer: IngestResponse) -> str:
    head = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        f"content-type: {answer.content_type}",
    ]
    head += [f"{name}: {value}" for name, value in answer.headers]
    return "\n".join([*head, "", answer.body.decode("utf-8", "replace")])


def _moments(hit: ReceivedHit | None, received_at: float) -> list[TimelineEntry]:
    if hit is None:
        return [TimelineEntry("Received", iso_time(received_at), 0.0)]
    times = (
        ("Captured", hit.captured_at),
        ("Decided", hit.decided_at),
        ("Sent", hit.sent_at),
        ("Received", received_at),
    )
    # The sender's clock may be wrong, and even out of every calendar.
    return [
        TimelineEntry(name, _time(at), round((at - hit.captured_at) * 1_000, 1))
        for name, at in times
    ]


def _time(at: float) -> str:
    try:
        return iso_time(at)
    except (OverflowError, OSError, ValueError):
        return ""
