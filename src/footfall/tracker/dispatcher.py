"""Hands events to the lane of each destination, or to the outbox before them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, cast

from footfall.common.log import ThrottledLog
from footfall.config import Config
from footfall.delivery import Item, Lane, Limits
from footfall.delivery.put_transport import PutTransport
from footfall.delivery.transport import MemoryTransport, Transport
from footfall.destinations import (
    Destination,
    Queue,
    RedisStream,
    file_of,
    has_own_transport,
    queue_of,
)
from footfall.events.hit_report import HitReport
from footfall.model import Event
from footfall.tracker.test_mode import SINKS

if TYPE_CHECKING:
    from footfall.delivery.outbox.outbox import DurableOutbox

Offered: TypeAlias = list[tuple[Lane, Item]]

_OWN_TRIES: Final = 1_000_000


class ClosableTransport(Transport, Protocol):
    """A transport that one destination has for itself."""

    def close(self) -> None:
        """Close what it has opened; the next event opens it again."""
        ...


class Dispatcher:
    """All lanes of one tracker: `lanes`, of which some want heartbeats and some want reports.

    Args:
        config: The settings, with the destinations and the outbox.
        transport: What all lanes send through.
        limits: Those of each lane.
        log: Where delivery logs what fails.
        keeps_unsent: False where no outbox may be used, whatever the settings say.
    """

    def __init__(
        self,
        config: Config,
        transport: Transport,
        limits: Limits,
        log: ThrottledLog,
        *,
        keeps_unsent: bool,
    ) -> None:
        self._transport = transport
        self._own_transports: list[ClosableTransport] = []
        self.lanes = tuple(
            self._lane(destination, transport, limits, log)
            for destination in config.all_destinations
        )
        self.report_lanes = tuple(lane for lane in self.lanes if lane.wants_reports)
        self._event_lanes = tuple(lane for lane in self.lanes if not lane.wants_reports)
        self.heartbeat_lanes = tuple(
            lane for lane in self._event_lanes if getattr(lane.destination, "heartbeats", False)
        )
        self.outbox = self._open_outbox(config, log) if keeps_unsent else None

    def _lane(
        self, destination: Destination, transport: Transport, limits: Limits, log: ThrottledLog
    ) -> Lane:
        if not has_own_transport(destination):
            return Lane(destination, transport, limits, log=log)
        if not isinstance(transport, MemoryTransport):
            transport = _own_transport(destination)
            self._own_transports.append(transport)
        return Lane(destination, transport, _own_limits(limits), log=log)

    def _open_outbox(self, config: Config, log: ThrottledLog) -> DurableOutbox | None:
        if config.outbox is None:
            return None
        from footfall.delivery.outbox.outbox import DurableOutbox

        return DurableOutbox(
            os.fspath(config.outbox),
            self._event_lanes,
            mode=config.outbox_mode,
            max_age_seconds=config.limits.max_age_seconds,
            log=log,
        )

    def reset_after_fork(self) -> None:
        """Start anew with nothing waiting, in a forked child. Only assignments."""
        for lane in self.lanes:
            lane.reset_after_fork()
        if self.outbox is not None:
            self.outbox.reset_after_fork()

    @property
    def means(self) -> str:
        """What carries the events, for a log line; empty where all are written by this process."""
        if len(self._own_transports) == len(self.lanes):
            return ""
        return f" through {self._transport!r}"

    def warnings(self, environ: Mapping[str, str]) -> Iterator[str]:
        """What is valid and probably a mistake, of all destinations; one sentence each."""
        for lane in self.lanes:
            yield from getattr(lane.destination, "warnings", ())
        for transport in self._own_transports:
            if (of_transport := getattr(transport, "warnings", None)) is not None:
                yield from of_transport(environ)

    @property
    def names(self) -> str:
        """The destinations' names, for a log line."""
        return ", ".join(lane.destination.name for lane in self.lanes)

    # -- in ------------------------------------------------------------------------------------

    @property
    def has_capacity(self) -> bool:
        """False while a further event would only wait in memory."""
        return self.outbox is not None or any(lane.has_capacity for lane in self.lanes)

    def wants_report(self, *, is_tracked: bool, waiting: int) -> bool:
        """True if a lane wants the report of a hit, after so many that are not offered yet."""
        return any(
            lane.wants_report(is_tracked=is_tracked, waiting=waiting) for lane in self.report_lanes
        )

    def offer(self, events: Sequence[Event], hits: Sequence[HitReport | Event]) -> Offered:
        """Give events to the lanes that take them, and hits to those that want reports.

        Args:
            events: What is sent.
            hits: The reports of hits; of those that no lane wants, the events.

        Returns:
            Each item with its lane, as far as they are in memory and not in the outbox.
        """
        if SINKS:
            for sink in SINKS:
                sink.extend(events)
            return []
        items: Offered = []
        for lane in self._event_lanes:
            taken = [event for event in events if lane.takes(event)]
            if taken and self.outbox is not None:
                self.outbox.put(lane, taken)
            elif taken:
                items += [(lane, item) for item in lane.offer(*taken)]
        for lane in self.report_lanes:
            wanted = [
                hit for hit in hits if lane.takes(hit if isinstance(hit, Event) else hit.event)
            ]
            items += [(lane, item) for item in lane.offer_hits(*wanted)]
        return items

    def wants_heartbeats_after(self, event: Event) -> bool:
        """True if a destination that wants heartbeats gets this event."""
        return any(lane.takes(event) for lane in self.heartbeat_lanes)

    def lanes_for(self, event: Event) -> list[Lane]:
        """The lanes that take this event."""
        return [lane for lane in self.lanes if lane.takes(event)]

    def poll(self) -> bool:
        """Find threads for what waits in the lanes; True while a lane lacks one."""
        waiting = [lane.poll() for lane in self.lanes]
        return any(waiting)

    # -- out -----------------------------------------------------------------------------------

    def wait_for(self, offered: Iterable[tuple[Lane, Item]], deadline: float) -> None:
        """Return when these items have ended in a counter, or at the deadline."""
        for lane, item in offered:
            lane.wait_for(item, deadline)
        if self.outbox is not None:  # the event came when Python was already ending
            self.outbox.drain(deadline)

    def drain(self, deadline: float) -> bool:
        """Send all that waits until `deadline`; count the rest as lost. True if nothing was."""
        for lane in self.lanes:
            lane.expedite()
        if self.outbox is None:
            lossless = [lane.wait(deadline) for lane in self.lanes]
        else:
            lossless = [self.outbox.drain(deadline)]
            # Reports are not kept in the outbox.
            lossless += [lane.wait(deadline) for lane in self.report_lanes]
        return all(lossless)

    def close(self) -> None:
        """Let the threads end that are idle, and close queues and files."""
        for lane in self.lanes:
            lane.close()
        for transport in self._own_transports:
            transport.close()
        if self.outbox is not None:
            self.outbox.close()

    def stats(self) -> dict[str, Any]:
        """By destination what became of its events, and its lane's state; see `Tracker.stats`."""
        return {lane.destination.name: lane.stats() for lane in self.lanes}


def _own_transport(destination: Destination) -> ClosableTransport:
    """What writes into the queue or the file of a destination."""
    if (file := file_of(destination)) is not None:
        from footfall.collector.site_file import site_file

        return site_file(file)
    queue = queue_of(destination)
    if isinstance(queue, Queue):
        return PutTransport(queue.put, queue.keys)
    from footfall.delivery.redis.transport import RedisTransport

    return RedisTransport(cast("RedisStream", queue))


def _own_limits(limits: Limits) -> Limits:
    """The limits of a lane to a shared queue or a file."""
    if limits.is_waited_for:
        return limits
    # One batch after the other keeps the order. Its age ends the tries, not their number. While
    # nothing can be written events wait in the lane: left in the inbox, each request would pack its
    # own.
    return replace(
        limits,
        max_connections=1,
        max_tries=_OWN_TRIES,
        may_all_retry=True,
        busy_events=limits.max_events + 1,
    )
