"""The daemon thread that looks into the inbox.

The first record starts it, never an import or a constructor; it falls asleep in an idle app, ends
after a while, and is started again by the next record, also in a child after a fork.
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
from footfall.tracker.pace import CPUBudget

# Requests of one moment share a wake-up, and the code that handles them is fetched once: at 500
# events a second the processor has a fifth less to do than with a look each fiftieth of a second.
LINGER_SECONDS: Final = 0.05
# For so long after the last record the thread looks by itself, and no request has to wake it.
AWAKE_SECONDS: Final = 1.0
# An idle app keeps no thread; the next request starts another.
IDLE_SECONDS: Final = 10.0


class WorkerThread:
    """Thinks about what is in the inbox, and tends the lanes.

    Args:
        inbox: What it looks into.
        thinking: What is done with it.
        lanes: Whose waiting events it finds threads for.
        errors: Counts the times when there was no thread to be had.
        log: Where the owner is told of lost hits.
    """

    def __init__(
        self,
        inbox: Inbox,
        thinking: EventPipeline,
        lanes: Dispatcher,
        errors: AtomicCounter,
        log: ThrottledLog,
    ) -> None:
        self.current: threading.Thread | None = None
        # Held by whoever starts it.
        self.starting = threading.Lock()
        self._inbox = inbox
        self._thinking = thinking
        self._lanes = lanes
        self._errors = errors
        self._log = log
        self._pace = CPUBudget()
        self._wakeup = threading.Event()
        # Whose turn it is among the threads that have run here; see `dismiss`.
        self._shift: object = None
        # Of how many dropped records the owner has been told.
        self._told_drops = 0

    # -- request side --------------------------------------------------------------------------

    def wake(self, now: float) -> None:
        """Let it look into the inbox; starts it where there is none."""
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
                if not self._is_too_early():
                    self._shift = shift = object()
                    thread = threading.Thread(
                        target=self._run, args=(shift,), name="footfall", daemon=True
                    )
                    thread.start()
                    self.current = thread
        except RuntimeError:
            # No thread to be had now. The record stays; the next request tries again.
            self._errors.bump()
        finally:
            self.starting.release()

    def _is_too_early(self) -> bool:
        """True in a master that is about to fork, where a thread would spoil its workers."""
        master = process_hooks.master()
        if master is None:
            return False
        is_spoilt = process_hooks.forbids_threads(master)
        self._log.warn_once(
            "master",
            f"footfall: an event was told in {master}'s master, which serves no request, and "
            f"{'may be lost' if is_spoilt else 'is sent from there'}; tell events in requests, or "
            "in a hook that runs in the workers",
        )
        return is_spoilt

    def stop(self) -> None:
        """End its shift: it sees so, looks into the inbox once more, and ends."""
        self._shift = self.current = None
        self._inbox.awake_until = float("-inf")
        self._wakeup.set()

    # -- delivery side -------------------------------------------------------------------------

    @reentrancy.suppress_tracking
    def _run(self, shift: object) -> None:
        last_worked = monotonic()
        while self._shift is shift:
            now = monotonic()
            self._inbox.awake_until = now + AWAKE_SECONDS
            if self._thinking.look(self._pace.hits()) or self._lanes.tend():
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
        dropped = self._inbox.dropped.value
        if dropped != self._told_drops:
            self._told_drops = dropped
            text = "hits come faster than events can leave; of those that wait, the oldest go"
            self._log.warn("inbox", f"footfall: {text}")

    def _sleep(self) -> bool:
        """Until a request wakes us; False if none did for long.

        The mark moves first, so that no append can slip between.
        """
        self._wakeup.clear()
        self._inbox.awake_until = float("-inf")
        return bool(self._inbox) or self._wakeup.wait(IDLE_SECONDS)

    def _leave(self, shift: object) -> None:
        """End the thread. A record left at this very moment finds or starts another."""
        if self._shift is shift:
            self.current = None
        self._inbox.awake_until = float("-inf")
        if self._inbox:
            self._inbox.wake(monotonic())
