"""All trackers of this process: how it forks, and how it ends.

A tracker registers itself here when it is made. Rules of the room:

- The fork hook only assigns: no thread, no log line, no waiting, no connection closed.
- Every exit hook may run twice, in any order, and in a child that has inherited it; a tracker whose
  events belong to another process is left alone.
- Nothing is registered, and nothing of a platform is imported, before there is a tracker.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
import weakref
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from footfall.tracker import Tracker

_trackers: Final[weakref.WeakSet[Tracker]] = weakref.WeakSet()
_newest: weakref.ref[Tracker] | None = None
_is_hooked = False


def register(tracker: Tracker) -> None:
    """Let `tracker` forget after a fork and deliver at the end, for as long as it lives."""
    global _is_hooked, _newest
    _trackers.add(tracker)
    _newest = weakref.ref(tracker)
    if not _is_hooked:
        _is_hooked = True
        atexit.register(flush)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_forget_all)


def _forget_all() -> None:
    for tracker in list(_trackers):
        tracker.forget()


def hook_multiprocessing() -> None:
    """A child of `multiprocessing` runs its own finalizers and no exit hook of Python."""
    util = sys.modules.get("multiprocessing.util")
    if util is not None and util.is_exiting() is False:
        util.Finalize(None, flush, exitpriority=100)


def newest() -> Tracker | None:
    """The tracker made last: what `footfall.stats()` speaks of outside a request."""
    return _newest() if _newest is not None else None


def flush(timeout: float | None = None) -> bool:
    """Deliver what waits in every tracker of this process; see `Tracker.flush`."""
    mine = [tracker for tracker in list(_trackers) if tracker.is_of_this_process]
    seconds = max((tracker.shutdown_seconds for tracker in mine), default=0.0)
    deadline = time.monotonic() + (seconds if timeout is None else timeout)
    lossless = [tracker.flush_until(deadline) for tracker in mine]
    return all(lossless)


def settle() -> None:
    """Return once every tracker of this process has thought about what it was given."""
    for tracker in list(_trackers):
        tracker.settle()
