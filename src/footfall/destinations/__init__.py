"""Where events go. A destination turns an event into one POST, and the answer into an outcome.

Destinations are frozen values that know a vendor's wire and nothing of the network: all that can
be wrong with one is said when it is made. A new vendor is one file with one class that has the
four members of `Destination`; no base class, no registration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from footfall.destinations._dsn import destination_from, split_dsns
from footfall.destinations._swetrix import CLIENT_HINTS
from footfall.destinations._validation import host_of, is_loopback
from footfall.destinations._wire_format import check_event_name
from footfall.destinations.collector import Collector
from footfall.destinations.only import Only
from footfall.destinations.plausible import Plausible
from footfall.destinations.swetrix import Swetrix
from footfall.destinations.umami import Umami
from footfall.destinations.webhook import Webhook
from footfall.model import OutcomeKind

if TYPE_CHECKING:
    from footfall.events.hit_report import HitReport
    from footfall.model import Event, Outcome, Request, Response

__all__ = [
    "VISITOR_HEADERS",
    "Collector",
    "Destination",
    "Only",
    "Plausible",
    "Swetrix",
    "Umami",
    "Watching",
    "Webhook",
    "check_event_name",
    "destination_from",
    "explained",
    "is_local",
    "split_dsns",
]

VISITOR_HEADERS: frozenset[str] = frozenset({"accept-language", *CLIENT_HINTS})
"""Request headers, in lower case, that a vendor wants to see as the visitor sent them."""


class Destination(Protocol):
    """What an object needs so that events can go there.

    Four further members are used where they are there: `takes(event)`, False for an event that it
    does not want; `warnings`, sentences about settings that defeat themselves; `heartbeats`, True
    if it wants an event named `HEARTBEAT` of visitors who are still there; and
    `why_dropped(outcome, event, has_kept=...)`, the outcome of a drop with its likeliest cause.
    """

    @property
    def name(self) -> str:
        """Unlike that of every other target; stands in counters and log lines."""
        ...

    @property
    def endpoint(self) -> str:
        """The URL events are posted to, without credentials."""
        ...

    def request(self, event: Event) -> Request:
        """The POST that tells the vendor of one event."""
        ...

    def read(self, response: Response) -> Outcome:
        """What the vendor's answer means. Must not raise, whatever the answer holds."""
        ...


def explained(
    destination: Destination, outcome: Outcome, event: Event, *, has_kept: bool
) -> Outcome:
    """A drop with the likeliest cause that the event shows, where the destination can tell one.

    Any other outcome comes back as it is. `has_kept` tells whether the vendor kept anything so far.
    """
    explain = getattr(destination, "why_dropped", None)
    if explain is None or outcome.kind is not OutcomeKind.DROPPED:
        return outcome
    found: Outcome = explain(outcome, event, has_kept=has_kept)
    return found


class Watching(Destination, Protocol):
    """A destination that may be told of every hit, tracked or not, and why.

    While `watches` is True it gets reports instead of events, its counters count hits, and the
    request side lets every hit through its guards. It is for what the owner looks at, never for a
    vendor.
    """

    @property
    def watches(self) -> bool:
        """Whether it wants reports; asked once, when the tracker is made."""
        ...

    def report(self, report: HitReport, *, sent_at: float) -> Request:
        """The POST that tells of one hit; `sent_at` is in seconds since the epoch."""
        ...


def is_local(destination: Destination) -> bool:
    """Whether its events stay on this machine, for the endpoint is a loopback address or name."""
    return is_loopback(host_of(destination.endpoint))
