"""The daemon threads of this process, so that the end of an interpreter can wait for theirs.

Python aborts the process where an interpreter ends that is not the main one and still has a thread:
`Py_EndInterpreter: not the last thread`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import Final
from weakref import WeakKeyDictionary

__all__ = ["BackgroundThread", "end_all", "refuse_new"]


class BackgroundThread(threading.Thread):
    """A daemon thread that can be asked to end.

    Args:
        work: What it does.
        name: Shown by debuggers and `threading.enumerate()`.
        end: Lets `work` return once there is nothing to do. Never waits, and may be called when it
            has returned.
    """

    def __init__(self, work: Callable[[], object], *, name: str, end: Callable[[], object]) -> None:
        super().__init__(target=work, name=name, daemon=True)
        self.process_id: Final = os.getpid()
        self._end: Callable[[], object] | None = end

    def start(self) -> None:
        """Start the thread.

        Raises:
            RuntimeError: the system has no thread left, or the interpreter ends.
        """
        if _registry.is_refusing:
            raise RuntimeError("the interpreter ends")
        _registry.threads[self] = None
        super().start()

    def run(self) -> None:
        try:
            super().run()
        finally:
            self._end = None

    def end(self) -> None:
        """Ask the thread to end; does not wait for that."""
        if (end := self._end) is not None:
            end()


class _Registry:
    def __init__(self) -> None:
        # The keys. A thread that runs is alive without this.
        self.threads: WeakKeyDictionary[BackgroundThread, None] = WeakKeyDictionary()
        self.is_refusing = False


_registry: Final = _Registry()


def end_all(deadline: float, clock: Callable[[], float]) -> None:
    """Ask all threads to end, and wait for that until `deadline`, by `clock`.

    A greenlet in the place of a thread is not waited for: the interpreter can end with it, and at
    its end gevent may run none any more.
    """
    for thread in (ours := _running()):
        thread.end()
    frames = sys._current_frames()
    for thread in ours:
        if thread.ident in frames:
            thread.join(max(0.0, deadline - clock()))


def _running() -> list[BackgroundThread]:
    """All but the calling one, and those that only the parent of a fork has."""
    found = [reference() for reference in _registry.threads.keyrefs()]
    return [
        thread
        for thread in found
        if thread is not None
        and thread.is_alive()
        and thread.process_id == os.getpid()
        and thread is not threading.current_thread()
    ]


def refuse_new() -> None:
    """Let no thread start from now on, as Python 3.12 does by itself where the interpreter ends."""
    _registry.is_refusing = True
