"""The values of ingest: a POST as it came in, the events in it, and the response it gets.

`plausible.py`, `swetrix.py` and `hit_reports.py` turn an `IncomingRequest` into an `IngestResult`,
`batch.py` into one for each of its items. They are pure, but for the `Sessions` that they are
given, and raise nothing on what a client sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias
from urllib.parse import parse_qsl

from footfall.client_ip import Trace
from footfall.collector.wire import limits
from footfall.collector.wire.parsing import hostname_of, split_uri
from footfall.model import Headers, Step

Vendor: TypeAlias = Literal["plausible", "swetrix"]

TEXT = "text/plain; charset=utf-8"
JSON = "application/json; charset=utf-8"

CREDENTIALS: Final = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
"""The request headers that are not kept in memory either; no vendor reads them."""

# A lock or a full queue lasts for a moment, and refusing costs little.
RETRY_SOON = (("retry-after", "1"),)
"""The header of each response that asks for a retry: when, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingRequest:
    """A POST as it came in. The repr hides headers and body: they hold an address."""

    # Relative to the collector's root.
    path: str = ""
    # By lower-case name; of a repeated header only the first line, which is all the vendors read.
    headers: Headers
    # The other end of the socket; empty for a unix socket.
    peer: str
    body: bytes
    # Seconds since the epoch.
    at: float

    @property
    def user_agent(self) -> str:
        """The sender's User-Agent; empty where none was sent."""
        return self.headers.get("user-agent", "")[: limits.USER_AGENT]

    def __repr__(self) -> str:
        return f"IncomingRequest(headers=<{len(self.headers)}>, body=<{len(self.body)} B>)"


class Campaign(NamedTuple):
    """The UTM tags of an event; None where one was not sent."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    content: str | None = None
    term: str | None = None


NO_CAMPAIGN = Campaign()


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingEvent:
    """One event of a request, parsed and classified, before it is stored.

    `reason` says why the vendor would drop it; None means that it counts, and then `visitor` and
    `session` are known. The repr hides the address.
    """

    vendor: Vendor
    # The Plausible domain, or the Swetrix project id.
    domain: str
    name: str
    url: str | None = None
    hostname: str | None = None
    path: str | None = None
    referrer: str | None = None
    # A tag of the URL, or the referring host.
    source: str | None = None
    campaign: Campaign = NO_CAMPAIGN
    props: Mapping[str, str] = field(default_factory=dict)
    # Currency and exact amount.
    revenue: tuple[str, str] | None = None
    # False where the event must not end a bounce.
    interactive: bool = True
    # Of an event `engagement`: for how many milliseconds the page was visible, and how many per
    # cent of it were seen; None where that was not told.
    engagement: tuple[int, int | None] | None = None
    user_agent: str = ""
    # The language that Swetrix's script reads from the browser; others are known by the header.
    locale: str | None = None
    client_ip: str = ""
    visitor: str | None = None
    session: str | None = None
    starts_session: bool = False
    reason: str | None = None
    # False where domains were declared, and this is none of them. It is dropped, whatever for.
    is_declared: bool = True
    request: IncomingRequest

    def __repr__(self) -> str:
        facts = f"{self.vendor}, {self.domain!r}, {self.name!r}, {self.path!r}"
        return f"IncomingEvent({facts}, {self.reason or 'accepted'})"


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResponse:
    """Status, body and headers of the HTTP response."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedHit:
    """One hit as our middleware reported it. The repr hides the addresses."""

    # Given by `RecentHits` of this process; 0 for a hit that counts, whose event has an id.
    id: int = 0
    domain: str
    is_tracked: bool
    reason: str
    name: str
    url: str
    referrer: str | None
    # The path of the page of this site that was open before.
    previous: str | None = None
    user_agent: str
    client_ip: str | None
    steps: tuple[Step, ...]
    trace: Trace | None
    # None where the app sent a custom event outside a request.
    exchange: HitExchange | None
    # Seconds since the epoch.
    captured_at: float
    decided_at: float
    sent_at: float
    received_at: float

    def __repr__(self) -> str:
        status = "tracked" if self.is_tracked else self.reason
        return f"ReceivedHit({self.id}, {self.domain!r}, {self.name!r}, {self.path!r}, {status})"

    @property
    def hostname(self) -> str:
        return hostname_of(split_uri(self.url)[1])

    @property
    def path(self) -> str:
        return split_uri(self.url)[2] or "/"

    @property
    def campaign(self) -> Campaign:
        """The UTM tags of the URL."""
        query = dict(parse_qsl(split_uri(self.url)[3], errors="replace"))
        return Campaign(*(query.get(f"utm_{field}") for field in Campaign._fields))

    def as_json(self) -> dict[str, Any]:
        """The hit as `GET /api/v1/hits` shows it."""
        return {
            "id": self.id,
            "received_at": iso_time(self.received_at),
            "domain": self.domain,
            "name": self.name,
            "url": self.url,
            "path": self.path,
            "reason": self.reason,
            "steps": [step._asdict() for step in self.steps],
            "method": self.exchange.method if self.exchange else None,
            "status": self.exchange.status if self.exchange else None,
            "client_ip": self.client_ip,
            "user_agent": self.user_agent,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class HitExchange:
    """The HTTP request of a hit, and the app's response to it."""

    method: str
    status: int
    host: str
    route: str | None
    peer: str | None
    request_headers: Headers
    response_headers: Headers


class IngestResult(NamedTuple):
    """The response, and what to store before it is sent."""

    response: IngestResponse
    events: Sequence[IncomingEvent] = ()
    # What our own middleware reported of the hit, whether it counts or not.
    hit: ReceivedHit | None = None


def iso_time(seconds: float) -> str:
    """Seconds since the epoch as ISO 8601, UTC, to the millisecond."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def json_response(status: int, content: Any) -> IngestResponse:
    """A response with a JSON body."""
    return IngestResponse(status=status, body=json.dumps(content, separators=(",", ":")).encode())


def busy_response(content: Any) -> IngestResponse:
    """A 503 with a JSON body: the event was not stored and should be sent again."""
    return replace(json_response(503, content), headers=RETRY_SOON)
