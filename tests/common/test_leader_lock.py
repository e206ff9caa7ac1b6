"""The lock that makes one process the leader."""

from __future__ import annotations

from pathlib import Path

import pytest

from footfall.common.leader_lock import LeaderLock


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "file")


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
