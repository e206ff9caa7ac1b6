"""The outbox of one process: what its thread does, and what its tracker calls."""

from __future__ import annotations

import functools
import logging
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from footfall.common import reentrancy
from footfall.common.background_thread import BackgroundThread
from footfall.common.clock import monotonic
from footfall.common.leader_lock import LeaderLock
from footfall.common.log import ThrottledLog
from footfall.delivery.drainer import Drainer
from footfall.delivery.lane import Lane
from footfall.delivery.outbox import Mode
from footfall.delivery.outbox.file_source import FileSource
from footfall.delivery.outbox.sqlite_file import MAX_ROWS, OutboxFile, is_damage, move_aside
from footfall.delivery.outbox.write_buffer import WriteBuffer
from footfall.delivery.visitor_order import Item
from footfall.model import Event

# A file in which one step has taken so long is not used until the step ends.
HANGING_SECONDS: Final = 3.0
# A full disk is not emptied within a second.
RETRY_SECONDS: Final = 30.0
# Where events are refused until the file works.
REQUIRED_RETRY_SECONDS: Final = 1.0
# Of the rows of a file that has reached its limit, the share that makes room for new ones.
MADE_ROOM: Final = 0.1
# How often the leader reads the file: the other processes do not announce what they write.
BUSY_POLL_SECONDS: Final = 0.02
POLL_SECONDS: Final = 0.05
CALM_POLL_SECONDS: Final = 0.25
CALM_AFTER_SECONDS: Final = 10.0
# How often the others try to take the lock, in case the leader is gone.
LOCK_RETRY_SECONDS: Final = 0.5
# A process that has been drained is about to end; for so long it leaves the lock to another.
YIELD_SECONDS: Final = 1.0
# Of the time that a stopping process has: what it takes to write back what is left.
WRITE_BACK_SECONDS: Final = 0.3


class DurableOutbox:
    """Keeps events in a file until their lane has capacity for them.

    Args:
        path: Of the file; its directory has to exist. Made so that only its owner may read it.
        lanes: Of all destinations.
        mode: What `kill -9` does to events in flight: they are lost, or may be sent twice.
        max_age_seconds: Older rows are dropped.
        log: Where a warning is written if the file cannot be used.
        is_required: Whether the caller refuses events while the file cannot be used; then it calls
            `store`. Otherwise it calls `put`, and they wait in memory.
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
        is_required: bool = False,
    ) -> None:
        self._path = path
        self._is_required = is_required
        self._lanes = {lane.name: lane for lane in lanes}
        self._mode: Mode = mode
        self._log = log
        self._max_age = max_age_seconds
        self._max_rows = max_rows
        self._drainer = Drainer(self._lanes, log=log)
        self._source: FileSource | None = None
        self._leader_lock = LeaderLock(path)
        for lane in lanes:
            # Weak: the lane's threads must not keep alive what the tracker has dropped.
            lane.on_unsent = functools.partial(_store_unsent, weakref.ref(self))
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Start anew in a forked child. Buffered events, file and lock belong to its parent."""
        if self._source is not None:
            self._source.file.keep_open_after_fork()
        self._source = None
        self._leader_lock.release()
        self._buffer = WriteBuffer()
        self._drainer.reset()
        self._drainer.is_feeding = True
        self._step_lock = threading.RLock()
        self._start_lock = threading.Lock()
        self._wakeup = threading.Event()
        self._thread: threading.Thread | None = None
        # When the running step began; None between steps.
        self._step_began_at: float | None = None
        self._next_open_at = 0.0
        self._next_lock_at = 0.0
        self._next_count_at = 0.0
        self._has_fed = False
        self._last_fed_at = 0.0
        self._is_in_use = True
        self._rows = 0
        self._oldest: float | None = None

    # -- in: the tracker's thread --------------------------------------------------------------

    def put(self, lane: Lane, events: Iterable[Event]) -> None:
        """Take events for `lane`: into the file, or into its queue where there is no file."""
        if not self.is_usable or not self._has_thread():
            self._buffer.return_to_lanes()
            lane.offer(*events)
            return
        self._buffer.add(lane, lane.admit(events))
        self._wakeup.set()

    def start(self) -> None:
        """Deliver what an earlier process has left in the file, before anything is put."""
        self._has_thread()

    def store(self, events: Sequence[tuple[Lane, Event]], timeout_seconds: float) -> bool:
        """Write events into the file, all or none, in the calling thread.

        Returns:
            False if they are not in the file: then they are counted as failed and never sent.
        """
        buffer = WriteBuffer(max_items=len(events))
        for lane, event in events:
            buffer.add(lane, lane.admit([event]))
        is_written = self.is_usable and self._write_until(monotonic() + timeout_seconds, buffer)
        buffer.drop("failed")
        self.start()
        self._wakeup.set()
        return is_written

    def _write_until(self, deadline: float, buffer: WriteBuffer) -> bool:
        if not self._step_lock.acquire(timeout=max(0.0, deadline - monotonic())):
            return False
        try:
            self._step_began_at = now = monotonic()
            source = self._open(now)
            if source is None:
                return False
            # Where no lock is possible, no process could read what is written.
            self._try_to_lead(now)
            self._write_or_make_room(source, buffer)
        except Exception as error:  # noqa: BLE001 -- the caller refuses the events, whatever it is
            self._fail(error)
            return False
        finally:
            self._step_began_at = None
            self._step_lock.release()
        return True

    def _write_or_make_room(self, source: FileSource, buffer: WriteBuffer) -> None:
        # All or none.
        size = len(buffer)
        try:
            buffer.write_to(source.file, size)
        except sqlite3.OperationalError as error:
            # The file's own limit, or a full disk: then the second try fails as well.
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            self._drainer.count(source.make_room(MADE_ROOM))
            buffer.write_to(source.file, size)

    @property
    def is_usable(self) -> bool:
        """False while the file does not answer, or has failed a moment ago."""
        now, began_at = monotonic(), self._step_began_at
        if began_at is not None and now - began_at > HANGING_SECONDS:
            self._warn_unusable("it does not answer")
            return False
        return now >= self._next_open_at

    def _has_thread(self) -> bool:
        if self._thread is not None and self._thread.is_alive():
            return True
        if not self._start_lock.acquire(blocking=False):
            return True
        try:
            work = functools.partial(_work, weakref.ref(self), self._wakeup)
            # `close` lets it end, or that the outbox is collected; it then has to see that.
            thread = BackgroundThread(work, name="footfall outbox", end=self._wakeup.set)
            thread.start()
            self._thread = thread
        except (RuntimeError, MemoryError):
            return False
        finally:
            self._start_lock.release()
        return True

    def needs_thread(self, wakeup: threading.Event) -> bool:
        """False for the thread of a `wakeup` that was replaced, once nothing is buffered."""
        return wakeup is self._wakeup or bool(self._buffer)

    # -- out: one thread at a time -------------------------------------------------------------

    def step(self) -> float:
        """Write what is buffered and, in the leading process, feed the lanes.

        Returns:
            Seconds until the next step is due.
        """
        with self._step_lock:
            self._step_began_at = now = monotonic()
            try:
                source = self._open(now)
                if source is None:
                    self._buffer.return_to_lanes()
                    return max(LOCK_RETRY_SECONDS, self._next_open_at - now)
                return self._work_on(source, now)
            except Exception as error:  # noqa: BLE001 -- events go on in memory, whatever it is
                self._fail(error)
                return LOCK_RETRY_SECONDS
            finally:
                self._step_began_at = None
                for lane in self._lanes.values():
                    lane.poll()

    def _open(self, now: float) -> FileSource | None:
        if self._source is not None and not self._source.file.is_in_place:
            self._close_file()
        if self._source is None:
            if now < self._next_open_at:
                return None
            self._source = FileSource(
                OutboxFile(self._path),
                self._mode,
                max_age_seconds=self._max_age,
                max_rows=self._max_rows,
            )
        if not self._is_in_use:
            self._is_in_use = True
            text = f"footfall: the outbox {self._path} is in use again"
            self._log.write(logging.INFO, "outbox again", text)
        return self._source

    def _close_file(self) -> None:
        source, self._source = self._source, None
        self._drainer.reset()
        if source is not None:
            source.file.close()

    def _work_on(self, source: FileSource, now: float) -> float:
        # First: where no lock is possible, nothing may be written, since no process could read it.
        is_leader = self._try_to_lead(now)
        self._has_fed = False
        self._buffer.write_to(source.file)
        self._count_rows(source.file, now)
        if not is_leader:
            return LOCK_RETRY_SECONDS
        if self._drainer.step(source, now):
            self._has_fed, self._last_fed_at = True, now
            return BUSY_POLL_SECONDS
        is_calm = now - self._last_fed_at > CALM_AFTER_SECONDS
        return CALM_POLL_SECONDS if is_calm else POLL_SECONDS

    def _try_to_lead(self, now: float) -> bool:
        if self._leader_lock.is_held:
            return True
        if now < self._next_lock_at:
            return False
        self._next_lock_at = now + LOCK_RETRY_SECONDS
        return self._leader_lock.acquire()

    def _count_rows(self, file: OutboxFile, now: float) -> None:
        if now >= self._next_count_at:
            self._next_count_at = now + 1.0
            self._rows, self._oldest = file.count(), file.oldest_time()

    # -- where the file fails ------------------------------------------------------------------

    def _fail(self, error: Exception) -> None:
        """Go on in memory, and try the file again after a while."""
        self._close_quietly()
        wait_seconds = REQUIRED_RETRY_SECONDS if self._is_required else RETRY_SECONDS
        self._next_open_at = monotonic() + wait_seconds
        reason = str(error) or type(error).__name__
        if is_damage(error):
            reason = self._move_damaged(reason)
        self._leader_lock.release()
        self._warn_unusable(reason)
        self._buffer.return_to_lanes()

    def _move_damaged(self, reason: str) -> str:
        """Move the damaged file away; only the leader does, or several would in turn."""
        try:
            if not self._leader_lock.acquire():
                self._next_open_at = monotonic() + LOCK_RETRY_SECONDS
                return reason
            aside = move_aside(self._path)
        except OSError as error:
            return f"{reason}; {error}"
        self._next_open_at = 0.0
        return f"{reason}; it was moved to {aside}"

    def _close_quietly(self) -> None:
        try:
            self._close_file()
        except sqlite3.Error:
            self._source = None

    def _warn_unusable(self, reason: str) -> None:
        self._is_in_use = False
        result = "events are refused" if self._is_required else "events wait in memory"
        self._log.warn(
            "outbox", f"footfall: the outbox {self._path} cannot be used ({reason}); {result}"
        )

    # -- the end -------------------------------------------------------------------------------

    def drain(self, deadline: float) -> bool:
        """Deliver until `deadline` what the lanes hold and, in the leader, what the file holds.

        The caller has expedited the lanes. What is left then is written to the file or stays in it,
        and another process may become the leader.

        Returns:
            True if nothing was lost.
        """
        if self._thread is None and not self._buffer:
            # Nothing was ever put: this process uses neither the file nor the lock.
            lossless = [lane.wait(deadline) for lane in self._lanes.values()]
            return all(lossless)
        # So that the last process of all takes the lock.
        self._next_lock_at = 0.0
        send_until = deadline - min(WRITE_BACK_SECONDS, (deadline - monotonic()) / 4)
        self._deliver(send_until)
        self._stop_feeding(send_until)
        lossless = [lane.wait(send_until) for lane in self._lanes.values()]
        lossless.append(self._finish(deadline))
        return all(lossless)

    def _deliver(self, deadline: float) -> None:
        while self._step_until(deadline) and monotonic() < deadline:
            lanes = self._lanes.values()
            if not self._has_fed and not any(lane.is_delivering for lane in lanes):
                return
            time.sleep(0.002)

    def _stop_feeding(self, deadline: float) -> None:
        # With the lock, so that no step of the thread is feeding right now.
        is_locked = self._step_lock.acquire(timeout=max(0.05, deadline - monotonic()))
        self._drainer.is_feeding = False
        if is_locked:
            self._step_lock.release()

    def _step_until(self, deadline: float) -> bool:
        """One step in the calling thread; False if another thread's step takes too long."""
        if not self._step_lock.acquire(timeout=max(0.0, deadline - monotonic())):
            return False
        try:
            self.step()
        finally:
            self._step_lock.release()
        return True

    def _finish(self, deadline: float) -> bool:
        """Write what the lanes did not send, leave the rest to others. False if some is lost."""
        # These lanes must not be fed the same events again.
        self._next_lock_at = monotonic() + YIELD_SECONDS
        is_locked = self._step_lock.acquire(timeout=max(0.05, deadline - monotonic()))
        if is_locked:
            try:
                with suppress(sqlite3.Error):
                    if self._source is not None and self._leader_lock.is_held:
                        self._drainer.finish_done(self._source)
                self._leader_lock.release()
                self.step()
                self._close_quietly()
            finally:
                self._step_lock.release()
        self._drainer.is_feeding = True
        # After that step, only what has come since is buffered, and the thread takes it.
        lost = 0 if is_locked else self._buffer.drop("lost_at_exit")
        lossless = [lane.wait(deadline) for lane in self._lanes.values()]
        return all(lossless) and not lost

    def close(self) -> None:
        """Let the thread end. The next event starts another."""
        wakeup, self._wakeup, self._thread = self._wakeup, threading.Event(), None
        wakeup.set()

    def store_unsent(self, lane: Lane, items: Iterable[Item]) -> int:
        """Keep what a lane could not send in time. How many cannot be kept, and are lost."""
        lost = 0
        for item in items:
            if item.row is not None:
                lane.count_admitted([item], "stored")
            elif self._is_in_use:
                self._buffer.add(lane, [item])
            else:
                lane.count_admitted([item], "lost_at_exit")
                lost += 1
        return lost

    # -- seen from outside ---------------------------------------------------------------------

    def stats(self) -> dict[str, Any]:
        """The state of the outbox, for `Tracker.stats`.

        Returns:
            `path` and `mode`; `is_in_use`, False where the file fails; `is_drainer`, True in the
            process that sends what is in the file; `rows` and `oldest_age_seconds` of what is in
            it, as of the last second; `pending`, the events not written yet; `orphaned`, those that
            were dropped for being old, of destinations that are not set up here.
        """
        age = 0.0 if self._oldest is None else max(0.0, time.time() - self._oldest)
        return {
            "path": self._path,
            "mode": self._mode,
            "is_in_use": self._is_in_use,
            "is_drainer": self._leader_lock.is_held,
            "rows": self._rows,
            "pending": len(self._buffer),
            "oldest_age_seconds": round(age, 1),
            "orphaned": self._drainer.orphaned,
        }


@reentrancy.suppress_tracking
def _work(ref: weakref.ref[DurableOutbox], wakeup: threading.Event) -> None:
    """What the thread does, until the outbox is closed or garbage-collected."""
    seconds = 0.0
    while True:
        wakeup.wait(seconds)
        wakeup.clear()
        outbox = ref()
        if outbox is None or not outbox.needs_thread(wakeup):
            return
        seconds = outbox.step()
        del outbox


def _store_unsent(ref: weakref.ref[DurableOutbox], lane: Lane, items: list[Item]) -> int:
    outbox = ref()
    if outbox is not None:
        return outbox.store_unsent(lane, items)
    lane.count_admitted(items, "lost_at_exit")
    return len(items)
