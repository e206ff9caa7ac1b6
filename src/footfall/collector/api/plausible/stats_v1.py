"""The Stats API, version 1: `aggregate`, `timeseries`, `breakdown` and `realtime/visitors`.

Read 2026-11. It knows fewer words than version 2, and every one of its own is taken.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from starlette.routing import Route

from footfall.collector.api.plausible import filters, periods
from footfall.collector.api.plausible.request_params import RequestParams, route
from footfall.collector.api.plausible.site_query import MAX_ROWS, QueriedSite, asking
from footfall.collector.storage.stats import (
    Filter,
    StatsQuery,
    StatsQueryError,
    StatsRow,
    TimeRange,
    Unit,
)
from footfall.collector.storage.stats.metrics import METRICS, Number, Sums
from footfall.collector.storage.stats.time_ranges import labels
from footfall.collector.storage.store import Store

_PATH: Final = "/api/v1/stats"
_CURRENT_SECONDS: Final = 300
_MAX_BREAKDOWN: Final = 1_000
_DEFAULT_BREAKDOWN: Final = 100

_INTERVALS: Final[dict[str, Unit]] = {
    "hour": "hour",
    "day": "day",
    "date": "day",
    "week": "week",
    "month": "month",
}
# Visitors and visits are then counted where events are, and not where visits began.
_ANY_EVENT: Final = Filter("is_not", "event:name", ("",))


class StatsV1:
    """The four endpoints."""

    def __init__(self, store: Store, domains: Collection[str]) -> None:
        self._store = store
        self._domains = frozenset(domains)

    def routes(self) -> list[Route]:
        """The routes."""
        return [
            route(f"{_PATH}/realtime/visitors", GET=self.realtime),
            route(f"{_PATH}/aggregate", GET=self.aggregate),
            route(f"{_PATH}/timeseries", GET=self.timeseries),
            route(f"{_PATH}/breakdown", GET=self.breakdown),
        ]

    def realtime(self, asked: RequestParams) -> Any:
        """How many visitors did something within the last five minutes."""
        with asking(self._store, self._domains, asked) as site:
            until = datetime.fromtimestamp(site.now + 1, UTC)
            since = datetime.fromtimestamp(site.now - _CURRENT_SECONDS, UTC)
            question = StatsQuery(
                range=TimeRange.of_instants(since, until, site.zone),
                domain=site.domain,
                metrics=("visitors",),
                filters=(_ANY_EVENT,),
            )
            return site.ask(question).rows[0].metrics[0]

    def aggregate(self, asked: RequestParams) -> Any:
        """Each metric over the whole period, and how it changed."""
        with asking(self._store, self._domains, asked) as site:
            span = _range(asked, site)
            is_compared = asked.text("compare") == "previous_period"
            before = periods.before(span) if is_compared else None
            question = _question(asked, site, span, comparison=before)
            [row] = site.ask(question).rows
        figures: dict[str, Any] = {
            name: {"value": value}
            for name, value in zip(question.metrics, row.metrics, strict=True)
        }
        for name, old in zip(question.metrics, row.comparison or (), strict=False):
            figures[name]["change"] = _change(name, figures[name]["value"], old)
        return {"results": figures}

    def timeseries(self, asked: RequestParams) -> Any:
        """The metrics of each hour, day, week or month, also of those when nothing happened."""
        with asking(self._store, self._domains, asked) as site:
            span = _range(asked, site)
            unit = _unit(asked)
            question = _question(asked, site, span, dimensions=(f"time:{unit}",))
            rows = {row.dimensions[0]: row.metrics for row in site.ask(question).rows}
        nothing = tuple(METRICS[name].make(Sums(), Sums()) for name in question.metrics)
        results = [
            {"date": label} | _by_name(question, rows.get(label, nothing))
            for label in labels(span, unit)
        ]
        return {"results": results}

    def breakdown(self, asked: RequestParams) -> Any:
        """The metrics of each value of a property."""
        with asking(self._store, self._domains, asked) as site:
            prop = asked.required("property", "break down")
            limit = asked.number("limit", _DEFAULT_BREAKDOWN, _MAX_BREAKDOWN)
            page = asked.number("page", 1, MAX_ROWS)
            question = _question(
                asked,
                site,
                _range(asked, site),
                dimensions=(prop,),
                limit=limit,
                offset=(page - 1) * limit,
            )
            rows = site.ask(question).rows
            return {"results": [_broken_down(question, prop, row) for row in rows]}


def _question(asked: RequestParams, site: QueriedSite, span: TimeRange, **more: Any) -> StatsQuery:
    names = [name.strip() for name in (asked.text("metrics") or "visitors").split(",")]
    return StatsQuery(
        range=span,
        domain=site.domain,
        metrics=tuple(dict.fromkeys(names)),
        filters=filters.of_text(asked.text("filters"), site.goals),
        **{"limit": MAX_ROWS, **more},
    )


def _range(asked: RequestParams, site: QueriedSite) -> TimeRange:
    period, said = asked.text("period") or "30d", asked.text("date")
    if period == "custom":
        return periods.between(said.split(","), site.zone)
    day = date.fromisoformat(said) if said else site.today
    if period == "month":
        return periods.calendar_month(day, site.zone)
    return periods.named(period, day, site.zone, site.oldest_day)


def _unit(asked: RequestParams) -> Unit:
    default = "month" if asked.text("period").endswith("mo") else "day"
    interval = asked.text("interval") or default
    if interval not in _INTERVALS:
        raise StatsQueryError(f"there is no interval {interval!r}; choose from hour, day, month")
    return _INTERVALS[interval]


def _change(name: str, new: Number, old: Number) -> Number:
    """How much a metric changed: in points of a bounce rate, else in per cent."""
    if new is None or old is None:
        return None
    if name == "bounce_rate":
        return new - old
    if not old:
        return 100 if new else 0
    return round(100 * (new - old) / old)


def _by_name(question: StatsQuery, metrics: Sequence[Number]) -> dict[str, Any]:
    return dict(zip(question.metrics, metrics, strict=True))


def _broken_down(question: StatsQuery, prop: str, row: StatsRow) -> dict[str, Any]:
    for prefix in ("event:props:", "event:", "visit:"):
        if prop.startswith(prefix):
            return {prop.removeprefix(prefix): row.dimensions[0]} | _by_name(question, row.metrics)
    raise StatsQueryError("break down by a property such as event:page")
