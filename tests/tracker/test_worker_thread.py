"""The worker thread: when it starts, sleeps and ends, and how much it processes."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
import weakref

import pytest

from footfall.testing import MemoryTransport
from footfall.tracker import worker_thread
from footfall.tracker.worker_thread import (
    BACKLOG_POLL_SECONDS,
    HITS_PER_BUSY_SECOND,
    HITS_PER_SECOND,
    MAX_LATE_SECONDS,
    CPUBudget,
    PolledInbox,
    WorkerThread,
    worker,
)
from tests.support.trackers import counts, tracker_over, visit
from tests.support.vendors import wait_until
from tests.support.waiting import LONG_SECONDS


def test_no_thread_starts_before_the_first_page() -> None:
    before = set(threading.enumerate())
    tracker = tracker_over(MemoryTransport())
    assert set(threading.enumerate()) <= before
    visit(tracker)
    started = {thread.name for thread in set(threading.enumerate()) - before}
    assert "footfall" in started
    assert all(thread.daemon for thread in set(threading.enumerate()) - before)


def test_the_thread_sleeps_and_the_next_page_wakes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_thread, "AWAKE_SECONDS", 0.05)
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    for number in range(1, 6):
        visit(tracker)
        assert wait_until(lambda: len(transport.requests) == number)  # noqa: B023
        assert wait_until(lambda: tracker._inbox.awake_until == float("-inf"))
    assert counts(tracker)["accepted"] == 5


def test_a_thread_that_died_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_thread, "AWAKE_SECONDS", 0.05)
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    worker().current = threading.Thread()  # as after a fork that ran no hook
    visit(tracker)
    assert wait_until(lambda: len(transport.requests) == 1)


def test_an_event_waits_while_no_thread_can_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    visit(tracker)
    assert tracker.stats()["waiting"] == 1
    monkeypatch.setattr(threading.Thread, "start", start)
    assert tracker.flush(30)
    assert len(transport.requests) == 1


def test_the_request_after_a_thread_that_could_not_start_starts_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", lambda thread: threading.Lock().release())
        visit(tracker)
    visit(tracker)
    assert wait_until(lambda: len(transport.requests) == 2)


@pytest.mark.parametrize(
    ("used", "seconds", "hits"),
    [
        pytest.param(0.0, 0.05, 250, id="idle"),
        pytest.param(0.039, 0.05, 250, id="at work"),
        pytest.param(0.041, 0.05, 125, id="without time to spare"),
        pytest.param(0.12, 0.05, 125, id="on several processors"),
        pytest.param(-3.0, 0.05, 250, id="in a child, whose clock is new"),
        pytest.param(0.0, 0.02, 100, id="soon"),
        pytest.param(0.0, 60.0, HITS_PER_SECOND * MAX_LATE_SECONDS, id="after a sleep"),
    ],
)
def test_a_poll_processes_less_where_the_process_is_busy(
    used: float, seconds: float, hits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = CPUBudget()
    monkeypatch.setattr(time, "process_time", lambda: budget._used + used)
    monkeypatch.setattr(worker_thread, "monotonic", lambda: budget._asked_at + seconds)
    assert budget.max_hits() == pytest.approx(hits, abs=1)


def test_an_idle_tracker_keeps_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_thread, "AWAKE_SECONDS", 0.05)
    monkeypatch.setattr(worker_thread, "IDLE_SECONDS", 0.05)
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    for number in range(1, 4):
        visit(tracker)
        assert wait_until(lambda: len(transport.requests) == number)  # noqa: B023
        assert wait_until(lambda: worker().current is None)


# In a process of its own, where no thread is another test's.
MANY_APPS = """
import threading
from footfall.config import Config
from footfall.testing import MemoryTransport, capture
from footfall.tracker import Tracker

def tracker(number):
    options = {"destinations": ["plausible://plausible.io/example.com"], "exclude": f"/{number}"}
    return Tracker(Config(**options, transport=MemoryTransport()), environ={})

with capture() as outbox:
    trackers = [tracker(number) for number in range(150)]
    for each in trackers:
        visitor = {"ip": "198.51.100.7", "ua": "Mozilla/5.0 Firefox/140.0"}
        each.track("Signup", url="https://example.com/", visitor=visitor)
    names = [thread.name for thread in threading.enumerate()]
    print(len(outbox), *names)
"""


def test_a_hundred_and_fifty_apps_share_the_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MANY_APPS], capture_output=True, text=True, timeout=LONG_SECONDS
    )
    assert done.stdout.split() == ["150", "MainThread", "footfall"], done.stderr


def test_the_thread_of_idle_trackers_keeps_none_that_its_app_has_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_thread, "AWAKE_SECONDS", 0.05)
    monkeypatch.setattr(worker_thread, "IDLE_SECONDS", LONG_SECONDS)
    tracker = tracker_over(MemoryTransport())
    visit(tracker)
    reference = weakref.ref(tracker)
    del tracker

    def is_gone() -> bool:
        gc.collect()
        return reference() is None

    assert wait_until(is_gone)
    assert worker().current is not None


def test_one_tracker_that_is_closed_leaves_the_thread_to_the_others() -> None:
    transport = MemoryTransport()
    closed, used = tracker_over(transport), tracker_over(transport)
    for number in range(1, 6):
        visit(used)
        visit(closed)
        assert closed.close(30)
        assert wait_until(lambda: len(transport.requests) == 2 * number)  # noqa: B023


class Simulated(PolledInbox):
    """An inbox in which more always waits."""

    def __init__(self) -> None:
        self.processed = 0
        self.has_backlog = True

    def poll(self, max_hits: int) -> bool:
        self.processed += max_hits
        return True


@pytest.mark.parametrize(
    ("seconds", "used", "app", "per_second"),
    [
        pytest.param(0.005, 0.005, 0.0, HITS_PER_SECOND, id="idle"),
        pytest.param(0.005, 0.005, 1.0, HITS_PER_BUSY_SECOND, id="without time to spare"),
        pytest.param(0.05, 0.005, 1.0, HITS_PER_BUSY_SECOND, id="the app had the interpreter"),
        pytest.param(0.08, 0.03, 1.0, HITS_PER_BUSY_SECOND * 0.9, id="a slow machine"),
    ],
)
def test_hits_are_taken_at_the_documented_pace(
    seconds: float, used: float, app: float, per_second: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, cpu = 1000.0, 0.0
    inbox, thread = Simulated(), WorkerThread()
    thread._polled = {inbox}
    poll = thread._poll

    def timed_poll() -> bool:
        nonlocal now, cpu
        now, cpu = now + seconds, cpu + used
        return poll()

    def wait(pause: float) -> bool:
        nonlocal now
        assert pause >= min(used, BACKLOG_POLL_SECONDS - seconds)
        now += pause
        if now >= 1010:
            thread._polled.clear()
            thread.close()
        return True

    monkeypatch.setattr(worker_thread, "monotonic", lambda: now)
    monkeypatch.setattr(time, "thread_time", lambda: cpu)
    monkeypatch.setattr(time, "process_time", lambda: cpu + now * app)
    thread._budget = CPUBudget()
    monkeypatch.setattr(thread, "_poll", timed_poll)
    monkeypatch.setattr(thread._wakeup, "wait", wait)
    thread._run()
    assert inbox.processed >= per_second * 10


def test_what_exceeds_the_pace_is_logged_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(worker_thread.WorkerThread, "_start", lambda self, inbox: None)
    tracker = tracker_over(MemoryTransport(), max_queue=20)
    for _ in range(50):
        visit(tracker)
    assert tracker._polled.poll(5)
    assert tracker._polled.has_backlog
    assert tracker.stats()["dropped_full"] == 30
    assert "one process handles them" in caplog.text
    assert "30 were dropped so far" in caplog.text


def test_inboxes_share_what_a_poll_may_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CPUBudget, "max_hits", lambda budget: 100)
    allowed: list[int] = []

    class Polled(PolledInbox):
        def __init__(self) -> None:
            self.has_backlog = False

        def poll(self, max_hits: int) -> bool:
            allowed.append(max_hits)
            return True

    thread = WorkerThread()
    for number in (1, 2, 200):
        thread._polled = {Polled() for _ in range(number)}
        allowed.clear()
        thread._poll()
        assert {*allowed} == {max(1, 100 // number)}
