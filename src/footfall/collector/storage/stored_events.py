"""Stored events, totals over them, and searches.

`StoredEvent.as_json` is what `GET /api/v1/events` shows; `app.py` promises its shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from footfall.collector.wire.messages import Campaign, IncomingEvent, iso_time

Period: TypeAlias = Literal["day", "week", "month", "all"]


class PeriodSpec(NamedTuple):
    """How far a period reaches back, None for all that is stored; and the bars of its chart."""

    seconds: int | None
    bars: int


PERIODS: Final[Mapping[Period, PeriodSpec]] = {
    "day": PeriodSpec(86_400, 24),
    "week": PeriodSpec(7 * 86_400, 28),
    "month": PeriodSpec(30 * 86_400, 30),
    "all": PeriodSpec(None, 30),
}
"""A bar is an hour, six hours or a day; over everything, a thirtieth of it."""

MAX_LIMIT: Final = 10_000
"""The most events of one search."""

MAX_SEARCH_BYTES: Final = 32_000_000
"""The most memory that the rows of one search take: 10,000 of a common size take half of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """One event as it was stored. The repr hides the address."""

    id: int
    # Milliseconds since the epoch.
    received_at: int
    vendor: str
    domain: str
    name: str
    url: str | None
    path: str | None
    hostname: str | None
    referrer: str | None
    source: str | None
    campaign: Campaign
    props: Mapping[str, str]
    revenue: tuple[str, str] | None
    user_agent: str
    browser: str | None
    os: str | None
    device: str | None
    # Known only for the newest events of this process; never written.
    client_ip: str | None
    visitor: str | None
    session: str | None
    reason: str | None
    # None once the request is no longer stored.
    headers: Mapping[str, str] | None
    body: Any

    def __repr__(self) -> str:
        status = self.reason or "accepted"
        return f"StoredEvent({self.id}, {self.domain!r}, {self.name!r}, {self.path!r}, {status})"

    @property
    def status(self) -> Literal["accepted", "dropped"]:
        return "dropped" if self.reason else "accepted"

    @property
    def time(self) -> str:
        """When it was received: ISO 8601, UTC, to the millisecond."""
        return iso_time(self.received_at / 1_000)

    def as_json(self) -> dict[str, Any]:
        """The event as `GET /api/v1/events` shows it."""
        currency, amount = self.revenue or (None, None)
        return {
            "id": self.id,
            "received_at": self.time,
            "vendor": self.vendor,
            "domain": self.domain,
            "name": self.name,
            "url": self.url,
            "path": self.path,
            "hostname": self.hostname,
            "referrer": self.referrer,
            "utm": self.campaign._asdict(),
            "props": dict(self.props),
            "revenue": {"currency": currency, "amount": amount} if currency else None,
            "user_agent": self.user_agent,
            "client_ip": self.client_ip,
            "visitor": self.visitor,
            "session": self.session,
            "status": self.status,
            "reason": self.reason,
            "headers": self.headers,
            "body": self.body,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSearch:
    """Which events to read; None matches every value."""

    name: str | None = None
    domain: str | None = None
    path: str | None = None
    status: str | None = None
    # Why they were dropped.
    reason: str | None = None
    # Only events with a greater id.
    after: int = 0
    # Of more than `limit`, the newest; if False, the ones that follow `after`.
    is_newest: bool = True
    limit: int = 1_000

    def matches(self, event_id: int, event: IncomingEvent) -> bool:
        """Whether an event matches that is not in the file."""
        return (
            event_id > self.after
            and self.name in (None, event.name)
            and self.domain in (None, event.domain)
            and self.path in (None, event.path)
            and self.reason in (None, event.reason)
            and self.status in (None, "dropped" if event.reason else "accepted")
        )


class SearchResult(NamedTuple):
    """The events, oldest first, and how many match without the limit."""

    events: list[StoredEvent]
    total: int


class TopRow(NamedTuple):
    """One row of a top ten: its label, how many visitors, and how many events or visits."""

    label: str
    visitors: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Totals of a period. Dropped events are in `dropped` alone.

    A visitor is counted once a day, a visit where it began. `sources` has visits by the source of
    their first event, `bars` the pageviews by time, oldest first.
    """

    visitors: int
    visits: int
    pageviews: int
    events: int
    dropped: int
    pages: list[TopRow]
    sources: list[TopRow]
    names: list[TopRow]
    reasons: list[TopRow]
    bars: list[int]

    def as_json(self) -> dict[str, Any]:
        """The totals as `GET /api/v1/stats` shows them."""
        return {
            "visitors": self.visitors,
            "visits": self.visits,
            "pageviews": self.pageviews,
            "events": self.events,
            "dropped": self.dropped,
            "pages": [
                {"path": each.label, "visitors": each.visitors, "pageviews": each.number}
                for each in self.pages
            ],
            "sources": [
                {"source": each.label, "visitors": each.visitors, "visits": each.number}
                for each in self.sources
            ],
            "names": [
                {"name": each.label, "visitors": each.visitors, "events": each.number}
                for each in self.names
            ],
            "reasons": [{"reason": each.label, "events": each.number} for each in self.reasons],
        }
