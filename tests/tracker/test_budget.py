"""Budgets of events: the share of the visitors that counts, and what all processes have used."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from footfall.common.log import ThrottledLog
from footfall.config import Config
from footfall.errors import ConfigError
from footfall.testing import MemoryTransport
from footfall.tracker import Tracker
from footfall.tracker.budget import EventBudget, day_of, month_of, share_of
from tests.support.adapters import PLAUSIBLE
from tests.support.trackers import tracker_over, visit

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("used", "passed", "share"),
    [
        (0, 0.0, 1.0),
        (50, 0.0, 1.0),
        (51, 0.0, 59 / 64),
        (75, 0.5, 1.0),
        (80, 0.5, 26 / 64),
        (90, 0.5, 1 / 64),
        (99, 0.99, 1.0),
        (99, 0.5, 0.0),
        (100, 0.5, 0.0),
        (100, 1.0, 0.0),
        (150, 0.999, 0.0),
    ],
)
def test_the_share_falls_where_more_is_used_than_was_released(
    used: int, passed: float, share: float
) -> None:
    assert share_of(used, 100, passed) == share


@pytest.mark.parametrize(
    ("times", "end"), [(0.9, 1.0), (1.0, 1.0), (2, 11 / 64), (10, 1 / 64)], ids=str
)
def test_a_budget_lasts_until_the_end_of_the_day(times: float, end: float) -> None:
    limit, minutes, used, shares = 100_000, 1440, 0.0, []
    for minute in range(minutes):
        shares.append(share_of(int(used), limit, minute / minutes))
        used += times * limit / minutes * shares[-1]
    assert used <= limit * 1.001
    assert used >= min(times, 1.0) * limit * 0.999
    assert abs(shares[-60] - end) <= 1 / 64
    # It falls in steps, each of which is small: no hour of visits ends at once.
    assert all(before - after <= 4 / 64 for before, after in pairwise(shares))


def test_days_and_months_are_those_of_utc() -> None:
    assert day_of(NOON) == ("2026-11-30", 0.5)
    assert month_of(NOON) == ("2026-11", 29.5 / 30)
    december = datetime(2026, 12, 31, tzinfo=UTC).timestamp()
    assert month_of(december) == ("2026-12", 30 / 31)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


class Ledger:
    """What several processes share; it fails where a test says so."""

    def __init__(self) -> None:
        self.used: dict[str, int] = {}
        self.is_away = False

    def add(self, numbers: Mapping[str, int]) -> Mapping[str, int]:
        if self.is_away:
            raise OSError("away")
        for name, number in numbers.items():
            self.used[name] = self.used.get(name, 0) + number
        return {name: self.used[name] for name in numbers}


def budget(ledger: Ledger | None, clock: Clock, per_day: int | None = 100) -> EventBudget:
    return EventBudget(per_day, 1000, ledger, ThrottledLog(), clock)


def test_processes_share_what_they_use() -> None:
    clock, ledger = Clock(), Ledger()
    one, other = budget(ledger, clock), budget(ledger, clock)
    assert (one.share(), other.share()) == (1.0, 1.0)
    for _ in range(80):
        one.count()
    assert one.share() == 26 / 64
    assert other.share() == 1.0
    clock.now += 2
    assert (one.share(), other.share()) == (26 / 64, 26 / 64)
    assert ledger.used == {"2026-11-30": 80, "2026-11": 80}
    # A process that starts later knows it, too.
    assert budget(ledger, clock).share() == 26 / 64


def test_the_next_day_has_its_own_budget_and_the_month_goes_on() -> None:
    clock, ledger = Clock(), Ledger()
    found = budget(ledger, clock)
    for _ in range(100):
        found.count()
    assert found.share() == 0.0
    clock.now += 12 * 3600
    assert found.share() == 1.0
    assert found.stats() == {"share": 1.0, "used": {"2026-12-01": 0, "2026-12": 0}}
    assert ledger.used["2026-11"] == 100


def test_the_smaller_share_of_day_and_month_counts() -> None:
    clock = Clock()
    found = budget(None, clock, per_day=None)
    for _ in range(995):
        found.count()
    assert share_of(995, 1000, 29.5 / 30) == found.share() < 1.0


def test_while_the_ledger_is_away_a_process_counts_its_own_and_loses_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, ledger = Clock(), Ledger()
    found = budget(ledger, clock)
    found.share()
    ledger.is_away = True
    for _ in range(80):
        found.count()
    clock.now += 2
    assert found.share() == 26 / 64
    assert "is kept for this process alone" in caplog.text
    ledger.is_away = False
    clock.now += 31
    found.share()
    assert ledger.used["2026-11-30"] == 80


def test_a_forked_child_adds_nothing_of_its_parents() -> None:
    clock, ledger = Clock(), Ledger()
    found = budget(ledger, clock)
    found.share()
    found.count()
    found.reset_after_fork()
    found.sync()
    assert ledger.used["2026-11-30"] == 0


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns as often as the interpreter can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_threads_that_count_and_sync_at_once_lose_and_double_none(restless: None) -> None:
    ledger, number = Ledger(), 3_000
    found = EventBudget(1_000_000, None, ledger, ThrottledLog(), Clock())

    def use(_: int) -> None:
        for each in range(number):
            found.count()
            if each % 10 == 0:
                found.sync()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(use, range(4)))
    found.sync()
    assert ledger.used == {"2026-11-30": 4 * number}
    assert found.stats()["used"] == ledger.used


# -- in a tracker ------------------------------------------------------------------------------


def visits(tracker: Tracker, number: int, pages: int = 1) -> None:
    for visitor in range(number):
        for _ in range(pages):
            visit(tracker, peer=f"198.51.100.{visitor}")
    tracker.process_all()


def test_whole_visitors_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    tracker = tracker_over(MemoryTransport(), max_events_per_day=1000)
    monkeypatch.setattr(tracker._budget, "share", lambda: 0.5)
    visits(tracker, 40, pages=2)
    reasons = tracker.stats()["reasons"]
    assert reasons.keys() == {"navigation", "over_budget"}
    assert reasons["navigation"] % 2 == reasons["over_budget"] % 2 == 0
    assert reasons["navigation"] + reasons["over_budget"] == 80
    assert 20 < reasons["navigation"] < 60


def test_what_is_over_the_budget_is_not_sent_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tracker = tracker_over(MemoryTransport(), max_events_per_month=1)
    with caplog.at_level(logging.WARNING, logger="footfall"):
        visits(tracker, 5)
    assert tracker.stats()["reasons"] == {"navigation": 1, "over_budget": 4}
    [line] = [each.getMessage() for each in caplog.records if "over_budget" in each.getMessage()]
    assert line.startswith("footfall: 1 of max_events_per_month=1 events are used when ")
    assert "Raise max_events_per_month" in line
    assert tracker.stats()["budget"]["share"] == 0.0


def test_with_an_outbox_the_budget_survives_the_process(tmp_path: Path) -> None:
    options = {"max_events_per_month": 2, "outbox": str(tmp_path / "outbox.db")}
    for expected in ({"navigation": 2, "over_budget": 1}, {"over_budget": 3}):
        tracker = tracker_over(MemoryTransport(), **options)
        try:
            visits(tracker, 3)
            assert tracker.stats()["reasons"] == expected
        finally:
            tracker.close()


def test_without_the_options_there_is_no_budget() -> None:
    tracker = tracker_over(MemoryTransport())
    assert "budget" not in tracker.stats()
    with pytest.raises(ConfigError, match="max_events_per_day"):
        Config(destinations=[PLAUSIBLE], max_events_per_day=0)
