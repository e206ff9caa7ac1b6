"""`POST /api/v2/query`: metrics by dimensions, version 2 of the Stats API (docs read 2026-11).

The metrics and dimensions are those of `storage/stats`. Other ones, regular expressions, segments
and behavioural filters are refused with a message; imports are reported as not included.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from starlette.routing import Route

from footfall.collector.api.plausible import filters, periods
from footfall.collector.api.plausible.request_params import RequestParams, route
from footfall.collector.api.plausible.site_query import MAX_ROWS, QueriedSite, queried_site
from footfall.collector.storage.stats import (
    AnyGoal,
    Condition,
    StatsQuery,
    StatsQueryError,
    StatsResult,
    TimeRange,
)
from footfall.collector.storage.stats.metrics import dimension
from footfall.collector.storage.stats.query import has_goal, leaves
from footfall.collector.storage.stats.time_ranges import labels
from footfall.collector.storage.store import Store

_TIME: Final = "time"
_CONVERSION_RATES: Final = frozenset({"conversion_rate", "group_conversion_rate"})


class QueryV2:
    """The endpoint."""

    def __init__(self, store: Store, domains: Collection[str]) -> None:
        self._store = store
        self._domains = frozenset(domains)

    def routes(self) -> list[Route]:
        """The route."""
        return [route("/api/v2/query", POST=self.query)]

    def query(self, params: RequestParams) -> Any:
        """The rows, the requested metadata, and the query as it was understood."""
        with queried_site(self._store, self._domains, params) as site:
            result = site.run(_stats_query(params.fields, site))
            return _as_json(params.fields, result)


def _as_json(fields: Mapping[str, Any], result: StatsResult) -> dict[str, Any]:
    # Without dimensions there is a row, whether anything was counted or not.
    has_rows = bool(result.query.dimensions)
    rows = [
        {
            "metrics": [*row.metrics] if has_rows else [value or 0 for value in row.metrics],
            "dimensions": [*row.dimensions],
        }
        for row in result.rows
    ]
    return {
        "results": rows,
        "meta": _meta(_object(fields, "include"), result),
        "query": _echo(fields, result.query),
    }


def _stats_query(fields: Mapping[str, Any], site: QueriedSite) -> StatsQuery:
    span = _time_range(fields.get("date_range"), site)
    pagination = _object(fields, "pagination")
    unit = f"time:{periods.unit_of(span)}"
    conditions = tuple(filters.parse_filter(each, site.goals) for each in _list(fields, "filters"))
    metrics, dimensions = _texts(fields, "metrics"), _texts(fields, "dimensions")
    _check(metrics, dimensions, conditions, _object(fields, "include"))
    return StatsQuery(
        range=span,
        domain=site.domain,
        metrics=metrics,
        dimensions=tuple(unit if name == _TIME else name for name in dimensions),
        filters=conditions,
        order=tuple(
            (unit if name == _TIME else name, direction)
            for name, direction in map(_order, _list(fields, "order_by"))
        ),
        limit=_number(pagination, "limit", MAX_ROWS, range(1, MAX_ROWS + 1)),
        offset=_number(pagination, "offset", 0, range(2**31)),
    )


def _check(
    metrics: Sequence[str],
    dimensions: Sequence[str],
    conditions: Sequence[Condition],
    include: Mapping[str, Any],
) -> None:
    """Raise a StatsQueryError for what Plausible refuses, though it could be computed."""
    if filters.GOAL not in dimensions and not any(map(has_goal, conditions)):
        for name in _CONVERSION_RATES & {*metrics}:
            raise StatsQueryError(f"{name} needs {filters.GOAL} among the filters or dimensions")
    named = {leaf.dimension for each in conditions for leaf in leaves(each)}
    if "views_per_visit" in metrics and (dimensions or "event:page" in named):
        raise StatsQueryError("views_per_visit takes no dimensions, and no filter on event:page")
    if include.get("time_labels") and not any(name.startswith(_TIME) for name in dimensions):
        raise StatsQueryError("include.time_labels needs a time dimension")
    if any(has_goal(each) and not isinstance(each, AnyGoal) for each in conditions):
        raise StatsQueryError(f"filter by {filters.GOAL} at the top level only")


def _time_range(value: Any, site: QueriedSite) -> TimeRange:
    if isinstance(value, str):
        return periods.named(value, site.today, site.zone, site.oldest_day)
    if isinstance(value, list):
        return periods.between(value, site.zone)
    raise StatsQueryError("date_range is required: a period such as 7d, or two dates")


def _order(value: Any) -> tuple[str, Any]:
    match value:
        case [str(name), "asc" | "desc" as direction]:
            return name, direction
    raise StatsQueryError('order_by is a list of lists such as ["visitors", "desc"]')


def _meta(include: Mapping[str, Any], result: StatsResult) -> dict[str, Any]:
    meta: dict[str, Any] = {}
    units = [dimension(name).unit for name in result.query.dimensions]
    if include.get("imports"):
        meta |= {"imports_included": False, "imports_skip_reason": "no_imported_data"}
    if include.get("time_labels"):
        meta["time_labels"] = [
            label for unit in units if unit for label in labels(result.query.range, unit)
        ]
    if include.get("total_rows"):
        meta["total_rows"] = result.total
    return meta


def _echo(fields: Mapping[str, Any], query: StatsQuery) -> dict[str, Any]:
    span = query.range
    return {
        "site_id": query.domain,
        "metrics": list(query.metrics),
        "date_range": [_iso(span.since, span), _iso(span.until - 1_000, span)],
        "dimensions": list(query.dimensions),
        "filters": _list(fields, "filters"),
        "order_by": [list(each) for each in query.order],
        "include": _object(fields, "include"),
        "pagination": {"limit": query.limit, "offset": query.offset},
    }


def _iso(instant: int, span: TimeRange) -> str:
    moment = datetime.fromtimestamp(instant // 1_000, UTC).astimezone(span.zone)
    return moment.isoformat(timespec="seconds")


# -- fields -----------------------------------------------------------------------------------


def _texts(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = _list(fields, name)
    if not all(isinstance(each, str) for each in value):
        raise StatsQueryError(f"{name} is a list of names")
    return tuple(value)


def _list(fields: Mapping[str, Any], name: str) -> Sequence[Any]:
    value = fields.get(name) or []
    if not isinstance(value, list):
        raise StatsQueryError(f"{name} is a list")
    return value


def _object(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = fields.get(name) or {}
    if not isinstance(value, dict):
        raise StatsQueryError(f"{name} is an object")
    return value


def _number(fields: Mapping[str, Any], name: str, default: int, within: range) -> int:
    value = fields.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value not in within:
        raise StatsQueryError(f"{name} is a whole number from {within[0]} to {within[-1]}")
    return value
