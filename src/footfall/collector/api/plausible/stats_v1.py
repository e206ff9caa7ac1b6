"""Version 1 of the Stats API: `aggregate`, `timeseries`, `breakdown` and `realtime/visitors`.

The docs were read 2026-11. It has fewer parameters than version 2, and all of them are supported.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final

from starlette.routing import Route

from footfall.collector.api.plausible import filters, periods
from footfall.collector.api.plausible.filters import GOAL
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
from footfall.collector.storage.stats.metrics import METRICS, NOT_SET, Number
from footfall.collector.storage.stats.time_ranges import labels
from footfall.collector.storage.store import Store

_PATH: Final = "/api/v1/stats"
_CURRENT_SECONDS: Final = 300
_MAX_BREAKDOWN: Final = 1_000
_DEFAULT_BREAKDOWN: Final = 100

_RATE: Final = "conversion_rate"
_GROUP_RATE: Final = "group_conversion_rate"

_INTERVALS: Final[dict[str, Unit]] = {
    "hour": "hour",
    "day": "day",
    "date": "day",
    "week": "week",
    "month": "month",
}
# The metrics of visits, which a condition on these cannot narrow.
_EVENT_ONLY: Final = ("event:name", GOAL, "event:props:")
# Versions say little without what they are versions of.
_OF: Final = {"visit:browser_version": "visit:browser", "visit:os_version": "visit:os"}
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
            name: {"value": value or 0}
            for name, value in zip(query.metrics, row.metrics, strict=True)
        }
        for name, old in zip(query.metrics, row.comparison or (), strict=False):
            change = _change(name, figures[name]["value"], old or 0)
            figures[name] |= {"change": change, "comparison_value": old or 0}
        return {"results": figures}

    def timeseries(self, params: RequestParams) -> Any:
        """The metrics of each hour, day, week or month, including those without events."""
        with queried_site(self._store, self._domains, params) as site:
            span = _time_range(params, site)
            unit = _unit(params)
            query = _stats_query(params, site, span, dimensions=(f"time:{unit}",))
            rows = {row.dimensions[0]: row.metrics for row in site.run(query).rows}
        # As with Plausible, only the duration of no visit is none.
        nothing = tuple(None if name == "visit_duration" else 0 for name in query.metrics)
        results = [
            {"date": label} | _by_name(query, rows.get(label, nothing))
            for label in labels(span, unit)
        ]
        return {"results": results}

    def breakdown(self, params: RequestParams) -> Any:
        """The metrics of each value of a property."""
        with queried_site(self._store, self._domains, params) as site:
            prop = params.required("property", "break down")
            if prop == "event:hostname" and params.text("with_imported") == "true":
                raise StatsQueryError("imported figures have no event:hostname")
            limit = params.number("limit", _DEFAULT_BREAKDOWN, _MAX_BREAKDOWN)
            page = params.number("page", 1, MAX_ROWS)
            query = _stats_query(
                params,
                site,
                _time_range(params, site),
                dimensions=(prop, _OF[prop]) if prop in _OF else (prop,),
                limit=limit,
                offset=(page - 1) * limit,
            )
            rows = site.run(query).rows
            return {"results": [_breakdown_row(query, prop, row) for row in rows]}


def _stats_query(
    params: RequestParams, site: QueriedSite, span: TimeRange, **more: Any
) -> StatsQuery:
    names = [name.strip() for name in (params.text("metrics") or "visitors").split(",")]
    conditions = filters.parse_v1_filters(params.text("filters"), site.goals)
    dimensions = more.get("dimensions", ())
    _check_metrics(names, params.text("filters"), dimensions)
    if dimensions and dimensions[0].startswith("visit:utm_"):
        conditions += (Filter("is_not", dimensions[0], (NOT_SET, "")),)
    if dimensions and not dimensions[0].startswith("event:props:"):
        # In a row, the share of its own visitors; of props, which others need not have, of all.
        names = [_GROUP_RATE if name == _RATE else name for name in names]
    return StatsQuery(
        range=span,
        domain=site.domain,
        metrics=tuple(names),
        filters=conditions,
        **{"limit": MAX_ROWS, **more},
    )


def _check_metrics(names: Sequence[str], conditions: str, dimensions: Sequence[str]) -> None:
    """Raise a StatsQueryError for metrics that mean nothing with these filters."""
    if len({*names}) < len(names):
        raise StatsQueryError("metrics cannot be queried multiple times")
    filtered = [part.strip() for part in conditions.split(";")]
    if _RATE in names and GOAL not in dimensions and not _is_any(filtered, (GOAL,)):
        raise StatsQueryError(f"{_RATE} needs a goal filter, or {GOAL} as the property")
    of_visits = [name for name in names if name in METRICS and METRICS[name].needs_visits]
    if of_visits and _is_any(filtered, _EVENT_ONLY):
        raise StatsQueryError(f"{of_visits[0]} cannot be queried with a filter on events")
    if "views_per_visit" in names and _is_any((*filtered, *dimensions), ("event:page",)):
        raise StatsQueryError("views_per_visit cannot be queried by event:page")


def _is_any(texts: Sequence[str], prefixes: tuple[str, ...]) -> bool:
    return any(text.startswith(prefixes) for text in texts)


def _time_range(params: RequestParams, site: QueriedSite) -> TimeRange:
    period, text = params.text("period") or "30d", params.text("date")
    if period == "custom":
        return periods.between([end.strip() for end in text.split(",")], site.zone)
    day = date.fromisoformat(text) if text else site.today
    return periods.named(period, day, site.zone, site.oldest_day)


def _unit(params: RequestParams) -> Unit:
    period = params.text("period")
    default = "month" if period.endswith("mo") else "hour" if period == "day" else "day"
    interval = params.text("interval") or default
    if interval not in _INTERVALS:
        raise StatsQueryError(f"there is no interval {interval!r}; choose from hour, day, month")
    return _INTERVALS[interval]


def _change(name: str, new: float, old: float) -> Number:
    """The change of a metric in per cent; of a rate in points. As Plausible rounds."""
    if name == _RATE:
        return round(new - old, 1)
    if name == "bounce_rate":
        return new - old if old else None
    if not old:
        return 100 if new else 0
    return round(100 * (new - old) / old)


def _by_name(query: StatsQuery, metrics: Sequence[Number]) -> dict[str, Any]:
    names = (_RATE if name == _GROUP_RATE else name for name in query.metrics)
    return dict(zip(names, metrics, strict=True))


def _breakdown_row(query: StatsQuery, prop: str, row: StatsRow) -> dict[str, Any]:
    if not prop.startswith(("event:", "visit:")):
        raise StatsQueryError("break down by a property such as event:page")
    values = zip(map(_short, query.dimensions), row.dimensions, strict=True)
    return {**dict(values), **_by_name(query, row.metrics)}


def _short(name: str) -> str:
    """`page` of `event:page`, `author` of `event:props:author`."""
    return name.removeprefix("event:props:").removeprefix("event:").removeprefix("visit:")
