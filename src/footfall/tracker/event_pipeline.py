"""From a record in the inbox to the events that are offered to the lanes, and the reasons' counts.

Thinking is pure CPU in somebody else's process, so it comes in turns, and between two of them a
waiting request has the interpreter.
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
from footfall.model import Event, Hit
from footfall.request.record import CustomEvent, Record, hit_of
from footfall.tracker.dispatcher import Dispatcher, Offered
from footfall.tracker.event_builder import BuildResult, EventBuilder
from footfall.tracker.heartbeats import Heartbeat, HeartbeatSchedule
from footfall.tracker.inbox import Inbox, InboxItem
from footfall.tracker.test_mode import SINKS

# Offered together after so many hits, and after so long: a slow hook of the owner's must not hold
# back what was thought before.
HITS_PER_TURN: Final = 32
SECONDS_PER_TURN: Final = 0.02
# After so many a waiting request has the interpreter: all of a turn would be up to a millisecond.
HITS_AT_A_STRETCH: Final = 8


class EventPipeline:
    """Judges what is in the inbox and offers what comes of it, one thread at a time.

    Args:
        inbox: Where records come from.
        judge: Who decides.
        lanes: Where events go.
        errors: Counts the faults, of the owner's hooks or ours, that cost an event.
        log_to: Where they are told.
    """

    def __init__(
        self,
        inbox: Inbox,
        judge: EventBuilder,
        lanes: Dispatcher,
        errors: AtomicCounter,
        log_to: log.ThrottledLog,
    ) -> None:
        self.reasons: Counter[str] = Counter()
        # Held while somebody thinks.
        self.turn = threading.RLock()
        self._inbox = inbox
        self._judge = judge
        self._lanes = lanes
        self._errors = errors
        self._log = log_to
        self._pulse = HeartbeatSchedule()

    def look(self, hits: int) -> bool:
        """Think about what waits, `hits` at most, where a lane has room. False if nothing was done.

        What cannot be sent yet waits cheapest unthought, and what is never sent costs no thought.
        """
        left = hits
        with self.turn:
            while left > 0 and self._inbox and self._lanes.has_room:
                if left < hits:
                    time.sleep(0)
                wanted = min(left, HITS_PER_TURN)
                handled = self._take_turn(wanted)
                left -= handled
                if handled < wanted:  # nothing is left, or a hook takes its time
                    break
        return left < hits

    def all_of_it(self, deadline: float | None = None) -> None:
        """Think about all that waits, until `deadline`."""
        left = -1 if deadline is None else max(0.0, deadline - monotonic())
        if not self.turn.acquire(timeout=left):
            return
        try:
            self._turns(deadline)
        finally:
            self.turn.release()

    def at_once(self, deadline: float) -> Offered:
        """Think about all that waits, unless another thread does so already; what was offered.

        That one takes this along, since it looks again after it has let go.
        """
        offered: Offered = []
        while self._inbox and self.turn.acquire(blocking=False):
            try:
                self._turns(deadline, offered)
            finally:
                self.turn.release()
            if monotonic() >= deadline:
                break
        return offered

    def _turns(self, deadline: float | None = None, offered: Offered | None = None) -> None:
        while self._inbox and (deadline is None or monotonic() < deadline):
            self._take_turn(HITS_PER_TURN, offered)
            if self._inbox:
                time.sleep(0)

    def _take_turn(self, hits: int, offered: Offered | None = None) -> int:
        """Think about so many hits, and offer their events together: that costs one wake-up."""
        started = monotonic()
        offset = time.time() - started
        handled = 0
        events: list[Event] = []
        reports: list[HitReport] = []
        while handled < hits and monotonic() - started < SECONDS_PER_TURN:
            if handled and not handled % HITS_AT_A_STRETCH:
                time.sleep(0)
            try:
                record = self._inbox.take()
            except IndexError:
                break
            handled += 1
            event, report = self._think(record, offset)
            if event is not None:
                events.append(event)
            if report is not None:
                reports.append(report)
        items = self._lanes.offer(events, reports) if events or reports else ()
        if offered is not None:
            offered += items
        return handled

    def _think(self, record: InboxItem, offset: float) -> tuple[Event | None, HitReport | None]:
        """Think about one record; the event and the report to be delivered of it."""
        try:
            if isinstance(record, Heartbeat):
                return self._beat_of(hit_of(record.record, offset)), None
            hit = None
            if isinstance(record, CustomEvent):
                judgement = self._judge.from_custom_event(record, offset)
            else:
                hit = hit_of(record, offset)
                judgement = self._judge.of_hit(hit, is_aloud=bool(self._lanes.watchers))
            event = judgement.event
            if event is not None:
                self._note_live(event)
            elif hit is not None:
                event = self._beat_of(hit)
        except Exception as error:  # noqa: BLE001 -- a hook of the owner's, or a fault of ours
            self._errors.bump()
            self._log.warn("error", f"footfall could not handle a hit: {log.error_location(error)}")
            return None, None
        self.reasons[judgement.reason] += 1
        return event, self._report_of(record, judgement, offset)

    def _report_of(
        self, record: Record | CustomEvent, judgement: BuildResult, offset: float
    ) -> HitReport | None:
        """What the watchers are told. A fault in here costs no event."""
        if not self._lanes.watchers or SINKS:
            return None
        try:
            return self._judge.report(record, judgement, offset, time.time())
        except Exception as error:  # noqa: BLE001 -- the event goes out all the same
            self._errors.bump()
            self._log.warn(
                "report", f"footfall could not report a hit: {log.error_location(error)}"
            )
            return None

    def _note_live(self, event: Event) -> None:
        """A visit goes on, as far as a destination of heartbeats is told of it."""
        if self._lanes.pulse and not SINKS and self._lanes.has_pulse(event):
            self._pulse.saw(event)

    def _beat_of(self, hit: Hit) -> Event | None:
        """The heartbeat of whoever made this hit, where one is wanted and due."""
        if not self._lanes.pulse or SINKS:
            return None
        return self._pulse.beat(self._judge.visitor_of(hit), hit.time)
