"""`POST /api/v2/query`: metrics by dimensions, as the Stats API, version 2, asks for them.

Read 2026-11. Metrics and dimensions are those that the collector knows (`collector/stats`); of the
others, of regular expressions, segments, behavioural filters and imports, it says that it does not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from starlette.routing import Route

from footfall.collector.api.plausible import filters, periods
from footfall.collector.api.plausible.request_params import RequestParams, route
from footfall.collector.api.plausible.site_query import MAX_ROWS, QueriedSite, asking
from footfall.collector.storage.stats import StatsQuery, StatsQueryError, StatsResult, TimeRange
from footfall.collector.storage.stats.metrics import dimension
from footfall.collector.storage.stats.time_ranges import labels
from footfall.collector.storage.store import Store

_TIME: Final = "time"


class QueryV2:
    """The endpoint."""

    def __init__(self, store: Store, domains: Collection[str]) -> None:
        self._store = store
        self._domains = frozenset(domains)

    def routes(self) -> list[Route]:
        """The route."""
        return [route("/api/v2/query", POST=self.query)]

    def query(self, asked: RequestParams) -> Any:
        """The rows, what else was asked for, and the query as it was understood."""
        with asking(self._store, self._domains, asked) as site:
            question = _question(asked.fields, site)
            return _shown(asked.fields, site.ask(question))


def _shown(fields: Mapping[str, Any], answer: StatsResult) -> dict[str, Any]:
    rows = [
        {"metrics": list(row.metrics), "dimensions": list(row.dimensions)} for row in answer.rows
    ]
    return {
        "results": rows,
        "meta": _meta(_object(fields, "include"), answer),
        "query": _echo(fields, answer.question),
    }


def _question(fields: Mapping[str, Any], site: QueriedSite) -> StatsQuery:
    span = _range(fields.get("date_range"), site)
    pagination = _object(fields, "pagination")
    unit = f"time:{periods.unit_of(span)}"
    return StatsQuery(
        range=span,
        domain=site.domain,
        metrics=_texts(fields, "metrics"),
        dimensions=tuple(unit if name == _TIME else name for name in _texts(fields, "dimensions")),
        filters=tuple(filters.of_list(each, site.goals) for each in _list(fields, "filters")),
        order=tuple(
            (unit if name == _TIME else name, direction)
            for name, direction in map(_order, _list(fields, "order_by"))
        ),
        limit=_number(pagination, "limit", MAX_ROWS, range(1, MAX_ROWS + 1)),
        offset=_number(pagination, "offset", 0, range(2**31)),
    )


def _range(found: Any, site: QueriedSite) -> TimeRange:
    if isinstance(found, str):
        return periods.named(found, site.today, site.zone, site.oldest_day)
    if isinstance(found, list):
        return periods.between(found, site.zone)
    raise StatsQueryError("date_range is required: a period such as 7d, or two dates")


def _order(found: Any) -> tuple[str, Any]:
    match found:
        case [str(name), "asc" | "desc" as direction]:
            return name, direction
    raise StatsQueryError('order_by is a list of lists such as ["visitors", "desc"]')


def _meta(include: Mapping[str, Any], answer: StatsResult) -> dict[str, Any]:
    meta: dict[str, Any] = {}
    units = [dimension(name).unit for name in answer.question.dimensions]
    if include.get("imports"):
        meta |= {"imports_included": False, "imports_skip_reason": "no_imported_data"}
    if include.get("time_labels"):
        meta["time_labels"] = [
            label for unit in units if unit for label in labels(answer.question.range, unit)
        ]
    if include.get("total_rows"):
        meta["total_rows"] = answer.total
    return meta


def _echo(fields: Mapping[str, Any], question: StatsQuery) -> dict[str, Any]:
    span = question.range
    return {
        "site_id": question.domain,
        "metrics": list(question.metrics),
        "date_range": [_iso(span.since, span), _iso(span.until - 1_000, span)],
        "dimensions": list(question.dimensions),
        "filters": _list(fields, "filters"),
        "order_by": [list(each) for each in question.order],
        "include": _object(fields, "include"),
        "pagination": {"limit": question.limit, "offset": question.offset},
    }


def _iso(instant: int, span: TimeRange) -> str:
    moment = datetime.fromtimestamp(instant // 1_000, UTC).astimezone(span.zone)
    return moment.isoformat(timespec="seconds")


# -- fields -----------------------------------------------------------------------------------


def _texts(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = _list(fields, name)
    if not all(isinstance(each, str) for each in found):
        raise StatsQueryError(f"{name} is a list of names")
    return tuple(found)


def _list(fields: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = fields.get(name) or []
    if not isinstance(found, list):
        raise StatsQueryError(f"{name} is a list")
    return found


def _object(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = fields.get(name) or {}
    if not isinstance(found, dict):
        raise StatsQueryError(f"{name} is an object")
    return found


def _number(fields: Mapping[str, Any], name: str, default: int, within: range) -> int:
    found = fields.get(name, default)
    if not isinstance(found, int) or isinstance(found, bool) or found not in within:
        raise StatsQueryError(f"{name} is a whole number from {within[0]} to {within[-1]}")
    return found
