"""Reading numbers: the Stats API, version 2 and the older version 1, with a stats key.

What the names of metrics, dimensions, periods and filters mean is Plausible's to say (docs: Stats
API and Stats API v1, read 2026-11); they are passed on as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from footfall.plausible_api.fields import count, items
from footfall.plausible_api.line import Line
from footfall.plausible_api.results import Figure, QueryResult, Row, figures

MAX_ROWS: Final = 10_000
"""The most rows of one v2 answer."""

MAX_BREAKDOWN_ROWS: Final = 1_000
"""The most rows of one v1 breakdown."""


class Stats:
    """The Stats API. Every method raises an `APIError` where it gets no numbers."""

    def __init__(self, line: Line) -> None:
        self._line = line

    # -- version 2 ----------------------------------------------------------------------------

    def query(
        self,
        site_id: str,
        *,
        metrics: Sequence[str] = ("visitors",),
        date_range: str | Sequence[str] = "30d",
        dimensions: Sequence[str] = (),
        filters: Sequence[object] = (),
        order_by: Sequence[Sequence[str]] = (),
        include: Mapping[str, object] | None = None,
        limit: int = MAX_ROWS,
        offset: int = 0,
    ) -> QueryResult:
        """One page of rows: an aggregate, a time series or a breakdown.

        `date_range` is a name (`"day"`, `"7d"`, `"month"`, `"all"`) or two ISO dates or times;
        `filters` are lists such as `["is", "event:page", ["/pricing"]]`.
        """
        body = {
            "site_id": site_id,
            "metrics": list(metrics),
            "date_range": date_range,
            "dimensions": list(dimensions) or None,
            "filters": list(filters) or None,
            "order_by": list(order_by) or None,
            "include": include or None,
            "pagination": {"limit": limit, "offset": offset},
        }
        found = self._line.ask("POST", "/api/v2/query", body=body)
        return QueryResult.read(found, metrics, dimensions)

    def rows(self, site_id: str, *, limit: int = MAX_ROWS, **query: Any) -> Iterator[Row]:
        """All rows of a query, `limit` of them with each request. Arguments as for `query`."""
        offset = 0
        while True:
            page = self.query(site_id, limit=limit, offset=offset, **query).rows
            yield from page
            if len(page) < limit:
                return
            offset += limit

    # -- version 1 ----------------------------------------------------------------------------

    def visitors_now(self, site_id: str) -> int:
        """How many visitors did something within the last five minutes."""
        found = self._line.ask("GET", "/api/v1/stats/realtime/visitors", query={"site_id": site_id})
        return count(found)

    def aggregate(
        self,
        site_id: str,
        *,
        metrics: Sequence[str] = ("visitors",),
        period: str = "30d",
        date: str | None = None,
        filters: str | None = None,
        compare: str | None = None,
    ) -> Mapping[str, Figure]:
        """Each metric over the whole period; `compare="previous_period"` tells its change, too.

        `filters` is a text such as `"visit:source==Google;event:page==/blog/**"`.
        """
        query = _query(site_id, metrics, period, date, filters) | {"compare": compare}
        found = self._line.ask("GET", "/api/v1/stats/aggregate", query=query)
        return figures(found)

    def timeseries(
        self,
        site_id: str,
        *,
        metrics: Sequence[str] = ("visitors",),
        period: str = "30d",
        date: str | None = None,
        filters: str | None = None,
        interval: str | None = None,
    ) -> Sequence[Row]:
        """A row for each day, month or hour, oldest first; its dimension is `date`."""
        query = _query(site_id, metrics, period, date, filters) | {"interval": interval}
        found = self._line.ask("GET", "/api/v1/stats/timeseries", query=query)
        return tuple(Row.read(each, "date") for each in items(found, "results"))

    def breakdown(
        self,
        site_id: str,
        prop: str,
        *,
        metrics: Sequence[str] = ("visitors",),
        period: str = "30d",
        date: str | None = None,
        filters: str | None = None,
        limit: int = 100,
        page: int = 1,
    ) -> Sequence[Row]:
        """One page of rows by a property such as `event:page`, `visit:source`, `event:props:plan`.

        The dimension has the name of the property without what stands before it: `page`.
        """
        query = _query(site_id, metrics, period, date, filters)
        query |= {"property": prop, "limit": limit, "page": page}
        found = self._line.ask("GET", "/api/v1/stats/breakdown", query=query)
        return tuple(Row.read(each, _short(prop)) for each in items(found, "results"))

    def breakdown_rows(
        self, site_id: str, prop: str, *, limit: int = MAX_BREAKDOWN_ROWS, **query: Any
    ) -> Iterator[Row]:
        """All rows of a breakdown, `limit` with each request. Arguments as for `breakdown`."""
        page = 1
        while True:
            rows = self.breakdown(site_id, prop, limit=limit, page=page, **query)
            yield from rows
            if len(rows) < limit:
                return
            page += 1


def _query(
    site_id: str, metrics: Sequence[str], period: str, date: str | None, filters: str | None
) -> dict[str, object]:
    return {
        "site_id": site_id,
        "metrics": ",".join(metrics),
        "period": period,
        "date": date,
        "filters": filters,
    }


def _short(prop: str) -> str:
    for prefix in ("event:props:", "event:", "visit:"):
        if prop.startswith(prefix):
            return prop.removeprefix(prefix)
    return prop
