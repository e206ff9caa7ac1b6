"""The tracker: one object that ties everything together, and whose methods apps call."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any, Final, Self, Unpack

from footfall.common import log, reentrancy
from footfall.common.atomic import AtomicCounter
from footfall.common.clock import monotonic
from footfall.config import Config, Options, overruled, under_pytest
from footfall.delivery import transport
from footfall.delivery.transport import CurlTransport, HTTPXTransport
from footfall.delivery.transport.greenlets import awaits_gevent
from footfall.destinations import has_own_transport
from footfall.errors import EventError
from footfall.events import visitor_token
from footfall.events.details import CheckedDetails, Details, check_details
from footfall.model import ENGAGEMENT, HEARTBEAT, PAGEVIEW, Decision, Engagement, Hit, Visitor
from footfall.request.exchange import CURRENT, Exchange
from footfall.request.filters import RequestFilter
from footfall.request.record import Record
from footfall.request.recorder import RequestRecorder
from footfall.rules import pageview
from footfall.tracker import process_hooks, start_line, test_mode
from footfall.tracker.budget import open_budget
from footfall.tracker.custom_event import CustomEvent, check_event
from footfall.tracker.dispatcher import Dispatcher
from footfall.tracker.event_builder import EventBuilder
from footfall.tracker.event_pipeline import EventPipeline
from footfall.tracker.explanation import Explanation, without_credentials
from footfall.tracker.heartbeats import submit_rejected
from footfall.tracker.inbox import Inbox
from footfall.tracker.startup_log import log_startup
from footfall.tracker.uncounted_pages import InactiveDetector
from footfall.tracker.worker_thread import PolledInbox

# How long a request waits for its events at most, on platforms that freeze the process afterwards.
# A connection that has been idle for longer may have died meanwhile, unnoticed.
SYNC_SECONDS: Final = 1.0


class Tracker:
    """Counts the pageviews of one app and delivers them.

    Args:
        config: The checked settings.
        environ: Variables that show what kind of process this is, read once; its own by default.
    """

    def __init__(self, config: Config, *, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        self.config = config
        self.is_active = config.is_active
        self._log = log.ThrottledLog()
        self._is_strict = config.debug or under_pytest(environ)
        why_inline = process_hooks.why_inline(config.mode, environ)
        self.is_inline = config.mode == "sync" or why_inline is not None
        self.shutdown_seconds = config.shutdown_timeout_seconds
        is_reloading = process_hooks.is_reloading_server(environ, getattr(sys, "argv", []))
        if is_reloading:
            quick = process_hooks.RELOAD_SHUTDOWN_SECONDS
            self.shutdown_seconds = min(self.shutdown_seconds, quick)
        seconds = config.timeout_seconds
        posts = not all(map(has_own_transport, config.all_destinations))
        self.transport = transport.choose(
            # The one that loads nothing until it is used, where nothing will be.
            config.transport if posts or config.transport != "auto" else "httpx",
            timeout_seconds=min(seconds, SYNC_SECONDS) if self.is_inline else seconds,
            is_offline=under_pytest(environ) and not config.is_local_only,
        )
        if self.is_active and posts and not awaits_gevent():
            transport.preload(self.transport)
        self._budget = open_budget(config, self._log)
        self._builder = EventBuilder(config, self._log, self._budget)
        limits = config.limits
        if self.is_inline:
            limits = replace(limits, max_tries=1, is_waited_for=True)
        # A request that waits for its events keeps none for later.
        keeps_unsent = self.is_active and not self.is_inline
        self._dispatcher = Dispatcher(
            config, self.transport, limits, self._log, keeps_unsent=keeps_unsent
        )
        on_inactive = None
        # A developer or a test may well do without.
        if not (self.is_active or self._is_strict or is_reloading):
            on_inactive = InactiveDetector(config, environ, self._log).observe
        self.recorder = RequestRecorder(
            config,
            is_inline=self.is_inline,
            deliver=self.deliver,
            tracker=self,
            on_nested=self._warn_nested,
            on_inactive=on_inactive,
            on_illegal=self._warn_illegal,
        )
        # The forked child, without a hook, of which a thread is resetting this.
        self._resetting_in: int | None = None
        self.reset_after_fork()
        process_hooks.register(self)
        log_startup(config, self._dispatcher, why_inline, environ, self._log)
        self._start_line = start_line.wanted_line(config, environ, is_reloading=is_reloading)

    @classmethod
    def from_options(
        cls,
        options: Options,
        *,
        origin: str = "",
        environ: Mapping[str, str] | None = None,
    ) -> Self:
        """Make a tracker of keyword options, for the caller alone.

        Args: those of `Config.load`, which takes options of unknown names and types, too.

        Raises:
            ConfigError: the options cannot work; lists every fault.
        """
        environ = os.environ if environ is None else environ
        tracker = cls(Config.load(options, environ=environ, origin=origin), environ=environ)
        tracker.warn_of_overruled(overruled(options, environ))
        return tracker

    def warn_of_overruled(self, variables: Iterable[str]) -> None:
        """Log, once for each, which variables of the environment the app's own options replace."""
        for variable in variables:
            option = variable.removeprefix("FOOTFALL_").lower()
            self._log.warn_once(
                variable,
                f"footfall: {variable} has no effect, since the app sets the option itself: take "
                f"`{option}` out of the code, or set FOOTFALL_OVERRIDE={option}",
            )

    def warn_of_setup(self, text: str) -> None:
        """Log, once, what is wrong with the way in which a framework has the middleware."""
        self._log.warn_once(text, f"footfall: {text}")

    def announce(self) -> None:
        """Write the line at the start, where a person reads it; adapters call this to serve."""
        if self._start_line:
            start_line.show(self._start_line)

    def reset_after_fork(self) -> None:
        """Start anew with nothing waiting, in a forked child. Only assignments."""
        config, log = self.config, self._log
        self._delivered_at = float("-inf")
        self._dispatcher.reset_after_fork()
        if self._budget is not None:
            self._budget.reset_after_fork()
        errors = AtomicCounter()
        inbox = Inbox(config.max_queue, config.limits.max_bytes, self._wake)
        self._inbox = inbox
        self._pipeline = EventPipeline(inbox, self._builder, self._dispatcher, errors, log)
        self._polled = PolledInbox(inbox, self._pipeline, self._dispatcher, errors, log)
        # Requests call the inbox itself.
        self.recorder.connect(self._new_filter(), inbox.submit, inbox.withdraw, errors)
        # Last: until then a tracker whose reset was interrupted counts as the parent's.
        self._process_id = os.getpid()

    def _new_filter(self) -> RequestFilter:
        # The type of an API's response says nothing, nor does its status.
        if self._dispatcher.report_lanes or self.config.api_rules is not None:
            return RequestFilter(self.config, every_hit=True)
        if self._dispatcher.heartbeat_lanes:
            on_reject = partial(submit_rejected, self._inbox.submit_heartbeat)
            return RequestFilter(self.config, on_reject=on_reject)
        return RequestFilter(self.config)

    # -- in a request --------------------------------------------------------------------------

    @property
    def has_waiting(self) -> bool:
        """True while the inbox holds something that is not processed yet."""
        return bool(self._inbox)

    def deliver(self) -> None:
        """Deliver what waits, in the calling thread, for a second at most. Never raises.

        For adapters whose requests wait for their events; everything else calls `flush`.
        """
        try:
            if self._inbox:
                self._deliver_here()
        except Exception:  # noqa: BLE001 -- the app must go on
            self.recorder.errors.bump()

    def _warn_nested(self, name: str) -> None:
        self._log.warn_once(
            "nested",
            f"footfall: an app with a middleware for {name} is mounted in another that has one, "
            "and counts nothing there; remove one of the two middlewares",
        )

    def _warn_illegal(self, fault: str) -> None:
        self._log.warn(
            "illegal",
            "footfall: a request was not counted, since the server, or a layer around the app, "
            f"breaks the specification of WSGI or ASGI: {fault}",
        )

    def _wake(self, now: float) -> None:
        if self.is_inline or process_hooks.is_exiting():
            exchange = CURRENT.get()
            # An adapter that holds delivery does it once, for all events of the request.
            holder = exchange.recorder if exchange and exchange.holds_delivery else None
            if holder is not self.recorder:
                self._deliver_here()
            return
        process_id = os.getpid()
        if self._process_id != process_id:
            if self._resetting_in == process_id:
                return  # another thread resets, and then wakes the worker thread
            self._restart_in_child(process_id)
        self._polled.wake(now)

    def _restart_in_child(self, process_id: int) -> None:
        """Reset where a fork ran no hook: keep the newest record, the parent sends the rest."""
        newest = self._inbox.newest
        self._resetting_in = process_id
        try:
            self.reset_after_fork()
        finally:
            self._resetting_in = None
        self._inbox.keep(newest)

    @reentrancy.suppress_tracking
    def _deliver_here(self) -> None:
        """Process and deliver in the calling thread, and wait for the events of its own records.

        Never waits for a thread that does so already.
        """
        deadline = monotonic() + SYNC_SECONDS
        if time.time() - self._delivered_at > SYNC_SECONDS:
            self._close_transport()
        self._dispatcher.wait_for(self._pipeline.process_here(deadline), deadline)
        self._delivered_at = time.time()

    # -- for the complement --------------------------------------------------------------------

    def decide(self, hit: Hit) -> Decision:
        """The decision about a hit, without its steps; nothing is counted."""
        return self._builder.decision_of(test_mode.normalise(hit))

    def origin_of(self, hit: Hit) -> str:
        """Scheme and host of the site as its visitors know it."""
        return self._builder.origin_of(hit)

    def visitor_of(self, hit: Hit) -> Visitor:
        """Who made this hit."""
        return self._builder.visitor_of(test_mode.normalise(hit))

    def count(self, reason: str) -> None:
        """Count a reason of which there is no hit in the inbox."""
        self._pipeline.reasons[reason] += 1

    def track_shown(
        self,
        exchange: Exchange,
        *,
        page: str,
        referrer: str,
        details: CheckedDetails | None = None,
    ) -> None:
        """Submit a page that the script has reported in this request. Never waits."""
        shown = _shown_page(page, referrer, record=exchange.record(), at=monotonic())
        event = shown if details is None else replace(shown, details=details)
        self._inbox.submit_event(event, event.at)

    def track_engagement(self, exchange: Exchange, engagement: Engagement, *, page: str) -> None:
        """Submit how a page was viewed, as the script has reported in this request. Never waits."""
        shown = _shown_page(page, "", record=exchange.record(), at=monotonic())
        event = replace(shown, name=ENGAGEMENT, reason=ENGAGEMENT, engagement=engagement)
        self._inbox.submit_event(event, event.at)

    def track_heartbeat(self, exchange: Exchange, *, page: str) -> None:
        """Submit that a page is visible, as the script has reported. Never waits."""
        shown = _shown_page(page, "", record=exchange.record(), at=monotonic())
        event = replace(shown, name=HEARTBEAT, reason="heartbeat")
        self._inbox.submit_event(event, event.at)

    # -- for tests and explanations ------------------------------------------------------------

    @reentrancy.suppress_tracking
    def process_all(self) -> None:
        """Return once every record so far has been processed. For tests."""
        self._pipeline.process_all()

    def explain(self, hit: Hit, reported: str | None = None) -> Explanation:
        """Decide a hit and build its requests, without counting or sending it.

        Args:
            hit: The request.
            reported: The address of the page that it reports, where the complement's script sent
                it; its own page by default.

        Raises whatever a hook of the app's raises, or the `request` of a destination.
        """
        hit = test_mode.normalise(hit)
        # Its own, since a warning that comes once must come of a request.
        builder = EventBuilder(self.config, log.SilentLog())
        if reported is None:
            result = builder.from_hit(hit)
        else:
            result = builder.from_custom_event(hit, _shown_page(reported, ""), hit.time)
        reason, event, decision, _ = result
        if reported is None and decision is not None:
            decision = builder.decision_with_steps(hit)
        lanes = self._dispatcher.lanes_for(event) if event is not None else []
        return Explanation(
            trace=self.config.resolver.trace(hit.peer, hit.headers),
            decision=decision or pageview.decide(hit, self.config.pageview_options),
            reason=reason,
            event=event,
            requests={
                lane.destination.name: without_credentials(
                    lane.destination.request(event), getattr(lane.destination, "secrets", ())
                )
                for lane in lanes
                if event is not None
            },
            note=builder.note_of(hit) if event is not None else "",
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

        Args: those of `footfall.track`, which calls this for the tracker of the request.

        Raises:
            EventError: as `footfall.track` does.
        """
        self._submit_custom(
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
        """Send a pageview by hand, for pages that no HTTP response shows. Never waits.

        Args: those of `footfall.track_pageview`, which calls this for the tracker of the request.

        Raises:
            EventError: as `footfall.track_pageview` does.
        """
        self._submit_custom(
            PAGEVIEW, page=url, referrer=referrer, props=props, visitor=visitor, details=details
        )

    def _submit_custom(self, name: str, **arguments: Any) -> None:
        """Check an event that the app tracks, and submit it; the arguments of `check_event`."""
        if not self.is_active:
            return
        if reentrancy.is_suppressed():
            self._pipeline.reasons["echo"] += 1
            return
        exchange = CURRENT.get()
        try:
            event = check_event(
                name,
                **arguments,
                record=exchange.record() if exchange is not None else None,
                at=monotonic(),
                token_secret=self.config.token_secret,
                max_name_chars=self.config.max_name_chars,
            )
            if self._is_strict and event.details.faults:
                faults = event.details.faults.items()
                raise EventError("; ".join(f"{detail}: {fault}" for detail, fault in faults))
            # Of a request that breaks the specification, the record cannot be packed.
            self._inbox.submit_event(event, event.at)
        except EventError as error:
            if self._is_strict:
                raise
            self._pipeline.reasons["bad_event"] += 1
            self._log.warn("bad_event", f"footfall: {error}")
            return
        except Exception as error:
            if self._is_strict:
                raise
            self.recorder.errors.bump()
            place = log.error_location(error)
            self._log.warn("error", f"footfall could not take an event: {place}")

    def current_visitor(self, exchange: Exchange) -> dict[str, str]:
        """The visitor of a request as a token; see `footfall.current_visitor`.

        It is signed where `token_secret` is set; then no unsigned token is accepted. Never raises:
        of a request that cannot be read the visitor is unknown.
        """
        try:
            visitor = self._builder.visitor_of(test_mode.normalise(exchange.hit()))
            return visitor_token.write(visitor, self.config.token_secret)
        except Exception as error:  # noqa: BLE001 -- the app must go on
            self.recorder.errors.bump()
            place = log.error_location(error)
            self._log.warn("error", f"footfall could not read a visitor: {place}")
            return visitor_token.write(Visitor(), self.config.token_secret)

    # -- flush and close -----------------------------------------------------------------------

    def flush(self, timeout: float | None = None) -> bool:
        """Deliver what waits, and wait for that; see `footfall.flush`.

        May be called at any time, from any thread, again and again; tracking goes on afterwards.

        Args:
            timeout: The most seconds to wait; `shutdown_seconds` by default.

        Returns:
            True if nothing was lost: all was sent, or is in the outbox. False where a part counts
            as `lost_at_exit`, as it does without an outbox while a destination is paused.
        """
        if not self.is_of_this_process:
            return True
        seconds = self.shutdown_seconds if timeout is None else timeout
        return self.flush_until(monotonic() + seconds)

    @reentrancy.suppress_tracking
    def flush_until(self, deadline: float) -> bool:
        """`flush` to a moment of the monotonic clock, which several trackers may share."""
        self._pipeline.process_all(deadline)
        if self._budget is not None:
            self._budget.sync()
        waiting = len(self._inbox)
        if waiting:
            text = f"{waiting} hits were not processed in time (see shutdown_timeout_seconds)"
            self._log.warn("late", f"footfall: {text}")
        return self._dispatcher.drain(deadline) and not waiting

    def close(self, timeout: float | None = None) -> bool:
        """`flush`, and then release threads and connections.

        The next event starts them anew, so a tracker may be closed as often as its app stops.
        Argument and result are those of `flush`.
        """
        if not self.is_of_this_process:
            return True
        seconds = self.shutdown_seconds if timeout is None else timeout
        return self.close_until(monotonic() + seconds)

    def close_until(self, deadline: float) -> bool:
        """`close` to a moment of the monotonic clock, which several trackers may share."""
        is_lossless = self.flush_until(deadline)
        self._polled.close()
        self._dispatcher.close()
        self._close_transport()
        return is_lossless

    def _close_transport(self) -> None:
        """Close the idle connections of the transport, unless the app brought its own."""
        if isinstance(self.transport, CurlTransport | HTTPXTransport):
            self.transport.close()

    @property
    def is_of_this_process(self) -> bool:
        """False in a forked child that has not used it: what waits here is the parent's."""
        return self._process_id == os.getpid()

    # -- counters ------------------------------------------------------------------------------

    def stats(self) -> dict[str, Any]:
        """The counters of this process: the hits, why each counted or not, what became of it.

        Returns:
            `captured`, `waiting` and `dropped_full`: what came into the inbox, how much of it is
            not processed yet, and how much was dropped because the inbox was full. `errors`: the
            exceptions that were caught, those of the app's hooks included. `reasons`: the number of
            hits and custom events by reason. `transport`: its repr. `outbox`, with one: its state.
            `budget`, with one: the `share` of the visitors that counts, and by day and month how
            many events are `used`.
            `destinations`: by name a dict of numbers that adds up, see `delivery.Counters`:
            `submitted`, and with an outbox what was `taken` from it, is the sum of what it ended
            in, `stored` in the outbox and `queued`. It also has `trimmed` (events of which a part
            was cut to fit the vendor's limits, whatever became of them), `oldest_age_seconds`,
            `is_paused`, `breaker`: `"closed"`, `"open"` or `"probing"`, and `delivery_seconds`: how
            long its exchanges took, as `count`, `sum` and cumulative `buckets`.
        """
        reasons = Counter(self._pipeline.reasons)
        reasons.update(self.recorder.filters.counts())
        outbox = self._dispatcher.outbox
        return {
            **({} if outbox is None else {"outbox": outbox.stats()}),
            **({} if self._budget is None else {"budget": self._budget.stats()}),
            "transport": repr(self.transport),
            **self._inbox.counts(),
            "errors": self.recorder.errors.value,
            "reasons": dict(sorted(reasons.items())),
            "destinations": self._dispatcher.stats(),
        }

    def __repr__(self) -> str:
        return f"Tracker({self._dispatcher.names or 'inactive'})"


def _shown_page(
    page: str, referrer: str, *, record: Record | None = None, at: float = 0.0
) -> CustomEvent:
    """A page that the complement's script has reported.

    It always has a referrer, if an empty one: that of the request with the report is the page.
    """
    return CustomEvent(
        name=PAGEVIEW,
        props={},
        details=check_details({}),
        revenue=None,
        interactive=True,
        url=page,
        referrer=referrer,
        visitor=None,
        record=record,
        at=at,
        reason="complement",
    )
