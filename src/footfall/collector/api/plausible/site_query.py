"""Queries about one site, for both versions of the Stats API.

It checks that the site exists, finds its time zone, and adds goals as a dimension to what
`footfall.collector.storage.stats` computes. An invalid query is answered 400 with its reason.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException

from footfall.collector.api.plausible.filters import GOAL, goal_condition
from footfall.collector.api.plausible.request_params import FLUSH_SECONDS, RequestParams
from footfall.collector.storage.sites import RegisteredGoal
from footfall.collector.storage.stats import (
    AnyGoal,
    StatsQuery,
    StatsQueryError,
    StatsResult,
    StatsRow,
)
from footfall.collector.storage.stats.execute import sort_rows
from footfall.collector.storage.stats.metrics import METRICS
from footfall.collector.storage.stats.time_ranges import local_date, today
from footfall.collector.storage.store import Store

MAX_ROWS = 10_000
"""The most rows of one answer."""


class QueriedSite:
    """The site of a query: its domain, goals and time zone."""

    def __init__(self, store: Store, domain: str) -> None:
        self.domain = domain
        self.goals: Sequence[RegisteredGoal] = store.registry.goals(domain)
        entry = store.registry.sites().get(domain)
        self.zone = ZoneInfo(entry.timezone) if entry else store.zone
        self._store = store

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self._store.clock()

    @property
    def today(self) -> date:
        return today(self.now, self.zone)

    @property
    def oldest_day(self) -> date:
        """The day of the oldest event; today where there is none."""
        instant = self._store.registry.first_seen(self.domain)
        return self.today if instant is None else local_date(instant, self.zone)

    def run(self, query: StatsQuery) -> StatsResult:
        """The result. With the dimension `event:goal`, each goal has rows of its own.

        Raises:
            StatsQueryError: A metric of visits, or a percentage, by goal.
        """
        if GOAL not in query.dimensions:
            return self._store.query(query)
        for name in query.metrics:
            # It would be unclear whether a share is of the goal's visitors, or of all.
            if METRICS[name].needs_visits or name == "percentage":
                raise StatsQueryError(f"{name} cannot be broken down by {GOAL}")
        rows = [row for goal in self.goals for row in self._rows_of_goal(query, goal)]
        chosen = sort_rows(query, rows)[query.offset :][: query.limit]
        return StatsResult(query=query, rows=tuple(chosen), total=len(rows))

    def _rows_of_goal(self, query: StatsQuery, goal: RegisteredGoal) -> Iterator[StatsRow]:
        place = query.dimensions.index(GOAL)
        narrowed = replace(
            query,
            dimensions=query.dimensions[:place] + query.dimensions[place + 1 :],
            filters=(*query.filters, AnyGoal((goal_condition(goal),))),
            order=(),
            limit=MAX_ROWS,
            offset=0,
        )
        for row in self._store.query(narrowed).rows:
            if any(row.metrics):
                names = (*row.dimensions[:place], goal.display_name, *row.dimensions[place:])
                yield replace(row, dimensions=names)


@contextlib.contextmanager
def queried_site(
    store: Store, domains: Collection[str], params: RequestParams
) -> Iterator[QueriedSite]:
    """The site that the request names, once everything that was posted before is written.

    Raises:
        HTTPException: 400 for an invalid query; 401 where the site does not exist, as Plausible
            answers, which does not reveal whether the key or the site is wrong.
    """
    domain = params.required("site_id", "read stats")
    if domains and domain not in domains:
        raise HTTPException(401, "Invalid API key or site ID")
    store.flush(FLUSH_SECONDS)
    try:
        yield QueriedSite(store, domain)
    except (StatsQueryError, ValueError) as error:
        raise HTTPException(400, str(error)) from None
