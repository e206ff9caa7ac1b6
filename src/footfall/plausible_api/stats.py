"""The Stats API, version 2 and the older version 1, which needs a stats key.

Names of metrics, dimensions, periods and filters are sent as they are; Plausible documents what
they mean (docs: Stats API and Stats API v1, read 2026-11).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from footfall.plausible_api.authorized_session import AuthorizedSession
from footfall.plausible_api.json_fields import list_at, whole_number
from footfall.plausible_api.results import Figure, QueryResult, Row, figures

MAX_ROWS: Final = 10_000
"""The most rows of one v2 response."""

MAX_BREAKDOWN_ROWS: Final = 1_000
"""The most rows of one v1 breakdown."""


class Stats:
    """The numbers of a site. Every method raises an `APIError` where it gets none."""

    def __init__(self, session: AuthorizedSession) -> None:
        self._session = session

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

        Args:
            site_id: The site's domain.
            metrics: Names such as `"visitors"`.
            date_range: A name (`"day"`, `"7d"`, `"month"`, `"all"`) or two ISO dates or times.
            dimensions: Names such as `"event:page"`; without any there is one row.
            filters: Lists such as `["is", "event:page", ["/pricing"]]`.
            order_by: Pairs such as `["visitors", "desc"]`.
            include: Further parts of the result, such as `{"total_rows": True}`.
            limit: The most rows of this page.
            offset: How many rows to skip.
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
        parsed = self._session.request("POST", "/api/v2/query", body=body)
        return QueryResult.read(parsed, metrics, dimensions)

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
        """How many visitors were active within the last five minutes."""
        return whole_number(self._get("realtime/visitors", site_id=site_id))

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
        """Each metric over the whole period, by its name.

        Args:
            site_id: The site's domain.
            metrics: Names such as `"visitors"`.
            period: A name (`"day"`, `"7d"`, `"30d"`, `"month"`), or `"custom"`.
            date: An ISO date; for `"custom"` two of them with a comma between.
            filters: A text such as `"visit:source==Google;event:page==/blog/**"`.
            compare: `"previous_period"` adds the change to each figure.
        """
        query = _period_query(site_id, metrics, period, date, filters)
        return figures(self._get("aggregate", **query, compare=compare))

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
        """A row for each day, month or hour, oldest first; its dimension is `date`.

        Args: those of `aggregate` but for `compare`, and `interval`, the time of a row: `"date"`,
        `"month"` or `"hour"`, of which the server chooses one by default.
        """
        query = _period_query(site_id, metrics, period, date, filters)
        return _rows(self._get("timeseries", **query, interval=interval), "date")

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
        """One page of rows by a property; a row's dimension is its name without prefix: `page`.

        Args: those of `aggregate` but for `compare`; `prop`, such as `event:page`, `visit:source`
        or `event:props:plan`; `limit`, the most rows of a page; `page`, its number from 1.
        """
        query = _period_query(site_id, metrics, period, date, filters)
        parsed = self._get("breakdown", **query, property=prop, limit=limit, page=page)
        return _rows(parsed, re.sub("^(event:props:|event:|visit:)", "", prop))

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

    def _get(self, report: str, **query: object) -> Any:
        return self._session.request("GET", f"/api/v1/stats/{report}", query=query)


def _period_query(
    site_id: str, metrics: Sequence[str], period: str, date: str | None, filters: str | None
) -> dict[str, object]:
    return {
        "site_id": site_id,
        "metrics": ",".join(metrics),
        "period": period,
        "date": date,
        "filters": filters,
    }


def _rows(parsed: Any, dimension: str) -> Sequence[Row]:
    return tuple(Row.read(each, dimension) for each in list_at(parsed, "results"))
