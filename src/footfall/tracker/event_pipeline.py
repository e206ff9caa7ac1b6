"""From the records in the inbox to the events that lanes are offered, and counters of the reasons.

This work is pure CPU in the app's process, so it comes in batches, and between two of them a
waiting request gets the interpreter.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Final

from footfall.common import log
from footfall.common.atomic import AtomicCounter
from footfall.common.clock import monotonic
from footfall.events.hit_report import HitReport
from footfall.model import HEARTBEAT, Event, Hit
from footfall.request.record import Record, hit_of
from footfall.tracker import test_mode
from footfall.tracker.custom_event import CustomEvent
from footfall.tracker.dispatcher import Dispatcher, Offered
from footfall.tracker.event_builder import BuildResult, EventBuilder
from footfall.tracker.heartbeats import Heartbeat, HeartbeatSchedule
from footfall.tracker.inbox import Inbox, InboxItem

# The events of so many hits, or of so long, are offered together: a slow hook of the app's must not
# hold back what was built before.
HITS_PER_BATCH: Final = 32
SECONDS_PER_BATCH: Final = 0.02
# After so long other trackers get their turn, if a hook is slow or the interpreter is the app's.
SECONDS_PER_POLL: Final = 0.1
# After so many, half a millisecond, a waiting request gets the interpreter. An app without a pause
# keeps it for five then, CPython's interval, so with fewer the pace would not be kept.
HITS_BEFORE_YIELD: Final = 16


class EventPipeline:
    """Takes records from the inbox, builds their events and offers these, one thread at a time.

    Args:
        inbox: Where records come from.
        builder: Decides, and builds events.
        dispatcher: Where events go.
        errors: Counts the faults, of the app's hooks or ours, that cost an event.
        log_to: Where they are logged.
    """

    def __init__(
        self,
        inbox: Inbox,
        builder: EventBuilder,
        dispatcher: Dispatcher,
        errors: AtomicCounter,
        log_to: log.ThrottledLog,
    ) -> None:
        self.reasons: Counter[str] = Counter()
        # Held by the thread that processes records.
        self.lock = threading.RLock()
        self._inbox = inbox
        self._builder = builder
        self._dispatcher = dispatcher
        self._errors = errors
        self._log = log_to
        self._heartbeats = HeartbeatSchedule()

    def process(self, max_hits: int) -> bool:
        """Process what waits, while a lane has capacity. False if nothing was processed.

        What cannot be sent yet waits cheapest as a record; one that is dropped cost no processing.
        """
        left, until = max_hits, monotonic() + SECONDS_PER_POLL
        with self.lock:
            while left > 0 and self._inbox and self._dispatcher.has_capacity:
                if left < max_hits:
                    time.sleep(0)
                left -= self._process_batch(min(left, HITS_PER_BATCH))
                if monotonic() >= until:
                    break
            self._inbox.settle(monotonic(), is_flowing=self._dispatcher.has_capacity)
        return left < max_hits

    def process_all(self, deadline: float | None = None) -> None:
        """Process all that waits, until `deadline`, in seconds of the monotonic clock."""
        left = -1 if deadline is None else max(0.0, deadline - monotonic())
        if not self.lock.acquire(timeout=left):
            return
        try:
            self._process_batches(deadline)
        finally:
            self.lock.release()

    def process_here(self, deadline: float) -> Offered:
        """Process all that waits, unless another thread does so; return what was offered.

        That thread processes these records too, since it checks the inbox again after its release.
        """
        offered: Offered = []
        while self._inbox and self.lock.acquire(blocking=False):
            try:
                self._process_batches(deadline, offered)
            finally:
                self.lock.release()
            if monotonic() >= deadline:
                break
        return offered

    def _process_batches(
        self, deadline: float | None = None, offered: Offered | None = None
    ) -> None:
        while self._inbox and (deadline is None or monotonic() < deadline):
            self._process_batch(HITS_PER_BATCH, offered)
            if self._inbox:
                time.sleep(0)

    def _process_batch(self, max_hits: int, offered: Offered | None = None) -> int:
        """Process so many records, and offer their events together: that costs one wake-up."""
        started = monotonic()
        offset = time.time() - started
        processed = 0
        events: list[Event] = []
        hits: list[HitReport | Event] = []
        while processed < max_hits and monotonic() - started < SECONDS_PER_BATCH:
            if processed and not processed % HITS_BEFORE_YIELD:
                time.sleep(0)
            try:
                item = self._inbox.take()
            except IndexError:
                break
            processed += 1
            event, hit = self._process_item(item, offset, len(hits))
            if event is not None:
                events.append(event)
            if hit is not None:
                hits.append(hit)
        items = self._dispatcher.offer(events, hits) if events or hits else ()
        if offered is not None:
            offered += items
        return processed

    def _process_item(
        self, item: InboxItem, offset: float, waiting: int
    ) -> tuple[Event | None, HitReport | Event | None]:
        """The event of one item, and its report after so many others, as far as there are any."""
        hit: Hit | None
        custom = None
        try:
            if isinstance(item, Heartbeat):
                return self._heartbeat_of(_hit_of(item.record, offset)), None
            if isinstance(item, CustomEvent):
                custom = item
                hit = _hit_of(item.record, offset) if item.record is not None else None
                result = self._builder.from_custom_event(hit, item, item.at + offset)
                event = result.event
                if event is not None and event.name == HEARTBEAT:
                    event = self._heartbeats.reported(event)
            else:
                hit = _hit_of(item, offset)
                result = self._builder.from_hit(hit)
                event = result.event or self._heartbeat_of(hit)
            if result.event is not None and self._dispatcher.heartbeat_lanes:
                self._note_visit(result.event)
        except Exception as error:  # noqa: BLE001 -- a hook of the app's, or a fault of ours
            self._errors.bump()
            self._log.warn("error", f"footfall could not handle a hit: {log.error_location(error)}")
            return None, None
        self.reasons[result.reason] += 1
        if not self._dispatcher.report_lanes or test_mode.is_on():
            return event, None
        if custom is not None and custom.name == HEARTBEAT:
            return event, None
        is_tracked = result.event is not None
        # Most of a busy site's are not wanted, and one costs as much as the decision.
        if not self._dispatcher.wants_report(is_tracked=is_tracked, waiting=waiting):
            return event, result.event
        return event, self._report(hit, custom, result) or result.event

    def _report(
        self, hit: Hit | None, custom: CustomEvent | None, result: BuildResult
    ) -> HitReport | None:
        """The report for the destinations that want one. A fault in here costs no event."""
        try:
            return self._builder.report(hit, custom, result, time.time())
        except Exception as error:  # noqa: BLE001 -- the event goes out all the same
            self._errors.bump()
            place = log.error_location(error)
            self._log.warn("report", f"footfall could not report a hit: {place}")
            return None

    def _note_visit(self, event: Event) -> None:
        """Note the event that keeps a visit alive, where a destination wants heartbeats."""
        if test_mode.is_on() or event.name == HEARTBEAT:
            return
        if self._dispatcher.wants_heartbeats_after(event):
            self._heartbeats.note(event)

    def _heartbeat_of(self, hit: Hit) -> Event | None:
        """The heartbeat of this hit's visitor, where one is wanted and due."""
        if not self._dispatcher.heartbeat_lanes or test_mode.is_on():
            return None
        return self._heartbeats.heartbeat(self._builder.visitor_of(hit), hit.time)


def _hit_of(record: Record, offset: float) -> Hit:
    """The hit of a record, as it is decided; `offset` as `hit_of` takes it."""
    return test_mode.normalise(hit_of(record, offset))
