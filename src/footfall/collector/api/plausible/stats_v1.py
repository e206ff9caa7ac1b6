"""Version 1 of the Stats API: `aggregate`, `timeseries`, `breakdown` and `realtime/visitors`.

The docs were read 2026-11. It has fewer parameters than version 2, and all of them are supported.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from starlette.routing import Route

from footfall.collector.api.plausible import filters, periods
from footfall.collector.api.plausible.request_params import RequestParams, route
from footfall.collector.api.plausible.site_query import MAX_ROWS, QueriedSite, queried_site
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
# With a filter on events, visitors are counted by their events, not by the start of their visits.
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

    def realtime(self, params: RequestParams) -> Any:
        """The number of visitors with an event in the last five minutes."""
        with queried_site(self._store, self._domains, params) as site:
            until = datetime.fromtimestamp(site.now + 1, UTC)
            since = datetime.fromtimestamp(site.now - _CURRENT_SECONDS, UTC)
            query = StatsQuery(
                range=TimeRange.of_instants(since, until, site.zone),
                domain=site.domain,
                metrics=("visitors",),
                filters=(_ANY_EVENT,),
            )
            return site.run(query).rows[0].metrics[0]

    def aggregate(self, params: RequestParams) -> Any:
        """Each metric over the whole period, and its change."""
        with queried_site(self._store, self._domains, params) as site:
            span = _time_range(params, site)
            is_compared = params.text("compare") == "previous_period"
            before = periods.previous(span) if is_compared else None
            query = _stats_query(params, site, span, comparison=before)
            [row] = site.run(query).rows
        figures: dict[str, Any] = {
            name: {"value": value} for name, value in zip(query.metrics, row.metrics, strict=True)
        }
        for name, old in zip(query.metrics, row.comparison or (), strict=False):
            figures[name]["change"] = _change(name, figures[name]["value"], old)
        return {"results": figures}

    def timeseries(self, params: RequestParams) -> Any:
        """The metrics of each hour, day, week or month, including those without events."""
        with queried_site(self._store, self._domains, params) as site:
            span = _time_range(params, site)
            unit = _unit(params)
            query = _stats_query(params, site, span, dimensions=(f"time:{unit}",))
            rows = {row.dimensions[0]: row.metrics for row in site.run(query).rows}
        nothing = tuple(METRICS[name].compute(Sums(), Sums()) for name in query.metrics)
        results = [
            {"date": label} | _by_name(query, rows.get(label, nothing))
            for label in labels(span, unit)
        ]
        return {"results": results}

    def breakdown(self, params: RequestParams) -> Any:
        """The metrics of each value of a property."""
        with queried_site(self._store, self._domains, params) as site:
            prop = params.required("property", "break down")
            limit = params.number("limit", _DEFAULT_BREAKDOWN, _MAX_BREAKDOWN)
            page = params.number("page", 1, MAX_ROWS)
            query = _stats_query(
                params,
                site,
                _time_range(params, site),
                dimensions=(prop,),
                limit=limit,
                offset=(page - 1) * limit,
            )
            rows = site.run(query).rows
            return {"results": [_breakdown_row(query, prop, row) for row in rows]}


def _stats_query(
    params: RequestParams, site: QueriedSite, span: TimeRange, **more: Any
) -> StatsQuery:
    names = [name.strip() for name in (params.text("metrics") or "visitors").split(",")]
    return StatsQuery(
        range=span,
        domain=site.domain,
        metrics=tuple(dict.fromkeys(names)),
        filters=filters.parse_v1_filters(params.text("filters"), site.goals),
        **{"limit": MAX_ROWS, **more},
    )


def _time_range(params: RequestParams, site: QueriedSite) -> TimeRange:
    period, text = params.text("period") or "30d", params.text("date")
    if period == "custom":
        return periods.between(text.split(","), site.zone)
    day = date.fromisoformat(text) if text else site.today
    if period == "month":
        return periods.calendar_month(day, site.zone)
    return periods.named(period, day, site.zone, site.oldest_day)


def _unit(params: RequestParams) -> Unit:
    default = "month" if params.text("period").endswith("mo") else "day"
    interval = params.text("interval") or default
    if interval not in _INTERVALS:
        raise StatsQueryError(f"there is no interval {interval!r}; choose from hour, day, month")
    return _INTERVALS[interval]


def _change(name: str, new: Number, old: Number) -> Number:
    """The change of a metric in per cent; of a bounce rate in points."""
    if new is None or old is None:
        return None
    if name == "bounce_rate":
        return new - old
    if not old:
        return 100 if new else 0
    return round(100 * (new - old) / old)


def _by_name(query: StatsQuery, metrics: Sequence[Number]) -> dict[str, Any]:
    return dict(zip(query.metrics, metrics, strict=True))


def _breakdown_row(query: StatsQuery, prop: str, row: StatsRow) -> dict[str, Any]:
    for prefix in ("event:props:", "event:", "visit:"):
        if prop.startswith(prefix):
            return {prop.removeprefix(prefix): row.dimensions[0]} | _by_name(query, row.metrics)
    raise StatsQueryError("break down by a property such as event:page")
