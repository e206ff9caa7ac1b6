"""A tracker may be closed and used again, and a closed one keeps nothing."""

from __future__ import annotations

import threading

import pytest

from footfall.config import Config
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker
from tests.support.trackers import tracker_over
from tests.support.vendors import Vendor, wait_until
from tests.tracker.programs import dsn, names, sent_names, track


def threads_of_ours() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("footfall")}


def test_45_a_tracker_may_be_closed_and_used_again_a_hundred_times(good: Vendor) -> None:
    tracker = Tracker(Config(destinations=[dsn(good)]), environ={})
    for number in range(100):
        track(tracker, f"E{number}")
        assert tracker.close(10)
    assert names(good) == sorted(f"E{number}" for number in range(100))
    assert good.connections == 100


def test_44_a_closed_tracker_keeps_no_thread_and_no_connection(good: Vendor) -> None:
    before = threads_of_ours()
    tracker = Tracker(Config(destinations=[dsn(good)]), environ={})
    track(tracker, "A")
    assert wait_until(lambda: tracker.stats()["destinations"] and len(good.requests) == 1)
    assert threads_of_ours() - before
    assert tracker.close(30)
    assert wait_until(lambda: not threads_of_ours() - before, 5)
    track(tracker, "B")
    assert tracker.close(30)
    assert good.connections == 2


def test_an_event_that_meets_the_closing_is_delivered(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = MemoryTransport()
    tracker = tracker_over(transport)
    flush_until = tracker.flush_until

    def flush_and_be_too_slow(deadline: float) -> bool:
        is_lossless = flush_until(deadline)
        track(tracker, "late")
        return is_lossless

    monkeypatch.setattr(tracker, "flush_until", flush_and_be_too_slow)
    track(tracker, "early")
    assert tracker.close(30)
    assert wait_until(lambda: sent_names(transport) == ["early", "late"])


def test_a_transport_of_the_owners_own_is_not_closed() -> None:
    class Closing(MemoryTransport):
        is_closed = False

        def close(self) -> None:
            self.is_closed = True

    transport = Closing()
    tracker = tracker_over(transport)
    track(tracker, "A")
    assert tracker.close(30)
    assert not transport.is_closed
