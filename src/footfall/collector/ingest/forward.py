"""Forwarding: the collector sends the events that it received on to a vendor, as the app would.

Each destination has a lane of its own, so retries, pauses and counters are those of an app. The
visitor's address and User-Agent, the URL, the props and the revenue are forwarded unchanged. Not
forwarded are events that were dropped for an unknown domain, and a script's `engagement`, which
only the script may send. An event that has come back is not even counted (`hops.py`).

Events wait in memory for a minute, as in an app; with an outbox in a file, for a day. There an
event is written before its sender is answered, and deleted once the vendor has answered. What a
process that is killed was sending may be sent twice. No vendor takes a time: an event counts when
it arrives, so after an outage the figures of its hours are low and those after it high, and a visit
that it interrupted counts as two. A day later even the number of visitors would be wrong.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast
from urllib.parse import urlencode, urlsplit

from footfall.collector.ingest import hops as via_hops
from footfall.collector.wire.messages import Campaign, IncomingEvent
from footfall.common.log import ThrottledLog
from footfall.delivery import Lane, Limits
from footfall.delivery import outbox as delivery_outbox
from footfall.delivery.transport import TOTAL_TIMEOUT_SECONDS, Transport, choose
from footfall.destinations import (
    LONGEST_NAME_CHARS,
    VISITOR_HEADERS,
    Backdating,
    Batching,
    Collector,
    Destination,
    Only,
    check_event_name,
    explained,
    has_own_transport,
)
from footfall.errors import ConfigError, EventError, Fault
from footfall.model import Event, Outcome, OutcomeKind, Request, Response, Revenue, Visitor
from footfall.rules.url import UNKNOWN_HOST

if TYPE_CHECKING:
    from footfall.delivery.outbox.outbox import DurableOutbox

_Pairs: TypeAlias = Sequence[tuple[Lane, Event]]

__all__ = ["Forward", "event_of", "reject_loops"]

MEMORY_SECONDS: Final = Limits().max_age_seconds
"""How long events wait for a vendor that is down."""
OUTBOX_SECONDS: Final = 86_400.0
"""How long they wait in an outbox."""

# The vendor would not count these either.
_NOT_FORWARDED: Final = frozenset({"not_found", "no_session_for_engagement"})
# Of one event in the outbox: its age ends the tries, and the circuit breaker spaces them.
_OUTBOX_TRIES: Final = 1_000_000
# A float of seconds since the epoch tells apart a quarter of this.
_STEP_SECONDS: Final = 1e-6
# A commit takes milliseconds; a sender waits for 5 s.
_STORE_SECONDS: Final = 1.0
# An app waits as long for its last events.
_CLOSE_SECONDS: Final = 2.0
# RFC 5842, section 7.2.
_LOOP_DETECTED: Final = 508
_LOOP: Final = "loop"


class Forward:
    """Sends events on to one or several destinations, in threads of its own.

    Args:
        destinations: Where events go.
        instance: The name of this collector among others; see `hops.py`.
        outbox: A file in which events wait; None keeps them in memory. It holds visitors' addresses
            until they are sent, and only its owner may read it.
        transport: What sends requests.

    Raises:
        ConfigError: The outbox cannot be used, or a destination is a queue.
    """

    def __init__(
        self,
        destinations: Sequence[Destination],
        *,
        instance: str,
        outbox: str | Path | None = None,
        transport: Transport | None = None,
    ) -> None:
        own = [each for each in destinations if has_own_transport(each)]
        if own:
            remedy = "is a queue or a file; name a vendor, or use it in the apps themselves"
            raise ConfigError([Fault("forward", each.name, remedy) for each in own])
        transport = transport or choose("auto", timeout_seconds=TOTAL_TIMEOUT_SECONDS)
        limits = Limits()
        if outbox is not None:
            limits = Limits(
                max_age_seconds=OUTBOX_SECONDS,
                late_max_age_seconds=OUTBOX_SECONDS,
                max_tries=_OUTBOX_TRIES,
            )
        self._instance = instance
        self._log = ThrottledLog()
        self._lanes = [
            Lane(_HopDestination(destination, instance), transport, limits, log=self._log)
            for destination in destinations
        ]
        self.returned = 0
        self._outbox = None if outbox is None else self._open(os.fspath(outbox))
        self._writer = None if self._outbox is None else _OutboxWriter(self._outbox)

    def _open(self, path: str) -> DurableOutbox:
        from footfall.delivery.outbox.outbox import DurableOutbox
        from footfall.delivery.outbox.sqlite_file import OutboxFile, UnusableFileError, is_damage

        if not delivery_outbox.IS_POSSIBLE:
            remedy = "needs a lock that this system does not have; leave it out"
            raise ConfigError(Fault("forward_outbox", path, remedy))
        try:
            OutboxFile(path).close()
        except (OSError, sqlite3.Error, UnusableFileError) as error:
            # A damaged file is moved aside, and a warning says so.
            if not is_damage(error):
                raise ConfigError(
                    Fault("forward_outbox", path, f"cannot be used: {error}")
                ) from error
        outbox = DurableOutbox(
            path,
            self._lanes,
            mode="at_least_once",
            max_age_seconds=OUTBOX_SECONDS,
            log=self._log,
            is_required=True,
        )
        outbox.start()
        return outbox

    @property
    def is_ready(self) -> bool:
        """False while events could not be kept."""
        return self._outbox is None or self._outbox.is_usable

    def has_returned(self, hops: Sequence[str]) -> bool:
        """Whether an event has been here before: then it is counted in `returned`.

        The first of them is warned of; two collectors may forward to each other on purpose.

        Args:
            hops: The names of the collectors that it has passed.
        """
        if self._instance not in hops:
            return False
        self.returned += 1
        self._log.warn_once(
            "returned",
            "footfall: an event came back that this collector had passed on; it does not count "
            "again. The destinations of --forward lead back here: take one of them away",
        )
        return True

    async def enqueue(self, incoming: Sequence[IncomingEvent], hops: Sequence[str] = ()) -> bool:
        """Queue events, each once for each destination that takes it.

        Args:
            incoming: Events that are in the collector's own file.
            hops: The names of the collectors that they have passed.

        Returns:
            False if they could not be written to the outbox: then they are not sent. In memory they
            are queued at once, and the oldest of too many are dropped.
        """
        if len(hops) >= via_hops.MAX_HOPS:
            self._log.warn(
                "hops",
                f"footfall: an event has passed {len(hops)} collectors, and is not passed on; "
                "forward to the last of them at once",
            )
            return True
        found = [event for event in (event_of(each, hops) for each in incoming) if event]
        # The events of one request have one time, by which some vendors recognise a repeat.
        events = [
            replace(event, time=event.time + place * _STEP_SECONDS)
            for place, event in enumerate(found)
        ]
        pairs = [(lane, event) for lane in self._lanes for event in filter(lane.takes, events)]
        if self._writer is not None:
            return not pairs or await self._writer.write(pairs)
        for lane, event in pairs:
            lane.offer(event)
        return True

    def stats(self) -> dict[str, dict[str, Any]]:
        """Counters by destination, which add up as those of `footfall.stats()` do."""
        return {lane.destination.name: lane.stats() for lane in self._lanes}

    def as_json(self) -> dict[str, Any]:
        """What `GET /api/v1/forward` answers."""
        return {
            "destinations": self.stats(),
            "outbox": self._outbox.stats() if self._outbox else None,
            "returned": self.returned,
        }

    def close(self, timeout_seconds: float = _CLOSE_SECONDS) -> bool:
        """Deliver what is queued, for at most `timeout_seconds`. True if no event was lost."""
        deadline = time.monotonic() + timeout_seconds
        for lane in self._lanes:
            lane.expedite()
        if self._outbox is not None:
            is_lossless = self._outbox.drain(deadline)
            self._outbox.close()
            return is_lossless
        lossless = [lane.wait(deadline) for lane in self._lanes]
        return all(lossless)


class _OutboxWriter:
    """Writes events of one event loop into an outbox, in a thread, many requests in one commit."""

    def __init__(self, outbox: DurableOutbox) -> None:
        self._outbox = outbox
        self._waiting: list[tuple[_Pairs, asyncio.Future[bool]]] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, pairs: _Pairs) -> bool:
        """Return once they are in the file. False if they are not, and never will be."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[bool] = loop.create_future()
        self._waiting.append((pairs, result))
        # The loop of an earlier task may have been closed before it was done.
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._task = loop.create_task(self._write_waiting())
        return await result

    async def _write_waiting(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            pairs = [pair for pairs, _ in waiting for pair in pairs]
            is_written = False
            try:
                is_written = await asyncio.to_thread(self._outbox.store, pairs, _STORE_SECONDS)
            finally:
                for _, result in waiting:
                    # A request that was cancelled in the meantime is done.
                    if not result.done():
                        result.set_result(is_written)


class _HopDestination:
    """A destination whose requests name the collectors that the event has passed, this one last."""

    def __init__(self, to: Destination, instance: str) -> None:
        self.name = to.name
        self.endpoint = to.endpoint
        self._to = to
        self._instance = instance
        # To a collector each event goes by itself, with the collectors that it has passed.
        last = to.to if isinstance(to, Only) else to
        self.max_batch = 1 if isinstance(last, Collector) else getattr(to, "max_batch", 1)
        self.backdates = bool(getattr(to, "backdates", False))

    def takes(self, event: Event) -> bool:
        takes = getattr(self._to, "takes", None)
        return takes is None or bool(takes(event))

    def request(self, event: Event) -> Request:
        return self._with_hops(self._to.request(event), event)

    def late_request(self, event: Event) -> Request:
        return self._with_hops(cast("Backdating", self._to).late_request(event), event)

    def _with_hops(self, request: Request, event: Event) -> Request:
        hops = via_hops.hops_in(event.visitor.headers.get(via_hops.HEADER, ""))
        value = via_hops.via([*hops, self._instance])
        return replace(request, headers={**request.headers, via_hops.HEADER: value})

    def batch_request(self, requests: Sequence[Request]) -> Request:
        return cast("Batching", self._to).batch_request(requests)

    def read_batch(self, response: Response, number: int) -> Sequence[Outcome] | None:
        return cast("Batching", self._to).read_batch(response, number)

    def read(self, response: Response) -> Outcome:
        if response.status != _LOOP_DETECTED:
            return self._to.read(response)
        detail = "it has passed this event on itself; it and this collector forward to each other"
        return Outcome(kind=OutcomeKind.DROPPED, detail=detail, log_key=_LOOP)

    def why_dropped(self, outcome: Outcome, event: Event, *, has_kept: bool) -> Outcome:
        if outcome.log_key == _LOOP:
            return outcome
        return explained(self._to, outcome, event, has_kept=has_kept)


def event_of(incoming: IncomingEvent, hops: Sequence[str] = ()) -> Event | None:
    """The event to forward, or None where it is not forwarded; `hops` is what it has passed."""
    headers = incoming.request.headers
    is_valid = incoming.is_declared and bool(incoming.client_ip) and _is_sendable(incoming.name)
    if incoming.reason in _NOT_FORWARDED or not is_valid:
        return None
    visitor_headers = {name: headers[name] for name in VISITOR_HEADERS & headers.keys()}
    if hops:
        visitor_headers[via_hops.HEADER] = via_hops.via(hops)
    return Event(
        name=incoming.name,
        url=incoming.url or _url(incoming),
        referrer=incoming.referrer,
        visitor=Visitor(
            client_ip=incoming.client_ip,
            user_agent=incoming.user_agent,
            language=headers.get("accept-language", ""),
            headers=visitor_headers,
        ),
        props=incoming.props,
        revenue=_revenue(incoming.revenue),
        interactive=incoming.interactive,
        time=incoming.request.at,
    )


def reject_loops(destinations: Sequence[Destination], port: int) -> None:
    """Reject destinations that are the collector itself, which listens on `port`.

    Raises:
        ConfigError: with a fault for each of them.
    """
    faults = [
        Fault(
            "forward", destination.endpoint, "is this collector itself; name where events should go"
        )
        for destination in destinations
        if _port_of(destination.endpoint) == port and _is_this_machine(destination.endpoint)
    ]
    if faults:
        raise ConfigError(faults)


def _is_sendable(name: str) -> bool:
    try:
        check_event_name(name, LONGEST_NAME_CHARS)
    except EventError:
        return False
    return True


def _url(incoming: IncomingEvent) -> str:
    """The URL of an event that has none: Swetrix events carry its parts."""
    query = _sent_query(incoming.request.body) or _campaign_query(incoming.campaign)
    host = incoming.hostname or UNKNOWN_HOST
    path = f"/{(incoming.path or '').lstrip('/')}"
    return f"https://{host}{path}?{query}" if query else f"https://{host}{path}"


def _sent_query(body: bytes) -> str:
    try:
        query = json.loads(body).get("qs")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return query.lstrip("?") if isinstance(query, str) else ""


def _campaign_query(campaign: Campaign) -> str:
    fields: Mapping[str, str | None] = campaign._asdict()
    return urlencode({f"utm_{name}": value for name, value in fields.items() if value})


def _revenue(sent: tuple[str, str] | None) -> Revenue | None:
    try:
        return Revenue(sent[0], Decimal(sent[1])) if sent else None
    except InvalidOperation:
        return None


def _port_of(endpoint: str) -> int:
    parts = urlsplit(endpoint)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _is_this_machine(endpoint: str) -> bool:
    """Whether the host is this machine: only a machine's own addresses can be bound."""
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
