"""The daemon threads of a process can be asked to end, and waited for."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import threading
import time
import weakref
from functools import partial

import pytest

from footfall.common import background_thread
from footfall.common.background_thread import BackgroundThread, end_all, refuse_new
from tests.support.waiting import LONG_SECONDS, MAX_SECONDS, no_long_wait

end_within = partial(end_all, clock=time.monotonic)


@pytest.fixture(autouse=True)
def _own_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_thread, "_registry", background_thread._Registry())


def waiting() -> tuple[BackgroundThread, threading.Event]:
    ended = threading.Event()
    thread = BackgroundThread(ended.wait, name="waiting", end=ended.set)
    thread.start()
    return thread, ended


def test_all_threads_are_asked_to_end_and_have_ended() -> None:
    threads = [waiting()[0] for _ in range(3)]
    assert all(thread.daemon for thread in threads)
    end_within(time.monotonic() + LONG_SECONDS)
    assert not any(thread.is_alive() for thread in threads)
    end_within(time.monotonic() + LONG_SECONDS)


def test_a_thread_that_does_not_end_is_waited_for_until_the_deadline() -> None:
    released = threading.Event()
    hanging = BackgroundThread(released.wait, name="hanging", end=int)
    hanging.start()
    with no_long_wait():
        end_within(time.monotonic() + 0.05)
    assert hanging.is_alive()
    released.set()
    hanging.join()


GREENLET = """
from gevent import monkey
monkey.patch_all()
import threading, time
from footfall.common.background_thread import BackgroundThread, end_all
hanging = BackgroundThread(threading.Event().wait, name="hanging", end=int)
hanging.start()
end_all(time.monotonic() + float(sys.argv[1]), time.monotonic)
print(hanging.is_alive())
"""


@pytest.mark.skipif(importlib.util.find_spec("gevent") is None, reason="gevent is not installed")
def test_a_greenlet_is_not_waited_for() -> None:
    with no_long_wait():
        command = [sys.executable, "-c", "import sys" + GREENLET, str(LONG_SECONDS)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=MAX_SECONDS)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_a_thread_that_ends_all_does_not_wait_for_itself() -> None:
    other, _ = waiting()
    ending = BackgroundThread(
        lambda: end_within(time.monotonic() + LONG_SECONDS), name="ending", end=int
    )
    with no_long_wait():
        ending.start()
        ending.join()
    assert not other.is_alive()


def test_a_thread_that_has_ended_keeps_nothing_alive() -> None:
    class Lane:
        def end(self) -> None: ...

    lane = Lane()
    reference = weakref.ref(lane)
    thread = BackgroundThread(int, name="short", end=lane.end)
    thread.start()
    thread.join()
    del lane
    assert reference() is None
    thread.end()


def test_threads_of_the_parent_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    thread, ended = waiting()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    end_within(time.monotonic() + LONG_SECONDS)
    assert thread.is_alive()
    ended.set()
    thread.join()


def test_no_thread_starts_once_the_interpreter_ends() -> None:
    refuse_new()
    with pytest.raises(RuntimeError, match="the interpreter ends"):
        waiting()
    end_within(time.monotonic() + LONG_SECONDS)
