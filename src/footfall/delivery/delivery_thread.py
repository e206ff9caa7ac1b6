"""The delivery thread: a daemon thread that carries the exchanges of all lanes of a process.

The first event starts it, never an import. It ends after a while without work, and the next event
starts another one, also in a child after a fork.
"""

from __future__ import annotations

import math
import os
import threading
import time
from typing import Final, Protocol

from footfall.common import reentrancy
from footfall.common.background_thread import BackgroundThread
from footfall.common.clock import monotonic
from footfall.delivery.transport.curl_multi import CurlMulti
from footfall.errors import NotSent

# After so long without an event the thread ends; connections stay.
IDLE_SECONDS: Final = 10.0
# Building so many requests takes a third of a millisecond. Between them responses are read.
MAX_STARTED_AT_ONCE: Final = 32
# Until it is tried again where the process could open no more files.
RETRY_SECONDS: Final = 0.05


class Source(Protocol):
    """What the thread empties: a lane."""

    @property
    def max_connections(self) -> int:
        """How many connections to the destination may be open."""
        ...

    @property
    def is_empty(self) -> bool:
        """True while nothing waits and nothing is in flight."""
        ...

    def start(self, multi: CurlMulti) -> bool:
        """Begin the next exchange. False if there is none that may begin."""
        ...

    def seconds_to_wakeup(self) -> float:
        """How long until something may become ready merely because time passes."""
        ...


class DeliveryThread:
    """Starts what the lanes have to send, and waits for all of it at once."""

    def __init__(self) -> None:
        self.process_id: Final = os.getpid()
        # Made by the thread, which can wait where the process can open no more files.
        self._multi: CurlMulti | None = None
        # Those that have something outstanding.
        self._lanes: set[Source] = set()
        # Held by the thread while it lives, or by one that delivers in its place.
        self._turn = threading.Lock()
        # True from before the lanes are read until something has happened.
        self._is_waiting = False
        self._is_closing = False

    # -- in any thread -------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """Whether a thread delivers."""
        return self._turn.locked()

    def call(self, lane: Source) -> None:
        """Let the thread see what waits in a lane. Starts it where the system has one left."""
        self._lanes.add(lane)
        self._is_closing = False
        if not self._turn.acquire(blocking=False):
            self._wake()
            return
        try:
            BackgroundThread(self._run, name="footfall delivery", end=self.close).start()
        except (RuntimeError, MemoryError):
            self._turn.release()  # the next call tries again
        except BaseException:
            self._turn.release()
            raise

    def _wake(self) -> None:
        if self._is_waiting and self._multi is not None:
            self._is_waiting = False
            self._multi.wake()

    def close(self) -> None:
        """Let the thread end as soon as all lanes are empty, and close the connections."""
        self._is_closing = True
        if not self._turn.acquire(blocking=False):
            self._wake()
            return
        try:
            self._end()
        finally:
            self._turn.release()

    def run_here(self, lane: Source, deadline: float) -> None:
        """Deliver in the calling thread, until the lane is empty."""
        if not self._turn.acquire(blocking=False):
            return
        try:
            while not lane.is_empty and (left := deadline - monotonic()) > 0.0:
                self._lanes.add(lane)
                self._step(left)
        finally:
            self._turn.release()

    # -- in the thread -------------------------------------------------------------------------

    @reentrancy.suppress_tracking
    def _run(self) -> None:
        try:
            idle_since = monotonic()
            while True:
                self._step(IDLE_SECONDS)
                now = monotonic()
                if self._lanes or (self._multi is not None and not self._multi.is_idle):
                    idle_since = now
                if not self._lanes and (self._is_closing or now - idle_since >= IDLE_SECONDS):
                    break
            self._end()
        finally:
            self._turn.release()
        # One that came at this very moment saw a thread.
        for lane in self._lanes:
            self.call(lane)
            break

    def _end(self) -> None:
        if self._is_closing and not self._lanes and self._multi is not None:
            self._multi.close()
            self._multi = None

    def _step(self, max_seconds: float) -> None:
        if self._multi is None:
            try:
                self._multi = CurlMulti()
            except (NotSent, OSError):
                time.sleep(min(max_seconds, RETRY_SECONDS))
                return
        self._is_waiting = True
        for lane in [*self._lanes]:
            max_seconds = min(max_seconds, self._feed(lane, self._multi))
        if self._lanes or not self._is_closing:
            self._multi.run(max_seconds)
        self._is_waiting = False

    def _feed(self, lane: Source, multi: CurlMulti) -> float:
        """Start what a lane has to send. Seconds until it may have more."""
        multi.allow_connections(lane.max_connections)
        for _ in range(MAX_STARTED_AT_ONCE):
            if not lane.start(multi):
                break
        else:
            return 0.0
        if not lane.is_empty:
            return lane.seconds_to_wakeup()
        self._lanes.discard(lane)
        # What came at this very moment may have been added before that.
        return 0.0 if self._has_more(lane) else math.inf

    def _has_more(self, lane: Source) -> bool:
        if lane.is_empty:
            return False
        self._lanes.add(lane)
        return True


_thread: DeliveryThread | None = None


def delivery_thread() -> DeliveryThread:
    """The delivery thread of this process."""
    global _thread
    found = _thread
    if found is None or found.process_id != os.getpid():
        found = _thread = DeliveryThread()
    return found


def running_thread() -> DeliveryThread | None:
    """The same, if it runs; else none is made."""
    found = _thread
    if found is None or found.process_id != os.getpid() or not found.is_running:
        return None
    return found
