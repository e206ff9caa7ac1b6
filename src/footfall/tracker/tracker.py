"""What the doors, the views and the owner speak to: one object that ties everything together."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, Self, Unpack

from footfall.common import log, reentrancy
from footfall.common.atomic import AtomicCounter
from footfall.common.clock import monotonic
from footfall.config import Config, overruled, under_pytest
from footfall.delivery import transport
from footfall.delivery.transport import CurlTransport, HTTPXTransport
from footfall.errors import EventError
from footfall.events import visitor_token
from footfall.events.details import Details
from footfall.model import PAGEVIEW, Hit, Visitor
from footfall.request.exchange import CURRENT, MARKS, Exchange
from footfall.request.filters import RequestFilter
from footfall.request.header_picker import HeaderPicker
from footfall.rules import pageview
from footfall.tracker import process_hooks
from footfall.tracker.custom_event import told
from footfall.tracker.dispatcher import Dispatcher
from footfall.tracker.event_builder import EventBuilder
from footfall.tracker.event_pipeline import EventPipeline
from footfall.tracker.explanation import Explanation
from footfall.tracker.heartbeats import Heartbeat, look
from footfall.tracker.inbox import Inbox, InboxItem
from footfall.tracker.startup_log import log_startup
from footfall.tracker.worker_thread import WorkerThread

# What a request waits for its event at most, on platforms that freeze the process afterwards. A
# connection that has been idle for longer may have died in the meantime, and nobody was told.
SYNC_SECONDS: Final = 1.0


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
        # As a scope spells them, and as a hit does.
        self.picked_bytes = {name.encode("ascii"): name for name in config.request_headers}
        self.picker = HeaderPicker(_environ_names(config.request_headers))
        self.wants_route = config.path_mode == "route" or config.path_rules.reads_routes
        self._log = log.ThrottledLog()
        self._is_strict = config.debug or under_pytest(environ)
        serverless_variable = (
            process_hooks.serverless_variable(environ) if config.mode == "auto" else None
        )
        self.is_inline = config.mode == "sync" or serverless_variable is not None
        self.shutdown_seconds = config.shutdown_timeout_seconds
        if process_hooks.is_reloaded(environ, getattr(sys, "argv", [])):
            self.shutdown_seconds = min(
                self.shutdown_seconds, process_hooks.RELOAD_SHUTDOWN_SECONDS
            )
        seconds = config.timeout_seconds
        self.transport = transport.choose(
            config.transport,
            timeout_seconds=min(seconds, SYNC_SECONDS) if self.is_inline else seconds,
            is_offline=under_pytest(environ) and not config.stays_here,
        )
        if self.is_active and not process_hooks.awaits_gevent():
            transport.preload(self.transport)
        self._judge = EventBuilder(config, self._log)
        limits = config.limits
        if self.is_inline:
            limits = replace(limits, max_tries=1, is_waited_for=True)
        # Within a request nothing is kept for later.
        keeps_unsent = self.is_active and not self.is_inline
        self._lanes = Dispatcher(
            config, self.transport, limits, self._log, keeps_unsent=keeps_unsent
        )
        self.forget()
        process_hooks.register(self)
        log_startup(config, self._lanes, self.transport, serverless_variable, self._log)

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
        self._owner = os.getpid()
        self._delivered_at = float("-inf")
        self.errors = AtomicCounter()
        self.filters = self._new_guards()
        self._lanes.forget()
        self._inbox = Inbox(self.config.max_queue, self.config.limits.max_bytes, self._wake)
        # Without a detour: requests wait for it.
        self.submit = self._inbox.submit
        self._thinking = EventPipeline(
            self._inbox, self._judge, self._lanes, self.errors, self._log
        )
        self._thread = WorkerThread(
            self._inbox, self._thinking, self._lanes, self.errors, self._log
        )

    def _new_guards(self) -> RequestFilter:
        if self._lanes.watchers:
            return RequestFilter(self.config, every_hit=True)
        return RequestFilter(self.config, look=look if self._lanes.pulse else None)

    # -- request side --------------------------------------------------------------------------

    submit: Callable[[InboxItem, float], None]
    """Leave a record in the inbox; `now` is `clock.monotonic()`. The oldest goes when full."""

    def beat(self, beat: Heartbeat, now: float) -> None:
        """Leave in the inbox that somebody is there, unless it has more important things to do."""
        self._inbox.beat(beat, now)

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
        if self.is_inline or process_hooks.is_over():
            exchange = CURRENT.get()
            # Else its door does, once for all that the request brings.
            if exchange is None or not exchange.is_held or exchange.tracker is not self:
                self._deliver_here()
            return
        if self._owner != os.getpid():
            self._start_over()
        self._thread.wake(now)

    def _start_over(self) -> None:
        """In a child whose fork ran no hook: keep the newest record, its parent sends the rest."""
        newest = self._inbox.newest
        self.forget()
        self._inbox.keep(newest)

    @reentrancy.suppress_tracking
    def _deliver_here(self) -> None:
        """Think and deliver in the calling thread, and wait for what it has brought itself.

        Never waits for a thread that does so already.
        """
        deadline = monotonic() + SYNC_SECONDS
        if time.time() - self._delivered_at > SYNC_SECONDS:
            self._close_transport()
        self._lanes.wait_for(self._thinking.at_once(deadline), deadline)
        self._delivered_at = time.time()

    # -- for tests and for those who ask -------------------------------------------------------

    @reentrancy.suppress_tracking
    def settle(self) -> None:
        """Return once every record left so far has been thought about. For tests."""
        self._thinking.all_of_it()

    def explain(self, hit: Hit) -> Explanation:
        """Think about `hit` aloud, without counting or sending it."""
        reason, event, decision, _ = self._judge.of_hit(hit, is_aloud=True)
        lanes = self._lanes.takers(event) if event is not None else []
        return Explanation(
            trace=self.config.resolver.trace(hit.peer, hit.headers),
            decision=decision or pageview.decide(hit, self.config.pageview_options),
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
        if reentrancy.is_suppressed():
            self._thinking.reasons["echo"] += 1
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
            self._thinking.reasons["bad_event"] += 1
            self._log.warn("bad_event", f"footfall: {error}")
            return
        except Exception as error:
            if self._is_strict:
                raise
            self.errors.bump()
            self._log.warn(
                "error", f"footfall could not take an event: {log.error_location(error)}"
            )
            return
        self.submit(event, event.at)

    def current_visitor(self, exchange: Exchange) -> dict[str, str]:
        """The visitor of a request as a small JSON-serialisable token. Holds an IP address.

        Signed where `token_secret` is set; then no other is taken.
        """
        return visitor_token.write(self._judge.visitor_of(exchange.hit()), self.config.token_secret)

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

    @reentrancy.suppress_tracking
    def flush_until(self, deadline: float) -> bool:
        """`flush` to a moment of the monotonic clock, which several trackers may share."""
        self._thinking.all_of_it(deadline)
        waiting = len(self._inbox)
        if waiting:
            self._log.warn("late", f"footfall: {waiting} hits were not thought about in time")
        return self._lanes.drain(deadline) and not waiting

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
        self._thread.stop()
        self._lanes.close()
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
        reasons = Counter(self._thinking.reasons)
        reasons.update(self.filters.counts())
        outbox = self._lanes.outbox
        return {
            **({} if outbox is None else {"outbox": outbox.stats()}),
            "transport": repr(self.transport),
            **self._inbox.counts(),
            "errors": self.errors.value,
            "reasons": dict(sorted(reasons.items())),
            "destinations": self._lanes.stats(),
        }

    def __repr__(self) -> str:
        return f"Tracker({self._lanes.names or 'inactive'})"


def _environ_names(headers: Iterable[str]) -> frozenset[str]:
    """The WSGI environ keys that hold these headers, and the few that are no header."""
    return frozenset(
        {"REMOTE_ADDR", "REQUEST_METHOD", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT"}
        | {"wsgi.url_scheme", MARKS}
        | {f"HTTP_{name.upper().replace('-', '_')}" for name in headers}
    )
