"""The worker thread: a daemon thread that polls the inbox and has its records processed.

The first record starts it, never an import or a constructor. It sleeps in an idle app, ends after a
while, and the next record starts another one, also in a child after a fork.
"""

from __future__ import annotations

import threading
import time
from typing import Final

from footfall.common import reentrancy
from footfall.common.atomic import AtomicCounter
from footfall.common.clock import monotonic
from footfall.common.log import ThrottledLog
from footfall.tracker import process_hooks
from footfall.tracker.dispatcher import Dispatcher
from footfall.tracker.event_pipeline import EventPipeline
from footfall.tracker.inbox import Inbox

# Requests of one moment share a wake-up, and the code that handles them is fetched once: at 500
# events a second it costs the processor a fifth less than polling each fiftieth of a second.
POLL_SECONDS: Final = 0.05
# For so long after the last record the thread polls by itself, and no request has to wake it.
AWAKE_SECONDS: Final = 1.0
# After so long without a record the thread ends; the next record starts another.
IDLE_SECONDS: Final = 10.0

# With a poll each twentieth of a second that is 2,000 a second, or 170 million a day. More would
# take the processor from an app that may need it in the next moment.
HITS_PER_POLL: Final = 100
# What one process delivers in any case: a good thousand a second.
HITS_PER_BUSY_POLL: Final = 60
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
        is_busy = used - self._used > BUSY_SHARE * (now - self._asked_at)
        self._asked_at, self._used = now, used
        return HITS_PER_BUSY_POLL if is_busy else HITS_PER_POLL


class WorkerThread:
    """Processes what is in the inbox, and polls the lanes.

    Args:
        inbox: What it polls.
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
        self.current: threading.Thread | None = None
        # Held by the request that starts it.
        self.starting = threading.Lock()
        self._inbox = inbox
        self._pipeline = pipeline
        self._dispatcher = dispatcher
        self._errors = errors
        self._log = log
        self._budget = CPUBudget()
        self._wakeup = threading.Event()
        # Of the threads that have run here, the one that shall go on; see `stop`.
        self._generation: object = None
        # How many dropped records have been logged.
        self._logged_drops = 0

    # -- in a request --------------------------------------------------------------------------

    def wake(self, now: float) -> None:
        """Have the thread poll the inbox; start it if it does not run."""
        self._inbox.awake_until = now + AWAKE_SECONDS
        if self.current is None or not self.current.is_alive():
            self._start()
        self._wakeup.set()

    def _start(self) -> None:
        if not self.starting.acquire(blocking=False):
            return  # another request is starting it
        try:
            if self.current is None or not self.current.is_alive():
                process_hooks.hook_platforms()
                if not self._is_forbidden():
                    self._generation = generation = object()
                    thread = threading.Thread(
                        target=self._run, args=(generation,), name="footfall", daemon=True
                    )
                    thread.start()
                    self.current = thread
        except RuntimeError:
            # The system has no thread left now. The record stays; the next request tries again.
            self._errors.bump()
        finally:
            self.starting.release()

    def _is_forbidden(self) -> bool:
        """True in a master that is about to fork, where a thread would break its workers."""
        master = process_hooks.master()
        if master is None:
            return False
        is_forbidden = process_hooks.forbids_threads(master)
        self._log.warn_once(
            "master",
            f"footfall: an event was tracked in {master}'s master, which serves no request, and "
            f"{'may be lost' if is_forbidden else 'is sent from there'}; track events in requests, "
            "or in a hook that runs in the workers",
        )
        return is_forbidden

    def stop(self) -> None:
        """Let the thread poll the inbox once more and end."""
        self._generation = self.current = None
        self._inbox.awake_until = float("-inf")
        self._wakeup.set()

    # -- in the thread -------------------------------------------------------------------------

    @reentrancy.suppress_tracking
    def _run(self, generation: object) -> None:
        last_worked = monotonic()
        while self._generation is generation:
            now = monotonic()
            self._inbox.awake_until = now + AWAKE_SECONDS
            if self._pipeline.process(self._budget.max_hits()) or self._dispatcher.poll():
                last_worked = now
            elif now - last_worked >= AWAKE_SECONDS:
                if not self._sleep():
                    break
                last_worked = monotonic()
                continue
            self._log_drops()
            time.sleep(POLL_SECONDS)
        self._end(generation)

    def _log_drops(self) -> None:
        dropped = self._inbox.dropped.value
        if dropped != self._logged_drops:
            self._logged_drops = dropped
            text = "hits come faster than events can be sent; the oldest are dropped"
            self._log.warn("inbox", f"footfall: {text} (see max_queue)")

    def _sleep(self) -> bool:
        """Sleep until a request wakes us; False if none did for long.

        `awake_until` is set first, so that no record can be appended in between.
        """
        self._wakeup.clear()
        self._inbox.awake_until = float("-inf")
        return bool(self._inbox) or self._wakeup.wait(IDLE_SECONDS)

    def _end(self, generation: object) -> None:
        """End the thread. A record that comes at this very moment finds or starts another."""
        if self._generation is generation:
            self.current = None
        self._inbox.awake_until = float("-inf")
        if self._inbox:
            self._inbox.wake(monotonic())
