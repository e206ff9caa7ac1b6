"""The worker thread: a daemon thread that polls the inboxes of all trackers of a process.

The first record starts it, never an import or a constructor. It sleeps in an idle app, ends after a
while, and the next record starts another one, also in a child after a fork. It refers to a tracker
only while that has work, so that one that the app has dropped can be collected.
"""

from __future__ import annotations

import math
import os
import threading
import time
from typing import Final

from footfall.common import reentrancy
from footfall.common.atomic import AtomicCounter
from footfall.common.background_thread import BackgroundThread
from footfall.common.clock import monotonic
from footfall.common.log import ThrottledLog
from footfall.tracker import process_hooks
from footfall.tracker.dispatcher import Dispatcher
from footfall.tracker.event_pipeline import EventPipeline
from footfall.tracker.inbox import Inbox

# Requests of one moment share a wake-up, and the code that handles them is fetched once: at 500
# events a second it costs the processor a fifth less than polling each fiftieth of a second.
POLL_SECONDS: Final = 0.05
# While more waits than one poll may process.
BACKLOG_POLL_SECONDS: Final = 0.02
# For so long after its last record an inbox is polled, and no request has to wake the thread.
AWAKE_SECONDS: Final = 1.0
# After so long without an inbox to poll the thread ends; the next record starts another.
IDLE_SECONDS: Final = 10.0

# 430 million a day. More would take the processor from an app that may need it in the next moment.
HITS_PER_SECOND: Final = 5_000
# What one process handles in any case.
HITS_PER_BUSY_SECOND: Final = 2_500
# A poll makes up for a late one, but not for a machine that slept.
MAX_LATE_SECONDS: Final = 0.1
# Of one processor, which is all that Python code has. With more, a process has no time to spare.
BUSY_SHARE: Final = 0.8


class CPUBudget:
    """How many hits a poll may process, by the CPU time of this process: the app and footfall."""

    def __init__(self) -> None:
        self._asked_at = monotonic()
        self._used = time.process_time()

    def max_hits(self) -> int:
        """How many the poll that begins now may process, by the CPU time since the last call."""
        now, used = monotonic(), time.process_time()
        seconds = now - self._asked_at
        is_busy = used - self._used > BUSY_SHARE * seconds
        self._asked_at, self._used = now, used
        rate = HITS_PER_BUSY_SECOND if is_busy else HITS_PER_SECOND
        return math.ceil(rate * min(seconds, MAX_LATE_SECONDS))


class PolledInbox:
    """The inbox of one tracker, as the worker thread polls it.

    Args:
        inbox: What is polled.
        pipeline: Processes the records.
        dispatcher: Its lanes may hold events that lack a thread.
        errors: Counts how often the system had no thread left.
        log: Where dropped hits are logged.
    """

    def __init__(
        self,
        inbox: Inbox,
        pipeline: EventPipeline,
        dispatcher: Dispatcher,
        errors: AtomicCounter,
        log: ThrottledLog,
    ) -> None:
        self.inbox = inbox
        self.errors = errors
        self.log = log
        self._pipeline = pipeline
        self._dispatcher = dispatcher
        self._last_worked = float("-inf")
        self._is_closed = False
        # How many dropped records have been logged.
        self._logged_drops = 0
        # Whether the last poll left what could be sent.
        self.has_backlog = False

    def wake(self, now: float) -> None:
        """Have the worker thread poll the inbox; called in requests. Never waits."""
        self.inbox.awake_until = now + AWAKE_SECONDS
        self._is_closed = False
        worker().add(self)

    def close(self) -> None:
        """Let the worker thread end, unless other inboxes need it; the next record starts it."""
        self._is_closed = True
        worker().close()

    def poll(self, max_hits: int) -> bool:
        """Process what waits; in the thread. False once the inbox need not be polled."""
        now = monotonic()
        self.inbox.awake_until = now + AWAKE_SECONDS
        if self._pipeline.process(max_hits) or self._dispatcher.poll():
            self._last_worked = now
        elif self._is_closed or now - self._last_worked >= AWAKE_SECONDS:
            return False
        self.has_backlog = bool(self.inbox) and self._dispatcher.has_capacity
        self._log_drops()
        return True

    def _log_drops(self) -> None:
        dropped = self.inbox.dropped.value
        if dropped == self._logged_drops:
            return
        self._logged_drops = dropped
        if self.has_backlog:
            text = (
                "hits come faster than one process handles them, which is about 5,000 a second, or "
                "2,500 where its app uses the whole processor; run more processes, or exclude paths"
            )
        else:
            text = "hits come faster than events can be sent (see max_queue)"
        self.log.warn("inbox", f"footfall: {text}; {dropped:,} were dropped so far, oldest first")


class WorkerThread:
    """Polls inboxes, each until a second after its last record."""

    def __init__(self) -> None:
        self.process_id: Final = os.getpid()
        self.current: threading.Thread | None = None
        # Held by the request that starts it.
        self.starting = threading.Lock()
        self._polled: set[PolledInbox] = set()
        self._budget = CPUBudget()
        self._wakeup = threading.Event()
        self._is_closing = False

    # -- in a request --------------------------------------------------------------------------

    def add(self, inbox: PolledInbox) -> None:
        """Poll `inbox` as well; start the thread if it does not run."""
        self._is_closing = False
        self._polled.add(inbox)
        self._start(inbox)
        self._wakeup.set()

    def _start(self, inbox: PolledInbox) -> None:
        if self._is_running() or not self.starting.acquire(blocking=False):
            return  # if not running, another request is starting it
        try:
            if not self._is_running():
                process_hooks.hook_platforms()
                if not _is_forbidden(inbox.log):
                    thread = BackgroundThread(self._run, name="footfall", end=self.close)
                    thread.start()
                    self.current = thread
        except RuntimeError:
            # The system has no thread left now. The record stays; the next request tries again.
            inbox.inbox.let_sleep()
            inbox.errors.bump()
        finally:
            self.starting.release()

    def _is_running(self) -> bool:
        return self.current is not None and self.current.is_alive()

    def close(self) -> None:
        """Let the thread end as soon as there is no inbox to poll."""
        self._is_closing = True
        self._wakeup.set()

    # -- in the thread -------------------------------------------------------------------------

    @reentrancy.suppress_tracking
    def _run(self) -> None:
        while True:
            self._wakeup.clear()
            started, used = monotonic(), time.thread_time()
            has_backlog = self._poll()
            if self._polled:
                seconds, used = monotonic() - started, time.thread_time() - used
                self._wakeup.wait(_pause(seconds, used) if has_backlog else POLL_SECONDS)
            elif self._is_closing or not self._wakeup.wait(IDLE_SECONDS):
                break
        self.current = None
        # A record that comes at this very moment finds no thread, or one that is no more.
        for inbox in self._polled:
            self._start(inbox)
            break

    def _poll(self) -> bool:
        """Poll each inbox; True if one of them has more than it may process at once."""
        polled = list(self._polled)
        max_hits = max(1, self._budget.max_hits() // max(1, len(polled)))
        for inbox in polled:
            if not inbox.poll(max_hits):
                self._let_sleep(inbox)
        return any(inbox.has_backlog for inbox in polled)

    def _let_sleep(self, polled: PolledInbox) -> None:
        """Poll no more until a request wakes us. A record that came meanwhile did not."""
        self._polled.discard(polled)
        polled.inbox.let_sleep()
        if polled.inbox:
            self._polled.add(polled)


def _pause(seconds: float, used: float) -> float:
    """How long to pause after a poll that left a backlog.

    Args:
        seconds: What the poll took; the app had the interpreter for a part of it.
        used: CPU time of the poll. The app gets the same at least.
    """
    return max(used, BACKLOG_POLL_SECONDS - seconds)


_worker: WorkerThread | None = None


def worker() -> WorkerThread:
    """The worker of this process.

    Two requests that are the first at the same moment may get two, which harms nothing.
    """
    global _worker
    found = _worker
    if found is None or found.process_id != os.getpid():
        found = _worker = WorkerThread()
    return found


def _is_forbidden(log: ThrottledLog) -> bool:
    """True in a master that is about to fork, where a thread would break its workers."""
    master = process_hooks.master()
    if master is None:
        return False
    is_forbidden = process_hooks.forbids_threads(master)
    log.warn_once(
        "master",
        f"footfall: an event was tracked in {master}'s master, which serves no request, and "
        f"{'may be lost' if is_forbidden else 'is sent from there'}; track events in requests, "
        "or in a hook that runs in the workers",
    )
    return is_forbidden
