"""A destination that gets only some events: by their name, or by the host of their page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from footfall.destinations._validation import host_of
from footfall.destinations.base import (
    batch_bytes,
    explained,
    file_of,
    is_repeat_recognised,
    max_name_chars,
    outcome_of,
    queue_of,
)
from footfall.errors import ConfigError, Fault
from footfall.model import ENGAGEMENT, HEARTBEAT, PAGEVIEW

if TYPE_CHECKING:
    from footfall.destinations.base import Backdating, Batching, Destination, Watching
    from footfall.destinations.queue import Queue
    from footfall.destinations.redis_stream import RedisStream
    from footfall.destinations.sqlite import SQLite
    from footfall.events.hit_report import HitReport
    from footfall.model import Event, Outcome, Request, Response


@dataclass(frozen=True, kw_only=True)
class Only:
    """Sends `to` only the events that match.

    For several sites in one app, or bots on a dashboard of their own:

        destinations=[
            Only(to=Plausible(domain="shop.example.com"), hosts=["shop.example.com"]),
            Only(to=Plausible(domain="example.com"), hosts=["example.com", "www.example.com"]),
            Only(to=Plausible(domain="bots.example.com"), events=["Bot Visit"]),
        ]

    Args:
        to: Any destination.
        events: Event names, such as `pageview`; None matches every name.
        hosts: Host names without port, in any case; None matches every host.

    Raises:
        ConfigError: both are None, or one is a string instead of a list.
    """

    to: Destination
    events: Sequence[str] | None = None
    hosts: Sequence[str] | None = None

    def __post_init__(self) -> None:
        faults = [
            Fault(name, value, "write a list, such as " + example)
            for name, value, example in (
                ("events", self.events, '["pageview"]'),
                ("hosts", self.hosts, '["example.com"]'),
            )
            if isinstance(value, str)
        ]
        if self.events is None and self.hosts is None:
            faults.append(Fault("events", None, "give events=, hosts= or both"))
        if faults:
            raise ConfigError(faults)
        if self.hosts is not None:
            object.__setattr__(self, "hosts", tuple(host.lower() for host in self.hosts))

    @property
    def name(self) -> str:
        """The name of `to`, with the event names and hosts that match."""
        matched = [*(self.events or ()), *(self.hosts or ())]
        return f"{self.to.name} for {', '.join(matched)}"

    @property
    def endpoint(self) -> str:
        """The endpoint of `to`."""
        return self.to.endpoint

    @property
    def heartbeats(self) -> bool:
        """Whether `to` wants heartbeats."""
        return bool(getattr(self.to, "heartbeats", False))

    @property
    def engagement(self) -> bool:
        """Whether `to` takes what says how a page was viewed."""
        return bool(getattr(self.to, "engagement", False))

    @property
    def watches(self) -> bool:
        """Whether `to` wants reports; it gets those of hits whose event matches."""
        return bool(getattr(self.to, "watches", False))

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings of `to`."""
        return tuple(getattr(self.to, "warnings", ()))

    @property
    def start_remedy(self) -> str:
        """The command that starts `to`, where that is known."""
        return str(getattr(self.to, "start_remedy", ""))

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets of `to`."""
        return tuple(getattr(self.to, "secrets", ()))

    @property
    def queue(self) -> Queue | RedisStream | None:
        """The queue of `to`, if it is one."""
        return queue_of(self.to)

    @property
    def file(self) -> SQLite | None:
        """The file of `to`, if it is one."""
        return file_of(self.to)

    def takes(self, event: Event) -> bool:
        """True for an event that matches."""
        # A heartbeat follows an event that matched, and an engagement is about a page.
        name = PAGEVIEW if event.name == ENGAGEMENT else event.name
        if self.events is not None and name not in (*self.events, HEARTBEAT):
            return False
        return self.hosts is None or host_of(event.url) in self.hosts

    def request(self, event: Event) -> Request:
        """The request of `to`."""
        return self.to.request(event)

    def report(self, report: HitReport, *, sent_at: float) -> Request:
        """The report of `to`, which watches if this does."""
        return cast("Watching", self.to).report(report, sent_at=sent_at)

    @property
    def max_batch(self) -> int:
        """How many events one request to `to` may carry."""
        return getattr(self.to, "max_batch", 1)

    @property
    def max_batch_bytes(self) -> int:
        """How many bytes the events of one request to `to` may have."""
        return batch_bytes(self.to)

    @property
    def max_name_chars(self) -> int:
        """How long the name of an event to `to` may be."""
        return max_name_chars([self.to])

    @property
    def recognises_repeats(self) -> bool:
        """Whether the same event, sent twice, counts once at `to`."""
        return is_repeat_recognised(self.to)

    def batch_request(self, requests: Sequence[Request]) -> Request:
        """The batch of `to`, which takes batches if this does."""
        return cast("Batching", self.to).batch_request(requests)

    def read_batch(self, response: Response, number: int) -> Sequence[Outcome] | None:
        """The outcomes that `to` reads."""
        return cast("Batching", self.to).read_batch(response, number)

    @property
    def backdates(self) -> bool:
        """Whether late events keep their time at `to`."""
        return bool(getattr(self.to, "backdates", False))

    def late_request(self, event: Event) -> Request:
        """The request of `to`, which takes late events if this does."""
        return cast("Backdating", self.to).late_request(event)

    def why_dropped(self, outcome: Outcome, event: Event, *, has_kept: bool) -> Outcome:
        """The outcome with the cause that `to` names, if it can name one."""
        return explained(self.to, outcome, event, has_kept=has_kept)

    def read(self, response: Response) -> Outcome:
        """The outcome that `to` reads."""
        return self.to.read(response)

    def read_response_to(self, request: Request, response: Response) -> Outcome:
        """The outcome that `to` reads in the response to this request."""
        return outcome_of(self.to, request, response)
