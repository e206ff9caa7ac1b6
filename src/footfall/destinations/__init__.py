"""Where events go. A destination turns an event into one POST, and the answer into an outcome.

Destinations are frozen values that know a vendor's wire and nothing of the network: all that can
be wrong with one is said when it is made. A new vendor is one file with one class that has the
four members of `Destination`; no base class, no registration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from footfall.destinations._dsn import destination_from, split_dsns
from footfall.destinations._limits import check_event_name
from footfall.destinations._settings import host_of, is_loopback
from footfall.destinations.collector import Collector
from footfall.destinations.only import Only
from footfall.destinations.plausible import Plausible
from footfall.destinations.swetrix import CLIENT_HINTS, Swetrix

if TYPE_CHECKING:
    from footfall.model import Event, Outcome, Request, Response
    from footfall.report import Report

__all__ = [
    "VISITOR_HEADERS",
    "Collector",
    "Destination",
    "Only",
    "Plausible",
    "Swetrix",
    "Watching",
    "check_event_name",
    "destination_from",
    "is_local",
    "split_dsns",
]

VISITOR_HEADERS: frozenset[str] = frozenset({"accept-language", *CLIENT_HINTS})
"""Request headers, in lower case, that a vendor wants to see as the visitor sent them."""


class Destination(Protocol):
    """What an object needs so that events can go there."""

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

    def report(self, report: Report, *, sent_at: float) -> Request:
        """The POST that tells of one hit; `sent_at` is in seconds since the epoch."""
        ...


def is_local(destination: Destination) -> bool:
    """Whether its events stay on this machine, for the endpoint is a loopback address or name."""
    return is_loopback(host_of(destination.endpoint))
