"""How many events a day or a month may have, for vendors that bill each one.

Half of a budget may be used at any time, and the other half is released evenly as the day or the
month passes (UTC). Where more is used, a share of the visitors counts, each with all events or
none: what is left of the budget by what would be left at that pace, to the fourth power. So the
share falls gradually, to one at which the rest lasts until the end, and rises where traffic ebbs.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol

from footfall.common.log import ThrottledLog, error_location
from footfall.config import Config
from footfall.destinations import RedisStream, queue_of

# Of the budget, at any time of the day.
FREE_SHARE: Final = 0.5
# With 1 the share would fall until the end. With more it settles where the rest is enough, and the
# higher, the sooner: at twice the budget's events on 1/6, at ten times on 1/54.
POWER: Final = 4
# The share falls in steps, since each one cuts visits.
STEPS: Final = 64
# What other processes have used is asked for so often.
SYNC_SECONDS: Final = 1.0
# After it could not be. Each try may take a second.
RETRY_SECONDS: Final = 30.0


class BudgetLedger(Protocol):
    """Where the processes of an app add up what they have used."""

    def add(self, numbers: Mapping[str, int]) -> Mapping[str, int]:
        """Add to the number of each period, such as `2026-11-30` or `2026-11`.

        Returns:
            The numbers after that.

        Raises:
            Exception: It cannot be reached; nothing was added.
        """
        ...


class Period(NamedTuple):
    """A day or a month."""

    name: str
    passed: float
    """How much of it has passed, from 0 to 1."""


def day_of(now: float) -> Period:
    """The day of a moment, in seconds since the epoch (UTC)."""
    at = datetime.fromtimestamp(now, UTC)
    return Period(at.strftime("%Y-%m-%d"), now % 86_400 / 86_400)


def month_of(now: float) -> Period:
    """The month of a moment, in seconds since the epoch (UTC)."""
    at = datetime.fromtimestamp(now, UTC)
    first = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + timedelta(days=32)).replace(day=1)
    return Period(at.strftime("%Y-%m"), (at - first) / (following - first))


def share_of(used: int, limit: int, passed: float) -> float:
    """The share of the visitors that counts, in steps.

    Args:
        used: How many events there were.
        limit: How many there may be.
        passed: How much of the day or the month has passed.
    """
    left = 1 - used / limit
    planned = (1 - FREE_SHARE) * (1 - passed)
    if left >= planned:
        return 1.0 if left > 0 else 0.0
    return math.floor(max(0.0, left / planned) ** POWER * STEPS) / STEPS


class EventBudget:
    """The budget of one tracker, which any thread may use.

    Args:
        per_day: `max_events_per_day`.
        per_month: `max_events_per_month`.
        ledger: Shared with other processes; None where each has a budget of its own.
        log: Where it says that visitors are left out.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        per_day: int | None,
        per_month: int | None,
        ledger: BudgetLedger | None,
        log: ThrottledLog,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._limits: list[tuple[str, int, Callable[[float], Period]]] = []
        if per_day is not None:
            self._limits.append(("max_events_per_day", per_day, day_of))
        if per_month is not None:
            self._limits.append(("max_events_per_month", per_month, month_of))
        self._ledger = ledger
        self._log = log
        self._clock = clock
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """In a forked child: what was not added yet is the parent's. Only assignments."""
        # By period: what all processes had used at the last sync, and what this one has since.
        self._known: dict[str, int] = {}
        self._new: dict[str, int] = {}
        self._next_sync_at = 0.0
        # Of the numbers, and of the exchange with the ledger.
        self._lock = threading.Lock()
        self._sync_lock = threading.Lock()

    def share(self) -> float:
        """The share of the visitors whose events are sent now. Never raises.

        Once a second it asks what others have used, which a file or a server has to answer.
        """
        if self._ledger is not None and self._clock() >= self._next_sync_at:
            self.sync()
        return self._share()

    def _share(self) -> float:
        now, share = self._clock(), 1.0
        for option, limit, period_of in self._limits:
            period = period_of(now)
            used = self._used(period.name)
            found = share_of(used, limit, period.passed)
            if found < 1.0:
                self._warn(option, limit, period, used, found)
            share = min(share, found)
        return share

    def count(self) -> None:
        """Count an event that is sent."""
        now = self._clock()
        with self._lock:
            for _, _, period_of in self._limits:
                name = period_of(now).name
                self._new[name] = self._new.get(name, 0) + 1

    def sync(self) -> None:
        """Add what this process has used to what all have. Never raises."""
        if self._ledger is not None:
            # Not twice by two threads at once.
            with self._sync_lock:
                self._sync(self._ledger)

    def _sync(self, ledger: BudgetLedger) -> None:
        now = self._clock()
        names = {period_of(now).name for _, _, period_of in self._limits}
        self._next_sync_at = now + SYNC_SECONDS
        with self._lock:
            new = {name: self._new.get(name, 0) for name in {*names, *self._new}}
        try:
            known = dict(ledger.add(new))
        except Exception as error:  # noqa: BLE001 -- of SQLite or redis-py, which may be absent here
            self._next_sync_at = now + RETRY_SECONDS
            self._log.warn(
                "budget",
                "footfall: the budget of events is kept for this process alone, since what others "
                f"have used cannot be read ({error_location(error)})",
            )
        else:
            with self._lock:
                self._known = known
                for name, number in new.items():
                    self._new[name] = self._new.get(name, 0) - number
                self._new = {name: number for name, number in self._new.items() if number}

    def stats(self) -> dict[str, Any]:
        """For `Tracker.stats`: `share`, and by period how many events are `used`."""
        now = self._clock()
        names = [period_of(now).name for _, _, period_of in self._limits]
        return {"share": self._share(), "used": {name: self._used(name) for name in names}}

    def _used(self, name: str) -> int:
        with self._lock:
            return self._known.get(name, 0) + self._new.get(name, 0)

    def _warn(self, option: str, limit: int, period: Period, used: int, share: float) -> None:
        what = f"{round(share * 100)} % of the visitors" if share else "nobody"
        self._log.warn_once(
            f"budget:{period.name}:{share > 0}",
            f"footfall: {used} of {option}={limit} events are used when {period.passed:.0%} of "
            f"{period.name} (UTC) have passed, so {what} counts now, and the others have the "
            f"reason over_budget. Raise {option}, or set sample_rate to count a fixed share",
        )


def open_budget(config: Config, log: ThrottledLog) -> EventBudget | None:
    """The budget that the options ask for, shared with other processes where that is possible."""
    per_day, per_month = config.max_events_per_day, config.max_events_per_month
    if per_day is None and per_month is None:
        return None
    return EventBudget(per_day, per_month, _ledger(config), log)


def _ledger(config: Config) -> BudgetLedger | None:
    from footfall.delivery.budget_ledgers import FileLedger, RedisLedger

    for queue in map(queue_of, config.all_destinations):
        if isinstance(queue, RedisStream):
            return RedisLedger(queue)
    return None if config.outbox is None else FileLedger(os.fspath(config.outbox))
