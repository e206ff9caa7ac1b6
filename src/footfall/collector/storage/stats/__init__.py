"""Statistics over what is stored: a query goes in, rows come out.

    week = TimeRange.of_days(date(2026, 11, 16), date(2026, 11, 22), zone)
    store.query(StatsQuery(range=week, metrics=("visitors",), dimensions=("visit:source",)))

Metrics, dimensions and operators have the names of Plausible's Stats API, version 2, and mean what
they mean there (read 2026-11), with these differences, all for figures that add up:

- A visit belongs to the moment it began, and a visitor to the visits; so a visit that runs across
  midnight is counted once. Broken down by page, event, prop, hour or minute, or filtered by the
  first three, they belong to the events instead.
- A visitor is counted once a day: nobody is recognised on the next, so the days add up.
- What is not known has a label ("Direct / None", "(none)", "(not set)"), and can be filtered by it.

`query.py` has the queries, `metrics.py` defines their names in SQL, `time_ranges.py` divides time
in a time zone, `count_sql.py` (with `wildcards.py`) counts rows, `shared_rows.py` keeps those that
several queries share, `rollups.py` the figures of past days, and `execute.py` runs a query.
"""

from __future__ import annotations

from footfall.collector.storage.stats.execute import StatsResult, StatsRow
from footfall.collector.storage.stats.query import (
    AllOf,
    AnyGoal,
    AnyOf,
    Condition,
    Filter,
    Not,
    StatsQuery,
    StatsQueryError,
)
from footfall.collector.storage.stats.time_ranges import TimeRange, Unit

__all__ = [
    "AllOf",
    "AnyGoal",
    "AnyOf",
    "Condition",
    "Filter",
    "Not",
    "StatsQuery",
    "StatsQueryError",
    "StatsResult",
    "StatsRow",
    "TimeRange",
    "Unit",
]
