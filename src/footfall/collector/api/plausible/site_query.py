"""Questions about one site: who may be asked about, in which time zone, and goals as a dimension.

Both versions of the Stats API stand on it. Figures are those of
`footfall.collector.storage.stats`; what has no meaning there is answered 400, with its sentence.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException

from footfall.collector.api.plausible.filters import GOAL, of_goal
from footfall.collector.api.plausible.request_params import SETTLE_SECONDS, RequestParams
from footfall.collector.storage.sites import RegisteredGoal
from footfall.collector.storage.stats import StatsQuery, StatsQueryError, StatsResult, StatsRow
from footfall.collector.storage.stats.execute import ordered
from footfall.collector.storage.stats.metrics import METRICS
from footfall.collector.storage.stats.time_ranges import local_date, today
from footfall.collector.storage.store import Store

MAX_ROWS = 10_000
"""The most rows of one answer."""


class QueriedSite:
    """The site that a question is about, with what it takes to ask it."""

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
        """The first day that events are known of; today where there are none."""
        instant = self._store.registry.first_seen(self.domain)
        return self.today if instant is None else local_date(instant, self.zone)

    def ask(self, question: StatsQuery) -> StatsResult:
        """The answer, with one row for each goal and the rest where `event:goal` is asked for."""
        if GOAL not in question.dimensions:
            return self._store.ask(question)
        for name in question.metrics:
            # Their share of what would be unclear: the goal's visitors, or all.
            if METRICS[name].is_of_visits or name == "percentage":
                raise StatsQueryError(f"{name} cannot be broken down by {GOAL}")
        rows = [row for goal in self.goals for row in self._of_goal(question, goal)]
        chosen = ordered(question, rows)[question.offset :][: question.limit]
        return StatsResult(question=question, rows=tuple(chosen), total=len(rows))

    def _of_goal(self, question: StatsQuery, goal: RegisteredGoal) -> Iterator[StatsRow]:
        place = question.dimensions.index(GOAL)
        narrowed = replace(
            question,
            dimensions=question.dimensions[:place] + question.dimensions[place + 1 :],
            filters=(*question.filters, of_goal(goal)),
            order=(),
            limit=MAX_ROWS,
            offset=0,
        )
        for row in self._store.ask(narrowed).rows:
            if any(row.metrics):
                names = (*row.dimensions[:place], goal.display_name, *row.dimensions[place:])
                yield replace(row, dimensions=names)


@contextlib.contextmanager
def asking(store: Store, domains: Collection[str], asked: RequestParams) -> Iterator[QueriedSite]:
    """The site that is asked about, with everything written that was posted before.

    Raises:
        HTTPException: 400 for what has no meaning, 401 where there is no such site, which is how
            Plausible tells it: whose key it is, it does not say.
    """
    domain = asked.required("site_id", "read stats")
    if domains and domain not in domains:
        raise HTTPException(401, "Invalid API key or site ID")
    store.flush(SETTLE_SECONDS)
    try:
        yield QueriedSite(store, domain)
    except (StatsQueryError, ValueError) as error:
        raise HTTPException(400, str(error)) from None
