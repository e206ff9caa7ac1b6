"""The ways out of a tracker: a lane for each destination, and the outbox before them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeAlias

from footfall.common.log import ThrottledLog
from footfall.config import Config
from footfall.delivery import Item, Lane, Limits
from footfall.delivery.transport import Transport
from footfall.events.hit_report import HitReport
from footfall.model import HEARTBEAT, Event
from footfall.tracker.test_mode import SINKS

if TYPE_CHECKING:
    from footfall.delivery.outbox.outbox import DurableOutbox

Offered: TypeAlias = list[tuple[Lane, Item]]


class Dispatcher:
    """Every lane of one tracker; `watchers` are those of destinations that are told of all hits.

    Args:
        config: Names the destinations and the outbox.
        way_out: What all of them send through.
        limits: Of each lane.
        log: Where the owner is told of what cannot be delivered.
        keeps_unsent: False where nothing may be kept for later, whatever the settings say.
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
        self.all = tuple(
            Lane(place, transport, limits, log=log) for place in config.all_destinations
        )
        self.watchers = tuple(lane for lane in self.all if lane.wants_reports)
        self._vendors = tuple(lane for lane in self.all if not lane.wants_reports)
        self.pulse = tuple(
            lane for lane in self._vendors if getattr(lane.destination, "heartbeats", False)
        )
        self.outbox = self._open_outbox(config, log) if keeps_unsent else None

    def _open_outbox(self, config: Config, log: ThrottledLog) -> DurableOutbox | None:
        if config.outbox is None:
            return None
        from footfall.delivery.outbox.outbox import DurableOutbox

        return DurableOutbox(
            os.fspath(config.outbox),
            self._vendors,
            mode=config.outbox_mode,
            max_age_seconds=config.limits.max_age_seconds,
            log=log,
        )

    def forget(self) -> None:
        """Start anew with nothing waiting, as a forked child does. Only assignments."""
        for lane in self.all:
            lane.reset_after_fork()
        if self.outbox is not None:
            self.outbox.reset_after_fork()

    @property
    def names(self) -> str:
        return ", ".join(lane.destination.name for lane in self.all)

    # -- in ------------------------------------------------------------------------------------

    @property
    def has_room(self) -> bool:
        """False while whatever came would only wait."""
        return self.outbox is not None or any(lane.has_capacity for lane in self.all)

    def offer(self, events: Sequence[Event], reports: Sequence[HitReport]) -> Offered:
        """Give events to the lanes that take them; the items by lane, where they are in memory."""
        if SINKS:
            for sink in SINKS:
                sink.extend(events)
            return []
        items: Offered = []
        for lane in self._vendors:
            taken = [event for event in events if self._is_for(lane, event)]
            if taken and self.outbox is not None:
                self.outbox.put(lane, taken)
            elif taken:
                items += [(lane, item) for item in lane.offer(*taken)]
        for lane in self.watchers:
            told = [report for report in reports if lane.takes(report.event)]
            items += [(lane, item) for item in lane.offer_reports(*told)]
        return items

    def _is_for(self, lane: Lane, event: Event) -> bool:
        if event.name == HEARTBEAT and lane not in self.pulse:
            return False
        return lane.takes(event)

    def has_pulse(self, event: Event) -> bool:
        """True if a destination of heartbeats is told of this event."""
        return any(lane.takes(event) for lane in self.pulse)

    def takers(self, event: Event) -> list[Lane]:
        return [lane for lane in self.all if lane.takes(event)]

    def tend(self) -> bool:
        """True while a lane has something for which it has no thread."""
        waiting = [lane.poll() for lane in self.all]
        return any(waiting)

    # -- out -----------------------------------------------------------------------------------

    def wait_for(self, offered: Iterable[tuple[Lane, Item]], deadline: float) -> None:
        """Return when these have ended in a counter, or at the deadline."""
        for lane, item in offered:
            lane.wait_for(item, deadline)
        if self.outbox is not None:  # told when Python was already ending
            self.outbox.drain(deadline)

    def drain(self, deadline: float) -> bool:
        """Send all that waits until `deadline`; count the rest as lost. True if nothing was."""
        for lane in self.all:
            lane.expedite()
        if self.outbox is None:
            lossless = [lane.wait(deadline) for lane in self.all]
        else:
            lossless = [self.outbox.drain(deadline)]
            # No report is worth a file.
            lossless += [lane.wait(deadline) for lane in self.watchers]
        return all(lossless)

    def close(self) -> None:
        """Let the threads end that have nothing to do."""
        for lane in self.all:
            lane.close()
        if self.outbox is not None:
            self.outbox.close()

    def stats(self) -> dict[str, Any]:
        """By destination what became of its events, and how its lane is; see `Tracker.stats`."""
        return {
            lane.destination.name: {
                **asdict(lane.counters()),
                "oldest_age_seconds": round(lane.oldest_age_seconds, 1),
                "trimmed": lane.trimmed,
                "is_paused": lane.is_paused,
                "breaker": lane.breaker_state,
            }
            for lane in self.all
        }
