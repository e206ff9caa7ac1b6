"""The requests of the Stats API, and the numbers that it returns."""

from __future__ import annotations

from typing import Any

import pytest

from footfall.plausible_api import PlausibleAPI, Row
from tests.plausible_api.support import SITE, last_request, responding
from tests.support.vendors import vendor

ROWS: dict[str, Any] = {
    "results": [
        {"metrics": [3, 1.5], "dimensions": ["/a"]},
        {"metrics": [1, None], "dimensions": [None]},
    ],
    "meta": {"total_rows": 2},
    "query": {"site_id": SITE},
}


def test_a_query_names_its_values() -> None:
    with vendor(responding("200 OK", ROWS)) as server, PlausibleAPI(server.url) as api:
        found = api.stats.query(
            SITE,
            metrics=["visitors", "views_per_visit"],
            date_range="7d",
            dimensions=["event:page"],
            filters=[["is", "event:page", ["/a"]]],
            order_by=[["visitors", "desc"]],
            include={"total_rows": True},
        )
    assert [(row["event:page"], row["visitors"]) for row in found.rows] == [("/a", 3), (None, 1)]
    assert found.meta == {"total_rows": 2}
    assert last_request(server) == (
        "POST",
        "/api/v2/query",
        {},
        {
            "site_id": SITE,
            "metrics": ["visitors", "views_per_visit"],
            "date_range": "7d",
            "dimensions": ["event:page"],
            "filters": [["is", "event:page", ["/a"]]],
            "order_by": [["visitors", "desc"]],
            "include": {"total_rows": True},
            "pagination": {"limit": 10_000, "offset": 0},
        },
    )


def test_rows_requests_pages_until_one_is_short() -> None:
    with vendor(responding("200 OK", ROWS)) as server, PlausibleAPI(server.url) as api:
        query: dict[str, Any] = {"metrics": ["visitors", "visits"], "dimensions": ["event:page"]}
        assert len(list(api.stats.rows(SITE, limit=3, **query))) == 2
        assert len(server.requests) == 1
        rows = api.stats.rows(SITE, limit=2, **query)
        assert [next(rows)["visitors"] for _ in range(5)] == [3, 1, 3, 1, 3]
    assert last_request(server)[3]["pagination"] == {"limit": 2, "offset": 4}


def test_a_version_1_report_is_a_get_with_a_query() -> None:
    body = {"results": {"visitors": {"value": 7, "change": -10}, "pageviews": {"value": 9}}}
    with vendor(responding("200 OK", body)) as server, PlausibleAPI(server.url) as api:
        found = api.stats.aggregate(
            SITE,
            metrics=["visitors", "pageviews"],
            period="custom",
            date="2026-01-01,2026-01-31",
            filters="event:page==/a",
            compare="previous_period",
        )
    assert (found["visitors"].value, found["visitors"].change) == (7, -10)
    assert (found["pageviews"].value, found["pageviews"].change) == (9, None)
    assert last_request(server) == (
        "GET",
        "/api/v1/stats/aggregate",
        {
            "site_id": [SITE],
            "metrics": ["visitors,pageviews"],
            "period": ["custom"],
            "date": ["2026-01-01,2026-01-31"],
            "filters": ["event:page==/a"],
            "compare": ["previous_period"],
        },
        None,
    )


def test_arguments_that_were_left_out_are_not_sent() -> None:
    with vendor(responding("200 OK", {"results": {}})) as server, PlausibleAPI(server.url) as api:
        api.stats.aggregate(SITE)
        assert last_request(server)[2] == {
            "site_id": [SITE],
            "metrics": ["visitors"],
            "period": ["30d"],
        }
    with vendor(responding("200 OK", {"results": []})) as server, PlausibleAPI(server.url) as api:
        api.stats.query(SITE)
        assert last_request(server)[3] == {
            "site_id": SITE,
            "metrics": ["visitors"],
            "date_range": "30d",
            "pagination": {"limit": 10_000, "offset": 0},
        }


def test_a_time_series_has_dates() -> None:
    body = {"results": [{"date": "2026-01-01", "visitors": 4}]}
    with vendor(responding("200 OK", body)) as server, PlausibleAPI(server.url) as api:
        assert api.stats.timeseries(SITE, interval="month") == (
            Row(dimensions={"date": "2026-01-01"}, metrics={"visitors": 4}),
        )
    assert last_request(server)[2]["interval"] == ["month"]


@pytest.mark.parametrize(
    ("prop", "name"),
    [
        ("event:page", "page"),
        ("visit:source", "source"),
        ("event:props:plan", "plan"),
        ("plan", "plan"),
    ],
)
def test_a_breakdown_names_its_property_without_the_prefix(prop: str, name: str) -> None:
    body = {"results": [{name: "x", "visitors": 4}]}
    with vendor(responding("200 OK", body)) as server, PlausibleAPI(server.url) as api:
        [row] = api.stats.breakdown(SITE, prop)
        assert (row[name], row["visitors"]) == ("x", 4)
        assert len(list(api.stats.breakdown_rows(SITE, prop, limit=2))) == 1
        rows = api.stats.breakdown_rows(SITE, prop, limit=1)
        assert [next(rows)[name] for _ in range(3)] == ["x"] * 3
    assert last_request(server)[2]["page"] == ["3"]
