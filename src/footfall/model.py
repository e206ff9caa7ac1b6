"""The values that everything else works on, from a request to the vendor's response.

A hit gets a decision; a hit that counts becomes an event; an event becomes one request for each
destination; the response to that request becomes an outcome. All of them are frozen: to change
one, use `dataclasses.replace`. Nothing here does I/O, reads a clock or knows a framework.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias, final

Headers: TypeAlias = Mapping[str, str]
"""Header values by lower-case name; repeated lines are joined with a comma, as WSGI servers do."""

Scalar: TypeAlias = str | int | float | bool | Decimal
"""What a custom property may hold. Vendors store the text of it."""

NO_PROPS: Mapping[str, Any] = MappingProxyType({})

PAGEVIEW = "pageview"
"""The event name that vendors treat as a page view; all others are custom events."""

HEARTBEAT = "heartbeat\0"
"""The event that counts nothing and keeps a visit alive. No app can give an event this name."""

ENGAGEMENT = "engagement"
"""The event that says how a page was viewed, and counts nothing. No app can give this name."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """The facts of one HTTP exchange, before any decision.

    What the client sent is untrusted text: decoded so that decoding cannot fail, otherwise
    unchanged. A field that was absent is empty, never missing.
    """

    method: str = "GET"
    # As the app's own server saw it. `footfall.rules.url` finds the public one in proxy headers.
    scheme: str = "http"
    # The Host header, port included; the server's own name where a client sent none.
    host: str = ""
    # Percent-decoded, with the mount point (SCRIPT_NAME, root_path) in front; starts with "/".
    path: str = "/"
    # The same as the browser sent it, percent-encoded; empty where the server does not tell, and
    # where that has no escape.
    raw_path: str = ""
    # As sent, without the question mark, undecoded.
    query: str = ""
    headers: Headers = field(default_factory=dict)
    # The other end of the socket: an address, a server's name for a unix socket, or None.
    peer: str | None = None
    status: int = 200
    response_headers: Headers = field(default_factory=dict)
    # Seconds since the epoch, at the start of the response.
    time: float = 0.0
    # The framework's template of the path (`/users/{id}`), where an adapter knows it.
    route: str | None = None
    # What the app set for this request with `set_props()` and `ignore()`.
    props: Mapping[str, Any] = field(default_factory=dict)
    ignored: bool = False
    # The path to send instead, where the app gave the page another one.
    shown_path: str | None = None
    # The event details that the app set for this request, not yet validated.
    details: Mapping[str, Any] = field(default_factory=dict)


class Step(NamedTuple):
    """One rule that a decision passed: its name, the value that it read, and its result."""

    rule: str
    saw: str
    verdict: Literal["pass", "stop", "count"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a hit is, and why.

    `kind` is `"pageview"`, `"event"` (then `name` says which) or `"skip"`. `reason` is one stable
    word that counters, logs and tests may rely on; `steps` are the rules that led to it.
    """

    kind: Literal["pageview", "event", "skip"]
    reason: str
    steps: tuple[Step, ...] = ()
    name: str = ""
    props: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_counted(self) -> bool:
        return self.kind != "skip"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who caused an event, as far as vendors need to know: an address and a browser.

    Vendors build their daily visitor id from these two strings, byte for byte, so every event of a
    visitor must carry them unchanged. Never logged; the repr hides the address.
    """

    # One canonical address, without port or zone; None when it cannot be known.
    client_ip: str | None = None
    # As the browser sent it; empty when it sent none.
    user_agent: str = ""
    # The browser's Accept-Language as sent.
    language: str = ""
    # Further request headers that a vendor may want to see as the visitor sent them.
    headers: Headers = field(default_factory=dict)

    @property
    def identity(self) -> tuple[str | None, str]:
        """Equal for two events of one visitor: vendors compare nothing else."""
        return self.client_ip, self.user_agent

    def __repr__(self) -> str:
        known = "hidden" if self.client_ip else "unknown"
        return f"Visitor(client_ip=<{known}>, user_agent={self.user_agent[:40]!r})"


class Engagement(NamedTuple):
    """How a page was viewed since the last event that said so."""

    # For so long it was visible.
    milliseconds: int
    # How much of its height was seen so far, in per cent.
    scroll_depth: int


class Revenue(NamedTuple):
    """Money of an event: an ISO 4217 code and the exact amount."""

    currency: str
    amount: Decimal


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is sent to a destination. A pageview is an event named `pageview`."""

    name: str = PAGEVIEW
    # Absolute, public and scrubbed: the page's URL as it may leave this machine.
    url: str
    # Another site that led here, scrubbed; None when there was none or it was this site.
    referrer: str | None = None
    # The path of this site's page that led here; None when the visitor came from elsewhere.
    previous: str | None = None
    visitor: Visitor
    props: Mapping[str, Scalar] = field(default_factory=dict)
    revenue: Revenue | None = None
    # False keeps an event from ending a bounce. Pageviews always count as interactive.
    interactive: bool = True
    # Known to the app or from a client hint only; see `footfall.events.details`. The width is the
    # window's, in pixels; the zone an IANA name; the id the app's own for a signed-in user.
    screen_width: int | None = None
    time_zone: str = ""
    profile_id: str = ""
    # How long the phases of loading took, in milliseconds: all eight or none.
    perf: Mapping[str, float] = field(default_factory=dict)
    # Of an event named `engagement`, and of no other.
    engagement: Engagement | None = None
    # Seconds since the epoch. Most vendors take no time, so an event that grows old is dropped.
    time: float = 0.0
    # The names of the fields that were cut before any vendor's limit was known.
    trimmed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One POST to a vendor, ready to send. The repr hides the parts that hold an address."""

    url: str
    headers: Headers
    body: bytes
    # The fields of the event that were cut or left out to keep the vendor's limits.
    trimmed: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return (
            f"Request(url={self.url!r}, headers=<{len(self.headers)}>, body=<{len(self.body)} B>)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The vendor's response: status, headers by lower-case name, the first bytes of the body."""

    status: int
    headers: Headers = field(default_factory=dict)
    body: bytes = b""


class OutcomeKind(enum.StrEnum):
    """What became of an event that was handed to a transport."""

    ACCEPTED = "accepted"
    # Accepted by HTTP and thrown away by the vendor: bots, data centres, unknown sites.
    DROPPED = "dropped_by_vendor"
    # Wrong in footfall or in the settings. Sending it again would change nothing.
    REJECTED = "rejected"
    # Certainly not processed; sending it again is safe.
    RETRY = "retry"
    # Perhaps processed: never sent again, since vendors cannot recognise a duplicate.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one request.

    Args:
        kind: Whether the event was accepted, and whether it may be sent again.
        detail: A sentence for the log.
        retry_after: How long the vendor asks to wait, in seconds.
        pause: Every event would end so (wrong key, unpaid account, redirect): opens the breaker.
        rest: The vendor asks for fewer requests.
        max_tries: The most tries of this event.
        timed_out: No response came in time.
        log_key: Outcomes of one key are logged once.
        is_expected: This outcome is not logged.
    """

    kind: OutcomeKind
    detail: str = ""
    retry_after: float | None = None
    pause: bool = False
    rest: bool = False
    max_tries: int | None = None
    timed_out: bool = False
    log_key: str = ""
    is_expected: bool = False


ACCEPTED = Outcome(kind=OutcomeKind.ACCEPTED)
