"""The outbox: the way of an event through the file, and its end.

Numbers in ids are those of tests/FAULTS.md.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from footfall.common.leader_lock import LeaderLock
from footfall.config import Config
from footfall.delivery import lane
from footfall.errors import ConfigError
from footfall.tracker import Tracker
from tests.delivery.outbox.files import (
    ACCEPTING,
    DEAD,
    deliver,
    dsn_of,
    fill,
    made,
    refusal,
    rows_in,
    urls,
)
from tests.support.faults import Scripted, watched_site
from tests.support.vendors import vendor, wait_until
from tests.support.waiting import LONG_SECONDS, no_long_wait


@pytest.mark.parametrize("mode", ["at_most_once", "at_least_once"])
def test_an_event_goes_through_the_file_and_the_counters_balance(path: str, mode: str) -> None:
    with vendor(ACCEPTING) as server:
        with watched_site(dsn_of(server), outbox=path, outbox_mode=mode) as site:
            site.visits(300)
            assert deliver(site)
            assert site.counts() == {"accepted": 300, "stored": 300}
            assert site.tracker.stats()["destinations"].popitem()[1]["taken"] == 300
        assert len(urls(server)) == 300
        assert set(urls(server).values()) == {1}


def test_only_the_outbox_thread_touches_the_file(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = set()
    connect = sqlite3.connect

    def watched(*args: Any, **options: Any) -> Any:
        names.add(threading.current_thread().name)
        return connect(*args, **options)

    monkeypatch.setattr(sqlite3, "connect", watched)
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visits(20)
        assert wait_until(lambda: site.counts().get("accepted") == 20)
    assert names == {"footfall outbox"}


def test_no_file_and_no_thread_is_there_before_the_first_event(path: str) -> None:
    before = {*threading.enumerate()}
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        assert site.tracker.flush(1)
        assert not Path(path).exists()
        assert {*threading.enumerate()} <= before
        assert site.tracker.stats()["outbox"]["is_drainer"] is False
        site.visit()


def test_only_the_leader_reads_the_file_and_another_process_does_not_wait_for_it(path: str) -> None:
    other = LeaderLock(path)
    assert other.acquire()
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        site.visits(10)
        assert wait_until(lambda: site.counts() == {"stored": 10})
        with no_long_wait():
            assert site.tracker.flush(LONG_SECONDS)
        assert site.counts() == {"stored": 10}
        other.release()
        site.visit()
        assert wait_until(lambda: site.counts().get("accepted") == 11), "once the lock is free"
        assert site.tracker.stats()["outbox"]["is_drainer"] is True


def test_what_cannot_be_sent_at_the_end_stays_and_the_next_process_sends_it(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a slow machine the first of them would have had its four tries before the end.
    monkeypatch.setattr(lane, "may_retry", lambda item, outcome, max_tries: True)
    with vendor(ACCEPTING) as server:
        port = server.url.rpartition(":")[2]
        dsn = dsn_of(server)
        refused = Scripted(*[refusal() for _ in range(1000)])
        with watched_site(dsn, outbox=path, transport=refused) as site:
            site.visits(100)
            assert wait_until(lambda: site.counts().get("stored") == 100)
            assert site.tracker.close(2.0), "nothing is lost"
            counts = site.counts()
            assert "lost_at_exit" not in counts
            assert "failed" not in counts
            assert rows_in(path) == 100, port
            with watched_site(dsn, outbox=path) as next_site:
                next_site.visit("/wake")
                assert deliver(next_site)
        assert len(urls(server)) == 101
        assert set(urls(server).values()) == {1}


def test_a_process_that_ends_delivers_what_it_can(path: str) -> None:
    with vendor(ACCEPTING) as server:
        fill(path, 500, destination=f"plausible:example.com@{server.url[7:]}")
        with watched_site(dsn_of(server), outbox=path) as site:
            site.visit("/last")
            assert site.tracker.flush(30)
            assert rows_in(path) == 0
        assert len(urls(server)) == 501


def test_options_are_checked_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"outbox=17.*\n.*outbox_mode"):
        Config(destinations=[DEAD], outbox=17, outbox_mode="twice")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match='mode="thread"'):
        Config(destinations=[DEAD], outbox="a.db", mode="sync")
    monkeypatch.setattr("footfall.delivery.outbox.IS_POSSIBLE", False)
    with pytest.raises(ConfigError, match="file locks"):
        Config(destinations=[DEAD], outbox="a.db")


def test_an_outbox_lets_events_live_for_longer() -> None:
    assert Config(destinations=[DEAD]).limits.max_age_seconds == 60
    assert Config(destinations=[DEAD], outbox="a.db").limits.max_age_seconds == 300
    assert Config(destinations=[DEAD], outbox="a.db", max_age_seconds=9).limits.max_age_seconds == 9


def test_the_outbox_of_a_tracker_that_is_dropped_ends(path: str) -> None:
    import gc

    tracker = Tracker.from_options(
        {"destinations": [DEAD], "outbox": path, "transport": Scripted()}, environ={}
    )
    outbox = tracker._dispatcher.outbox
    assert outbox is not None
    outbox.put(tracker._dispatcher.lanes[0], [made(1, time.time())])
    thread = outbox._thread
    assert thread is not None
    assert tracker.flush(30)
    del outbox, tracker
    gc.collect()
    assert wait_until(lambda: gc.collect() >= 0 and not thread.is_alive(), 15)


def test_a_closed_tracker_keeps_no_thread_and_the_next_event_starts_one(path: str) -> None:
    with watched_site(DEAD, outbox=path, transport=Scripted()) as site:
        for number in range(1, 4):
            site.visit()
            assert wait_until(lambda: site.counts().get("accepted") == number)  # noqa: B023
            thread = site.tracker._dispatcher.outbox._thread  # type: ignore[union-attr]
            assert thread is not None
            assert site.tracker.close(30)
            assert wait_until(lambda: not thread.is_alive())  # noqa: B023
