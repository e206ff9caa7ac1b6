"""What every destination has in common: the protocols, and what is asked of any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, cast

from footfall.common.loopback import is_loopback
from footfall.destinations._validation import host_of
from footfall.destinations._wire_format import MAX_NAME_CHARS
from footfall.model import ENGAGEMENT, HEARTBEAT, OutcomeKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from footfall.destinations.queue import Queue
    from footfall.destinations.redis_stream import RedisStream
    from footfall.destinations.sqlite import SQLite
    from footfall.events.hit_report import HitReport
    from footfall.model import Event, Outcome, Request, Response


# Vendors that take a time take whole seconds. Sooner, their own time on arrival keeps the order.
LATE_SECONDS: Final = 5.0
# Half of what nginx and the collector take.
MAX_BATCH_BYTES: Final = 500_000


class Destination(Protocol):
    """What an object needs so that events can be sent there.

    Several threads call its methods at once, so it should not change. An event for which `request`
    or `read` raises is counted as rejected, and the exception is logged.

    Eleven further members are optional: `takes(event)` returns False for an event that the
    destination does not want, and so does an exception there; `warnings` is a sequence of sentences
    about settings that defeat themselves; `heartbeats` is True if it wants an event named
    `HEARTBEAT` while a visitor stays; `engagement` is True if it takes the event that says how a
    page was viewed, which counts nothing; `why_dropped(outcome, event, has_kept=...)` returns the
    outcome of a drop with its likeliest cause, for the log; `secrets` are the texts in its
    requests, such as a token in the body, that `footfall explain` must not show; `not_shown` is
    what the vendor's response does not show, for `footfall check`; `read_response_to(request,
    response)` is called in place of `read` for a single event; `recognises_repeats` is True where
    the same event, sent twice, counts once, so that what a killed relay had is sent again;
    `max_name_chars` is how long the name of an event may be, 120 characters without it;
    `setup_for(response)` returns what creates that which a response says is missing, for `footfall
    check`. `Watching`, `Batching` and `Backdating` describe three more groups of optional members.
    """

    @property
    def name(self) -> str:
        """A name that no other destination has, without secrets; counters and logs show it."""
        ...

    @property
    def endpoint(self) -> str:
        """The URL events are posted to, without credentials."""
        ...

    def request(self, event: Event) -> Request:
        """The POST that carries one event to the vendor. Called again for another try.

        Returns:
            URL, headers and body as they are sent. The transport adds the header `footfall` and
            what HTTP requires, but neither `user-agent` nor `content-type`.
        """
        ...

    def read(self, response: Response) -> Outcome:
        """What the vendor's response means. Should not raise, whatever the response holds.

        Args:
            response: Any status, a redirect too; of the body the first 64 KiB.

        Returns:
            Of kind `RETRY` only where the vendor surely did not process it: it is sent again.
        """
        ...


class Watching(Destination, Protocol):
    """A destination that can receive every hit, tracked or not, with the reason.

    While `watches` is True it gets reports instead of events, its counters count hits, and the
    filters in the request let every hit pass. With `max_reports_per_second`, hits that count come
    as events beyond that, and the others not at all. It is the site owner's own, never a vendor's.
    """

    @property
    def watches(self) -> bool:
        """Whether it wants reports; read once, when the tracker is made."""
        ...

    def report(self, report: HitReport, *, sent_at: float) -> Request:
        """The POST that carries the report of one hit; `sent_at` is in seconds since the epoch."""
        ...


class Batching(Destination, Protocol):
    """A destination that takes several events in one request.

    What waits for it when a thread is ready goes together, one visitor's events in their order. A
    single event, and the one that tries a failing destination again, goes by itself.
    """

    @property
    def max_batch(self) -> int:
        """How many events one request may carry; read once, when the tracker is made."""
        ...

    def batch_request(self, requests: Sequence[Request]) -> Request:
        """The POST that carries what these would carry, in the same order.

        Their bodies have `batch_bytes` together at most, unless there is one alone.
        """
        ...

    def read_batch(self, response: Response, number: int) -> Sequence[Outcome] | None:
        """What the response to a batch means for each of its `number` events.

        Returns:
            None where the destination takes no batches and has processed none of the events. They
            are sent one by one, and so is everything later.
        """
        ...


class Backdating(Destination, Protocol):
    """A destination that takes an event with the time at which it happened.

    While `backdates` is True a late event is no wrong event: it may wait for longer than one whose
    vendor stamps it on arrival.
    """

    @property
    def backdates(self) -> bool:
        """Whether late events keep their time; read once, when the tracker is made."""
        ...

    def late_request(self, event: Event) -> Request:
        """The POST for an event that has waited, with its `time`; called in place of `request`."""
        ...


def batch_bytes(destination: Destination) -> int:
    """How many bytes the events of one request may have: its `max_batch_bytes`, if it has that."""
    return getattr(destination, "max_batch_bytes", MAX_BATCH_BYTES)


def max_name_chars(destinations: Iterable[Destination]) -> int:
    """How long the name of an event may be that is sent to all of these.

    It is the limit of the one that takes the longest, but never less than 120; to the others, and
    to a vendor that takes less, a longer name is cut and counted as trimmed.
    """
    limits = [getattr(each, "max_name_chars", MAX_NAME_CHARS) for each in destinations]
    return max([MAX_NAME_CHARS, *limits])


def unwanted_names(destination: Destination) -> frozenset[str]:
    """The names of the events that count nothing, and that the destination would count."""
    wanted = {
        HEARTBEAT: getattr(destination, "heartbeats", False),
        ENGAGEMENT: getattr(destination, "engagement", False),
    }
    return frozenset(name for name, is_wanted in wanted.items() if not is_wanted)


def is_repeat_recognised(destination: Destination) -> bool:
    """Whether the same event, sent twice, counts once: its `recognises_repeats`, if it has that."""
    return bool(getattr(destination, "recognises_repeats", False))


def request_at(destination: Destination, event: Event, now: float) -> Request:
    """The POST for an event that is sent now.

    Args:
        now: Seconds since the epoch.

    Returns:
        The `late_request` of an event that has waited for `LATE_SECONDS`, where there is one.
    """
    if now - event.time > LATE_SECONDS and event.time and getattr(destination, "backdates", False):
        return cast("Backdating", destination).late_request(event)
    return destination.request(event)


def outcome_of(destination: Destination, request: Request, response: Response) -> Outcome:
    """What a response to the request of a single event means."""
    read = getattr(destination, "read_response_to", None)
    if read is None:
        return destination.read(response)
    outcome: Outcome = read(request, response)
    return outcome


def explained(
    destination: Destination, outcome: Outcome, event: Event, *, has_kept: bool
) -> Outcome:
    """The outcome of a drop with the likeliest cause that the event shows.

    Args:
        destination: Where the event was sent. Without `why_dropped` it can name no cause.
        outcome: What its `read` returned. Only one of kind `DROPPED` is changed.
        event: The event that was sent.
        has_kept: Whether the vendor has kept any event so far.
    """
    explain = getattr(destination, "why_dropped", None)
    if explain is None or outcome.kind is not OutcomeKind.DROPPED:
        return outcome
    with_cause: Outcome = explain(outcome, event, has_kept=has_kept)
    return with_cause


def is_local(destination: Destination) -> bool:
    """Whether its events stay on this machine: in a file, or the endpoint is a loopback address.

    What is handed over to a queue goes on from there.
    """
    if file_of(destination) is not None:
        return True
    return queue_of(destination) is None and is_loopback(host_of(destination.endpoint))


def has_own_transport(destination: Destination) -> bool:
    """Whether its events go into a queue or a file, and nothing of it is posted over HTTP."""
    return queue_of(destination) is not None or file_of(destination) is not None


def queue_of(destination: Destination) -> Queue | RedisStream | None:
    """The queue into which its events are put; None where they are posted."""
    return getattr(destination, "queue", None)


def file_of(destination: Destination) -> SQLite | None:
    """The file into which its events are written; None where they are posted."""
    return getattr(destination, "file", None)
