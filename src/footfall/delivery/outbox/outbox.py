"""The outbox of one process: what its thread does, and what its tracker calls."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from footfall.common import reentrancy
from footfall.common.clock import monotonic
from footfall.delivery.outbox import Mode
from footfall.delivery.outbox.drainer import Drainer
from footfall.delivery.outbox.leader_lock import LeaderLock
from footfall.delivery.outbox.sqlite_file import MAX_ROWS, OutboxFile, is_damage, move_aside
from footfall.delivery.outbox.write_buffer import WriteBuffer

if TYPE_CHECKING:
    from footfall.common.log import ThrottledLog
    from footfall.delivery.lane import Lane
    from footfall.delivery.visitor_order import Item
    from footfall.model import Event

# A file that has not answered for so long is left to itself.
HANGING_SECONDS: Final = 3.0
# A full disk is not emptied within a second.
RETRY_SECONDS: Final = 30.0
# Events of other processes are found by looking.
BUSY_POLL_SECONDS: Final = 0.02
POLL_SECONDS: Final = 0.05
CALM_POLL_SECONDS: Final = 0.25
CALM_AFTER_SECONDS: Final = 10.0
# How soon another process notices that the drainer is gone.
ELECTION_SECONDS: Final = 0.5
# A process that has delivered what it had is about to end; let another one go on.
RESIGNED_SECONDS: Final = 1.0
# Of the time that a stopping process has: what it takes to write back what is left.
WRITE_BACK_SECONDS: Final = 0.3


class Outbox:
    """Keeps events in a file until their lane has room for them.

    Args:
        path: Of the file; its directory has to be there. Made for the eyes of its owner alone.
        lanes: Of all destinations.
        mode: What `kill -9` does to events on the wire: they are lost, or may be sent twice.
        max_age_seconds: Older rows are dropped.
        log: Where the owner is told that the file cannot be used.
    """

    def __init__(
        self,
        path: str,
        lanes: Sequence[Lane],
        *,
        mode: Mode,
        max_age_seconds: float,
        log: ThrottledLog,
        max_rows: int = MAX_ROWS,
    ) -> None:
        self._path = path
        self._lanes = {lane.name: lane for lane in lanes}
        self._mode: Mode = mode
        self._log = log
        self._drainer = Drainer(
            self._lanes, mode, max_age_seconds=max_age_seconds, log=log, max_rows=max_rows
        )
        self._file: OutboxFile | None = None
        self._election = LeaderLock(path)
        for lane in lanes:
            lane.keep_unsent(self)
        self.forget()

    def forget(self) -> None:
        """Start anew in a forked child. What is pending, the file and the lock are its parent's."""
        if self._file is not None:
            self._file.keep_open_after_fork()
        self._file = None
        self._election.release()
        self._pending = WriteBuffer()
        self._drainer.forget()
        self._drainer.is_feeding = True
        self._working = threading.RLock()
        self._starting = threading.Lock()
        self._wakeup = threading.Event()
        self._thread: threading.Thread | None = None
        # When the running step began; None between steps.
        self._since: float | None = None
        self._usable_from = 0.0
        self._stands_from = 0.0
        self._looks_from = 0.0
        self._has_moved = False
        self._last_moved = 0.0
        self._is_in_use = True
        self._rows = 0
        self._oldest: float | None = None

    # -- in: the tracker's thread --------------------------------------------------------------

    def put(self, lane: Lane, events: Iterable[Event]) -> None:
        """Take events for `lane`: into the file, or into its queue where there is no file."""
        if not self._is_answering() or not self._has_thread():
            self._pending.release()
            lane.offer(*events)
            return
        self._pending.add(lane, lane.hatch.admit(events))
        self._wakeup.set()

    def _is_answering(self) -> bool:
        now, since = monotonic(), self._since
        if since is not None and now - since > HANGING_SECONDS:
            self._tell("it does not answer")
            return False
        return now >= self._usable_from

    def _has_thread(self) -> bool:
        if self._thread is not None and self._thread.is_alive():
            return True
        if not self._starting.acquire(blocking=False):
            return True
        try:
            thread = threading.Thread(
                target=_work, args=(weakref.ref(self), self._wakeup), name="footfall outbox"
            )
            thread.daemon = True
            thread.start()
            self._thread = thread
        except (RuntimeError, MemoryError):
            return False
        finally:
            self._starting.release()
        return True

    def is_served_by(self, wakeup: threading.Event) -> bool:
        """False for a thread that was told to end, and has nothing left to write."""
        return wakeup is self._wakeup or bool(self._pending)

    # -- out: one thread at a time -------------------------------------------------------------

    def step(self) -> float:
        """Write what is pending and, where elected, feed the lanes. Seconds until the next one."""
        with self._working:
            self._since = now = monotonic()
            try:
                file = self._open(now)
                if file is None:
                    self._pending.release()
                    return max(ELECTION_SECONDS, self._usable_from - now)
                return self._work_on(file, now)
            except Exception as error:  # noqa: BLE001 -- events go on in memory, whatever it is
                self._fail(error)
                return ELECTION_SECONDS
            finally:
                self._since = None
                for lane in self._lanes.values():
                    lane.tend()

    def _open(self, now: float) -> OutboxFile | None:
        if self._file is not None and not self._file.is_in_place:
            self._close()
        if self._file is None:
            if now < self._usable_from:
                return None
            self._file = OutboxFile(self._path)
        if not self._is_in_use:
            self._is_in_use = True
            text = f"footfall: the outbox {self._path} is in use again"
            self._log.write(logging.INFO, "outbox again", text)
        return self._file

    def _close(self) -> None:
        file, self._file = self._file, None
        self._drainer.forget()
        if file is not None:
            file.close()

    def _work_on(self, file: OutboxFile, now: float) -> float:
        # First, so that nothing is written where there is no lock to be had for reading it.
        is_drainer = self._is_elected(now)
        self._has_moved = False
        self._pending.store(file)
        self._look(file, now)
        if not is_drainer:
            return ELECTION_SECONDS
        if self._drainer.serve(file, now):
            self._has_moved, self._last_moved = True, now
            return BUSY_POLL_SECONDS
        is_calm = now - self._last_moved > CALM_AFTER_SECONDS
        return CALM_POLL_SECONDS if is_calm else POLL_SECONDS

    def _is_elected(self, now: float) -> bool:
        if self._election.is_won:
            return True
        if now < self._stands_from:
            return False
        self._stands_from = now + ELECTION_SECONDS
        return self._election.acquire()

    def _look(self, file: OutboxFile, now: float) -> None:
        if now >= self._looks_from:
            self._looks_from = now + 1.0
            self._rows, self._oldest = file.count(), file.oldest_time()

    # -- where the file fails ------------------------------------------------------------------

    def _fail(self, error: Exception) -> None:
        """Go on in memory, and look again after a while."""
        self._close_quietly()
        self._usable_from = monotonic() + RETRY_SECONDS
        reason = str(error) or type(error).__name__
        if is_damage(error):
            reason = self._put_aside(reason)
        self._election.release()
        self._tell(reason)
        self._pending.release()

    def _put_aside(self, reason: str) -> str:
        """Move the damaged file away; only the elected one does, or several would in turn."""
        try:
            if not self._election.acquire():
                self._usable_from = monotonic() + ELECTION_SECONDS
                return reason
            aside = move_aside(self._path)
        except OSError as error:
            return f"{reason}; {error}"
        self._usable_from = 0.0
        return f"{reason}; it was moved to {aside}"

    def _close_quietly(self) -> None:
        try:
            self._close()
        except sqlite3.Error:
            self._file = None

    def _tell(self, reason: str) -> None:
        self._is_in_use = False
        self._log.warn(
            "outbox",
            f"footfall: the outbox {self._path} cannot be used ({reason}); events wait in memory",
        )

    # -- the end -------------------------------------------------------------------------------

    def drain(self, deadline: float) -> bool:
        """Deliver until `deadline` what the lanes hold and, where elected, what the file does.

        The lanes were told to hurry. What is left then goes into the file or stays there, and
        another process is let have its turn.

        Returns:
            True if nothing was lost.
        """
        if self._thread is None and not self._pending:
            # Nothing came this way: neither a file nor the lock is any business of ours.
            lossless = [lane.wait(deadline) for lane in self._lanes.values()]
            return all(lossless)
        # The last process of all finds the lock free.
        self._stands_from = 0.0
        send_until = deadline - min(WRITE_BACK_SECONDS, (deadline - monotonic()) / 4)
        self._deliver(send_until)
        self._stop_feeding(send_until)
        lossless = [lane.wait(send_until) for lane in self._lanes.values()]
        lossless.append(self._finish(deadline))
        return all(lossless)

    def _deliver(self, deadline: float) -> None:
        while self._step_until(deadline) and monotonic() < deadline:
            lanes = self._lanes.values()
            if not self._has_moved and not any(lane.hatch.is_delivering for lane in lanes):
                return
            time.sleep(0.002)

    def _stop_feeding(self, deadline: float) -> None:
        # With the lock, so that no step of the thread is feeding right now.
        is_locked = self._working.acquire(timeout=max(0.05, deadline - monotonic()))
        self._drainer.is_feeding = False
        if is_locked:
            self._working.release()

    def _step_until(self, deadline: float) -> bool:
        """One step in the calling thread; False if another one is busy with one for too long."""
        if not self._working.acquire(timeout=max(0.0, deadline - monotonic())):
            return False
        try:
            self.step()
        finally:
            self._working.release()
        return True

    def _finish(self, deadline: float) -> bool:
        """Write what the lanes gave back, and leave the rest to others. False if some is lost."""
        # What was given back must not be fed to these lanes again.
        self._stands_from = monotonic() + RESIGNED_SECONDS
        is_locked = self._working.acquire(timeout=max(0.05, deadline - monotonic()))
        if is_locked:
            try:
                with suppress(sqlite3.Error):
                    if self._file is not None and self._election.is_won:
                        self._drainer.settle(self._file)
                self._election.release()
                self.step()
                self._close_quietly()
            finally:
                self._working.release()
        self._drainer.is_feeding = True
        # After that step, only what has come since is pending, and the thread takes it.
        lost = 0 if is_locked else self._pending.lose()
        lossless = [lane.wait(deadline) for lane in self._lanes.values()]
        return all(lossless) and not lost

    def close(self) -> None:
        """Let the thread end. The next event starts another."""
        wakeup, self._wakeup, self._thread = self._wakeup, threading.Event(), None
        wakeup.set()

    def store_unsent(self, lane: Lane, items: Iterable[Item]) -> int:
        """Keep what a lane could not send in time. How many cannot be kept."""
        lost = 0
        for item in items:
            if item.row is not None:
                lane.hatch.settle([item], "stored")
            elif self._is_in_use:
                self._pending.add(lane, [item])
            else:
                lane.hatch.settle([item], "lost_at_exit")
                lost += 1
        return lost

    # -- seen from outside ---------------------------------------------------------------------

    def stats(self) -> dict[str, Any]:
        """`rows` and their age as of the last second; `is_in_use` is False where the file fails.

        `orphaned` were dropped for being old, and belong to a destination that is not set up here.
        """
        age = 0.0 if self._oldest is None else max(0.0, time.time() - self._oldest)
        return {
            "path": self._path,
            "mode": self._mode,
            "is_in_use": self._is_in_use,
            "is_drainer": self._election.is_won,
            "rows": self._rows,
            "pending": len(self._pending),
            "oldest_age_seconds": round(age, 1),
            "orphaned": self._drainer.orphaned,
        }


@reentrancy.suppress_tracking
def _work(ref: weakref.ref[Outbox], wakeup: threading.Event) -> None:
    """What the thread does, until the outbox is closed or nobody holds it any more."""
    seconds = 0.0
    while True:
        wakeup.wait(seconds)
        wakeup.clear()
        outbox = ref()
        if outbox is None or not outbox.is_served_by(wakeup):
            return
        seconds = outbox.step()
        del outbox
