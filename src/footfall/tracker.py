"""The landing of the stairs: inbox, hit, decision, event, lanes; and the counters of it all.

`submit` is the only thing a request waits for: an append and a comparison. A daemon thread of this
process takes the records out, thinks about them, and offers the events to the lanes. It is started
by the first record, never by an import or a constructor, and again in a child after a fork. In
`mode="sync"` there is none: the doors call `deliver` before they send the answer.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias, Unpack

from footfall import inside, lifecycle, log, pageview, tokens, transport
from footfall.capture import (
    CURRENT,
    Exchange,
    Guards,
    OpenGuards,
    Record,
    Tally,
    Told,
    hit_of,
    lean,
)
from footfall.client_ip import Trace
from footfall.clock import monotonic
from footfall.config import Config, overruled, under_pytest
from footfall.details import Details
from footfall.dispatch import Item, Lane
from footfall.errors import EventError
from footfall.heartbeats import Beat, Pulse, PulseGuards
from footfall.judge import Judge, Judgement
from footfall.model import HEARTBEAT, PAGEVIEW, Decision, Event, Hit, Request, Visitor
from footfall.rehearsal import OUTBOXES
from footfall.report import Report
from footfall.told import told
from footfall.transport import CurlTransport, HTTPXTransport

if TYPE_CHECKING:
    from footfall.outbox.outbox import Outbox

Offered: TypeAlias = list[tuple[Lane, Item]]

# Requests of one moment share a wake-up; nobody sees an event later because of it.
LINGER_SECONDS: Final = 0.02
# For so long after the last record the thread looks by itself, and no request has to wake it.
AWAKE_SECONDS: Final = 1.0
# An idle app keeps no thread; the next request starts another.
IDLE_SECONDS: Final = 10.0
# While the delivery side keeps up, records wait for moments and may be as large as a server lets a
# request be. Where it lags, only what is picked and cut may wait.
ROOMY_INBOX: Final = 256
# Thinking is pure CPU: let a waiting request have the interpreter after so many hits.
HITS_PER_TURN: Final = 32
# With more than this in the inbox, who is still there must not push out a pageview.
MAX_WAITING_BEATS: Final = 128
# What a request waits for its event at most, on platforms that freeze the process afterwards. A
# connection that has been idle for longer may have died in the meantime, and nobody was told.
SYNC_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Everything that was thought about one hit, and what would be sent for it.

    `reason` is the decision's, unless something after the decision kept the event back; then
    `event` is None and no request is there. `requests` are by the destination's name.
    """

    trace: Trace
    decision: Decision
    reason: str
    event: Event | None
    requests: Mapping[str, Request]


class Tracker:
    """Counts the pageviews of one app and delivers them.

    Args:
        config: The checked settings.
        environ: Read once, for what kind of process this is. Defaults to the process's own.
    """

    def __init__(self, config: Config, *, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self.config = config
        self.is_active = config.is_active
        self.picked_bytes = frozenset(name.encode("ascii") for name in config.request_headers)
        self.picked_environ = _environ_names(config.request_headers)
        self.wants_route = config.path_mode == "route" or config.path_rules.reads_routes
        self._log = log.ThrottledLog()
        self._is_strict = config.debug or under_pytest(environ)
        freezer = lifecycle.freezer(environ) if config.mode == "auto" else None
        self.is_inline = config.mode == "sync" or freezer is not None
        self.shutdown_seconds = config.shutdown_timeout_seconds
        if lifecycle.is_reloaded(environ, getattr(sys, "argv", [])):
            self.shutdown_seconds = min(self.shutdown_seconds, lifecycle.RELOAD_SHUTDOWN_SECONDS)
        seconds = config.timeout_seconds
        self.transport = transport.choose(
            config.transport,
            timeout_seconds=min(seconds, SYNC_SECONDS) if self.is_inline else seconds,
            stays_here=under_pytest(environ) and not config.stays_here,
        )
        if self.is_active and not lifecycle.awaits_gevent():
            transport.prepare(self.transport)
        self._judge = Judge(config, self._log)
        limits = config.limits
        if self.is_inline:
            limits = replace(limits, max_tries=1, is_waited_for=True)
        self._lanes = tuple(
            Lane(place, self.transport, limits, log=self._log) for place in config.all_destinations
        )
        self._watchers = tuple(lane for lane in self._lanes if lane.wants_reports)
        self._vendors = tuple(lane for lane in self._lanes if not lane.wants_reports)
        self._pulse_lanes = tuple(
            lane for lane in self._vendors if getattr(lane.destination, "heartbeats", False)
        )
        self._outbox = self._open_outbox()
        self.forget()
        lifecycle.register(self)
        self._introduce(freezer)

    @classmethod
    def from_options(
        cls,
        options: Mapping[str, Any],
        *,
        origin: str = "",
        environ: Mapping[str, str] | None = None,
    ) -> Self:
        """Make a tracker of keyword options; see `Config.load`."""
        tracker = cls(Config.load(options, environ=environ, origin=origin), environ=environ)
        for variable in overruled(options, os.environ if environ is None else environ):
            text = f"footfall: {variable} has no effect, since the app says otherwise"
            tracker._log.warn_once(variable, text)
        return tracker

    def forget(self) -> None:
        """Start anew with nothing waiting, as a forked child does. Only assignments."""
        self._inbox: deque[Record | Told | Beat] = deque(maxlen=self.config.max_queue)
        self._awake_until = float("-inf")
        self._wakeup = threading.Event()
        self._processing = threading.RLock()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        # Whose turn it is among the threads that have run here; see `close`.
        self._shift: object = None
        self._delivered_at = float("-inf")
        self._owner = os.getpid()
        self._taken = 0
        self._reasons: Counter[str] = Counter()
        self.captured = Tally()
        self.errors = Tally()
        self.guards = self._new_guards()
        self._pulse = Pulse()
        for lane in self._lanes:
            lane.forget()
        if self._outbox is not None:
            self._outbox.forget()

    def _new_guards(self) -> Guards:
        if self._watchers:
            return OpenGuards(self.config)
        return PulseGuards(self.config) if self._pulse_lanes else Guards(self.config)

    def _open_outbox(self) -> Outbox | None:
        config = self.config
        # Within a request nothing is kept for later.
        if config.outbox is None or not config.is_active or self.is_inline:
            return None
        from footfall.outbox.outbox import Outbox

        return Outbox(
            os.fspath(config.outbox),
            self._vendors,
            mode=config.outbox_mode,
            max_age_seconds=config.limits.max_age_seconds,
            log=self._log,
        )

    def _introduce(self, freezer: str | None) -> None:
        if not self.is_active:
            why = "switched off" if self.config.all_destinations else "no destination is configured"
            log.info(f"footfall counts nothing: {why}")
            return
        names = ", ".join(lane.destination.name for lane in self._lanes)
        log.info(f"footfall counts for {names} through {self.transport!r}")
        if freezer is not None:
            log.info(
                f"footfall delivers within each request, since {freezer} tells of a platform that "
                'stops the process in between; mode="thread" does not'
            )
        for note in self.config.resolver.notes:
            if note.level == "warning":
                self._log.warn_once(note.text, f"footfall: {note.text}")
            else:
                log.info(f"footfall: {note.text}")
        warnings = [*self.config.path_rules.warnings]
        for lane in self._lanes:
            warnings += getattr(lane.destination, "warnings", ())
        for text in warnings:
            self._log.warn_once(text, f"footfall: {text}")

    # -- request side --------------------------------------------------------------------------

    def submit(self, record: Record | Told | Beat, now: float) -> None:
        """Leave `record` in the inbox; `now` is of `footfall.clock`. The oldest goes when full."""
        self.captured.bump()
        inbox = self._inbox
        if len(inbox) >= ROOMY_INBOX:
            record = lean(record)
        inbox.append(record)
        # Asleep, or gone with the parent of a fork that told nobody: then nobody moves this mark.
        if now >= self._awake_until:
            self._wake(now)

    def beat(self, beat: Beat, now: float) -> None:
        """Leave in the inbox that somebody is there, unless it has more important things to do."""
        if len(self._inbox) < MAX_WAITING_BEATS:
            self.submit(beat, now)

    @property
    def has_waiting(self) -> bool:
        """True while something in the inbox is still to be thought about."""
        return bool(self._inbox)

    def deliver(self) -> None:
        """Deliver what waits, in the calling thread, for a second at most. Never raises.

        For the doors, where a request waits for its events; see `flush` for anything else.
        """
        try:
            if self._inbox:
                self._deliver_here()
        except Exception:  # noqa: BLE001 -- the app must go on
            self.errors.bump()

    def _wake(self, now: float) -> None:
        if self.is_inline or lifecycle.is_over():
            exchange = CURRENT.get()
            # Else its door does, once for all that the request brings.
            if exchange is None or not exchange.is_held or exchange.tracker is not self:
                self._deliver_here()
            return
        if self._owner != os.getpid():
            self._start_over()
        self._awake_until = now + AWAKE_SECONDS
        if self._thread is None or not self._thread.is_alive():
            self._start()
        self._wakeup.set()

    def _start_over(self) -> None:
        """In a child whose fork ran no hook: keep the newest record, its parent sends the rest."""
        newest = self._inbox.pop()
        self.forget()
        self.captured.bump()
        self._inbox.append(newest)

    def _start(self) -> None:
        if not self._starting.acquire(blocking=False):
            return  # another request is starting it
        try:
            if self._thread is None or not self._thread.is_alive():
                lifecycle.hook_platforms()
                if not self._is_too_early():
                    self._shift = shift = object()
                    thread = threading.Thread(
                        target=self._run, args=(shift,), name="footfall", daemon=True
                    )
                    thread.start()
                    self._thread = thread
        except RuntimeError:
            # No thread to be had now. The record stays; the next request tries again.
            self.errors.bump()
        finally:
            self._starting.release()

    def _is_too_early(self) -> bool:
        """True in a master that is about to fork, where a thread would spoil its workers."""
        master = lifecycle.master()
        if master is None:
            return False
        is_spoilt = lifecycle.is_spoilt_by_a_thread(master)
        self._log.warn_once(
            "master",
            f"footfall: an event was told in {master}'s master, which serves no request, and "
            f"{'may be lost' if is_spoilt else 'is sent from there'}; tell events in requests, or "
            "in a hook that runs in the workers",
        )
        return is_spoilt

    # -- delivery side -------------------------------------------------------------------------

    @inside.own_work
    def _run(self, shift: object) -> None:
        last_worked = monotonic()
        while self._shift is shift:
            now = monotonic()
            self._awake_until = now + AWAKE_SECONDS
            if self._process(while_room=True) or self._tend():
                last_worked = now
            elif now - last_worked >= AWAKE_SECONDS:
                if not self._sleep():
                    break
                last_worked = monotonic()
                continue
            self._tell_of_drops()
            time.sleep(LINGER_SECONDS)
        self._leave(shift)

    def _tell_of_drops(self) -> None:
        if len(self._inbox) == self._inbox.maxlen:
            text = "hits come faster than events can leave; of those that wait, the oldest go"
            self._log.warn("inbox", f"footfall: {text}")

    def _sleep(self) -> bool:
        """Until a request wakes us; False if none did for long.

        The mark moves first, so that no append can slip between.
        """
        self._wakeup.clear()
        self._awake_until = float("-inf")
        return bool(self._inbox) or self._wakeup.wait(IDLE_SECONDS)

    def _leave(self, shift: object) -> None:
        """End the thread. A record left at this very moment finds or starts another."""
        if self._shift is shift:
            self._thread = None
        self._awake_until = float("-inf")
        if self._inbox:
            self._wake(monotonic())

    @inside.own_work
    def _deliver_here(self) -> None:
        """Think and deliver in the calling thread, and wait for what it has brought itself.

        Never waits for a thread that does so already; that one takes this record along, since it
        looks again after it has let go.
        """
        deadline = monotonic() + SYNC_SECONDS
        if time.time() - self._delivered_at > SYNC_SECONDS:
            self._close_transport()
        offered: Offered = []
        while self._inbox and self._processing.acquire(blocking=False):
            try:
                self._think(deadline, offered)
            finally:
                self._processing.release()
            if monotonic() >= deadline:
                break
        for lane, item in offered:
            lane.wait_for(item, deadline)
        if self._outbox is not None:  # told when Python was already ending
            self._outbox.drain(deadline)
        self._delivered_at = time.time()

    def _process(self, deadline: float | None = None, *, while_room: bool = False) -> bool:
        """Think about all that waits, until `deadline`. False if nothing was there.

        `while_room` stops where no lane has room. What cannot be sent yet waits cheapest unthought,
        and what is never sent costs no thought at all.
        """
        left = -1 if deadline is None else max(0.0, deadline - monotonic())
        if not self._processing.acquire(timeout=left):
            return False
        try:
            return self._think(deadline, while_room=while_room)
        finally:
            self._processing.release()

    def _think(
        self,
        deadline: float | None = None,
        offered: Offered | None = None,
        *,
        while_room: bool = False,
    ) -> bool:
        handled = 0
        while self._inbox and (deadline is None or monotonic() < deadline):
            if while_room and not self._has_room():
                break
            if handled:
                time.sleep(0)
            handled += self._take_turn(offered)
        return handled > 0

    def _take_turn(self, offered: Offered | None) -> int:
        """Think about so many hits, and offer their events together: that costs one wake-up."""
        started = monotonic()
        offset = time.time() - started
        handled = 0
        events: list[Event] = []
        reports: list[Report] = []
        # A slow hook of the owner's must not hold back what was thought before.
        while handled < HITS_PER_TURN and monotonic() - started < LINGER_SECONDS:
            try:
                record = self._inbox.popleft()
            except IndexError:
                break
            self._taken += 1
            handled += 1
            event, report = self._handle(record, offset)
            if event is not None:
                events.append(event)
            if report is not None:
                reports.append(report)
        items = self._offer(events, reports) if events or reports else ()
        if offered is not None:
            offered += items
        return handled

    def _has_room(self) -> bool:
        return self._outbox is not None or any(lane.has_room for lane in self._lanes)

    @inside.own_work
    def settle(self) -> None:
        """Return once every record left so far has been thought about. For tests."""
        self._process()

    def _handle(
        self, record: Record | Told | Beat, offset: float
    ) -> tuple[Event | None, Report | None]:
        """Think about one record; the event and the report to be delivered of it."""
        try:
            if isinstance(record, Beat):
                return self._beat_of(hit_of(record.record, offset)), None
            hit = None
            if isinstance(record, Told):
                judgement = self._judge.of_told(record, offset)
            else:
                hit = hit_of(record, offset)
                judgement = self._judge.of_hit(hit)
            event = judgement.event
            if event is not None:
                self._note_live(event)
            elif hit is not None:
                event = self._beat_of(hit)
        except Exception as error:  # noqa: BLE001 -- a hook of the owner's, or a fault of ours
            self.errors.bump()
            self._log.warn("error", f"footfall could not handle a hit: {log.place_of(error)}")
            return None, None
        self._reasons[judgement.reason] += 1
        return event, self._report_of(record, judgement, offset)

    def _report_of(
        self, record: Record | Told, judgement: Judgement, offset: float
    ) -> Report | None:
        """What the watchers are told. A fault in here costs no event."""
        if not self._watchers or OUTBOXES:
            return None
        try:
            return self._judge.report(record, judgement, offset, time.time())
        except Exception as error:  # noqa: BLE001 -- the event goes out all the same
            self.errors.bump()
            self._log.warn("report", f"footfall could not report a hit: {log.place_of(error)}")
            return None

    def _offer(self, events: Sequence[Event], reports: Sequence[Report]) -> Offered:
        """Give events to the lanes that take them; the items by lane, where they are in memory."""
        if OUTBOXES:
            for outbox in OUTBOXES:
                outbox.extend(events)
            return []
        items: Offered = []
        for lane in self._vendors:
            taken = [event for event in events if self._is_for(lane, event)]
            if taken and self._outbox is not None:
                self._outbox.put(lane, taken)
            elif taken:
                items += [(lane, item) for item in lane.offer(*taken)]
        for lane in self._watchers:
            told = [report for report in reports if lane.takes(report.event)]
            items += [(lane, item) for item in lane.offer_reports(*told)]
        return items

    def _is_for(self, lane: Lane, event: Event) -> bool:
        if event.name == HEARTBEAT and lane not in self._pulse_lanes:
            return False
        return lane.takes(event)

    def _note_live(self, event: Event) -> None:
        """A visit goes on, as far as a destination of heartbeats is told of it."""
        if not OUTBOXES and any(lane.takes(event) for lane in self._pulse_lanes):
            self._pulse.saw(event)

    def _beat_of(self, hit: Hit) -> Event | None:
        """The heartbeat of whoever made this hit, where one is wanted and due."""
        if not self._pulse_lanes or OUTBOXES:
            return None
        return self._pulse.beat(self._judge.visitor_of(hit), hit.time)

    def _tend(self) -> bool:
        """True while a lane has something for which it has no thread."""
        waiting = [lane.tend() for lane in self._lanes]
        return any(waiting)

    def explain(self, hit: Hit) -> Explanation:
        """Think about `hit` aloud, without counting or sending it."""
        reason, event, decision, _ = self._judge.of_hit(hit)
        lanes = [lane for lane in self._lanes if event is not None and lane.takes(event)]
        return Explanation(
            trace=self.config.resolver.trace(hit.peer, hit.headers),
            decision=decision or pageview.decide(hit, self.config.rules),
            reason=reason,
            event=event,
            requests={
                lane.destination.name: lane.destination.request(event)
                for lane in lanes
                if event is not None
            },
        )

    # -- for views and background code ---------------------------------------------------------

    def track(
        self,
        name: str,
        *,
        props: Mapping[str, Any] | None = None,
        revenue: tuple[str, Decimal | str | int | float] | None = None,
        interactive: bool = True,
        url: str | None = None,
        visitor: Visitor | Mapping[str, Any] | None = None,
        **details: Unpack[Details],
    ) -> None:
        """Send a custom event. Never waits; inside a request, visitor and URL are the request's.

        Args:
            name: At most 120 characters; `engagement` is reserved by a vendor.
            props: Scalars by name; vendors store their text.
            revenue: An ISO 4217 code and an amount: `("EUR", "19.99")`.
            interactive: False keeps the event from ending a bounce.
            url: Where it happened; needed outside a request.
            visitor: What `current_visitor()` gave; needed outside a request.
            details: What no request tells: `screen_width`, `time_zone`, `profile_id`.

        Raises:
            EventError: in development and under pytest, for an event that no vendor would take. In
                production it is counted as `bad_event` instead, and logged.
        """
        self._tell(
            name,
            props=props,
            revenue=revenue,
            interactive=interactive,
            page=url,
            visitor=visitor,
            details=details,
        )

    def track_pageview(
        self,
        *,
        url: str,
        referrer: str | None = None,
        props: Mapping[str, Any] | None = None,
        visitor: Visitor | Mapping[str, Any] | None = None,
        **details: Unpack[Details],
    ) -> None:
        """Send a pageview by hand, for pages that no HTTP answer shows. Never waits.

        For the routes of a single-page app that its script reports, and for websockets. What the
        exclude and include rules say of the URL's path holds.

        Args:
            url: The page's. Inside a request it may be relative.
            referrer: Where the visitor came from, if from elsewhere: the page's
                `document.referrer`.
            props: Scalars by name; vendors store their text.
            visitor: What `current_visitor()` gave; needed outside a request.
            details: What no request tells: `screen_width`, `time_zone`, `profile_id` and `perf`,
                the eight durations of the page's loading in milliseconds.

        Raises:
            EventError: as `track` does.
        """
        self._tell(
            PAGEVIEW, page=url, referrer=referrer, props=props, visitor=visitor, details=details
        )

    def _tell(self, name: str, **said: Any) -> None:
        """Check what an app tells of, and leave it in the inbox."""
        if not self.is_active:
            return
        if inside.is_inside():
            self._reasons["echo"] += 1
            return
        exchange = CURRENT.get()
        try:
            event = told(
                name,
                **said,
                record=exchange.record() if exchange is not None else None,
                at=monotonic(),
                token_secret=self.config.token_secret,
            )
        except EventError as error:
            if self._is_strict:
                raise
            self._reasons["bad_event"] += 1
            self._log.warn("bad_event", f"footfall: {error}")
            return
        except Exception as error:
            if self._is_strict:
                raise
            self.errors.bump()
            self._log.warn("error", f"footfall could not take an event: {log.place_of(error)}")
            return
        self.submit(event, event.at)

    def current_visitor(self, exchange: Exchange) -> dict[str, str]:
        """The visitor of a request as a small JSON-serialisable token. Holds an IP address.

        Signed where `token_secret` is set; then no other is taken.
        """
        return tokens.write(self._judge.visitor_of(exchange.hit()), self.config.token_secret)

    # -- the end -------------------------------------------------------------------------------

    def flush(self, timeout: float | None = None) -> bool:
        """Deliver what waits, for at most `timeout` seconds; what is left then is counted as lost.

        May be called at any time, from any thread, again and again; tracking goes on afterwards.

        Returns:
            True if nothing was lost.
        """
        if not self.is_of_this_process:
            return True
        seconds = self.shutdown_seconds if timeout is None else timeout
        return self.flush_until(monotonic() + seconds)

    @inside.own_work
    def flush_until(self, deadline: float) -> bool:
        """`flush` to a moment of the monotonic clock, which several trackers may share."""
        self._process(deadline)
        waiting = len(self._inbox)
        if waiting:
            self._log.warn("late", f"footfall: {waiting} hits were not thought about in time")
        return self._drain(deadline) and not waiting

    def _drain(self, deadline: float) -> bool:
        for lane in self._lanes:
            lane.hurry()
        if self._outbox is None:
            lossless = [lane.wait(deadline) for lane in self._lanes]
        else:
            lossless = [self._outbox.drain(deadline)]
            # No report is worth a file.
            lossless += [lane.wait(deadline) for lane in self._watchers]
        return all(lossless)

    def close(self, timeout: float | None = None) -> bool:
        """`flush`, and then let go of what is held: threads and connections.

        The next event starts anew, so a tracker may be closed as often as its app starts and stops.

        Returns:
            True if nothing was lost.
        """
        if not self.is_of_this_process:
            return True
        seconds = self.shutdown_seconds if timeout is None else timeout
        return self.close_until(monotonic() + seconds)

    def close_until(self, deadline: float) -> bool:
        """`close` to a moment of the monotonic clock, which several trackers may share."""
        is_lossless = self.flush_until(deadline)
        # The thread sees that its shift is over, looks into the inbox once more, and ends.
        self._shift = self._thread = None
        self._awake_until = float("-inf")
        self._wakeup.set()
        for lane in self._lanes:
            lane.close()
        if self._outbox is not None:
            self._outbox.close()
        self._close_transport()
        return is_lossless

    def _close_transport(self) -> None:
        """Close the idle connections of a transport of our own."""
        if isinstance(self.transport, CurlTransport | HTTPXTransport):
            self.transport.close()

    @property
    def is_of_this_process(self) -> bool:
        """False in a forked child that has not used it: what waits here is the parent's."""
        return self._owner == os.getpid()

    # -- seen from outside ---------------------------------------------------------------------

    def stats(self) -> dict[str, Any]:
        """The counters of this process: what was seen, why it counted or not, what became of it.

        Shapes: `reasons` maps a reason to the number of hits and told events; each entry of
        `destinations` is closed, see `dispatch.Counts`: `submitted`, and with an outbox what was
        `taken` from it, is the sum of what it ended in, `stored` in the outbox and `queued`.
        `trimmed` counts events of which a part was cut to fit the vendor's limits, whatever became
        of them.
        """
        waiting = len(self._inbox)
        captured = self.captured.value
        reasons = Counter(self._reasons)
        reasons.update(self.guards.counts())
        outbox = {} if self._outbox is None else {"outbox": self._outbox.stats()}
        return {
            **outbox,
            "transport": repr(self.transport),
            "captured": captured,
            "waiting": waiting,
            "dropped_full": max(0, captured - self._taken - waiting),
            "errors": self.errors.value,
            "reasons": dict(sorted(reasons.items())),
            "destinations": {
                lane.destination.name: {
                    **asdict(lane.counts()),
                    "oldest_age_seconds": round(lane.oldest_age_seconds, 1),
                    "trimmed": lane.trimmed,
                    "is_paused": lane.is_paused,
                    "breaker": lane.breaker,
                }
                for lane in self._lanes
            },
        }

    def __repr__(self) -> str:
        names = ", ".join(lane.destination.name for lane in self._lanes)
        return f"Tracker({names or 'inactive'})"


def _environ_names(headers: Iterable[str]) -> frozenset[str]:
    """The WSGI environ keys that hold these headers, and the few that are no header."""
    return frozenset(
        {"REMOTE_ADDR", "REQUEST_METHOD", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT"}
        | {"wsgi.url_scheme"}
        | {f"HTTP_{name.upper().replace('-', '_')}" for name in headers}
    )
