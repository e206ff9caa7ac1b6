"""The lock that makes one process the leader."""

from __future__ import annotations

import pytest

from footfall.delivery.outbox.leader_lock import LeaderLock
from tests.delivery.outbox.files import DEAD
from tests.support.faults import Scripted, watched_site
from tests.support.vendors import wait_until
from tests.support.waiting import LONG_SECONDS, no_long_wait


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


def test_one_holds_the_lock_until_it_releases_it(path: str) -> None:
    first, second = LeaderLock(path), LeaderLock(path)
    assert (first.acquire(), first.acquire(), second.acquire()) == (True, True, False)
    assert (first.is_held, second.is_held) == (True, False)
    first.release()
    first.release()
    assert (first.is_held, second.acquire()) == (False, True)
    second.release()


def test_a_lock_that_is_dropped_is_released(path: str) -> None:
    first, second = LeaderLock(path), LeaderLock(path)
    assert first.acquire()
    del first
    assert second.acquire()
    second.release()


def test_a_lock_in_a_directory_that_is_missing_is_an_error(path: str) -> None:
    with pytest.raises(FileNotFoundError):
        LeaderLock(path + "/missing/outbox.db").acquire()
